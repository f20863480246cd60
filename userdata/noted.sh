#!/bin/bash
# What a stack makes on a machine that was there before it, so that lease.sh can take it back; common.sh calls it.
#
#   noted.sh file PATH | folder PATH... | owner PATH | user NAME | unit NAME
#
# It is told before the thing is made. What was there already is put aside, or left alone.
set -euo pipefail
journal=/var/lib/agent-fleet/lease/journal
before=/var/lib/agent-fleet/lease/before

# journal LINE: once; a run that was cut off notes again what it made
note() {
  grep -Fxqs -- "$1" "$journal" || echo "$1" >>"$journal"
}

known() {
  grep -Exqs -- "(file|folder|restore) $(sed 's/[][\.*^$+?(){}|/]/\\&/g' <<<"$1")" "$journal"
}

# Folders on the way that are not there yet, the uppermost first.
parents() {
  local folder=${1%/*}
  [[ ! $folder || -e $folder ]] || {
    parents "$folder"
    note "parent $folder"
  }
}

there() {
  [[ -e $1 || -L $1 ]]
}

case $2 in
# go as a whole
/var/lib/agent-fleet/* | /usr/local/lib/agent-fleet/*) exit ;;
esac

case $1 in
file)
  ! known "$2" || exit 0
  if there "$2"; then
    mkdir -p "$before${2%/*}"
    cp -a "$2" "$before$2"
    note "restore $2"
  else
    parents "$2"
    note "file $2"
  fi
  ;;
folder)
  for path in "${@:2}"; do
    if ! known "$path" && ! there "$path"; then
      parents "$path"
      note "folder $path"
    fi
  done
  ;;
owner)
  grep -qs "^owner [0-9:]* $2$" "$journal" || note "owner $(stat -c %u:%g "$2") $2"
  ;;
user)
  getent passwd "$2" >/dev/null || note "user $2"
  ;;
unit)
  if known "/etc/systemd/system/$2" || known "/etc/systemd/system/$2.service"; then note "unit $2"; else note "restart $2"; fi
  ;;
esac
