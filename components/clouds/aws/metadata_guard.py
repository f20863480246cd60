"""Who on a machine may ask for the credentials of its role: root, and no work of people. Pure.

The metadata service answers every process of a machine; pipelines need not be able to start machines, or to
read the token of the cluster's own processes.
"""

from collections.abc import Iterable

from components.cloud_init import Setup

METADATA = "169.254.169.254"
RULES = "/etc/agent-fleet/metadata.nft"
GUARD = "agent-fleet-metadata.service"

# The table is made anew at every load. What has no user is the kernel's own.
_RULES = """\
table inet agent-fleet-metadata
delete table inet agent-fleet-metadata
table inet agent-fleet-metadata {{
  chain output {{
    type filter hook output priority filter; policy accept;
    ip daddr {metadata} meta skuid != {{ {users} }} reject
  }}
}}
"""
# nftables.service begins with an empty ruleset
_UNIT = """\
[Unit]
Description=The credentials of the machine's role are for root alone
After=nftables.service
Before=ssh.service agent-fleet-storage.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {rules}
[Install]
WantedBy=multi-user.target
"""


def guard(users: Iterable[int]) -> Setup:
    """`users` are ids that may ask besides root."""
    allowed = ", ".join(map(str, sorted({0, *users})))
    return Setup(
        packages=("nftables",),
        files={
            RULES: _RULES.format(metadata=METADATA, users=allowed),
            f"/etc/systemd/system/{GUARD}": _UNIT.format(rules=RULES),
        },
        commands=(("systemctl", "daemon-reload"), ("systemctl", "enable", "--now", GUARD)),
    )
