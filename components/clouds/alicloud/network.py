"""Where the stack's machines stand: a VPC of its own with one vSwitch, or both as they are."""

from typing import cast

import pulumi
import pulumi_alicloud as alicloud

from components.clouds.alicloud import ask
from components.clouds.alicloud.address import Address
from components.clouds.alicloud.tags import named, tags
from components.config.alicloud import AlicloudConfig
from components.config.parts import DEFAULT_CIDR
from components.fleet import Fleet

# Of the address by which machines without one go out, in Mbit/s; it is paid by traffic.
NAT_MBPS = 200


class Network(pulumi.ComponentResource):
    """A VPC with one vSwitch over its whole range, in the zone that the stack names; or what is there.

    Outputs: `id` of the VPC; `vswitch`, where all machines and the shared storage's mount target stand;
    `cidr`, the vSwitch's range; `private`; `ways_out`, which SecurityGroups waits for.

    Of its own VPC: a NAT gateway where a machine has no public address, that is with `private` or with a GPU
    VM whose `internetMbps` is 0. Another `zone` or `cidr` makes a new network beside the old one, and
    replaces every machine: Alibaba Cloud moves none between VPCs.

    Of a VPC that is there nothing is changed; look_ups.py checks it.
    """

    def __init__(self, name: str, fleet: Fleet, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("agent-fleet:alicloud:Network", name, None, opts)
        config = cast(AlicloudConfig, fleet.config)
        self.private = config.network.private
        self.ways_out: list[pulumi.Resource] = []
        self._name, self._fleet = name, fleet
        self._child = pulumi.ResourceOptions(parent=self)
        if config.network.vswitch_id:
            self._take_up(config, config.network.vswitch_id)
        else:
            self._make(config)
        self.register_outputs({"id": self.id})

    def _take_up(self, config: AlicloudConfig, vswitch_id: str) -> None:
        found = ask.vswitch(vswitch_id)
        self.id = pulumi.Output.from_input(config.network.vpc_id or "")
        self.vswitch = pulumi.Output.from_input(vswitch_id)
        self.zone, self.cidr = found.zone_id, found.cidr_block

    def _make(self, config: AlicloudConfig) -> None:
        fleet = self._fleet
        self.zone, self.cidr = config.network.zone or "", str(config.network.cidr or DEFAULT_CIDR)
        vpc = alicloud.vpc.Network(
            self._name,
            vpc_name=named(fleet, "network"),
            cidr_block=self.cidr,
            tags=tags(fleet),
            opts=pulumi.ResourceOptions.merge(
                self._child,
                # a vSwitch in another zone wants the same range, and the old one cannot go before machines
                pulumi.ResourceOptions(replace_on_changes=["cidrBlock"], replacement_trigger=self.zone),
            ),
        )
        vswitch = alicloud.vpc.Switch(
            f"{self._name}-vswitch",
            vswitch_name=named(fleet, "network"),
            vpc_id=vpc.id,
            cidr_block=self.cidr,
            zone_id=self.zone,
            tags=tags(fleet),
            opts=self._child,
        )
        self.id, self.vswitch = vpc.id, vswitch.id
        if without_address(config):
            self.ways_out.append(self._nat())

    def _nat(self) -> pulumi.Resource:
        gateway = alicloud.vpc.NatGateway(
            f"{self._name}-nat",
            nat_gateway_name=named(self._fleet, "nat"),
            vpc_id=self.id,
            vswitch_id=self.vswitch,
            nat_type="Enhanced",
            payment_type="PayAsYouGo",
            internet_charge_type="PayByLcu",
            tags=tags(self._fleet),
            opts=self._child,
        )
        address = Address(f"{self._name}-nat", self._fleet, "nat", NAT_MBPS, {}, self._child)
        return alicloud.vpc.SnatEntry(
            f"{self._name}-way-out",
            snat_entry_name=named(self._fleet, "way-out"),
            snat_table_id=gateway.snat_table_ids,
            source_vswitch_id=self.vswitch,
            snat_ip=address.given_to(gateway.id, "Nat"),
            opts=self._child,
        )


def without_address(config: AlicloudConfig) -> bool:
    """Whether a machine goes out by NAT alone."""
    workers = config.network.private and config.cluster is not None
    return workers or any(vm.internet_mbps == 0 for vm in config.gpu_vms)
