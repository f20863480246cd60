"""Who on a machine may ask its cloud's metadata service: root, and no work of people. Pure.

The service answers every process of a machine, and containers on it. It has the credentials of the machine's
role, where there is one, and user data with the machine's host key. What runs as root in the machine's own
network, such as a container with `--network host`, is root to it.
"""

from collections.abc import Iterable

from components.cloud_init import Setup

RULES = "/etc/agent-fleet/metadata.nft"
GUARD = "agent-fleet-metadata.service"

# The table is made anew at every load. What has no user is the kernel's own.
_RULES = """\
table inet agent-fleet-metadata
delete table inet agent-fleet-metadata
table inet agent-fleet-metadata {{
  chain output {{
    type filter hook output priority filter; policy accept;
    ip daddr {address} meta skuid != {{ {users} }} reject
  }}
  chain forward {{
    type filter hook forward priority filter; policy accept;
    ip daddr {address} reject
  }}
}}
"""
# nftables.service begins with an empty ruleset
_UNIT = """\
[Unit]
Description=The machine's metadata is for root alone
After=nftables.service
Before=ssh.service agent-fleet-storage.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {rules}
[Install]
WantedBy=multi-user.target
"""


def guard(address: str, users: Iterable[int] = ()) -> Setup:
    """`address` of the service; `users` are ids that may ask besides root."""
    allowed = ", ".join(map(str, sorted({0, *users})))
    return Setup(
        packages=("nftables",),
        files={
            RULES: _RULES.format(address=address, users=allowed),
            f"/etc/systemd/system/{GUARD}": _UNIT.format(rules=RULES),
        },
        commands=(("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", GUARD)),
    )
