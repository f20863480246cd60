"""One machine: an ECS instance."""

from typing import cast

import pulumi
import pulumi_alicloud as alicloud

from components import lean
from components.cloud import MachineArgs
from components.clouds.alicloud import ask
from components.clouds.alicloud.address import Address
from components.clouds.alicloud.image import image_of
from components.clouds.alicloud.network import Network as AlicloudNetwork
from components.clouds.alicloud.tags import named, tags
from components.config.alicloud import AlicloudGpuVm, AlicloudMaster, AlicloudPool
from components.connection import FIRST_CONTACT_DIALS, Sshd
from components.ports import WORKER

SSH_PORT = 22
# Of a worker's own public address, in Mbit/s; ECS gives no more to an instance.
WORKER_MBPS = 100
STOPPED = {"keepCharging": "KeepCharging", "stopCharging": "StopCharging"}

Spec = AlicloudMaster | AlicloudPool | AlicloudGpuVm


class Instance(alicloud.ecs.Instance):
    """The SDK's resource with the outputs alone that are used."""

    def __init__(self, name: str, args: alicloud.ecs.InstanceArgs, opts: pulumi.ResourceOptions) -> None:
        lean.register(self, "alicloud:ecs/instance:Instance", name, args, ("private_ip",), opts)


class Machine:
    """An instance with version 2 of the metadata service alone and an encrypted system disk, booted with its
    user data by cloud-init. It has neither a password nor a key pair of ECS: user data says who may log in.

    No component of its own: it has few resources, and there are as many machines as anything.

    Outputs: `id` of the instance; `private_ip`; `public_ip`, without one the private one; `sshd`. The master
    and GPU VMs have an elastic IP address, which outlives a stop and a replaced instance. It is given to an
    instance when that runs, so what the instance does in its first seconds must try again. A worker without
    `private` has an address of its own, which it loses with a stop.

    Another type, disk, market, network, team, shared storage or state volume replaces it, the old one first;
    user data, image and stopped mode are read at its making only. Bandwidth, release time and deletion
    protection change in place. Fails with the node's name and what ECS said.

    With deletion protection Pulumi keeps the machine and its address: by ECS's alone a destroy would have
    taken the address away when it fails.

    The hop limit of the metadata service is 1 by itself, and ECS lets nobody say so; containers are kept from
    it by the machine's guard as well.
    """

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions) -> None:
        self.node = args.node
        spec = cast(Spec, args.node.spec)
        if isinstance(spec, AlicloudGpuVm) and spec.deletion_protection:
            opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(protect=True))
        mbps = 0 if isinstance(spec, AlicloudPool) else spec.internet_mbps
        more = {"node": args.node.name, "role": args.node.role}
        address = Address(name, args.fleet, args.node.name, mbps, more, opts) if mbps else None
        self.resource = Instance(f"{name}-instance", _instance(args, spec), _options(args, opts))
        self.id: pulumi.Output[str] = self.resource.id
        self.private_ip: pulumi.Output[str] = self.resource.private_ip
        self.public_ip: pulumi.Output[str] = (
            address.given_to(self.id, "EcsInstance") if address else self.private_ip
        )
        self.sshd = pulumi.Output.all(self.public_ip, args.login, args.host).apply(
            lambda known: Sshd(_address(name, known[0]), SSH_PORT, known[1].pkcs8, known[2].public)
        )
        self.first_dials = FIRST_CONTACT_DIALS
        self.behind_master = not args.public


def _instance(args: MachineArgs, spec: Spec) -> alicloud.ecs.InstanceArgs:
    network = cast(AlicloudNetwork, args.network)
    own = _tags(args)
    market = "onDemand" if isinstance(spec, AlicloudMaster) else spec.market
    own_address = isinstance(spec, AlicloudPool) and not network.private
    made = alicloud.ecs.InstanceArgs(
        instance_name=named(args.fleet, args.node.name),
        image_id=image_of(spec, args.node.size).id,
        instance_type=spec.instance_type,
        instance_charge_type="PostPaid",
        spot_strategy=ask.SPOT[market],
        vswitch_id=network.vswitch,
        security_groups=[args.groups.ids[args.node.role]],
        internet_charge_type="PayByTraffic",
        internet_max_bandwidth_out=WORKER_MBPS if own_address else 0,
        user_data=args.user_data,
        http_endpoint="enabled",
        http_tokens="required",
        system_disk_category=spec.disk_category,
        system_disk_size=spec.disk_gib,
        system_disk_encrypted=True,
        # nothing runs on a machine that tests have not seen
        security_enhancement_strategy="Deactive",
        tags={**own, **args.tags},
        volume_tags=own,
    )
    if isinstance(spec, AlicloudGpuVm):
        made.stopped_mode = STOPPED[spec.stopped_mode]
        made.deletion_protection = spec.deletion_protection
        made.auto_release_time = spec.release_time
    return made


def _options(args: MachineArgs, opts: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Bandwidth reads otherwise where an instance has an elastic address, what a stop costs while it runs.

    The trigger is what is in ignored data besides names of keys: storage, disks, and a worker's way out.
    """
    config = args.fleet.config
    storage = [str(config.storage.mount_path), args.storage.id] if args.storage else []
    state = [args.state_volume.id] if args.state_volume else []
    own_address = [cast(AlicloudNetwork, args.network).private] if args.node.role == WORKER else []
    return pulumi.ResourceOptions.merge(
        opts,
        pulumi.ResourceOptions(
            delete_before_replace=True,
            ignore_changes=["imageId", "userData", "internetMaxBandwidthOut", "stoppedMode"],
            replace_on_changes=["instanceType", "systemDiskSize", "vswitchId"],
            replacement_trigger=[config.team, *storage, *state, *own_address],
        ),
    )


def _tags(args: MachineArgs) -> dict[str, str]:
    node = args.node
    pool = {"pool": node.pool} if node.pool else {}
    return tags(args.fleet, node=node.name, role=node.role, **pool)


def _address(name: str, found: str | None) -> str:
    if not found:
        raise pulumi.RunError(f"{name} has no address yet: run `pulumi refresh`, then `make up` again")
    return found
