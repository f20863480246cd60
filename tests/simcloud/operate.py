"""What the operator's commands ask of a simulated cloud; components/operated.py says what each is for."""

from datetime import UTC, datetime

from components.operated import CloudError, Machine, Place
from tests.simcloud import disks, hosts, instances, names, publishing
from tests.simcloud.store import Store
from tools.local_hosts import podman
from tools.local_hosts.errors import HostError


def machines(place: Place) -> list[Machine]:
    store = Store(place.stack)
    there = hosts.states(place.stack)
    return [
        Machine(
            id=one["id"],
            state=there.get(one["id"], "terminated"),
            node=(one["props"].get("tags") or {}).get("node"),
            pool=(one["props"].get("tags") or {}).get("pool"),
            address=one["props"]["privateIp"],
            kind=one["props"]["instanceType"],
            age=int((datetime.now(UTC) - datetime.fromisoformat(one["sim"]["launched"])).total_seconds()),
        )
        for one in store.read().of("instance")
    ]


def leftovers(place: Place) -> list[str]:
    """What the account still holds, and what of it this computer has."""
    account = Store(place.stack).read()
    found = [f"{record['kind']} {record['id']} ({record['name']})" for record in account.resources.values()]
    labels = names.labels(place.stack)
    found += [f"container {host['Names'][0]}" for host in podman.containers(labels)]
    for kind in ("network", "volume"):
        found += [f"{kind} {one}" for one in podman.named(kind, labels)]
    return found + publishing.leftovers(place.stack) + disks.leftovers(place.stack)


def start(place: Place) -> list[str]:
    """As after a reboot of this computer: the answering hosts, instances with their disks, addresses."""
    store = Store(place.stack)
    stopped = [host for host in podman.containers(names.labels(place.stack)) if host["State"] != "running"]
    started: list[str] = []
    try:
        for host in sorted(stopped, key=lambda host: "instance" in host["Labels"]):
            disks.again(store, host["Labels"].get("instance", ""))
            podman.run("start", str(host["Names"][0]))
            one = store.read().get("instance", host["Labels"].get("instance", ""))
            if one is not None:
                started.append((one["props"].get("tags") or {}).get("node") or one["id"])
        publishing.reconcile(store)
    except HostError as error:
        raise CloudError(str(error)) from error
    return started


def check(place: Place) -> str:  # noqa: ARG001 - the face of every cloud
    return "the cloud is simulated on this computer: tests/simcloud"


def run_inside(stack: str, node: str, *command: str) -> str:
    """Output of a command inside a host, without SSH."""
    one = instances.find(Store(stack), node)
    if one is None:
        raise HostError(f"stack {stack}, node {node}: there is no such instance")
    return podman.run("exec", names.container(stack, one["id"]), *command)
