"""What every cloud's machine gives to the rest of the program."""

from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_command import remote

LOGIN_USER = "fleet"

# Delays grow from 0.1 s to 5 s (pulumi-command's retry): 120 refusals take about 10 minutes, the time that a
# GPU VM may need for its first boot; 20 take about a minute.
FIRST_CONTACT_DIALS = 120
DIALS = 20
DIAL_SECONDS = 5


@dataclass(frozen=True)
class Endpoint:
    """Where a machine's sshd is reached, with the key that it must show."""

    host: pulumi.Output[str]
    port: pulumi.Output[int]
    login_key: pulumi.Output[str]
    host_key: pulumi.Output[str]


class Machine(Protocol):
    """A machine of any cloud. `resource` is the one that others are replaced or deleted with."""

    name: str
    id: pulumi.Output[str]
    private_ip: pulumi.Output[str]
    public_ip: pulumi.Output[str] | None
    resource: pulumi.Resource

    @property
    def connection(self) -> remote.ConnectionArgs: ...

    @property
    def first_contact(self) -> remote.ConnectionArgs: ...


def connection(endpoint: Endpoint, dials: int, through: Endpoint | None = None) -> remote.ConnectionArgs:
    """A typed connection: an unknown field in a hand-made dict makes pulumi-command print the private key."""
    proxy = None
    if through is not None:
        proxy = remote.ProxyConnectionArgs(
            host=through.host,
            port=through.port.apply(float),
            user=LOGIN_USER,
            private_key=through.login_key,
            host_key=through.host_key,
            dial_error_limit=DIALS,
            per_dial_timeout=DIAL_SECONDS,
        )
    return remote.ConnectionArgs(
        host=endpoint.host,
        port=endpoint.port.apply(float),
        user=LOGIN_USER,
        private_key=endpoint.login_key,
        host_key=endpoint.host_key,
        dial_error_limit=dials,
        per_dial_timeout=DIAL_SECONDS,
        proxy=proxy,
    )
