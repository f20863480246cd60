"""What the stack file presumes of AWS, asked before anything is made: look-ups validate, the file decides."""

from collections.abc import Iterator, Mapping
from typing import cast

import pulumi

from components.clouds import answers
from components.clouds.aws import ask, quotas
from components.clouds.aws.image import image_of
from components.clouds.aws.look_ups_network import (
    network_problems,
    storage_problems,
    zones_of,
)
from components.clouds.aws.look_ups_state import state_problems
from components.config.aws import AwsConfig, AwsPool, OnInstances
from components.config.model import Config
from components.config.problems import ConfigError, Problem
from components.config.rules_types import type_problems, typed
from components.fleet import Size

SPOT_ROLE = "AWSServiceRoleForEC2Spot"


def look_up(config: Config) -> Mapping[str, Size]:
    """Sizes of the instance types that the file names.

    Raises pulumi.RunError with one report of all that AWS denies, and where it does not tell what the program
    cannot do without; warns of every other check that got no answer.
    """
    ask.forget()
    try:
        for question in (ask.region, ask.account, ask.partition):
            question()
    except (answers.AbsentError, answers.UnansweredError) as error:
        raise pulumi.RunError(f"AWS does not say where and who we are: {error}") from None
    file = cast(AwsConfig, config)
    sizes, problems = _sizes(file)
    problems += type_problems(file, sizes)
    if not problems:
        # what these would say of a type that is not there is a mere echo
        problems += [*_images(file, sizes), *_mirror(file, sizes), *_quotas(file, sizes)]
    problems += [*network_problems(file), *storage_problems(file), *state_problems(file)]
    _spot_role(file)
    if problems:
        raise pulumi.RunError(str(ConfigError(pulumi.get_stack(), problems)))
    return sizes


def _machines(file: AwsConfig) -> Iterator[tuple[str, OnInstances]]:
    """Every place of the file that says machines."""
    if file.cluster:
        yield "cluster.master", file.cluster.master
        for number, pool in enumerate(file.cluster.pools):
            yield f"cluster.pools[{number}]", pool
    for number, vm in enumerate(file.gpu_vms):
        yield f"gpuVms[{number}]", vm


def _sizes(file: AwsConfig) -> tuple[dict[str, Size], list[Problem]]:
    found: dict[str, Size] = {}
    problems: list[Problem] = []
    zones = {f"{path}.": zones_of(file, spec) for path, spec in _machines(file)}
    for path, name in typed(file):
        sold = answers.or_warn(f"zones that sell {name}", lambda name=name: ask.zones_that_sell(name))
        wanted = next(found for place, found in zones.items() if path.startswith(place))
        if sold is not None and not sold:
            problems.append(_absent_type(path, name))
            continue
        if sold is not None and wanted and not sold & set(wanted):
            rule = f"is not sold in {' or '.join(wanted)}"
            remedy = f"take another type, or a zone that has it: {', '.join(sorted(sold))}"
            problems.append(Problem(path, name, rule, remedy))
        try:
            found[name] = _size(name)
        except answers.AbsentError:
            problems.append(_absent_type(path, name))
        except answers.UnansweredError as error:
            problems.append(answers.untold(path, name, error, "ec2:DescribeInstanceTypes"))
    return found, problems


def _size(name: str) -> Size:
    told = ask.instance_type(name)
    return Size(
        cpus=told.default_vcpus,
        memory_gib=told.memory_size / 1024,
        # the driver of images for GPUs is NVIDIA's
        gpus=sum(gpu.count for gpu in told.gpuses if gpu.manufacturer == "NVIDIA"),
        arch="arm64" if "arm64" in told.supported_architectures else "x86_64",
    )


def _absent_type(path: str, name: str) -> Problem:
    rule = f"is no instance type of {ask.region()}"
    remedy = f"`aws ec2 describe-instance-type-offerings --region {ask.region()}` lists those"
    return Problem(path, name, rule, remedy)


def _images(file: AwsConfig, sizes: Mapping[str, Size]) -> Iterator[Problem]:
    for path, spec in _machines(file):
        size, where, value = sizes[spec.types[0]], f"{path}.imageId", spec.image_id or ""
        try:
            image = image_of(spec, size)
        except answers.UnansweredError as error:
            yield answers.untold(where, value, error, "ec2:DescribeImages")
            continue
        except answers.AbsentError:
            kind = "a GPU image of AWS" if size.gpus else "an image of Debian 13"
            rule = f"is needed: {kind} for {size.arch} is not in {ask.region()}"
            if value:
                rule = f"is not in {ask.region()}, or not shared with this account"
            yield Problem(where, value, rule, "name an image that this account may start")
            continue
        if image.arch != size.arch:
            rule = f"is an image for {image.arch}, {spec.types[0]} is {size.arch}"
            yield Problem(where, value, rule, "take an image or a type of the other architecture")
        if image.least_gib > spec.disk_gib:
            rule = f"is less than the image's own disk ({image.least_gib} GiB)"
            remedy = f"write `diskGiB: {image.least_gib}` or more"
            yield Problem(f"{path}.diskGiB", str(spec.disk_gib), rule, remedy)


def _mirror(file: AwsConfig, sizes: Mapping[str, Size]) -> Iterator[Problem]:
    """Machines would look for Ubuntu's packages in it."""
    mirror = file.packages.apt_mirror
    for path, spec in _machines(file) if mirror else ():
        try:
            image = image_of(spec, sizes[spec.types[0]])
        except (answers.AbsentError, answers.UnansweredError):
            # _images tells it
            continue
        if image.is_ubuntu:
            rule = f"is a mirror of Debian, and {spec.types[0]} boots Ubuntu: AWS's image for GPUs"
            remedy = f"take it out, or write `imageId` at {path}: an image of Debian"
            yield Problem("packages.aptMirror", mirror or "", rule, remedy, (path,))
            return


def _quotas(file: AwsConfig, sizes: Mapping[str, Size]) -> Iterator[Problem]:
    for quota, most in quotas.wanted(file, sizes).items():
        what = f"quota {quota.code}, {quota.words}"
        try:
            limit = answers.or_warn(what, lambda quota=quota: ask.quota(quota.code))
        except answers.AbsentError as error:
            pulumi.log.warn(f"not checked: {what}: {error}")
            continue
        if limit is None or most <= limit:
            continue
        region = ask.region()
        rule = f"is more than the account's quota of {limit:g} for {quota.words} in {region} ({quota.code})"
        command = f"--service-code ec2 --quota-code {quota.code} --desired-value {most:g} --region {region}"
        remedy = (
            "ask for fewer or smaller machines, or raise it: "
            f"aws service-quotas request-service-quota-increase {command}"
        )
        path = "cluster" if file.cluster else "gpuVms"
        yield Problem(path, f"{most:g} {quota.unit}", rule, remedy)


def _spot_role(file: AwsConfig) -> None:
    pools: tuple[AwsPool, ...] = file.cluster.pools if file.cluster else ()
    if not any(one.market == "spot" for one in (*pools, *file.gpu_vms)):
        return
    if answers.or_warn(f"role {SPOT_ROLE}", lambda: ask.role_exists(SPOT_ROLE)) is False:
        pulumi.log.warn(
            f"the account has no role {SPOT_ROLE}, which EC2 makes at the first spot request of somebody who "
            "may make it; a master may not. Make it once: "
            "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
        )
