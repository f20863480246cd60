"""One machine: a container that boots like a cloud's instance."""

import pulumi

from components.cloud import STATE_PATH, MachineArgs
from components.clouds.local import driver
from components.connection import DIALS, Sshd


class Machine:
    """A podman container with systemd, booted with its user data by cloud-init, limited in CPUs and memory.

    No component of its own: it has one resource, and there are as many machines as anything.

    Outputs: `id` of the container; `private_ip` in the range of its role; `public_ip`, a loopback address
    with a port of its own, where it is public; `sshd`. Another size, mount path or network replaces it,
    the old one first. User data and image are read at its making only. Fails with the node's name and what
    podman said.
    """

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions) -> None:
        self.node = args.node
        self.resource = driver.call(
            f"{name}-host",
            create=["machine", "create", *_which(args), *_what(args)],
            update=["machine", "describe", *_which(args)],
            delete=["machine", "remove", *_which(args)],
            stdin=args.user_data,
            triggers=[args.network.id, *_replacing(args)],
            opts=pulumi.ResourceOptions.merge(
                opts,
                # name and address are the node's: the old container must be gone first
                pulumi.ResourceOptions(delete_before_replace=True, ignore_changes=["stdin"]),
            ),
        )
        made = driver.outputs(self.resource)
        self.id: pulumi.Output[str] = made["id"]
        self.private_ip: pulumi.Output[str] = made["privateIp"]
        self.public_ip: pulumi.Output[str] = made["publicIp"]
        self.sshd = pulumi.Output.all(made, args.login, args.host).apply(
            lambda known: Sshd(known[0]["sshHost"], known[0]["sshPort"], known[1].pkcs8, known[2].public)
        )
        # the driver returns when sshd listens
        self.first_dials = DIALS
        self.behind_master = not args.public


def _which(args: MachineArgs) -> list[str]:
    return ["--stack", args.fleet.stack, "--node", args.node.name]


def _what(args: MachineArgs) -> list[str]:
    size = args.node.size
    config = args.fleet.config
    mirror = config.packages.apt_mirror
    return [
        *("--team", config.team),
        *("--role", args.node.role),
        *("--cpus", f"{size.cpus:g}"),
        *("--memory-gib", f"{size.memory_gib:g}"),
        *(["--shm-gib", f"{size.shm_gib:g}"] if size.shm_gib else []),
        *(["--mount-path", str(config.storage.mount_path)] if args.storage else []),
        *(["--state-path", STATE_PATH] if args.state_volume else []),
        *(["--public"] if args.public else []),
        *(["--apt-mirror", mirror] if mirror else []),
    ]


def _replacing(args: MachineArgs) -> list[object]:
    """What a container cannot change while it lives."""
    size = args.node.size
    config = args.fleet.config
    return [
        size.cpus,
        size.memory_gib,
        size.shm_gib or 0,
        str(config.storage.mount_path) if args.storage else "",
        config.team,
        args.public,
        *([args.state_volume.id] if args.state_volume else []),
    ]
