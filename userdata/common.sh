# What every platform's script starts with. It travels without comment lines and indentation and is part of the
# state once per machine (components/commands.py): keep it short, and no string that needs either.
# shellcheck shell=bash
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

state=/var/lib/agent-fleet
cache=/var/cache/agent-fleet
log=
unit=
seen=
what=$*

# Progress, for the operator and the log. Whatever else a step prints goes to the log alone.
say() {
  what=$*
  printf '%(%T)T %s\n' -1 "$*"
  echo "==> $*" >&3
}

# Ends the run with a sentence for the operator.
fail() {
  what=$*
  exit 1
}

finish() {
  local code=$?
  ((code)) || exit 0
  echo "error on $(hostname): $what (exit code $code)${log:+; the end of $log:}" >&3
  [[ ! $log ]] || {
    ${unit:+journalctl -qn9 -ocat -u "$unit"}
    tail -n 15 "$log"
  } | cut -c-300 >&3
}
exec 3>&2
trap finish EXIT
trap 'fail "time limit reached: $what"' TERM

# Settings and secrets are shell assignments on standard input.
eval "$(cat)"
exec </dev/null

# One step at a time: a run that was cut off may still be at work.
begin_step() {
  log=/var/log/agent-fleet/${0##*/}
  log=${log%sh}log
  umask 027
  install -dm 2750 -g adm "${log%/*}"
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
}

# wait_for WHAT SECONDS COMMAND...: until the command succeeds; it may leave in `seen` why it does not
wait_for() {
  local end=$((SECONDS + $2)) next=$SECONDS
  until "${@:3}" >/dev/null; do
    ((SECONDS < end)) || fail "$1: not so after $2 s${seen:+, but $seen}"
    ((SECONDS < next)) || {
      say "waiting for $1"
      next=$((SECONDS + 15))
    }
    sleep 1
  done
}

# put_file PATH MODE OWNER: content from standard input, whole or not at all
put_file() {
  install -Dm "$2" -o "$3" -g "$3" /dev/stdin "$1.new"
  mv "$1.new" "$1"
}

# need_space PATH MIB
need_space() {
  local free
  free=$(df --output=avail -m "$1" | tail -1)
  ((free >= $2)) || fail "disk full: $1 needs $2 MiB, $free are free; give the machine a larger disk"
}

apt_install() {
  local package missing=() apt='apt-get -qyo DPkg::Lock::Timeout=600'
  for package; do
    # shellcheck disable=SC2016 # dpkg-query's own variable
    [[ $(dpkg-query -Wf '${Status}' "$package") == *' ok installed' ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  say "installing ${missing[*]}"
  # mends what a run left that was cut off in mid-install
  dpkg --configure -a || :
  apt+=' install --no-install-recommends'
  $apt "${missing[@]}" || {
    ${apt% i*} update -o APT::Update::Error-Mode=any ||
      fail 'apt cannot reach its package index: check packages.aptMirror and the way out of this machine'
    $apt "${missing[@]}"
  }
}

# system_user NAME ID: no password, no sudo
system_user() {
  id "$1" || {
    groupadd -fg "$2" "$1"
    useradd -u "$2" -g "$2" -md "/var/lib/$1" -s /bin/bash "$1"
  }
}

# run_unit UNIT CHECK FILE...: restarts it only if a FILE changed since its last start, or if CHECK fails
run_unit() {
  local used=$state/$1.used now
  unit=$1
  now=$(sha256sum "${@:3}")
  systemctl daemon-reload
  systemctl enable "$1"
  if [[ ! -e $used || $(<"$used") != "$now" ]] || ! "$2"; then
    say "starting $1"
    systemctl restart "$1"
    put_file "$used" 600 root <<<"$now"
  fi
  wait_for "$1" 120 "$2"
}

# end_step UNIT FILE...: what the unit was made from, and since when it runs
end_step() {
  say 'done'
  echo "digest $(cat "${@:2}" | sha256sum | cut -c-64) since $(systemctl show -P ActiveEnterTimestamp --timestamp=unix "$1")" >&4
}
