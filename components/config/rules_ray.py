"""Combinations of Ray, eo-grow and their neighbours that are known not to work, and what makes them work."""

from collections.abc import Iterator

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from components.config.local import LocalSize
from components.config.model import Config, pools_of
from components.config.problems import Problem, show
from components.config.settings_ray import RaySettings

# Token authentication came with 2.52; the machines' Python 3.13 has wheels since 2.45 (pypi.org/project/ray).
OLDEST_RAY = Version("2.52.0")
# From here on Ray's dashboard needs pydantic >= 2.5 (metadata of ray[default]).
RAY_WITH_PYDANTIC_2 = Version("2.56.0")
EO_GROW = "eo-grow"
# eo-grow 1.7.15 imports pkg_resources, which setuptools dropped at 81; geopandas below 1, which it needs,
# fails with pandas 3; its metadata caps pydantic.
BESIDE_EO_GROW = {"setuptools": "81", "pandas": "3", "pydantic": "2"}
# What a head with its dashboard, and a worker with its agents, need before any work.
HEAD_GIB, WORKER_GIB = 2, 1.5


def ray_settings(config: Config) -> RaySettings | None:
    """None in a stack without Ray."""
    settings = config.cluster.settings if config.cluster else None
    return settings if isinstance(settings, RaySettings) else None


def constraints(settings: RaySettings) -> tuple[str, ...]:
    """What pip must keep to besides `pip_packages`: the one version of Ray, and known-good neighbours."""
    pins = [f"{name}<{limit}" for name, limit in BESIDE_EO_GROW.items()] if _has_eo_grow(settings) else []
    return (*pins, f"ray=={settings.ray_version}")


def ray_version(config: Config) -> Iterator[Problem]:
    settings = ray_settings(config)
    if not settings:
        return
    version, path = Version(settings.ray_version), "cluster.settings.rayVersion"
    if version < OLDEST_RAY:
        rule = "cannot keep strangers out: token authentication came with 2.52.0"
        yield Problem(path, str(version), rule, "write `rayVersion: 2.55.1`")
    if version >= RAY_WITH_PYDANTIC_2 and _has_eo_grow(settings):
        rule = "does not run eo-grow: it needs pydantic 2.5 or newer, and eo-grow needs pydantic below 2"
        remedy = "write `rayVersion: 2.55.1`, the last one that works with it"
        yield Problem(path, str(version), rule, remedy, ("cluster.settings.pipPackages",))


def pip_packages(config: Config) -> Iterator[Problem]:
    settings = ray_settings(config)
    if not settings:
        return
    version = Version(settings.ray_version)
    first: dict[str, str] = {}
    for index, text in enumerate(settings.pip_packages):
        path, package = f"cluster.settings.pipPackages[{index}]", Requirement(text)
        name = canonicalize_name(package.name)
        if name in first:
            rule = f"names a package that `{first[name]}` names too"
            yield Problem(path, show(text), rule, "join the two in one", (first[name],))
        first.setdefault(name, path)
        if name == "ray" and (package.url or not package.specifier.contains(version)):
            rule = f"contradicts `rayVersion` ({version}), which every machine and client must share"
            also = ("cluster.settings.rayVersion",)
            yield Problem(path, show(text), rule, "take it out, and say the version there", also)
        limit = BESIDE_EO_GROW.get(name)
        if limit and _has_eo_grow(settings) and not _allows_below(package.specifier, limit):
            rule = f"does not work with eo-grow, which needs {name} below {limit}"
            remedy = f"take it out: {name}<{limit} is chosen by itself"
            yield Problem(path, show(text), rule, remedy, ("cluster.settings.pipPackages",))
        elif name == "pydantic" and version >= RAY_WITH_PYDANTIC_2 and not _allows_2_5(package.specifier):
            rule = f"does not work with Ray {version}, which needs pydantic 2.5 or newer"
            remedy, also = "take it out, or allow a newer one", ("cluster.settings.rayVersion",)
            yield Problem(path, show(text), rule, remedy, also)


def memory(config: Config) -> Iterator[Problem]:
    if not config.cluster or not ray_settings(config):
        return
    sizes = [("cluster.master", config.cluster.master, HEAD_GIB, "the head")]
    sizes += [
        (f"cluster.pools[{index}]", pool, WORKER_GIB, "a worker")
        for index, pool in enumerate(config.cluster.pools)
    ]
    for path, size, least, who in sizes:
        if isinstance(size, LocalSize) and size.memory_gib < least:
            rule = f"is too little for {who} of a Ray cluster, which needs {least} GiB before any work"
            remedy = f"write `memoryGiB: {least}` or more"
            yield Problem(f"{path}.memoryGiB", show(size.memory_gib), rule, remedy)


def whole_cpus(config: Config) -> Iterator[Problem]:
    for index, pool in enumerate(pools_of(config) if ray_settings(config) else ()):
        if isinstance(pool, LocalSize) and not pool.cpus.is_integer():
            rule = "must be a whole number: Ray gives work to whole CPUs (`ray start --num-cpus`)"
            remedy = f"write `cpus: {max(1, round(pool.cpus))}`"
            yield Problem(f"cluster.pools[{index}].cpus", show(pool.cpus), rule, remedy)


RAY_RULES = (ray_version, pip_packages, memory, whole_cpus)


def _has_eo_grow(settings: RaySettings) -> bool:
    return any(canonicalize_name(Requirement(text).name) == EO_GROW for text in settings.pip_packages)


def _allows_below(specifier: SpecifierSet, limit: str) -> bool:
    """Whether some version below `limit` satisfies the specifier."""
    majors = [f"{major}.{minor}" for major in range(int(limit)) for minor in (0, 9999)]
    return any(Version(text) < Version(limit) for text in _allowed(specifier, majors))


def _allows_2_5(specifier: SpecifierSet) -> bool:
    minors = [f"2.{minor}" for minor in range(5, 100)]
    return any(Version(text) >= Version("2.5") for text in _allowed(specifier, minors))


def _allowed(specifier: SpecifierSet, versions: list[str]) -> Iterator[str]:
    """Those of `versions`, and of the versions that the specifier names, that satisfy it."""
    named = [clause.version.removesuffix(".*") for clause in specifier]
    tried = [*versions, *named, *(f"{name}.1" for name in named)]
    return specifier.filter(tried, prereleases=True)
