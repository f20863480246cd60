"""The service that mounts a cloud's shared storage, at every boot. Pure.

A service and no mount unit: that one tries once, and what requires it then fails for good.
"""

from collections.abc import Sequence

from components.cloud_init import Setup

MOUNTED = "agent-fleet-storage.service"

_UNIT = """\
[Unit]
Description=Shared storage at {path}, tried until it is there
Wants={after}
After={after}
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStartPre=/bin/mkdir -p {path}
ExecStart=/bin/sh -c 'until mountpoint -q {path} || {mount} {path}; do sleep 3; done'
ExecStop=/bin/sh -c '! mountpoint -q {path} || umount {path}'
TimeoutStopSec=60
[Install]
WantedBy=multi-user.target
"""


def mounted(path: str, mount: str, after: str = "network-online.target") -> Setup:
    """`mount` is the command as far as the path; `after` a unit, enabled as well where it is a service."""
    services: Sequence[str] = [after] if after.endswith(".service") else []
    return Setup(
        packages=("nfs-common",),
        files={f"/etc/systemd/system/{MOUNTED}": _UNIT.format(after=after, path=path, mount=mount)},
        commands=(
            ("systemctl", "daemon-reload"),
            ("systemctl", "enable", *services, MOUNTED),
            # a step waits for it, and says so when it does not come; cloud-init must not
            ("systemctl", "start", "--no-block", MOUNTED),
        ),
    )
