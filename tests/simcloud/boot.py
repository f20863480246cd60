"""Machines of elastic pools: booted in a stack's network like instances, without the engine knowing of them.

For whoever plays EC2's RunInstances and TerminateInstances. They are part of the simulated account, with
security groups, metadata and file systems as any instance.
"""

import base64
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from typing import Any

from tests.simcloud import catalogue, instances, names, publishing, resources, wires
from tests.simcloud.provider import HOOKS
from tests.simcloud.store import Record, Store
from tools.local_hosts import podman


def boot(
    stack: str,
    instance_type: str,
    *,
    subnet: str,
    groups: Sequence[str],
    user_data: bytes,
    profile: str = "",
    tags: Mapping[str, str] | None = None,
    image: str = "ami-0deb13a64f00d5123",
    spot: bool = False,
    identity: str | None = None,
    address: str | None = None,
) -> Record:
    """Boots a machine and returns its record; `identity` and `address` where another API has chosen them."""
    inputs: dict[str, Any] = {
        "ami": image,
        "instanceType": instance_type,
        "subnetId": subnet,
        "vpcSecurityGroupIds": list(groups),
        "userDataBase64": base64.b64encode(user_data).decode(),
        "metadataOptions": {"httpTokens": "required"},
        "tags": dict(tags or {}),
        **({"iamInstanceProfile": profile} if profile else {}),
        **({"privateIp": address} if address else {}),
        **({"instanceMarketOptions": {"marketType": "spot"}} if spot else {}),
    }
    kind = catalogue.kinds()["instance"]
    region = _region(stack)
    hooks = instances.HOOKS["instance"]
    return resources.create(Store(stack), kind, hooks, identity or "elastic", "", region, inputs, identity)


def end(stack: str, identity: str) -> None:
    """Ends a machine; fine if it is gone already."""
    if instances.find(Store(stack), identity):
        instances.terminate(Store(stack), identity)


def network(stack: str, cidr: str, region: str = "eu-central-1") -> dict[str, str]:
    """A VPC with one subnet and one group that lets everything through: ids by `vpc`, `subnet`, `group`.

    For tests that have no program; `take_down` removes it.
    """
    store = Store(stack)

    def make(kind: str, **inputs: Any) -> str:
        hooks = HOOKS.get(kind, resources.Hooks())
        return resources.create(store, catalogue.kinds()[kind], hooks, kind, "", region, inputs)["id"]

    vpc = make("vpc", cidrBlock=cidr)
    subnet = make("subnet", vpcId=vpc, cidrBlock=_first_part(cidr), availabilityZone=f"{region}a")
    group = make("securityGroup", vpcId=vpc, name="open")
    everything = {"securityGroupId": group, "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0"}
    make("securityGroupIngressRule", **everything)
    make("securityGroupEgressRule", **everything)
    return {"vpc": vpc, "subnet": subnet, "group": group}


def take_down(stack: str) -> None:
    """Removes everything of a stack, in whatever state it is."""
    store = Store(stack)
    for host in podman.containers(names.labels(stack)):
        podman.remove("container", str(host["Names"][0]))
    with store.change() as account:
        vpcs = [vpc["id"] for vpc in account.of("vpc")]
        account.resources.clear()
    for vpc in vpcs:
        wires.remove(store, vpc)
    for kind in ("network", "volume"):
        for one in podman.records(kind, "ls", *podman.filters(names.labels(stack))):
            podman.remove(kind, str(one.get("name") or one.get("Name")))
    publishing.reconcile(store)
    store.tidy()


def _first_part(cidr: str) -> str:
    whole = IPv4Network(cidr)
    return str(next(whole.subnets(new_prefix=max(whole.prefixlen, 20))))


def _region(stack: str) -> str:
    return next((vpc["region"] for vpc in Store(stack).read().of("vpc")), "eu-central-1")
