"""The files that a host gets before its first boot: its cloud-init seed and the operator's environment.

They go into the container in one tar stream, so nothing secret lies on the operator's disk outside podman.
"""

import io
import json
import os
import tarfile
from collections.abc import Mapping
from pathlib import Path

NOCLOUD = "var/lib/cloud/seed/nocloud"
CERTIFICATES = "etc/ssl/certs/ca-certificates.crt"

# What the operator's computer needs to reach package indexes, its hosts need too.
PASSED_ON = (
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
)
# pip, uv and requests carry bundles of their own and use the system's only if told.
SYSTEM_BUNDLE = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT")


def environment(operator: Mapping[str, str], certificates: bool) -> dict[str, str]:
    """Variables of everything that runs on a host."""
    values = {name: operator[name] for name in PASSED_ON if operator.get(name)}
    if certificates:
        values |= dict.fromkeys(SYSTEM_BUNDLE, f"/{CERTIFICATES}")
        values |= {"UV_NATIVE_TLS": "true", "UV_SYSTEM_CERTS": "true"}
    return dict(sorted(values.items()))


def sessions(values: Mapping[str, str]) -> str:
    """/etc/environment: PAM reads it for sessions, sudo for commands."""
    return "".join(f"{name}={value}\n" for name, value in values.items())


def services(values: Mapping[str, str]) -> str:
    """The same for what systemd starts."""
    words = " ".join(f'"{name}={value.replace("%", "%%")}"' for name, value in values.items())
    return f"[Manager]\nDefaultEnvironment={words}\n"


def files(
    hostname: str,
    instance: str,
    user_data: str | bytes,
    certificates: Path | None,
    operator: Mapping[str, str] = os.environ,
) -> dict[str, tuple[int, bytes]]:
    """Path to mode and content. `instance` names this machine: another one is booted for the first time."""
    values = environment(operator, certificates is not None)
    found: dict[str, tuple[int, bytes]] = {
        f"{NOCLOUD}/user-data": (
            0o600,
            user_data.encode() if isinstance(user_data, str) else user_data,
        ),
        f"{NOCLOUD}/meta-data": (
            0o600,
            json.dumps({"instance-id": instance, "local-hostname": hostname}).encode(),
        ),
        "etc/environment": (0o644, sessions(values).encode()),
        "etc/systemd/system.conf.d/environment.conf": (0o644, services(values).encode()),
    }
    if certificates is not None:
        found[CERTIFICATES] = (0o644, certificates.read_bytes())
    return found


def archive(content: Mapping[str, tuple[int, bytes]]) -> bytes:
    """The files as a tar stream, owned by root. The seed's folder is closed to everybody else."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        seed = tarfile.TarInfo(NOCLOUD)
        seed.type, seed.mode = tarfile.DIRTYPE, 0o700
        tar.addfile(seed)
        for path, (mode, data) in content.items():
            entry = tarfile.TarInfo(path)
            entry.mode, entry.size = mode, len(data)
            tar.addfile(entry, io.BytesIO(data))
    return stream.getvalue()
