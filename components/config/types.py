"""Values with a meaning: text of a stack file becomes a network, a path, a key."""

import base64
import binascii
import re
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from components.config.base import refuse

# Lengths: `<stack>-<pool>-<number>` must fit a host name (63 characters, RFC 1035 §2.3.4), and
# `<team>-<stack>-<role>` an IAM role's name (64, IAM quotas): 32+1+20+1+4 = 58 and 24+1+32+1+6 = 64.
STACK_LENGTH = 32
TEAM_LENGTH = 24
POOL_LENGTH = 20
NAME = "[a-z](?:-?[a-z0-9])*"

# OpenSSH refuses shorter RSA keys where a site follows NIST SP 800-131A; ssh-keygen makes 3072 today.
RSA_BITS = 2048
KEY_TYPES = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "ssh-rsa",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def check_name(value: str, length: int) -> str:
    if len(value) > length:
        refuse(f"must have at most {length} characters", f"shorten it; it has {len(value)}")
    if not re.fullmatch(NAME, value):
        refuse(
            "must be lower-case letters, digits and single hyphens, beginning with a letter",
            f"write it like `{suggested_name(value) or 'workers'}`",
        )
    return value


def suggested_name(value: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", value.lower()).strip("-").lstrip("0123456789-")


def _network(value: object) -> IPv4Network:
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    address, _, prefix = value.partition("/")
    try:
        IPv4Address(address)
    except AddressValueError:
        kind = "an IPv6 network" if ":" in address else "not an IPv4 network"
        refuse(f"is {kind}", "write it as an address and a prefix length, such as 203.0.113.0/24")
    if prefix and not re.fullmatch(r"[12]?\d|3[0-2]", prefix):
        refuse("needs a prefix length from 0 to 32 after the slash", f"write it like {address}/32")
    network = IPv4Network(value, strict=False)
    if str(network.network_address) != address:
        refuse(
            f"has bits set behind its prefix length: {address} is a host of {network}",
            f"write {network} for the whole network or {address}/32 for the one host",
        )
    return network


def _mount_path(value: object) -> PurePosixPath:
    if isinstance(value, PurePosixPath):
        value = str(value)
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    if not value.startswith("/"):
        refuse("must be an absolute path", f"write `/{value.lstrip('./')}`")
    # It goes into fstab, unit names and shell variables, where spaces and quotes need three kinds of escapes.
    if not re.fullmatch(r"(?:/[A-Za-z0-9_][A-Za-z0-9._-]*)+", value) or len(value) > 100:
        refuse(
            "must be made of plain folder names: letters, digits, `.`, `_` and `-`, 100 characters at most",
            "write it like `/shared`",
        )
    return PurePosixPath(value)


def _ssh_public_key(value: str) -> str:
    text = value.strip()
    remedy = "paste the one line of a `.pub` file, such as that of `~/.ssh/id_ed25519.pub`"
    if "\n" in text:
        refuse("holds several lines", f"{remedy}; several keys are several items of the list")
    words = text.split(maxsplit=2)
    if len(words) == 1 and text.startswith(("~", "/", ".")):
        refuse("is a path, not a key", remedy)
    if len(words) < 2 or words[0] not in KEY_TYPES:
        refuse("must begin with a key type that sshd takes, such as ssh-ed25519", remedy)
    try:
        data = base64.b64decode(words[1], validate=True)
        named = data[4 : 4 + int.from_bytes(data[:4])].decode()
        key = load_ssh_public_key(f"{named} {words[1]}".encode())
    except (binascii.Error, UnicodeDecodeError, ValueError, UnsupportedAlgorithm):
        key = named = None
    if key is None:
        refuse("is cut off or damaged: its data is no key", remedy)
    if named != words[0]:
        refuse(f"names another type than its data, which is of type {named}", remedy)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < RSA_BITS:
        rule = f"is an RSA key of {key.key_size} bits, less than {RSA_BITS}"
        refuse(rule, "make a new one with `ssh-keygen -t ed25519`")
    return " ".join(words)


def _url(value: str, *schemes: str) -> str:
    try:
        parts = urlsplit(value)
        valid = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        valid = False
    if not valid or re.search(r"[\s'\"\\]", value):
        known = " or ".join(f"{scheme}://" for scheme in schemes)
        refuse(f"must be a URL that begins with {known}", "write it like https://host/path")
    return value


def _host_and_port(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?", value):
        refuse(
            "must be a host, with a port where it is not the usual one", "write it like host.example.org:5000"
        )
    return value


def matching(pattern: str, rule: str, remedy: str) -> tuple[AfterValidator, WithJsonSchema]:
    """Text that a pattern holds in full; `rule` says what it is not."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            refuse(rule, remedy)
        return value

    return AfterValidator(check), WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


_NAME_SCHEMA = {"type": "string", "pattern": f"^{NAME}$"}
_CIDR = r"^\d{1,3}(\.\d{1,3}){3}(/\d{1,2})?$"

TeamName = Annotated[
    str,
    AfterValidator(lambda value: check_name(value, TEAM_LENGTH)),
    WithJsonSchema({**_NAME_SCHEMA, "maxLength": TEAM_LENGTH}),
]
PoolName = Annotated[
    str,
    AfterValidator(lambda value: check_name(value, POOL_LENGTH)),
    WithJsonSchema({**_NAME_SCHEMA, "maxLength": POOL_LENGTH}),
]
Cidr = Annotated[IPv4Network, PlainValidator(_network), WithJsonSchema({"type": "string", "pattern": _CIDR})]
MountPath = Annotated[
    PurePosixPath,
    PlainValidator(_mount_path),
    WithJsonSchema({"type": "string", "pattern": r"^(/[A-Za-z0-9_][A-Za-z0-9._-]*)+$"}),
]
SshPublicKey = Annotated[str, AfterValidator(_ssh_public_key)]
Url = Annotated[
    str,
    AfterValidator(lambda value: _url(value, "https", "http")),
    WithJsonSchema({"type": "string", "pattern": "^https?://"}),
]
# pip passes over an index that it reaches without TLS; apt checks signatures instead.
HttpsUrl = Annotated[
    str,
    AfterValidator(lambda value: _url(value, "https")),
    WithJsonSchema({"type": "string", "pattern": "^https://"}),
]
HostAndPort = Annotated[str, AfterValidator(_host_and_port)]
