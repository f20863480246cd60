"""How a machine is reached by SSH: one place for keys, dial limits and the hop through the master."""

from dataclasses import dataclass

import pulumi
from pulumi_command import remote

LOGIN_USER = "fleet"

# pulumi-command's delays grow from 0.1 s to 5 s: 120 refusals take about 10 minutes, what a GPU VM may need
# for its first boot; 15 take about half a minute, and a minute and a half where packets are dropped.
FIRST_CONTACT_DIALS = 120
DIALS = 15
DIAL_SECONDS = 5


@dataclass(frozen=True)
class Endpoint:
    """Where a machine's sshd is reached, with the login key and the host key that it must show.

    `first_dials` is how often a machine that may be booting is tried; a cloud whose machines listen when
    they are made says fewer, so that a wrong key is told sooner.
    """

    host: pulumi.Output[str]
    port: pulumi.Output[float]
    login_key: pulumi.Output[str]
    host_key: pulumi.Output[str]
    first_dials: int = FIRST_CONTACT_DIALS


def connection(endpoint: Endpoint, dials: int, through: Endpoint | None = None) -> remote.ConnectionArgs:
    """A typed connection: an unknown field in a hand-made dict makes pulumi-command print the private key."""
    proxy = None
    if through is not None:
        proxy = remote.ProxyConnectionArgs(
            host=through.host,
            port=through.port,
            user=LOGIN_USER,
            private_key=through.login_key,
            host_key=through.host_key,
            dial_error_limit=DIALS,
            per_dial_timeout=DIAL_SECONDS,
        )
    return remote.ConnectionArgs(
        host=endpoint.host,
        port=endpoint.port,
        user=LOGIN_USER,
        private_key=endpoint.login_key,
        host_key=endpoint.host_key,
        dial_error_limit=dials,
        per_dial_timeout=DIAL_SECONDS,
        proxy=proxy,
    )
