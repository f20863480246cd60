# Databases on the master's state volume, which a replaced master takes up again. Goes before a platform's scripts.
# shellcheck shell=bash

# kept USER ID PATH UNIT: PATH lies on the state volume and is USER's, who has the same number on every machine; UNIT
# never starts without it. IDs are those of system users, below 1000: of others logind removes shared memory, which
# PostgreSQL has, when a session of theirs ends, and Debian's maintainer scripts open one.
# A mount by default comes before all services, and the mounter is one.
kept() {
  local mount mounter=agent-fleet-state.service folder=$STATE_PATH$3
  [[ -e /etc/systemd/system/$mounter ]] || mounter=
  wait_for "the state volume at $STATE_PATH" 300 mountpoint "$STATE_PATH"
  [[ ! $mounter ]] || {
    systemctl start $mounter
    # a disk may have grown
    systemctl reload $mounter
  }
  getent passwd "$1" || {
    groupadd -rg"$2" "$1"
    useradd -rMu"$2" -g"$1" -d"$3" -s/usr/sbin/nologin "$1"
  }
  [[ -e $folder ]] || {
    install -d "${folder%/*}"
    install -dm750 -o"$1" -g"$1" "$folder"
  }
  mount=$(systemd-escape -p --suffix=mount "$3")
  put_file "/etc/systemd/system/$mount" 644 root <<<"[Unit]
RequiresMountsFor=$STATE_PATH${mounter:+
DefaultDependencies=no
Conflicts=umount.target
Before=umount.target
Requires=$mounter
After=$mounter}
[Mount]
What=$folder
Where=$3
Type=none
Options=bind
[Install]
WantedBy=multi-user.target"
  put_file "/etc/systemd/system/$4.d/${mount%.mount}.conf" 644 root <<<"[Unit]
RequiresMountsFor=$3"
  systemctl daemon-reload
  systemctl enable "$mount"
  # of one that is there it would wait for a device, which containers do not have
  mountpoint "$3" || systemctl start "$mount"
}
