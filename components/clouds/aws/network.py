"""Where the stack's machines stand: a VPC of its own over the zones that it names, or one that is there."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.clouds.aws import ask
from components.clouds.aws.tags import tags
from components.config.aws import AwsConfig
from components.config.parts import DEFAULT_CIDR
from components.config.subnets_aws import private_subnets, public_subnets
from components.fleet import Fleet
from components.order import after
from components.ports import WORKER, Role

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True)
class Subnet:
    """`id` comes after the subnet's way out."""

    zone: str
    id: pulumi.Output[str]


class Network(pulumi.ComponentResource):
    """A VPC with a public subnet per zone, and with `private` another one for workers; or what is there.

    Outputs: `id` of the VPC; `master` and `workers`, the subnets in which machines may stand, the first of
    them for machines with names; `zonal`, one per zone, for the shared storage; `ways_out`, which Identities
    waits for.

    Of its own VPC: no subnet gives an address to whatever is put into it, machines ask for one. Private
    subnets share one NAT gateway, in the first zone: master and named workers stand there too, so a second
    one would save nobody, and each costs as much as a small machine. S3 is reached past it, by a gateway
    endpoint. The default security group lets nothing through. Zones come and go without moving the others;
    another `cidr` replaces everything.

    Of a VPC that is there nothing is changed; look_ups.py checks it. Its first subnet is the master's; with
    `private` the others are the workers'.
    """

    def __init__(self, name: str, fleet: Fleet, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("agent-fleet:aws:Network", name, None, opts)
        config = fleet.config
        if not isinstance(config, AwsConfig):
            raise TypeError(f"{config.cloud} is not aws")
        self.region = ask.region()
        self.private = config.network.private
        self.ways_out: list[pulumi.Resource] = []
        self._name, self._fleet = name, fleet
        if config.network.vpc_id:
            self._take_up(config)
        else:
            self._make(config)
        self.zonal = list({subnet.zone: subnet for subnet in reversed([self.master, *self.workers])}.values())
        self.register_outputs({"id": self.id})

    def of_role(self, role: Role) -> Subnet:
        """Where the machines with names stand; whatever is its own way in stands beside the master."""
        return self.workers[0] if role == WORKER else self.master

    def _take_up(self, config: AwsConfig) -> None:
        network = config.network
        self.id = pulumi.Output.from_input(network.vpc_id or "")
        found = [
            Subnet(ask.subnet(name).availability_zone, pulumi.Output.from_input(name))
            for name in network.subnet_ids
        ]
        self.master, self.workers = found[0], found[1:] if self.private else found

    def _make(self, config: AwsConfig) -> None:
        cidr, zones = config.network.cidr or DEFAULT_CIDR, config.network.zones
        vpc = aws.ec2.Vpc(
            self._name,
            cidr_block=str(cidr),
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=tags(self._fleet, "network"),
            opts=self._child(),
        )
        self._vpc, self.id = vpc, vpc.id
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-group",
            vpc_id=vpc.id,
            tags=tags(self._fleet, "default-unused"),
            opts=self._child(),
        )
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-gateway", vpc_id=vpc.id, tags=tags(self._fleet, "gateway"), opts=self._child()
        )
        table, way_out = self._routes("public", gateway_id=gateway.id)
        public = [
            self._subnet("public", zone, str(share), table, way_out)
            for zone, share in public_subnets(cidr, zones).items()
        ]
        tables = [table]
        self.master, self.workers = public[0], public
        if self.private:
            table, way_out = self._routes("private", nat_gateway_id=self._nat(public[0]).id)
            tables.append(table)
            self.workers = [
                self._subnet("private", zone, str(share), table, way_out)
                for zone, share in private_subnets(cidr, zones).items()
            ]
        endpoint = aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{self.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags=tags(self._fleet, "s3"),
            opts=self._child(),
        )
        self.ways_out.append(endpoint)

    def _routes(
        self,
        kind: str,
        gateway_id: pulumi.Input[str] | None = None,
        nat_gateway_id: pulumi.Input[str] | None = None,
    ) -> tuple[aws.ec2.RouteTable, aws.ec2.Route]:
        table = aws.ec2.RouteTable(
            f"{self._name}-{kind}-routes",
            vpc_id=self._vpc.id,
            tags=tags(self._fleet, kind),
            opts=self._child(),
        )
        way_out = aws.ec2.Route(
            f"{self._name}-{kind}-way-out",
            route_table_id=table.id,
            destination_cidr_block=EVERYWHERE,
            gateway_id=gateway_id,
            nat_gateway_id=nat_gateway_id,
            opts=self._child(),
        )
        return table, way_out

    def _subnet(
        self, kind: str, zone: str, share: str, table: aws.ec2.RouteTable, way_out: aws.ec2.Route
    ) -> Subnet:
        name = f"{self._name}-{kind}-{zone}"
        subnet = aws.ec2.Subnet(
            name,
            vpc_id=self._vpc.id,
            availability_zone=zone,
            cidr_block=share,
            map_public_ip_on_launch=False,
            tags=tags(self._fleet, f"{kind}-{zone}"),
            # its range is the zone's: the old one must be gone first
            opts=self._child(delete_before_replace=True),
        )
        routed = aws.ec2.RouteTableAssociation(
            f"{name}-routes", subnet_id=subnet.id, route_table_id=table.id, opts=self._child()
        )
        self.ways_out += [routed, way_out]
        # an address of its own needs the gateway
        return Subnet(zone, after(subnet.id, way_out) if kind == "public" else subnet.id)

    def _nat(self, public: Subnet) -> aws.ec2.NatGateway:
        address = aws.ec2.Eip(
            f"{self._name}-nat-address", domain="vpc", tags=tags(self._fleet, "nat"), opts=self._child()
        )
        return aws.ec2.NatGateway(
            f"{self._name}-nat",
            allocation_id=address.id,
            subnet_id=public.id,
            tags=tags(self._fleet, "nat"),
            opts=self._child(),
        )

    def _child(self, *, delete_before_replace: bool | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, delete_before_replace=delete_before_replace)
