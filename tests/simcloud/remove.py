"""Everything of a simulated stack goes, in whatever state it is."""

from tests.simcloud import disks, names, publishing, wires
from tests.simcloud.store import Store
from tools.local_hosts import podman


def take_down(stack: str) -> None:
    store = Store(stack)
    for host in podman.containers(names.labels(stack)):
        podman.remove("container", str(host["Names"][0]))
    disks.release_all(stack)
    with store.change() as account:
        vpcs = [vpc["id"] for vpc in account.of("vpc")]
        account.resources.clear()
    for vpc in vpcs:
        wires.remove(store, vpc)
    for kind in ("network", "volume"):
        for one in podman.named(kind, names.labels(stack)):
            podman.remove(kind, one)
    publishing.reconcile(store)
    store.tidy()
