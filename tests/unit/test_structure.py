"""Lines of the design that no reader should have to check by eye."""

import re
from collections.abc import Iterable
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
