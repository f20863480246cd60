"""Lines of the design that no reader should have to check by eye."""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]


def users_of(pattern: str, folders: Iterable[str] = ("components", "fleet")) -> set[str]:
    files = (*(file for folder in folders for file in (ROOT / folder).rglob("*.py")), ROOT / "__main__.py")
    return {str(file.relative_to(ROOT)) for file in files if re.search(pattern, file.read_text())}


def test_only_commands_makes_remote_commands() -> None:
    assert users_of(r"remote\.Command(Args)?\(") == {"components/commands.py"}


def test_only_keys_makes_key_material() -> None:
    assert users_of(r"PrivateKey\.\w+\(|token_hex|hmac\.", ["components"]) == {"components/keys.py"}


def test_only_the_configuration_reads_pulumi_config() -> None:
    assert users_of(r"pulumi\.Config\(") == {"components/config/loading.py"}


def test_only_outputs_knows_the_names_of_outputs() -> None:
    assert users_of(r"\"masterPrivateIp\":") == {"components/outputs.py"}
    assert users_of(r"pulumi\.export\(") == {"__main__.py"}


def test_the_program_names_no_cloud_and_no_platform() -> None:
    program = (ROOT / "__main__.py").read_text()
    assert not re.search(r"\b(local|aws|alicloud|hosts|ray|backendai|atlas|supervisely)\b", program)


def test_no_component_names_a_cloud_or_a_platform() -> None:
    shared = [file for file in (ROOT / "components").glob("*.py") if file.name != "keys.py"]
    for file in shared:
        code = re.sub(r'"""[\s\S]*?"""|#.*', "", file.read_text())
        assert not re.search(r"\b(aws|alicloud|ray|backendai|atlas|supervisely)\b", code), file.name


def test_only_ask_asks_aws() -> None:
    assert users_of(r"aws\.(\w+\.)?get_\w+\(", ["components"]) == {"components/clouds/aws/ask.py"}


# imports

CODE = ("components", "fleet", "tools")


def modules() -> dict[str, Path]:
    """All modules by name; a package is its `__init__`."""
    files = (file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    names = {file: ".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files}
    return {name.removesuffix(".__init__"): file for file, name in names.items()}


def imported(file: Path, known: Collection[str]) -> Iterator[str]:
    """Modules that a file imports where it runs; not those that types alone need."""
    tree = ast.parse(file.read_text())
    for branch in [node for node in ast.walk(tree) if isinstance(node, ast.If)]:
        if ast.unparse(branch.test) == "TYPE_CHECKING":
            branch.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in known else node.module for name in names)


@cache
def imports() -> dict[str, set[str]]:
    """By module, the modules of ours that it imports."""
    known = modules()
    return {name: set(imported(file, known)) & known.keys() for name, file in known.items()}


def between(graph: Mapping[str, set[str]], importer: str, imported: str) -> set[tuple[str, str]]:
    return {
        (one, other)
        for one, others in graph.items()
        for other in others
        if f"{one}.".startswith(f"{importer}.") and f"{other}.".startswith(f"{imported}.")
    }


def test_no_modules_import_each_other_in_a_circle() -> None:
    TopologicalSorter(imports()).prepare()


def test_clouds_platforms_and_the_configuration_do_not_know_each_other() -> None:
    graph = imports()
    clouds, platforms, config = (f"components.{name}" for name in ("clouds", "platforms", "config"))
    assert between(graph, platforms, clouds) == set()
    assert between(graph, clouds, platforms) == set()
    assert between(graph, config, clouds) == set()
    assert between(graph, config, platforms) == set()


def test_settings_of_platforms_know_only_what_models_are_built_from() -> None:
    graph = imports()
    settings = [name for name in graph if name.startswith("components.config.settings_")]
    words = {"components.config.base", "components.config.types"}
    assert len(settings) == 5
    for name in settings:
        assert graph[name] <= {*words, *settings}, name


def test_no_cloud_knows_another() -> None:
    graph = imports()
    clouds = [f"components.clouds.{name}" for name in ("local", "aws", "alicloud", "hosts")]
    for one in clouds:
        assert not [pair for other in clouds if other != one for pair in between(graph, one, other)]


def test_the_program_knows_no_commands_of_the_operator_and_no_tests() -> None:
    graph = imports()
    assert between(graph, "components", "fleet") == set()
    assert users_of(r"(?m)^(from|import) (tests|bench)\b", CODE) == set()
