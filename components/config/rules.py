"""Rules between fields. Each takes the model and yields what breaks it; `RULES` are all of them."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Set

from components.config.model import (
    AlicloudConfig,
    AwsConfig,
    Config,
    HostsConfig,
    LocalConfig,
    pools_of,
    vms_of,
)
from components.config.problems import HIDDEN, PROJECT, Problem, show
from components.config.rules_access import (
    access_apart_from_network,
    leftover_consent,
    no_duplicates,
    private_network,
    world_said_twice,
)
from components.config.rules_alicloud import alicloud_problems
from components.config.rules_atlas import ATLAS_RULES
from components.config.rules_aws import aws_problems
from components.config.rules_backendai import BACKENDAI_RULES
from components.config.rules_backendai_join import JOIN_RULES
from components.config.rules_gpu_vms import GPU_VM_RULES
from components.config.rules_hosts import hosts_problems
from components.config.rules_local import local_problems
from components.config.rules_ray import RAY_RULES
from components.config.rules_rented import rented_problems
from components.config.settings_backendai_join import JoinSettings
from components.config.settings_supervisely import AgentSettings
from components.config.types import NAME, STACK_LENGTH, suggested_name

Rule = Callable[[Config], Iterator[Problem]]

# Names of roles, which stand beside pools in outputs and in `fleet status`.
RESERVED_POOLS = ("master", "worker")
# The distribution owns these, and we own the others, with all that lies below them.
SYSTEM = r"/(bin|boot|dev|etc|lib|lib32|lib64|proc|run|sbin|sys|usr)(/.*)?"
OURS = (
    r"/home/fleet(/.*)?|/var/log/agent-fleet(/.*)?"
    r"|/var/lib/(agent-fleet(-state)?|atlas|backendai|cloud|docker|etcd|postgresql|ray|redis)(/.*)?"
)
# Things of the system lie directly in these; a folder of its own below them is free.
FULL = r"/(home|media|mnt|opt|root|srv|tmp|var)|/var/(cache|lib|log|tmp)"
# Ours on everything made; `Name` is what consoles show.
OWN_TAGS = ("project", "stack", "team", "name")
# EC2 and Alibaba Cloud keep these prefixes for themselves.
RESERVED_TAG_PREFIXES = ("aws:", "acs:", "aliyun")


def stack_name_problems(stack: str) -> Iterator[Problem]:
    if len(stack) > STACK_LENGTH or not re.fullmatch(NAME, stack):
        yield Problem(
            "(name of the stack)",
            show(stack),
            f"must be at most {STACK_LENGTH} lower-case letters, digits and single hyphens, a letter first",
            f"make another: `pulumi stack init {suggested_name(stack)[:STACK_LENGTH].strip('-') or 'dev'}`",
        )


def pool_names(config: Config) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, pool in enumerate(pools_of(config)):
        path = f"cluster.pools[{index}].name"
        if pool.name in RESERVED_POOLS:
            yield Problem(path, pool.name, "is the name of a role", f"write it like `{pool.name}s`")
        if re.search(r"-\d+$", pool.name):
            rule = f"ends like a worker's name: worker 1 of it would be `{pool.name}-1`"
            joined = "".join(pool.name.rsplit("-", 1))
            yield Problem(path, pool.name, rule, f"write it like `{joined}`")
        if pool.name in first:
            where = f"cluster.pools[{first[pool.name]}].name"
            yield Problem(
                path, pool.name, f"is the name of `{where}` too", "give each pool its own", (where,)
            )
        first.setdefault(pool.name, index)


def left_out_workers(config: Config) -> Iterator[Problem]:
    for index, pool in enumerate(pools_of(config)):
        if pool.count is None:
            continue
        path, count = f"cluster.pools[{index}]", pool.count
        where = f"{path}.without"
        times = Counter(pool.without)
        for position, number in enumerate(pool.without):
            if not 1 <= number <= count:
                numbers = f"they are 1 to {count}" if count else "it has none"
                rule = f"is no number of a worker of `{pool.name}`: {numbers}"
                yield Problem(f"{where}[{position}]", show(number), rule, "take it out", (f"{path}.count",))
            elif times[number] > 1 and number in pool.without[:position]:
                yield Problem(f"{where}[{position}]", show(number), "is there twice", "take one out")
        if count and set(range(1, count + 1)) <= set(pool.without):
            rule, remedy = "leaves nobody in the pool", "write `count: 0` and take `without` out"
            yield Problem(where, show(", ".join(map(str, pool.without))), rule, remedy, (f"{path}.count",))


def mount_path(config: Config) -> Iterator[Problem]:
    path = str(config.storage.mount_path)
    if re.fullmatch(f"{SYSTEM}|{OURS}|{FULL}", path):
        yield Problem(
            "storage.mountPath",
            path,
            "would hide a folder that the system or the agents need",
            "use a folder of its own, such as `/shared` or `/mnt/shared`",
        )


def agent_folders(config: Config) -> Iterator[Problem]:
    folders = [
        (f"{path}.settings.agentHostDir", said.agent_host_dir, "/data/supervisely")
        for path, _, said in vms_of(config, AgentSettings)
    ]
    folders += [
        (f"{path}.settings.mountPath", said.mount_path, "/vfroot")
        for path, _, said in vms_of(config, JoinSettings)
    ]
    for where, folder, example in folders:
        if re.fullmatch(f"{SYSTEM}|{OURS}|{FULL}", str(folder or "")):
            remedy = f"use a folder of its own, such as `{example}`"
            yield Problem(where, str(folder), "belongs to the system", remedy)


def tags(config: Config) -> Iterator[Problem]:
    for key, value in config.tags.items():
        path = f"tags.{key}"
        if key.lower() in OWN_TAGS:
            rule = "is a tag that the program sets itself, and finds its things by"
            yield Problem(path, show(value), rule, f"use another name, such as `my-{key.lower()}`")
        elif key.lower().startswith(RESERVED_TAG_PREFIXES):
            prefix = next(word for word in RESERVED_TAG_PREFIXES if key.lower().startswith(word))
            rule = f"begins with {prefix}, which clouds keep for themselves"
            yield Problem(path, show(value), rule, "use another name")
        elif not re.fullmatch(r"[\w .:/=+@-]{1,128}", key, re.ASCII):
            rule = "must have a name of 1 to 128 letters, digits, spaces or any of _ . : / = + - @"
            yield Problem(path, show(value), rule, "use another name")
        elif not re.fullmatch(r"[\w .:/=+@-]{0,256}", value, re.ASCII):
            rule = "must be at most 256 letters, digits, spaces or any of _ . : / = + - @"
            yield Problem(path, show(value), rule, "use another value")


def secrets_of_other_platforms(config: Config, given: Set[str]) -> Iterator[Problem]:
    """`given` are the secrets that the team gives itself."""
    platform = config.cluster.platform if config.cluster else None
    owners = {"rayToken": "ray", "backendaiAdminPassword": "backendai", "atlasAdminPassword": "atlas"}
    for key, owner in owners.items():
        if platform and platform != owner and key in given:
            rule = f"has no effect: the stack's platform is `{platform}`"
            yield Problem(key, HIDDEN, rule, f"`pulumi config rm {PROJECT}:{key}`", ("cluster.platform",))


def generation_without_effect(config: Config, given: Set[str]) -> Iterator[Problem]:
    """`given` are the secrets that the team gives itself."""
    generation = config.key_generations.token
    if "rayToken" in given and generation != 1:
        rule = "has no effect: the token is the one that the stack gives as `rayToken`"
        remedy = f"take it out, and change the token with `pulumi config set --secret {PROJECT}:rayToken`"
        yield Problem("keyGenerations.token", show(generation), rule, remedy)


RULES: tuple[Rule, ...] = (
    pool_names,
    left_out_workers,
    mount_path,
    agent_folders,
    tags,
    no_duplicates,
    world_said_twice,
    leftover_consent,
    access_apart_from_network,
    private_network,
    *RAY_RULES,
    *BACKENDAI_RULES,
    *JOIN_RULES,
    *ATLAS_RULES,
    *GPU_VM_RULES,
)


def cloud_rules(config: Config, region: str | None, other_regions: Mapping[str, str]) -> Iterator[Problem]:
    """Those of the cloud alone. `region` is None where nobody says it."""
    if isinstance(config, LocalConfig):
        yield from local_problems(config)
        return
    if isinstance(config, HostsConfig):
        yield from hosts_problems(config)
        return
    yield from rented_problems(config, region, other_regions)
    if isinstance(config, AwsConfig):
        yield from aws_problems(config, region)
    if isinstance(config, AlicloudConfig):
        yield from alicloud_problems(config, region)
