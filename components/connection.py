"""How a machine is reached by SSH: one place for keys, dial limits and the hop through the master."""

from dataclasses import dataclass

import pulumi
from pulumi_command import remote

from components.scripts import LOGIN_USER

# pulumi-command's delays grow from 0.1 s to 5 s: 120 refusals take about 10 minutes, what a GPU VM may need
# for its first boot; 15 take about half a minute, and a minute and a half where packets are dropped.
FIRST_CONTACT_DIALS = 120
DIALS = 15
DIAL_SECONDS = 5


@dataclass(frozen=True)
class Sshd:
    """Where a machine's sshd is reached, with the login key and the host key that it must show.

    `hop` is the jump host before it.
    """

    host: str
    port: int
    login_key: str
    host_key: str
    user: str = LOGIN_USER
    hop: "Sshd | None" = None


def connection(
    sshd: pulumi.Output[Sshd], dials: int, through: pulumi.Output[Sshd] | None = None
) -> pulumi.Output[remote.ConnectionArgs]:
    """A typed connection: an unknown field in a hand-made dict makes pulumi-command print the private key.

    One Output for all of its values: an Output of each would be a fifth of what the program costs.
    """
    if through is None:
        return sshd.apply(lambda sshd: _direct(sshd, dials, sshd.hop))
    return pulumi.Output.all(sshd, through).apply(lambda known: _direct(known[0], dials, known[1]))


def _hop(sshd: Sshd) -> remote.ProxyConnectionArgs:
    return remote.ProxyConnectionArgs(
        host=sshd.host,
        port=sshd.port,
        user=sshd.user,
        private_key=sshd.login_key,
        host_key=sshd.host_key,
        dial_error_limit=DIALS,
        per_dial_timeout=DIAL_SECONDS,
    )


def _direct(sshd: Sshd, dials: int, through: Sshd | None) -> remote.ConnectionArgs:
    return remote.ConnectionArgs(
        host=sshd.host,
        port=sshd.port,
        user=sshd.user,
        private_key=sshd.login_key,
        host_key=sshd.host_key,
        dial_error_limit=dials,
        per_dial_timeout=DIAL_SECONDS,
        proxy=_hop(through) if through else None,
    )
