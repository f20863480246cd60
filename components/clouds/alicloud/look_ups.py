"""What the stack file presumes of Alibaba Cloud, asked before anything is made: look-ups validate, the file
decides."""

import re
from collections.abc import Iterator, Mapping
from typing import cast

import pulumi

from components.clouds import answers
from components.clouds.alicloud import ask, quotas
from components.clouds.alicloud.image import image_of
from components.clouds.alicloud.look_ups_network import (
    network_problems,
    storage_problems,
    zone_of,
)
from components.clouds.alicloud.look_ups_state import state_problems
from components.config.alicloud import AlicloudConfig, AlicloudMaster, AlicloudPool, OnEcs
from components.config.model import Config
from components.config.problems import ConfigError, Problem
from components.config.rules_types import type_problems
from components.fleet import Size

# The look-up does not tell it: Ampere (c6r, g6r) and Yitian (c8y, g8y, r8y) have a letter for it.
ARM = r"ecs\.(ebm)?[cgr](6r|\d+y)[a-z]*[.-].*"


def look_up(config: Config) -> Mapping[str, Size]:
    """Sizes of the instance types that the file names.

    Raises pulumi.RunError with one report of all that Alibaba Cloud denies, and where it does not tell what
    the program cannot do without; warns of every other check that got no answer. Tells the list price.
    """
    ask.forget()
    try:
        for question in (ask.region, ask.account):
            question()
    except (answers.AbsentError, answers.UnansweredError) as error:
        raise pulumi.RunError(f"Alibaba Cloud does not say where and who we are: {error}") from None
    file = cast(AlicloudConfig, config)
    sizes, problems = _sizes(file)
    problems += type_problems(file, sizes)
    if not problems:
        # what these would say of a type that is not there is a mere echo
        problems += _images(file, sizes)
        _quotas(file, sizes)
    problems += [*network_problems(file), *storage_problems(file), *state_problems(file)]
    if problems:
        raise pulumi.RunError(str(ConfigError(pulumi.get_stack(), problems)))
    _price(file)
    return sizes


def market(spec: OnEcs) -> str:
    return "onDemand" if isinstance(spec, AlicloudMaster) else cast(AlicloudPool, spec).market


def _sizes(file: AlicloudConfig) -> tuple[dict[str, Size], list[Problem]]:
    found: dict[str, Size] = {}
    problems: list[Problem] = []
    zone = zone_of(file)
    for path, spec in quotas.machines(file):
        where, name = f"{path}.instanceType", spec.instance_type
        try:
            types = ask.types(market(spec), spec.disk_category)
        except answers.UnansweredError as error:
            right = "ecs:DescribeAvailableResource and ecs:DescribeInstanceTypes"
            problems.append(answers.untold(where, name, error, right))
            continue
        if name not in types:
            problems.append(_not_sold(path, spec))
            continue
        told = types[name]
        found[name] = Size(
            cpus=told.cpu_core_count,
            memory_gib=told.memory_size,
            gpus=sum(int(gpu.amount) for gpu in told.gpus),
            arch="arm64" if re.fullmatch(ARM, name) else "x86_64",
        )
        if zone and zone not in told.availability_zones:
            rule = f"is not sold in {zone} with a disk of {spec.disk_category}{_as_spot(spec)}"
            zones = ", ".join(sorted(told.availability_zones))
            remedy = f"take another type or disk, or a zone that has them: {zones}"
            problems.append(Problem(where, name, rule, remedy, ("network.zone", f"{path}.diskCategory")))
    return found, problems


def _not_sold(path: str, spec: OnEcs) -> Problem:
    rule = f"is not sold in {ask.region()} with a disk of {spec.disk_category}{_as_spot(spec)}"
    remedy = f"take another type or disk; `aliyun ecs DescribeAvailableResource --RegionId {ask.region()} "
    remedy += "--DestinationResource InstanceType` lists what is sold"
    return Problem(f"{path}.instanceType", spec.instance_type, rule, remedy, (f"{path}.diskCategory",))


def _as_spot(spec: OnEcs) -> str:
    return " as spot" if market(spec) == "spot" else ""


def _images(file: AlicloudConfig, sizes: Mapping[str, Size]) -> Iterator[Problem]:
    for path, spec in quotas.machines(file):
        size, where, value = sizes[spec.instance_type], f"{path}.imageId", spec.image_id or ""
        try:
            image = image_of(spec, size)
        except answers.UnansweredError as error:
            yield answers.untold(where, value, error, "ecs:DescribeImages")
            continue
        except answers.AbsentError:
            rule = f"is needed: a public image of Debian 13 for {size.arch} is not in {ask.region()}"
            if value:
                rule = f"is not in {ask.region()}, or not shared with this account"
            yield Problem(where, value, rule, "name an image that this account may start")
            continue
        if image.arch != size.arch:
            rule = f"is an image for {image.arch}, {spec.instance_type} is {size.arch}"
            yield Problem(where, value, rule, "take an image or a type of the other architecture")
        if image.least_gib > spec.disk_gib:
            rule = f"is less than the image's own disk ({image.least_gib} GiB)"
            remedy = f"write `diskGiB: {image.least_gib}` or more"
            yield Problem(f"{path}.diskGiB", str(spec.disk_gib), rule, remedy)


def _quotas(file: AlicloudConfig, sizes: Mapping[str, Size]) -> None:
    """Warns only: an account has several quotas for one type, and the look-up does not say which is which."""
    for name, count in quotas.wanted(file).items():
        found = answers.or_warn(f"quota for {name}", lambda name=name: ask.quotas(name))
        if not found:
            continue
        largest = max(found, key=lambda quota: quota.total_quota)
        most = quotas.most(count, largest.quota_unit, sizes[name])
        if most > largest.total_quota:
            pulumi.log.warn(
                f"the account's quota for {name} in {ask.region()} is {largest.total_quota:g} "
                f"({largest.quota_unit}), the stack wants {most:g}: raise it in the Quota Center, ECS quotas "
                "by instance type"
            )


def _price(file: AlicloudConfig) -> None:
    prices: dict[str, float] = {}
    for path, spec in quotas.machines(file):
        told = ask.types(market(spec), spec.disk_category)[spec.instance_type]
        try:
            prices[told.id] = ask.price(told.id, told.family, told.cpu_core_count, told.memory_size)
        except (answers.AbsentError, answers.UnansweredError) as error:
            pulumi.log.info(f"Alibaba Cloud tells no price for {path}: {error}")
            return
    pulumi.log.info(
        f"machines cost about {quotas.per_hour(file, prices):.2f} an hour: list price on demand in the "
        "account's currency, without disks, addresses, traffic and storage"
    )
