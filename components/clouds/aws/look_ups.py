"""What the stack file presumes of AWS, asked before anything is made: look-ups validate, the file decides."""

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar, cast

import pulumi

from components.clouds.aws import ask, quotas
from components.clouds.aws.image import image_of
from components.config.aws import AwsConfig, AwsMaster, AwsPool
from components.config.model import Config
from components.config.problems import ConfigError, Problem
from components.config.rules_types import type_problems, typed
from components.fleet import Size

T = TypeVar("T")

SPOT_ROLE = "AWSServiceRoleForEC2Spot"
# What a mount target of the shared storage takes of a subnet.
OF_STORAGE = 1


def look_up(config: Config) -> Mapping[str, Size]:
    """Sizes of the instance types that the file names.

    Raises pulumi.RunError with one report of all that AWS denies, and where it does not tell what the program
    cannot do without; warns of every other check that got no answer.
    """
    ask.forget()
    try:
        for question in (ask.region, ask.account, ask.partition, ask.dns_suffix):
            question()
    except (ask.AbsentError, ask.UnansweredError) as error:
        raise pulumi.RunError(f"AWS does not say where and who we are: {error}") from None
    found = cast(AwsConfig, config)
    checks = _Checks(found)
    sizes = checks.sizes()
    problems = [*checks.problems, *type_problems(config, sizes)]
    if not problems:
        # what these would say of a type that is not there is a mere echo
        problems += [*checks.images(sizes), *checks.vcpus(sizes)]
    problems += [*checks.network(), *checks.storage()]
    checks.spot_role()
    if problems:
        raise pulumi.RunError(str(ConfigError(pulumi.get_stack(), problems)))
    return sizes


class _Checks:
    def __init__(self, config: AwsConfig) -> None:
        self._config = config
        self.problems: list[Problem] = []
        self._machines: list[tuple[str, AwsMaster | AwsPool]] = [("cluster.master", config.cluster.master)]
        self._machines += [(f"cluster.pools[{n}]", pool) for n, pool in enumerate(config.cluster.pools)]

    def _answer(self, what: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except ask.UnansweredError as error:
            pulumi.log.warn(f"not checked: {what}: {error}")
            return None

    # instance types

    def sizes(self) -> dict[str, Size]:
        found: dict[str, Size] = {}
        zones = self._zones()
        for path, name in typed(self._config):
            sold = self._answer(f"zones that sell {name}", lambda name=name: ask.zones_that_sell(name))
            if sold is not None:
                wanted = zones[:1] if self._stays(path) else zones
                self.problems += _not_sold(path, name, sold, wanted)
            if sold is None or sold:
                size = self._size(path, name)
                found |= {name: size} if size else {}
        return found

    def _size(self, path: str, name: str) -> Size | None:
        try:
            told = ask.instance_type(name)
        except ask.AbsentError:
            self.problems.append(_absent_type(path, name))
        except ask.UnansweredError as error:
            self.problems.append(_untold(path, name, error, "ec2:DescribeInstanceTypes"))
        else:
            arches = told.supported_architectures
            return Size(
                cpus=told.default_vcpus,
                memory_gib=told.memory_size / 1024,
                gpus=sum(gpu.count for gpu in told.gpuses),
                arch="arm64" if "arm64" in arches else "x86_64",
            )
        return None

    def _stays(self, path: str) -> bool:
        """Whether its machines stand in the first zone only: those that have names."""
        return next(
            spec.scaling is None if isinstance(spec, AwsPool) else True
            for where, spec in self._machines
            if path.startswith(f"{where}.")
        )

    def _zones(self) -> list[str]:
        """Zones of workers, the first one of those with names."""
        network = self._config.network
        if not network.subnet_ids:
            return list(network.zones)
        found = (self._subnet_zone(name) for name in network.subnet_ids[1 if network.private else 0 :])
        return list(dict.fromkeys(zone for zone in found if zone))

    def _subnet_zone(self, name: str) -> str | None:
        try:
            return ask.subnet(name).availability_zone
        except (ask.AbsentError, ask.UnansweredError):
            return None

    # images

    def images(self, sizes: Mapping[str, Size]) -> Iterator[Problem]:
        for path, spec in self._machines:
            size = sizes[spec.types[0]]
            where, value = f"{path}.imageId", spec.image_id or ""
            try:
                image = image_of(spec, size)
            except ask.UnansweredError as error:
                yield _untold(where, value, error, "ec2:DescribeImages")
                continue
            except ask.AbsentError:
                kind = "a GPU image of AWS" if size.gpus else "an image of Debian 13"
                rule = "is not there, or not shared with this account" if value else f"is needed: {kind}"
                rule += f" for {size.arch} is not in {ask.region()}" if not value else ""
                yield Problem(where, value, rule, "name one that this account may start")
                continue
            if image.arch != size.arch:
                rule = f"is an image for {image.arch}, {spec.types[0]} is {size.arch}"
                yield Problem(where, value, rule, "take an image or a type of the other architecture")
            if image.least_gib > spec.disk_gib:
                rule = f"is less than the image's own disk ({image.least_gib} GiB)"
                remedy = f"write `diskGiB: {image.least_gib}` or more"
                yield Problem(f"{path}.diskGiB", str(spec.disk_gib), rule, remedy)

    # quotas

    def vcpus(self, sizes: Mapping[str, Size]) -> Iterator[Problem]:
        for quota, most in quotas.wanted(self._config, sizes).items():
            limit = self._answer(
                f"quota {quota.code}, {quota.words}", lambda quota=quota: ask.quota(quota.code)
            )
            if limit is not None and most > limit:
                rule = (
                    f"is more than the account's quota of {limit:g} for {quota.words} in {ask.region()} "
                    f"({quota.code})"
                )
                remedy = (
                    "ask for fewer or smaller machines, or raise it: aws service-quotas "
                    f"request-service-quota-increase --service-code ec2 --quota-code {quota.code} "
                    f"--desired-value {most:g} --region {ask.region()}"
                )
                yield Problem("cluster", f"{most:g} vCPUs at most", rule, remedy)

    def spot_role(self) -> None:
        if not any(pool.market == "spot" for pool in self._config.cluster.pools):
            return
        if self._answer(f"role {SPOT_ROLE}", lambda: ask.role_exists(SPOT_ROLE)) is False:
            pulumi.log.warn(
                f"the account has no role {SPOT_ROLE}, which EC2 makes at the first spot request of somebody "
                "who may make it; the master may not. Make it once: "
                "aws iam create-service-linked-role --aws-service-name spot.amazonaws.com"
            )

    # network

    def network(self) -> Iterator[Problem]:
        network = self._config.network
        if network.vpc_id:
            yield from self._vpc(network.vpc_id)
            wanted = self._addresses()
            for index, name in enumerate(network.subnet_ids):
                yield from self._subnet(f"network.subnetIds[{index}]", name, network.vpc_id, wanted[index])
            return
        known = self._answer("zones of the region", ask.zones)
        for index, zone in enumerate(network.zones):
            if known is not None and zone not in known:
                rule = f"is no zone of {ask.region()} that this account may use"
                remedy = f"write one of {', '.join(sorted(known))}"
                yield Problem(f"network.zones[{index}]", zone, rule, remedy)

    def _vpc(self, vpc_id: str) -> Iterator[Problem]:
        path = "network.vpcId"
        try:
            vpc = self._answer(path, lambda: ask.vpc(vpc_id))
        except ask.AbsentError:
            yield Problem(path, vpc_id, f"is not in {ask.region()}", "write the id of a VPC of this account")
            return
        if vpc and not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
            rule = "has its DNS support or its DNS hostnames off, and the shared storage is found by name"
            remedy = (
                "switch both on: aws ec2 modify-vpc-attribute --enable-dns-hostnames, --enable-dns-support"
            )
            yield Problem(path, vpc_id, rule, remedy)

    def _addresses(self) -> list[int]:
        """Addresses that the stack wants of each subnet; elastic workers may stand in any of theirs."""
        network, cluster = self._config.network, self._config.cluster
        wanted = [OF_STORAGE for _ in network.subnet_ids]
        wanted[0] += 1
        of_workers = 1 if network.private and len(wanted) > 1 else 0
        named = sum(quotas.workers(pool) for pool in cluster.pools)
        wanted[of_workers] += named
        if len(wanted) == of_workers + 1:
            wanted[of_workers] += cluster.elastic_limit
        return wanted

    def _subnet(self, path: str, name: str, vpc_id: str, wanted: int) -> Iterator[Problem]:
        try:
            subnet = ask.subnet(name)
        except ask.AbsentError:
            yield Problem(path, name, f"is not in {ask.region()}", "write the id of a subnet of that VPC")
            return
        except ask.UnansweredError as error:
            yield _untold(path, name, error, "ec2:DescribeSubnets")
            return
        if subnet.vpc_id != vpc_id:
            rule = f"is a subnet of {subnet.vpc_id}, not of `network.vpcId`"
            yield Problem(path, name, rule, "name subnets of one VPC", ("network.vpcId",))
            return
        team, stack = self._config.team, pulumi.get_stack()
        own = self._answer(f"machines in {name}", lambda: ask.own_machines(name, stack, team)) or 0
        free = subnet.available_ip_address_count + own
        if free < wanted:
            rule = f"has {free} addresses free, the stack wants {wanted} of them"
            yield Problem(path, name, rule, "name a larger subnet, or ask for fewer workers")
        self._way_out(path, name, vpc_id)

    def _way_out(self, path: str, name: str, vpc_id: str) -> None:
        """Warns: packages may come by another way than the internet."""
        try:
            routes = self._answer(f"routes of {path}", lambda: ask.routes(vpc_id, name))
        except ask.AbsentError:
            return
        if routes is None:
            return
        out = [route for route in routes if route.cidr_block == "0.0.0.0/0"]
        to_internet = any((route.gateway_id or "").startswith("igw-") for route in out)
        network = self._config.network
        is_masters = name == network.subnet_ids[0]
        if (is_masters or not network.private) and not to_internet:
            pulumi.log.warn(
                f"{path} ({name}) has no route to an internet gateway: public addresses in it lead nowhere"
            )
        elif network.private and not is_masters and (to_internet or not out):
            pulumi.log.warn(
                f"{path} ({name}) has no route to a NAT gateway: workers without a public address need one"
            )

    # storage

    def storage(self) -> Iterator[Problem]:
        path, name = "storage.fileSystemId", self._config.storage.file_system_id
        if not name:
            return
        try:
            files = ask.file_system(name)
        except ask.AbsentError:
            yield Problem(path, name, f"is not in {ask.region()}", "write the id of an EFS file system")
            return
        except ask.UnansweredError as error:
            yield _untold(path, name, error, "elasticfilesystem:DescribeFileSystems")
            return
        zone, zones = files.availability_zone_name, set(self._zones())
        if zone and zones - {zone}:
            rule = f"is in the zone {zone} alone, and machines are elsewhere too: {', '.join(sorted(zones))}"
            remedy = "take a file system of the whole region, or that zone alone"
            yield Problem(path, name, rule, remedy, ("network.zones",))
        if not files.encrypted:
            pulumi.log.warn(f"{path} ({name}) is not encrypted at rest; that cannot be changed")


def _not_sold(path: str, name: str, sold: frozenset[str], wanted: list[str]) -> Iterator[Problem]:
    if not sold:
        yield _absent_type(path, name)
    elif wanted and not sold & set(wanted):
        rule = f"is not sold in {' or '.join(wanted)}"
        yield Problem(
            path, name, rule, f"take another type, or a zone that has it: {', '.join(sorted(sold))}"
        )


def _untold(path: str, value: str, error: Exception, right: str) -> Problem:
    """Of what the program cannot do without."""
    return Problem(path, value, f"cannot be looked at: {error}", f"allow {right}, or try again")


def _absent_type(path: str, name: str) -> Problem:
    rule = f"is no instance type of {ask.region()}"
    remedy = f"`aws ec2 describe-instance-type-offerings --region {ask.region()}` lists those"
    return Problem(path, name, rule, remedy)
