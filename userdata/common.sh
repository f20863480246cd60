# What every platform's script begins with. It travels without comment lines and indentation, and is in the state
# once per machine (components/commands.py): keep it short, and let no string need either.
# shellcheck shell=bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

state=/var/lib/agent-fleet
cache=/var/cache/agent-fleet
what=$*
log=
unit=
seen=

# Progress, for the operator and the log. Whatever else a step prints goes to the log alone.
say() {
  what=$*
  printf '%(%T)T %s\n' -1 "$what"
  # pulumi-command hangs for ever at a line of 64 KiB
  echo "==> ${what:0:1000}" >&3
}

# Ends the run with a sentence for the operator.
fail() {
  what=$*
  exit 1
}

finish() {
  local code=$?
  ((code != 137)) || what+=': it was killed, most likely because memory ran out: give the machine more'
  ((!code)) || {
    echo "error on $(hostname): $what (exit code $code)${log:+; end of $log:}"
    ${unit:+journalctl -qn9 -ocat -u "$unit"}
    ${log:+tail -n15 "$log"}
  } | cut -c-300 >&3
}
exec 3>&2
trap finish EXIT
trap 'fail "time limit: $what"' TERM

# Settings and secrets are shell assignments on standard input.
eval "$(cat)"
exec </dev/null

# One step at a time: a run that was cut off may still be at work.
begin_step() {
  log=/var/log/agent-fleet/$(basename "$0" .sh).log
  umask 027
  install -dm2750 -gadm "${log%/*}"
  need_space "${log%/*}" 16
  exec 4>&1 >>"$log" 2>&1 9>/run/lock/agent-fleet.lock
  umask 022
  mkdir -p $state $cache
  flock -n 9 || {
    say 'waiting for another run that is still at work'
    flock 9
  }
  ! command -v cloud-init || {
    say 'waiting for cloud-init'
    local code=0
    timeout 600 cloud-init status --wait || code=$?
    # 2: done, with warnings
    [[ $code == [02] ]] || fail 'cloud-init failed: see /var/log/cloud-init-output.log'
  }
  # user data says it at first boot only
  put_file /home/fleet/.ssh/authorized_keys 600 fleet <<<"$AUTHORIZED_KEYS"
}

# wait_for WHAT SECONDS COMMAND...: until the command succeeds; it may tell in `seen` why it does not
wait_for() {
  local start=$SECONDS tries=0
  until "${@:3}" >/dev/null; do
    ((SECONDS - start < $2)) || fail "$1: not so after $2 s${seen:+; $seen}"
    ((tries++ % 15)) || say "waiting for $1"
    sleep 1
  done
}

# note KIND THING...: what a step is about to make, on a machine that is given back some day (noted.sh)
note() {
  local noted=/usr/local/lib/agent-fleet/noted.sh
  [[ ! -e $noted ]] || $noted "$@" </dev/null
}

# put_file PATH MODE OWNER: content from standard input, whole or not at all
put_file() {
  note file "$1"
  install -Dm"$2" -o"$3" -g"$3" /dev/stdin "$1.new"
  mv "$1.new" "$1"
}

# need_space PATH MIB
need_space() {
  local free
  free=$(($(df --output=avail -m "$1" | tail -1)))
  ((free >= $2)) || fail "disk full: $1 needs $2 MiB, $free are free; make room or give a larger disk"
}

apt_install() {
  local package missing=() apt='apt-get -qyo DPkg::Lock::Timeout=600'
  for package; do
    # shellcheck disable=SC2016 # dpkg-query's own variable
    [[ $(dpkg-query -Wf '${db:Status-Abbrev}' "$package") == ii* ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  # mends what a run left that was cut off in mid-install
  dpkg --configure -a || :
  $apt install --no-install-recommends "${missing[@]}" || {
    $apt update -o APT::Update::Error-Mode=any || fail 'apt cannot reach its package index: check packages.aptMirror and the way out'
    $apt install --no-install-recommends "${missing[@]}"
  }
}

# system_user NAME ID: no password, no sudo; the group has the same number
system_user() {
  note user "$1"
  id "$1" || useradd -Uu"$2" -md "/var/lib/$1" -s /bin/bash "$1"
}

# run_unit UNIT CHECK FILE...: restarts it only if a FILE changed since its last start, or if CHECK fails
run_unit() {
  unit=$1
  note unit "$1"
  systemctl daemon-reload
  systemctl enable "$1"
  if ! sha256sum -c "$state/$1" || ! "$2"; then
    say "starting $1"
    systemctl restart "$1"
    sha256sum "${@:3}" | put_file "$state/$1" 600 root
  fi
  wait_for "$1.service up" 120 "$2"
}

# What the unit was made from, when this was looked at, and since when the unit runs. A membership takes it as
# input, so whenever a step ran, its agent is verified.
end_step() {
  say 'done'
  echo "digest $(sha256sum <"$state/$unit" | cut -c-64) seen $EPOCHREALTIME since $(systemctl show -PActiveEnterTimestamp --timestamp=unix "$unit")" >&4
}

# MiB in all, MiB free: of the container where a container has a limit, else of the machine
memory() {
  local total free limit used
  read -r total free < <(awk '/^Mem[TA]/ {printf "%d ", $2 / 1024}' /proc/meminfo; echo)
  cd /sys/fs/cgroup
  limit=$(cat memory.max memory/memory.limit_in_bytes 2>/dev/null || :)
  if [[ $limit == [0-9]* ]] && ((limit >> 20 < total)); then
    used=$(cat memory.current memory/memory.usage_in_bytes 2>/dev/null || :)
    # files in the cache are free in truth
    used=$((used - $({ cat memory.stat memory/memory.stat 2>/dev/null || :; } | awk '/inactive_file/ {n = $2} END {print n + 0}')))
    total=$((limit >> 20)) free=$(((limit - used) >> 20))
  fi
  echo "$total $free"
}

# host_status UNIT VERSION: JSON for `fleet status`
host_status() {
  # shellcheck disable=SC2046,SC2183 # two numbers
  printf '{"service":"%s","unit":"%s","version":"%s","uptimeSeconds":%d,"load1":%s,"memoryMiB":%d,"freeMemoryMiB":%d}\n' \
    "$1" "$(systemctl is-active "$1")" "$2" "$(ps -oetimes= 1)" "$(cut -d' ' -f1 /proc/loadavg)" \
    $(memory)
}

# The master puts this script where workers find it, under its digest, and takes earlier ones away.
publish() {
  local folder=$STORAGE_PATH/.agent-fleet digest
  note folder "$folder"
  digest=$(sha256sum <"$0" | cut -c-64)
  install -dm 755 "$folder"
  install -m 644 "$0" "$folder/$digest.new"
  mv "$folder/$digest.new" "$folder/$digest"
  find "$folder" -type f ! -name "$digest" -delete
}
