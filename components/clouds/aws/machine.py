"""One machine: an EC2 instance."""

from typing import cast

import pulumi
import pulumi_aws as aws

from components import lean
from components.cloud import MachineArgs
from components.clouds.aws.image import image_of
from components.clouds.aws.network import Network as AwsNetwork
from components.clouds.aws.tags import tags
from components.config.aws import AwsGpuVm, AwsPool, OnInstances
from components.connection import FIRST_CONTACT_DIALS, Sshd
from components.ports import MASTER

SSH_PORT = 22
# Containers on a machine must not reach its role.
METADATA_HOPS = 1


class Instance(aws.ec2.Instance):
    """The SDK's resource with the outputs alone that are used."""

    def __init__(self, name: str, args: aws.ec2.InstanceArgs, opts: pulumi.ResourceOptions) -> None:
        lean.register(self, "aws:ec2/instance:Instance", name, args, ("private_ip",), opts)


class Machine:
    """An instance with IMDSv2 alone and an encrypted root disk, booted with its user data by cloud-init.

    No component of its own: it has few resources, and there are as many machines as anything.

    Outputs: `id` of the instance; `private_ip`; `public_ip`, of a worker its private one; `sshd`. A public
    machine has a network interface and an elastic address of its own, which outlive a stop and a replaced
    instance. Another type, disk, market, subnet, team, shared storage or state volume replaces it, the old
    one first; user data and image are read at its making only. Fails with the node's name and what EC2 said.

    With elastic pools the master is protected against termination by the platform's own scaler, besides what
    its role allows. Pulumi may still end it: `force_destroy` makes the provider take the protection off
    first. It works because it was set when the instance was made or in an earlier `up`, not in the same one.

    The interface of a worker is made by EC2 and carries no tags: it goes with the instance, and one of its
    own would be a third more resources.
    """

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions) -> None:
        self.node = args.node
        network = cast(AwsNetwork, args.network)
        where = network.of_role(args.node.role)
        group = args.groups.ids[args.node.role]
        if args.public:
            interface = aws.ec2.NetworkInterface(
                f"{name}-interface",
                subnet_id=where.id,
                security_groups=[group],
                description=f"{args.fleet.stack} {name}",
                tags=_tags(args),
                opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
            )
            address = aws.ec2.Eip(
                f"{name}-address",
                domain="vpc",
                network_interface=interface.id,
                tags=_tags(args),
                opts=opts,
            )
            self.resource = Instance(
                f"{name}-instance", _instance(args, interface=interface), _options(args, opts)
            )
            self.private_ip: pulumi.Output[str] = interface.private_ip
            self.public_ip: pulumi.Output[str] = address.public_ip
        else:
            instance = _instance(args)
            instance.subnet_id = where.id
            instance.vpc_security_group_ids = [group]
            instance.associate_public_ip_address = not network.private
            self.resource = Instance(f"{name}-instance", instance, _options(args, opts))
            self.private_ip = self.public_ip = self.resource.private_ip
        self.id: pulumi.Output[str] = self.resource.id
        self.sshd = pulumi.Output.all(self.public_ip, args.login, args.host).apply(
            lambda known: Sshd(_address(name, known[0]), SSH_PORT, known[1].pkcs8, known[2].public)
        )
        self.first_dials = FIRST_CONTACT_DIALS
        self.behind_master = not args.public


def _instance(args: MachineArgs, interface: aws.ec2.NetworkInterface | None = None) -> aws.ec2.InstanceArgs:
    spec = cast(OnInstances, args.node.spec)
    own = _tags(args)
    made = aws.ec2.InstanceArgs(
        ami=image_of(spec, args.node.size).id,
        instance_type=spec.types[0],
        iam_instance_profile=args.identities.ids[args.node.role],
        user_data=args.user_data,
        metadata_options=aws.ec2.InstanceMetadataOptionsArgs(
            http_endpoint="enabled", http_tokens="required", http_put_response_hop_limit=METADATA_HOPS
        ),
        root_block_device=aws.ec2.InstanceRootBlockDeviceArgs(
            volume_type="gp3",
            volume_size=spec.disk_gib,
            encrypted=True,
            delete_on_termination=True,
            tags=own,
        ),
        tags={**own, **args.tags},
    )
    if interface:
        made.primary_network_interface = aws.ec2.InstancePrimaryNetworkInterfaceArgs(
            network_interface_id=interface.id
        )
    if args.node.role == MASTER and args.fleet.elastic:
        made.disable_api_termination = made.force_destroy = True
    if isinstance(spec, AwsPool | AwsGpuVm) and spec.market == "spot":
        made.instance_market_options = aws.ec2.InstanceInstanceMarketOptionsArgs(
            market_type="spot",
            spot_options=aws.ec2.InstanceInstanceMarketOptionsSpotOptionsArgs(
                spot_instance_type="one-time", instance_interruption_behavior="terminate"
            ),
        )
    return made


def _options(args: MachineArgs, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """`associatePublicIpAddress` reads as false while an instance is stopped, which would replace it.

    The trigger is what user data says of disk and storage: the data itself is ignored, and names keys
    besides.
    """
    config = args.fleet.config
    storage = [str(config.storage.mount_path), args.storage.id] if args.storage else []
    state = [args.state_volume.id] if args.state_volume else []
    return pulumi.ResourceOptions.merge(
        opts,
        pulumi.ResourceOptions(
            delete_before_replace=True,
            ignore_changes=["ami", "userData", "associatePublicIpAddress"],
            replace_on_changes=["instanceType", "rootBlockDevice.volumeSize"],
            replacement_trigger=[config.team, *storage, *state],
        ),
    )


def _tags(args: MachineArgs) -> dict[str, str]:
    node = args.node
    pool = {"pool": node.pool} if node.pool else {}
    return tags(args.fleet, node.name, node=node.name, role=node.role, **pool)


def _address(name: str, found: str | None) -> str:
    if not found:
        raise pulumi.RunError(f"{name} has no address yet: run `pulumi refresh`, then `make up` again")
    return found
