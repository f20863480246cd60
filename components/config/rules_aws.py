"""Rules of AWS: what can be told of a stack file without asking AWS."""

from collections.abc import Iterator

from components.config.aws import AwsCluster, AwsConfig, AwsPool
from components.config.problems import Problem, show
from components.config.rules_aws_network import network_problems, twice
from components.config.types_aws import architecture


def aws_problems(config: AwsConfig, region: str | None) -> Iterator[Problem]:
    """`region` is None where the stack file does not say it."""
    yield from network_problems(config, region)
    yield from backup(config)
    for index, pool in enumerate(config.cluster.pools if config.cluster else ()):
        path = f"cluster.pools[{index}]"
        yield from count_or_elastic(path, pool)
        yield from instance_types(path, pool)
    if config.cluster:
        yield from elastic_limit(config.cluster)


def backup(config: AwsConfig) -> Iterator[Problem]:
    if config.storage.file_system_id and "backup" in config.storage.model_fields_set:
        rule = "has no effect on a file system that is there: `fileSystemId` is used as it is"
        also = ("storage.fileSystemId",)
        yield Problem("storage.backup", show(config.storage.backup), rule, "take it out", also)


def count_or_elastic(path: str, pool: AwsPool) -> Iterator[Problem]:
    if pool.elastic is None:
        if pool.count is None:
            rule, remedy = "has neither `count` nor `elastic`", "add one of them, such as `count: 2`"
            yield Problem(path, "", rule, remedy)
        return
    also = (f"{path}.elastic",)
    if pool.count is not None:
        rule = "stands beside `elastic`: a pool has a number of workers, or it grows and shrinks"
        yield Problem(f"{path}.count", show(pool.count), rule, "take one of the two out", also)
    if pool.without:
        rule = "has no effect: workers of an elastic pool have no numbers"
        yield Problem(f"{path}.without", show(", ".join(map(str, pool.without))), rule, "take it out", also)
    least, most = pool.elastic.min, pool.elastic.max
    if most < least:
        rule, remedy = f"is less than `min` ({least})", f"write `max: {least}` or more"
        yield Problem(f"{path}.elastic.max", show(most), rule, remedy, (f"{path}.elastic.min",))


def instance_types(path: str, pool: AwsPool) -> Iterator[Problem]:
    types, where = pool.instance_types, f"{path}.instanceTypes"
    if pool.elastic is None and pool.count is not None and len(types) > 1:
        rule = "are several: workers of a pool with a `count` are of one type, which never changes by itself"
        yield Problem(where, show(", ".join(types)), rule, "keep one, or make a pool for each", (path,))
    yield from twice(where, types)
    arches = [architecture(name) for name in types]
    for index, (name, arch) in enumerate(zip(types, arches, strict=True)):
        if arch != arches[0]:
            rule = f"is {arch}, the first one is {arches[0]}: machines of a pool boot from one image"
            yield Problem(f"{where}[{index}]", name, rule, "make a pool of its own for it", (f"{where}[0]",))


def elastic_limit(cluster: AwsCluster) -> Iterator[Problem]:
    path, limit = "cluster.maxElasticWorkers", cluster.max_elastic_workers
    if limit is None:
        return
    pools = [(index, pool.elastic) for index, pool in enumerate(cluster.pools) if pool.elastic]
    least, most = sum(elastic.min for _, elastic in pools), sum(elastic.max for _, elastic in pools)
    also = ("cluster.pools",)
    if not pools:
        yield Problem(path, show(limit), "has no effect: no pool is elastic", "take it out", also)
    elif limit < least:
        rule = f"is less than the `min` of the elastic pools together ({least})"
        yield Problem(path, show(limit), rule, f"write `maxElasticWorkers: {least}` or more", also)
    elif limit > most:
        rule = f"is more than the `max` of the elastic pools together ({most})"
        yield Problem(path, show(limit), rule, "take it out, or raise a `max`", also)
    for index, elastic in pools:
        if limit >= least and elastic.max > limit:
            where = f"cluster.pools[{index}].elastic.max"
            rule = f"is more than `cluster.maxElasticWorkers` ({limit}) lets all elastic pools have"
            yield Problem(where, show(elastic.max), rule, f"write `max: {limit}` or less", (path,))
