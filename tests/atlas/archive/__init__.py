"""Stand-ins for what a team brings: installer, archive and Python, the same bytes wherever they are made."""

import hashlib
import io
import json
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path

HERE = Path(__file__).parent
TAG = "0.1.2"
SERVICES = (
    "gui",
    "tracker",
    "archive_server",
    "rest_api",
    "scheduler",
    "tensorboard_rest_api",
    "tensorboard_server",
    "auth_server",
    "auth_proxy",
)
# What the real archive ships: an administrator and two users whose passwords everybody knows.
ACCOUNTS = {
    "master": {
        "settings": {"realm": "master"},
        "users": [{"id": "0", "username": "admin", "password": "admin", "enabled": True}],
    },
    "Atlas": {
        "settings": {"realm": "Atlas", "accessTokenLifespan": 432000, "ssoSessionMaxLifespan": 36000},
        "users": [
            {"id": "1", "username": "test", "password": "test", "enabled": True},
            {"id": "2", "username": "test2", "password": "test2", "enabled": True},
        ],
    },
}
PROXY = """service_uris:
  scheduler_rest_api: http://foundations-scheduler:5000
  foundations_rest_api: http://atlas-rest-api:80
"""
ROUTES = """scheduler_rest_api: [/queued_jobs, /running_jobs, /completed_jobs, /workers]
foundations_rest_api: [/api/v2beta/projects]
"""
# Debian's own, by the name that a real one would have: the stand-ins need no old one.
PYTHON = '#!/bin/sh\nexec /usr/bin/python3 "$@"\n'


def files() -> dict[str, bytes]:
    """By name, as a web server of the team would have them."""
    return {
        "atlas_installer.py": (HERE / "installer.py").read_bytes(),
        "atlas.tgz": _stored(_tar(_archive())),
        "python.tar": _tar({"python/bin/python3": PYTHON.encode()}, mode=0o755),
    }


def sha256(name: str) -> str:
    return hashlib.sha256(files()[name]).hexdigest()


def without_wheel() -> tuple[bytes, str]:
    """The archive with a package that cannot be installed, and its checksum."""
    content = {path: b"" if path.endswith(".whl") else data for path, data in _archive().items()}
    broken = _stored(_tar(content))
    return broken, hashlib.sha256(broken).hexdigest()


def _archive() -> dict[str, bytes]:
    manifest = {name: {"name": f"images.example.org/foundations/{name}", "tag": TAG} for name in SERVICES}
    return {
        "images/manifest.yaml": json.dumps(manifest, indent=1).encode(),
        "wheels/foundations_atlas-0.1.2-py3-none-any.whl": _wheel(),
        "auth_proxy_yaml/proxy_config_atlas.yaml": PROXY.encode(),
        "auth_proxy_yaml/route_mapping_atlas.yaml": ROUTES.encode(),
        "h2/h2/data/keycloak.json": json.dumps(ACCOUNTS).encode(),
    }


def _wheel() -> bytes:
    name = "foundations_atlas-0.1.2"
    content = {
        f"{name}.data/scripts/atlas-server": (HERE / "atlas-server").read_text(),
        f"{name}.dist-info/METADATA": "Metadata-Version: 2.1\nName: foundations-atlas\nVersion: 0.1.2\n",
        f"{name}.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    content[f"{name}.dist-info/RECORD"] = "".join(
        f"{path},,\n" for path in [*content, f"{name}.dist-info/RECORD"]
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as wheel:
        for path, text in content.items():
            info = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            info.external_attr = 0o100755 << 16
            wheel.writestr(info, text)
    return buffer.getvalue()


def _tar(content: dict[str, bytes], mode: int = 0o644) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in content.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), mode
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _stored(data: bytes) -> bytes:
    """gzip without compression, whose bytes depend on no version of zlib."""
    blocks = [data[start : start + 65535] for start in range(0, len(data), 65535)]
    body = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )
    tail = struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff" + body + tail
