"""The driver of the cloud `local`: `python3 -m tools.local_hosts VERB ...`, run from the project's folder.

image ensure     [--apt-mirror URL]                          -> {image}
network create   --stack S --team T [--cidr C]               -> {id, cidr, gateway, sshHost, sshPort}
network remove   --stack S                                   -> {}
firewall write   --stack S --role R  < JSON list of {source, first, last}; source: role | CIDR | operator
                                                             -> {id}
firewall remove  --stack S --role R                          -> {}
storage create   --stack S --team T [--of shared|state]      -> {id}
storage remove   --stack S [--of shared|state]               -> {}
machine create   --stack S --team T --node N --role R --cpus C --memory-gib G [--shm-gib G]
                 [--mount-path PATH] [--state-path PATH] [--public] [--apt-mirror URL]  < user data
                                                             -> {id, privateIp, publicIp, sshHost, sshPort}
machine describe --stack S --node N                          -> as create
machine remove   --stack S --node N                          -> {}
start            --stack S                                   -> {started: [node]}
list             --stack S                                   -> {node: {state, role, id, privateIp, ...}}
leftovers        --stack S                                   -> {leftovers: [text]}

Roles: master, worker, gpuVm. One JSON object on standard output, progress on standard error. A mistake or a
fault is one message on standard error and exit code 1. Every verb may be repeated, also after it was cut off.
Names: network agent-fleet-S, volumes agent-fleet-S-shared and -state, container agent-fleet-S.N.
Labels: project=agent-fleet, stack, team; on containers also node, role, address.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from tools.local_hosts import addresses, firewall, image, listing, machine, network, state, storage
from tools.local_hosts.errors import HostError


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -m tools.local_hosts",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="VERB")

    def verb(name: str, *options: str, actions: Sequence[str] = ()) -> argparse.ArgumentParser:
        added = verbs.add_parser(name)
        if actions:
            added.add_argument("action", choices=actions)
        for option in options:
            added.add_argument(f"--{option}", required=True, **_TYPES.get(option, {}))
        return added

    verb("image", actions=["ensure"]).add_argument("--apt-mirror")
    net = verb("network", "stack", actions=["create", "remove"])
    net.add_argument("--team")
    net.add_argument("--cidr")
    verb("firewall", "stack", "role", actions=["write", "remove"])
    kept = verb("storage", "stack", actions=["create", "remove"])
    kept.add_argument("--team")
    kept.add_argument("--of", choices=state.VOLUMES, default=state.SHARED)
    host = verb("machine", "stack", "node", actions=["create", "describe", "remove"])
    for option in ("team", "role", "cpus", "memory-gib", "shm-gib", "mount-path", "state-path", "apt-mirror"):
        host.add_argument(f"--{option}", **_TYPES.get(option, {}))
    host.add_argument("--public", action="store_true")
    for name in ("start", "list", "leftovers"):
        verb(name, "stack")
    return parser


_TYPES: dict[str, dict[str, Any]] = {
    "role": {"choices": addresses.ROLES},
    "cpus": {"type": float},
    "memory-gib": {"type": float},
    "shm-gib": {"type": float},
}


def _required(asked: argparse.Namespace, *names: str) -> None:
    missing = [f"--{name.replace('_', '-')}" for name in names if getattr(asked, name) is None]
    if missing:
        raise HostError(f"{asked.verb} {asked.action} needs {', '.join(missing)}")


def _network(asked: argparse.Namespace) -> dict[str, object]:
    if asked.action == "remove":
        network.remove(asked.stack)
        return {}
    _required(asked, "team")
    return network.create(asked.stack, asked.team, asked.cidr).output


def _firewall(asked: argparse.Namespace) -> dict[str, object]:
    if asked.action == "remove":
        firewall.remove(asked.stack, asked.role)
        return {}
    try:
        raw = json.load(sys.stdin)
    except ValueError as error:
        raise HostError(f"the rules on standard input are no JSON: {error}") from error
    firewall.write(asked.stack, asked.role, [firewall.Rule.parsed(rule) for rule in raw])
    return {"id": f"{state.network_name(asked.stack)} {asked.role}"}


def _storage(asked: argparse.Namespace) -> dict[str, object]:
    if asked.action == "remove":
        storage.remove(asked.stack, asked.of)
        return {}
    _required(asked, "team")
    return storage.create(asked.stack, asked.team, asked.of)


def _machine(asked: argparse.Namespace) -> dict[str, object]:
    if asked.action == "remove":
        machine.remove(asked.stack, asked.node)
        return {}
    if asked.action == "describe":
        return machine.describe(asked.stack, asked.node)
    _required(asked, "team", "role", "cpus", "memory_gib")
    spec = machine.Spec(
        stack=asked.stack,
        team=asked.team,
        node=asked.node,
        role=asked.role,
        cpus=asked.cpus,
        memory_gib=asked.memory_gib,
        shm_gib=asked.shm_gib,
        mount_path=asked.mount_path,
        public=asked.public,
        state_path=asked.state_path,
    )
    return machine.create(spec, sys.stdin.read(), asked.apt_mirror)


def _run(asked: argparse.Namespace) -> dict[str, object]:
    if asked.verb == "image":
        return {"image": image.ensure(asked.apt_mirror)}
    state.checked_stack(asked.stack)
    match asked.verb:
        case "network":
            return _network(asked)
        case "firewall":
            return _firewall(asked)
        case "storage":
            return _storage(asked)
        case "machine":
            return _machine(asked)
        case "start":
            return {"started": listing.start_all(asked.stack)}
        case "list":
            return dict(listing.states(asked.stack))
        case _:
            return {"leftovers": listing.leftovers(asked.stack)}


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt


def main() -> int:
    signal.signal(signal.SIGTERM, _stop)
    try:
        print(json.dumps(_run(_parser().parse_args())))
    except HostError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("error: interrupted; run the same again to go on", file=sys.stderr)
        return 130
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
