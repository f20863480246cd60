"""Rules of every cloud that rents machines."""

from collections.abc import Iterator, Mapping

from components.config.model import REGION_KEYS, AlicloudConfig, AwsConfig
from components.config.problems import Problem, show

Rented = AwsConfig | AlicloudConfig

# The program tells its machines apart by them, and Ray's autoscaler by those that begin with `ray-`.
OWN_TAGS = ("node", "role", "pool")
RAY_TAGS = "ray-"
# A name of a region that both clouds have differs, so an example is each one's own.
REGIONS = {"aws": "eu-central-1", "alicloud": "cn-hangzhou"}


def rented_problems(config: Rented, region: str | None, others: Mapping[str, str]) -> Iterator[Problem]:
    """`region` is None where the stack file does not say it; `others` are for other clouds, by key."""
    yield from region_of_another_cloud(config, region, others)
    yield from way_in(config)
    yield from storage_that_is_there(config)
    yield from state_volume(config)
    yield from spot_gpu_vms(config)
    yield from tags(config)


def region_of_another_cloud(
    config: Rented, region: str | None, others: Mapping[str, str]
) -> Iterator[Problem]:
    own = REGION_KEYS[config.cloud]
    for key, value in others.items() if region is None else ():
        rule = f"is a region for another cloud; a stack on {config.cloud} has `{own}`"
        yield Problem(key, show(value), rule, f"write it like `{own}: {REGIONS[config.cloud]}`", ("cloud",))


def way_in(config: Rented) -> Iterator[Problem]:
    if not config.access.admins:
        who = "the master" if config.cluster else "machines"
        rule = f"is required: steps reach {who} by SSH from this computer, and nobody else is let in"
        remedy = "add the network that you come from, such as `admins: [203.0.113.0/28]`"
        yield Problem("access.admins", "", rule, remedy)


def storage_that_is_there(config: Rented) -> Iterator[Problem]:
    if config.storage.file_system_id and config.storage.on_destroy == "delete":
        rule = "has no effect on a file system that is there: `fileSystemId` is never deleted"
        remedy = "take it out, or write `retain`"
        yield Problem("storage.onDestroy", "delete", rule, remedy, ("storage.fileSystemId",))


def state_volume(config: Rented) -> Iterator[Problem]:
    storage, cluster = config.storage, config.cluster
    if not cluster:
        # `storage` itself has no effect
        return
    said = {"state_gib": "stateGiB", "state_volume_id": "stateVolumeId"}
    for name in [name for name in said if name in storage.model_fields_set]:
        path, value = f"storage.{said[name]}", show(getattr(storage, name))
        if not cluster.settings.KEEPS_STATE:
            rule = f"has no effect: the master has no databases on platform `{cluster.platform}`"
            yield Problem(path, value, rule, "take it out", ("cluster.platform",))
        elif name == "state_gib" and storage.state_volume_id:
            rule = "has no effect on a volume that is there: `stateVolumeId` is used as it is"
            yield Problem(path, value, rule, "take it out", ("storage.stateVolumeId",))
    if storage.state_volume_id and storage.on_destroy == "delete" and cluster.settings.KEEPS_STATE:
        rule = "has no effect on a volume that is there: `stateVolumeId` is never deleted"
        remedy = "take it out, or write `retain`"
        yield Problem("storage.onDestroy", "delete", rule, remedy, ("storage.stateVolumeId",))


def spot_gpu_vms(config: Rented) -> Iterator[Problem]:
    for index, vm in enumerate(config.gpu_vms):
        if vm.market == "spot" and not vm.ephemeral:
            path, also = f"gpuVms[{index}].market", (f"gpuVms[{index}].ephemeral",)
            rule = "may go at any time, and with it the data that the agent keeps on it"
            yield Problem(path, "spot", rule, "add `ephemeral: true`, or write `onDemand`", also)


def tags(config: Rented) -> Iterator[Problem]:
    for key, value in config.tags.items():
        if key.lower() in OWN_TAGS or key.lower().startswith(RAY_TAGS):
            rule = "is a tag by which the program and Ray tell their machines apart"
            yield Problem(f"tags.{key}", show(value), rule, f"use another name, such as `my-{key.lower()}`")
