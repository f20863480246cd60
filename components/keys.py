"""The only maker of key material. Everything is derived by label from one seed per stack.

The seed is made once, by a Command whose inputs never change, and lies in the state as a secret. What is
derived is the same at every run; a higher generation number gives another value.
"""

import base64
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import pulumi
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pulumi_command import local

_KEY_TYPE = b"ssh-ed25519"
# Version, the algorithm's number and two lengths (RFC 8410 §7); the 32 bytes of the key follow.
_PKCS8_ED25519 = bytes.fromhex("302e020100300506032b657004220420")
# ZeroMQ writes keys in base 85 with an alphabet of its own (RFC 32/Z85).
_B85 = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~"
_Z85 = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"


@dataclass(frozen=True)
class KeyPair:
    """An ed25519 key: the private half as OpenSSH writes it, and as PKCS 8, a third as long, for what is in
    the state many times over; the public one as one authorized_keys line."""

    private: str
    public: str
    pkcs8: str


def derive(seed: str, label: str, generation: int = 1) -> bytes:
    """32 bytes that only the holder of the seed can make."""
    return hmac.digest(bytes.fromhex(seed), f"{label}/{generation}".encode(), hashlib.sha256)


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _public_bytes(secret: bytes) -> bytes:
    key = Ed25519PrivateKey.from_private_bytes(secret).public_key()
    return key.public_bytes(Encoding.Raw, PublicFormat.Raw)


def public_line(secret: bytes) -> str:
    blob = _string(_KEY_TYPE) + _string(_public_bytes(secret))
    return f"{_KEY_TYPE.decode()} {base64.b64encode(blob).decode()}"


def private_text(secret: bytes) -> str:
    """The openssh-key-v1 format, written here because `cryptography` puts a random check number into it.

    With that number the text differs at every run, and user data with it.
    """
    public = _public_bytes(secret)
    check = hashlib.sha256(public).digest()[:4]
    body = check * 2 + _string(_KEY_TYPE) + _string(public) + _string(secret + public) + _string(b"")
    body += bytes(range(1, 1 + -len(body) % 8))
    blob = (
        b"openssh-key-v1\0"
        + _string(b"none") * 2
        + _string(b"")
        + struct.pack(">I", 1)
        + _string(_string(_KEY_TYPE) + _string(public))
        + _string(body)
    )
    return _armoured("OPENSSH PRIVATE KEY", blob)


def pkcs8_text(secret: bytes) -> str:
    """RFC 8410; what pulumi-command takes as well."""
    return _armoured("PRIVATE KEY", _PKCS8_ED25519 + secret)


def _armoured(kind: str, blob: bytes) -> str:
    text = base64.b64encode(blob).decode()
    lines = "\n".join(text[start : start + 70] for start in range(0, len(text), 70))
    return f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n"


@dataclass(frozen=True)
class CurvePair:
    """A curve25519 key of ZeroMQ, both halves in its own base 85."""

    private: str
    public: str


def curve_pair(secret: bytes) -> CurvePair:
    def z85(key: bytes) -> str:
        return base64.b85encode(key).translate(bytes.maketrans(_B85, _Z85)).decode()

    public = X25519PrivateKey.from_private_bytes(secret).public_key()
    return CurvePair(z85(secret), z85(public.public_bytes(Encoding.Raw, PublicFormat.Raw)))


class Keys:
    """Key pairs and tokens of one stack: `seed` derives them, `given` holds those that the team brings."""

    def __init__(self, given: Mapping[str, pulumi.Output[str] | None]) -> None:
        self._given = given
        seed = local.Command(
            "seed",
            create="head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \\n'",
            logging=local.Logging.NONE,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(additional_secret_outputs=["stdout"], ignore_changes=["create"]),
        )
        self._seed = pulumi.Output.secret(seed.stdout)

    def given(self, label: str) -> pulumi.Output[str] | None:
        """What the team gave under this configuration key, or this part of one; None for nothing."""
        return self._given.get(label)

    @cache  # noqa: B019 - there is one instance, which lives as long as the program
    def key_pair(self, label: str, generation: int = 1) -> pulumi.Output[KeyPair]:
        def pair(seed: str) -> KeyPair:
            secret = derive(seed, label, generation)
            return KeyPair(private_text(secret), public_line(secret), pkcs8_text(secret))

        return self._seed.apply(pair)

    @cache  # noqa: B019 - as above
    def curve_pair(self, label: str, generation: int = 1) -> pulumi.Output[CurvePair]:
        return self._seed.apply(lambda seed: curve_pair(derive(seed, label, generation)))

    @cache  # noqa: B019 - as above
    def token(self, label: str, generation: int = 1) -> pulumi.Output[str]:
        """64 hex digits, or what the team gave under this configuration key."""
        given = self._given.get(label)
        if given is not None:
            return given
        return self._seed.apply(lambda seed: derive(seed, label, generation).hex())
