"""Combinations that Atlas would take in silence, or fail at on the machine."""

import re
from collections.abc import Iterator

from components.config.local import LocalSize
from components.config.model import Config, cluster_of, pools_of
from components.config.problems import Problem, show
from components.config.settings_atlas import SERVICES, SLOTS, AtlasSettings

# What eight containers with their limits, and Keycloak beside them, were seen to need before any job.
MASTER_GIB, WORKER_GIB = 3, 1.5
SHIPPED_USERS = ("test", "test2", "admin")
_AT = "cluster.settings"


def atlas_settings(config: Config) -> AtlasSettings | None:
    """None in a stack without Atlas."""
    settings = config.cluster.settings if config.cluster else None
    return settings if isinstance(settings, AtlasSettings) else None


def users(config: Config) -> Iterator[Problem]:
    settings = atlas_settings(config)
    if not settings:
        return
    for index, user in enumerate(settings.users):
        path, before = f"{_AT}.users[{index}]", settings.users[:index]
        if user.name in SHIPPED_USERS:
            rule = "is an account that Atlas ships, which is deleted or whose password everybody knows"
            yield Problem(f"{path}.name", user.name, rule, "choose another name")
        if user.name in [other.name for other in before]:
            yield Problem(f"{path}.name", user.name, "is there twice", "take one out")
        elif user.email.lower() in [other.email.lower() for other in before]:
            rule = "belongs to another user too, and Keycloak takes an address once"
            yield Problem(f"{path}.email", user.email, rule, "give each user their own")
    if settings.users and not settings.authentication:
        rule, remedy = "have no effect without `authentication`", "take them out, or write `true` there"
        yield Problem(f"{_AT}.users", "[…]", rule, remedy, (f"{_AT}.authentication",))


def open_without_login(config: Config) -> Iterator[Problem]:
    settings = atlas_settings(config)
    if settings and not settings.authentication and config.access.users:
        rule = "lets everybody in `access.users` start containers on every worker without a login"
        remedy = "take it out, or take `access.users` out and use `fleet tunnel`"
        yield Problem(f"{_AT}.authentication", "false", rule, remedy, ("access.users",))


def pool_slots(config: Config) -> Iterator[Problem]:
    settings = atlas_settings(config)
    pools = {pool.name: index for index, pool in enumerate(pools_of(config))}
    for name, slots in settings.pool_slots.items() if settings else ():
        path = f"{_AT}.poolSlots.{name}"
        if name not in pools:
            known = ", ".join(f"`{pool}`" for pool in pools)
            rule, remedy = "is no pool of the stack", f"known are {known}"
            yield Problem(path, show(slots), rule, remedy, ("cluster.pools",))
            continue
        pool, also = pools_of(config)[pools[name]], f"cluster.pools[{pools[name]}].gpus"
        if pool.gpus:
            rule = f"contradicts `gpus: {pool.gpus}`: with GPUs Atlas runs one job on each"
            yield Problem(path, show(slots), rule, "take one of the two out", (also,))
        if not 1 <= slots <= SLOTS:
            rule, remedy = f"must be 1 to {SLOTS}", "write how many jobs run at a time"
            yield Problem(path, show(slots), rule, remedy)


def fixed_pools(config: Config) -> Iterator[Problem]:
    for index, pool in enumerate(pools_of(config) if atlas_settings(config) else ()):
        if pool.scaling:
            rule = "asks for a scaler, and Atlas has none"
            yield Problem(f"cluster.pools[{index}].elastic", "{…}", rule, "write `count` in its place")


def images(config: Config) -> Iterator[Problem]:
    settings = atlas_settings(config)
    if not settings:
        return
    for path, image in (("registry", settings.registry), ("jobImage", settings.job_image or "")):
        if re.match(r"(?:[a-z.]+\.)?gcr\.io/dessa-atlas", image):
            rule = "is the registry of the project itself, which is gone"
            yield Problem(f"{_AT}.{path}", image, rule, "name one that has your copies of the images")
    for service, tag in settings.tags.items():
        if service not in SERVICES:
            known = ", ".join(f"`{name}`" for name in SERVICES)
            yield Problem(f"{_AT}.tags.{service}", tag, "is no image of Atlas", f"known are {known}")
        elif tag == settings.tag:
            rule, remedy = "is what `tag` says for all", "take it out"
            yield Problem(f"{_AT}.tags.{service}", tag, rule, remedy, (f"{_AT}.tag",))


def sizes(config: Config) -> Iterator[Problem]:
    if not atlas_settings(config):
        return
    machines = [("cluster.master", cluster_of(config).master, MASTER_GIB, "the master")]
    machines += [
        (f"cluster.pools[{index}]", pool, WORKER_GIB, "a worker")
        for index, pool in enumerate(pools_of(config))
    ]
    for path, size, least, who in machines:
        if isinstance(size, LocalSize) and size.memory_gib < least:
            rule = f"is too little for {who} of an Atlas cluster, which needs {least} GiB before any job"
            remedy = f"write `memoryGiB: {least}` or more"
            yield Problem(f"{path}.memoryGiB", show(size.memory_gib), rule, remedy)


ATLAS_RULES = (users, open_without_login, pool_slots, fixed_pools, images, sizes)
