"""The service that puts the disk with the master's databases in its place, at every boot. Pure.

The disk is attached only when the machine runs, so it is tried until it is there. userdata/databases.sh knows
the service's name.
"""

from collections.abc import Sequence

from components.cloud_init import Setup

MOUNTED = "agent-fleet-state.service"
SCRIPT = "/usr/local/lib/agent-fleet/state-volume"

_SCRIPT = """\
# state-volume mount|grow
path={path}
disk() {{
  for one in {devices}; do
    [ ! -b "$one" ] || {{ echo "$one"; return; }}
  done
  return 1
}}
# The zeros first: blkid says 2 of a disk that it cannot read as well, and mkfs asks nobody but a terminal.
blank() {{
  cmp -s -n 4194304 "$1" /dev/zero || return 1
  blkid -p "$1"
  [ $? = 2 ]
}}
mounted() {{
  mountpoint -q "$path" && return
  disk=$(disk) || return
  ! blank "$disk" || mkfs.ext4 -q "$disk" || return
  mount -t ext4 "$disk" "$path"
}}
if [ "$1" = mount ]; then
  mkdir -p "$path"
  until mounted; do sleep 3; done
fi
# where it fails, databases go on with what there is
resize2fs "$(disk)" || echo "the file system at $path does not grow"
"""
_UNIT = """\
[Unit]
Description=Databases at {path}, tried until their disk is there
[Service]
Type=oneshot
RemainAfterExit=yes
TimeoutStartSec=infinity
ExecStart=/bin/sh {script} mount
ExecReload=/bin/sh {script} grow
ExecStop=/bin/sh -c '! mountpoint -q {path} || umount {path}'
TimeoutStopSec=60
[Install]
WantedBy=multi-user.target
"""


def state_mounted(path: str, devices: Sequence[str]) -> Setup:
    """`devices` are the names that the disk may have, the likeliest first.

    A file system is made on a blank disk alone, grows with the disk at each boot and at a reload of the
    service, and any other content is left as it is, untouched and not mounted.
    """
    return Setup(
        # an image of somebody's own may be without it
        packages=("e2fsprogs",),
        files={
            SCRIPT: _SCRIPT.format(path=path, devices=" ".join(devices)),
            f"/etc/systemd/system/{MOUNTED}": _UNIT.format(path=path, script=SCRIPT),
        },
        commands=(
            ("systemctl", "daemon-reload"),
            ("systemctl", "enable", MOUNTED),
            # the master's step waits for it, and the disk comes after the machine
            ("systemctl", "start", "--no-block", MOUNTED),
        ),
    )
