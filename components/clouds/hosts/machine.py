"""One machine: taken from those that exist, and given back."""

from typing import Any

import pulumi

from components import order
from components.cloud import STATE_PATH, MachineArgs
from components.clouds import driver
from components.clouds.hosts.security_groups import address_of, is_managed, rules_of
from components.config.model import HostsConfig
from components.connection import DIALS, Sshd
from components.keys import KeyPair

# Relative to the project's folder, where Pulumi runs commands: absolute paths differ between colleagues.
LEASE = ("python3", "-m", "components.clouds.hosts.lease")
PORT = 22


class Machine:
    """A lease of the machine at an address, and its firewall where the stack manages it.

    The lease makes the login user with the stack's key. Giving it back takes away what the lease and the
    steps made, and leaves the distribution's packages. User data, tags and a host key of the stack have no
    place: the machine had its own before.

    Outputs: `id` of the lease; `private_ip` and `public_ip`, both the address; `sshd`, with the jump host
    where there is one. Another address or team replaces it: the old machine is given back first. Fails
    if another stack holds the machine, or if it is not what the stack file says; an unreachable one fails to
    be given back.
    """

    def __init__(self, name: str, args: MachineArgs, opts: pulumi.ResourceOptions) -> None:
        config = args.fleet.config
        if not isinstance(config, HostsConfig) or args.team_key is None:
            raise TypeError("a lease is of a stack on hosts, with its key")
        self.node = args.node
        address = address_of(args.node)
        known = pulumi.Output.all(login=args.login, team_key=args.team_key)
        first = pulumi.ResourceOptions(delete_before_replace=True)
        self.resource = driver.call(
            f"{name}-lease",
            program=LEASE,
            create=["take"],
            delete=["give-back"],
            stdin=_stdin(config, address, known, _lease(args, config)),
            triggers=[address, config.team],
            opts=pulumi.ResourceOptions.merge(opts, first),
        )
        self.id: pulumi.Output[str] = driver.outputs(self.resource)["id"]
        if is_managed(config):
            firewall = driver.call(
                f"{name}-firewall",
                program=LEASE,
                create=["close"],
                delete=["open"],
                stdin=_stdin(config, address, known, {"RULES": rules_of(args.fleet, config, args.node.role)}),
                triggers=[self.id],
                # a machine that is given back is open again
                opts=pulumi.ResourceOptions.merge(
                    opts,
                    pulumi.ResourceOptions(
                        depends_on=[self.resource],
                        deleted_with=self.resource,
                        replace_with=[self.resource],
                    ),
                ),
            )
            self.id = order.after(self.id, firewall)
        self.private_ip: pulumi.Output[str] = self.id.apply(lambda _: address)
        self.public_ip: pulumi.Output[str] = self.private_ip
        self.sshd = pulumi.Output.all(known, self.id).apply(
            lambda found: _sshd(config, address, found[0]["login"], found[0]["team_key"])
        )
        # it listens already, or nothing would have been taken
        self.first_dials = DIALS
        self.behind_master = False


def _lease(args: MachineArgs, config: HostsConfig) -> dict[str, Any]:
    size = args.node.size
    fleet = args.fleet
    return {
        "WHO": f"stack {fleet.stack} of team {config.team}, as its node {args.node.name}",
        "CPUS_PERCENT": round(size.cpus * 100),
        "MEMORY_MIB": round(size.memory_gib * 1024),
        "MOUNT_PATH": str(config.storage.mount_path) if args.storage else "",
        "STATE_PATH": STATE_PATH if args.state_volume else "",
        "KEEP_STATE": config.storage.on_destroy == "retain",
    }


def _stdin(
    config: HostsConfig, address: str, known: pulumi.Output[dict[str, Any]], settings: dict[str, Any]
) -> pulumi.Output[str]:
    """What `lease` reads: how the machine is reached, and what its script is told."""
    jump = config.access.jump_host

    def document(found: dict[str, Any]) -> dict[str, Any]:
        login: KeyPair = found["login"]
        return {
            "address": address,
            "user": config.access.user,
            "hostKey": config.access.host_keys[address],
            "jump": {
                "address": str(jump.address),
                "user": jump.user,
                "hostKey": config.access.host_keys[str(jump.address)],
            }
            if jump
            else None,
            "key": found["team_key"],
            "login": {"private": login.private, "public": login.public},
            "settings": settings,
        }

    return pulumi.Output.secret(pulumi.Output.json_dumps(known.apply(document), sort_keys=True))


def _sshd(config: HostsConfig, address: str, login: KeyPair, team_key: str) -> Sshd:
    jump = config.access.jump_host
    keys = config.access.host_keys
    hop = jump and Sshd(str(jump.address), PORT, team_key, keys[str(jump.address)], jump.user)
    return Sshd(address, PORT, login.pkcs8, keys[address], hop=hop)
