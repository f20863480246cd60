# A machine that was there before the stack: taken, and given back as it was. Goes after common.sh.
# shellcheck shell=bash

lib=/usr/local/lib/agent-fleet
lease=$state/lease
holder=$lease/holder
journal=$lease/journal
rules=/etc/agent-fleet/firewall.nft
table=agent_fleet_lease
rollback=agent-fleet-rollback
fresh=

# Beside no other run and no step. What commands print is for whoever reads an error.
alone() {
  exec 4>&1 >&2 9>/run/lock/agent-fleet.lock
  flock -w 600 9 || fail "$ADDRESS: another run has been at work there for 10 minutes"
}

held_by() {
  sed -n "s/^$1=//p" $holder
}

refuse_another() {
  [[ ! -e $holder || $(held_by id) == "$STACK_ID" ]] ||
    fail "$ADDRESS is held by $(held_by who). Take it out of that stack first; if that stack is gone for good, give it back there by hand: sudo bash $lib/lease.sh by_hand </dev/null"
}

# What steps rest on; nothing is changed before it is so.
fits() {
  local has
  # shellcheck source=/dev/null
  has=$(. /etc/os-release && echo "$ID $VERSION_ID")
  [[ $has == 'debian 13' ]] || fail "$ADDRESS runs $has; the stack's scripts are for debian 13"
  [[ -d /run/systemd/system ]] || fail "$ADDRESS does not run systemd"
  [[ $(interface) ]] || fail "the machine that answers at $ADDRESS does not have that address itself, so others would not reach it there"
  has=$(nproc)
  ((has * 100 >= CPUS_PERCENT)) || fail "$ADDRESS has $has CPUs, less than \`cpus\` says"
  has=$(memory) has=${has% *}
  # the kernel keeps some of what was paid for
  ((has * 100 >= MEMORY_MIB * 90)) || fail "$ADDRESS has $has MiB of memory, less than \`memoryGiB\` says"
  [[ ! $MOUNT_PATH ]] || mountpoint -q "$MOUNT_PATH" || fail "$ADDRESS has nothing mounted at $MOUNT_PATH, which all machines of the stack must share (storage.mountPath)"
  ! id fleet &>/dev/null || [[ -e $holder ]] || fail "$ADDRESS has a user fleet already, and the stack's own has that name"
}

# The one that has the address
interface() {
  ip -4 -o addr show | awk -v a="$ADDRESS" '{split($4, p, "/")} p[1] == a {print $2; exit}'
}

take() {
  alone
  refuse_another
  fits
  [[ -e $holder ]] || fresh=1
  trap 'finish; [[ ! $fresh ]] || undo' EXIT
  install -dm 755 $state $lib
  install -dm 700 $lease
  touch $journal
  put_file $holder 600 root <<<"id=$STACK_ID
who=$WHO
since=$(held_by since 2>/dev/null || echo "$EPOCHSECONDS")
databases=$STATE_PATH
keep=$KEEP_STATE"
  put_file $lib/lease.sh 600 root <<<"$BASH_EXECUTION_STRING"
  put_file $lib/noted.sh 700 root < <(printf %s "$NOTED_SH")
  note folder $cache
  note user fleet
  id fleet || useradd -mU -p'*' -s/bin/bash fleet
  put_file /home/fleet/.ssh/authorized_keys 600 fleet <<<"$LOGIN_KEY"
  put_file /etc/sudoers.d/90-agent-fleet 440 root <<<'fleet ALL=(ALL) NOPASSWD:ALL'
  put_file /etc/ssh/sshd_config.d/10-agent-fleet.conf 644 root <<<'# every membership dials the master, all at once; the default of 10 would drop most of them
MaxStartups 1000'
  systemctl reload ssh
  [[ ! $STATE_PATH ]] || databases
  fresh=
  echo "{\"id\":\"$ADDRESS-$(held_by since)\"}" >&4
}

# Steps want a mount for them.
databases() {
  local unit
  unit=$(systemd-escape -p --suffix=mount "$STATE_PATH")
  mkdir -p "$STATE_PATH"
  put_file "/etc/systemd/system/$unit" 644 root <<<"[Mount]
What=$STATE_PATH
Where=$STATE_PATH
Type=none
Options=bind
[Install]
WantedBy=multi-user.target"
  note unit "$unit"
  systemctl daemon-reload
  systemctl enable "$unit"
  mountpoint -q "$STATE_PATH" || systemctl start "$unit"
}

# The newest first; what of the distribution was set otherwise starts again at the end.
undo() {
  local kind thing databases left=()
  databases=$(held_by databases)
  ! (($(held_by keep))) || databases=
  while read -r kind thing; do
    "undo_$kind" "$thing" || left+=("$kind $thing")
  done < <(grep -v ^restart $journal | tac; grep ^restart $journal)
  systemctl daemon-reload
  ((!${#left[@]})) || fail "$ADDRESS: these cannot be taken away: ${left[*]}"
  cd /
  [[ ! $databases ]] || rm -rf --one-file-system "$databases"
  rm -rf $state $lib /var/log/agent-fleet /run/agent-fleet*
  systemctl reload ssh
}

undo_unit() {
  ! systemctl cat "$1" &>/dev/null || systemctl disable --now "$1" || return
  systemctl reset-failed "$1" 2>/dev/null || :
}

undo_restart() {
  systemctl try-restart "$1"
}

undo_user() {
  id "$1" &>/dev/null || return 0
  pkill -KILL -u "$1" && sleep 1
  # it says 12 where there was no mail
  userdel -r "$1" || ! id "$1" &>/dev/null
}

undo_file() {
  rm -f "$1"
}

undo_folder() {
  rm -rf --one-file-system "$1"
}

undo_parent() {
  [[ ! -d $1 ]] || rmdir --ignore-fail-on-non-empty "$1"
}

undo_restore() {
  rm -rf "$1" && cp -a "$lease/before$1" "$1"
}

give_back() {
  alone
  if [[ ! -e $holder || $(held_by id) != "$STACK_ID" ]]; then
    say "$ADDRESS is not held by this stack: nothing to give back"
    return
  fi
  say "giving back $ADDRESS"
  open_now
  undo
}

by_hand() {
  ADDRESS=$(hostname)
  alone
  [[ -e $holder ]] || fail 'no stack holds this machine'
  open_now
  undo
}

# close: what no rule names is dropped, as a security group outside of the machine would do it, before addresses are
# translated: Docker leads ports that it publishes past the input chain. What the machine's own containers ask of it
# is no business of it, and what goes out is free. Taken back after a minute if nobody confirms.
close() {
  alone
  refuse_another
  apt_install nftables
  local rule source first last faces
  faces=$({ interface; ip -4 route show default | grep -oP 'dev \K\S+'; } | sort -u | sed 's/.*/"&"/' | paste -sd,)
  {
    echo "table inet $table
delete table inet $table
table inet $table {
chain outside {
type filter hook prerouting priority mangle; policy accept;
iifname != { $faces } accept
ct state vmap { established : accept, related : accept, invalid : drop }
meta l4proto { icmp, ipv6-icmp } accept
udp sport 67 udp dport 68 accept"
    # shellcheck disable=SC2153 # a setting
    for rule in "${RULES[@]}"; do
      read -r source first last <<<"$rule"
      echo "ip saddr $source tcp dport $first-$last accept"
    done
    echo 'drop
}
}'
  } | put_file $rules.new 644 root
  nft -c -f $rules.new || fail "$ADDRESS: nft refuses the rules"
  disarm
  systemd-run -qu$rollback --on-active=60 /bin/sh -c "nft delete table inet $table; [ ! -e $rules ] || nft -f $rules"
  nft -f $rules.new
}

disarm() {
  systemctl stop $rollback.timer 2>/dev/null || :
}

confirm() {
  alone
  disarm
  note file $rules
  mv $rules.new $rules
  put_file /etc/systemd/system/agent-fleet-firewall.service 644 root <<<"[Unit]
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f $rules
ExecReload=/usr/sbin/nft -f $rules
[Install]
WantedBy=multi-user.target nftables.service"
  systemctl daemon-reload
  systemctl enable --now agent-fleet-firewall
}

open_now() {
  disarm
  systemctl disable --now agent-fleet-firewall 2>/dev/null || :
  rm -f /etc/systemd/system/agent-fleet-firewall.service $rules $rules.new
  ! nft list table inet $table &>/dev/null || nft delete table inet $table
}

open() {
  alone
  [[ ! -e $holder || $(held_by id) == "$STACK_ID" ]] || return 0
  open_now
}

"$1"
