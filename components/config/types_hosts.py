"""Values that only machines that exist already are described by."""

import re
from ipaddress import AddressValueError, IPv4Address
from typing import Annotated

from pydantic import AfterValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticKnownError

from components.config.base import refuse
from components.config.types import SshPublicKey

# Without an own list of algorithms a client takes RSA host keys with SHA-1 alone, which sshd refuses.
HOST_KEY_TYPES = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")


def _address(value: object) -> IPv4Address:
    if isinstance(value, IPv4Address):
        return value
    if not isinstance(value, str):
        raise PydanticKnownError("string_type")
    try:
        address = IPv4Address(value)
    except AddressValueError:
        refuse("is no IPv4 address", "write the one that the other machines reach it by, such as 192.0.2.11")
    if address.is_loopback or address.is_unspecified or address.is_multicast:
        refuse("is no address that other machines reach", "write one such as 192.0.2.11")
    return address


def _host_key(value: str) -> str:
    words = value.split()[:2]
    if words[0] not in HOST_KEY_TYPES:
        known = " or ".join(("ssh-ed25519", "ecdsa-sha2-nistp256"))
        refuse(f"must be a host key of type {known}", "`ssh-keyscan -t ed25519 ADDRESS` shows it")
    return " ".join(words)


def _user(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_-]{0,31}", value):
        refuse("is no name of a user", "write one such as `ops`")
    return value


HostAddress = Annotated[
    IPv4Address,
    PlainValidator(_address),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d{1,3}){3}$"}),
]
HostKey = Annotated[SshPublicKey, AfterValidator(_host_key)]
UserName = Annotated[str, AfterValidator(_user)]
