"""`SIM=1`: a cloud's stack on stand-ins for its plugins and machines, with a state of its own."""

import os
import zlib
from collections.abc import Mapping
from pathlib import Path

from components.config.model import REGION_KEYS

# A loopback address of the stand-in's own: boto3 finds the simulated API there while a run lasts.
API_ADDRESS = "127.77.0.1"
_OWN = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE")
# Alibaba's tools know each of theirs by several names.
_OWN_PREFIXES = ("ALICLOUD_", "ALIBABA_CLOUD_", "ALIBABACLOUD_")


def on(env: Mapping[str, str] | None = None) -> bool:
    return (os.environ if env is None else env).get("SIM") == "1"


def stands_in_for(cloud: object) -> bool:
    """Whether a stack's cloud is simulated now; machines that exist already never are."""
    return on() and cloud in REGION_KEYS


def api_port(root: Path) -> int:
    """Of this copy of the project: another one's simulated account is not this one's."""
    return 20000 + zlib.crc32(str(root).encode()) % 2000


def environment(root: Path, env: Mapping[str, str]) -> dict[str, str]:
    """The stand-ins first on PATH, and credentials worth nothing: no run can reach a real account."""
    changed = {name: value for name, value in env.items() if not _is_own(name)}
    changed["PATH"] = os.pathsep.join([str(root / "tests/simcloud/bin"), env["PATH"]])
    changed |= {
        "AWS_ACCESS_KEY_ID": "simulated",
        "AWS_SECRET_ACCESS_KEY": "simulated",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": f"http://{API_ADDRESS}:{api_port(root)}",
        "ALICLOUD_ACCESS_KEY": "simulated",
        "ALICLOUD_SECRET_KEY": "simulated",
    }
    for name in ("no_proxy", "NO_PROXY"):
        if name in changed:
            changed[name] = f"{API_ADDRESS},{changed[name]}"
    return changed


def _is_own(name: str) -> bool:
    return name in _OWN or name.startswith(_OWN_PREFIXES)
