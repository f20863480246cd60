"""What the operator's commands ask of Alibaba Cloud. No Pulumi."""

from datetime import UTC, datetime

from components.clouds.alicloud import api
from components.clouds.alicloud.leftovers import leftovers
from components.operated import CloudError, Machine, Place

__all__ = ["check", "leftovers", "machines", "start"]


def machines(place: Place) -> list[Machine]:
    """All instances of the stack; one that was released is not among them."""
    found = api.session(place).items(
        "ecs", "DescribeInstances", ("Instances", "Instance"), Tag=api.tag_filter(place)
    )
    return [_machine(instance) for instance in found]


def start(place: Place) -> list[str]:
    """Starts instances that are stopped; returns their nodes' names.

    Raises:
        CloudError: some did not start; with `stoppedMode: stopCharging` their type may be sold out.
    """
    stopped = {one.id: one.node or one.id for one in machines(place) if one.state == "stopped"}
    failed = [
        f"{stopped.get(answer['InstanceId'])}: {answer.get('Message')}"
        for some in api.portions(stopped)
        for answer in _started(place, some)
        if str(answer.get("Code", "200")) != "200"
    ]
    if failed:
        raise CloudError(
            f"Alibaba Cloud did not start {len(failed)} of {len(stopped)} machines ({'; '.join(failed)})"
        )
    return list(stopped.values())


def check(place: Place) -> str:
    """Credentials are there, Alibaba accepts them, and they last long enough; returns account and region.

    Raises:
        CloudError: otherwise.
    """
    session = api.session(place)
    caller = session.call("sts", "GetCallerIdentity")
    who = str(caller["Arn"]).rpartition(":")[2]
    return f"Alibaba Cloud account {caller['AccountId']}, {session.region}, as {who}"


def _started(place: Place, ids: list[str]) -> list[api.Answer]:
    answer = api.session(place).call("ecs", "StartInstances", InstanceId=ids)
    return api.below(answer, ("InstanceResponses", "InstanceResponse"))


def _machine(instance: api.Answer) -> Machine:
    tags = api.tags_in(instance)
    addresses = api.below(instance, ("VpcAttributes", "PrivateIpAddress", "IpAddress"))
    return Machine(
        id=instance["InstanceId"],
        state=str(instance["Status"]).lower(),
        node=tags.get("node"),
        pool=tags.get("pool"),
        address=next(iter(addresses), None),
        kind=instance.get("InstanceType", ""),
        age=_age(instance),
    )


def _age(instance: api.Answer) -> int | None:
    """Since it was last started; minutes are all that ECS tells."""
    for key in ("StartTime", "CreationTime"):
        try:
            since = datetime.fromisoformat(instance.get(key) or "")
        except ValueError:
            continue
        return max(0, int((datetime.now(UTC) - since).total_seconds()))
    return None
