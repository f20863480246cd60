# shellcheck shell=bash
# venv/ with what requirements.txt asks for.

PYTHON_MINIMUM=3.11
VENV=$ROOT/venv

# The first Python that is new enough; python3 first, as it is what the user means by Python.
find_python() {
  local name path
  for name in python3 python3.13 python3.12 python3.11 python3.14; do
    path=$(where "$name") && is_new_enough "$path" && printf '%s\n' "$path" && return
  done
  return 1
}

is_new_enough() {
  "$1" -c "import sys; sys.exit(sys.version_info < tuple(map(int, '$PYTHON_MINIMUM'.split('.'))))" 2>/dev/null
}

has_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

ensure_venv() {
  local dev=$1 file=requirements.txt base all stamp wanted
  # The folder is part of it: a venv's scripts name it, so a moved project needs a new one.
  base=$(cd "$ROOT" && { pwd; cat requirements.txt; } | sha256sum)
  all=$(cd "$ROOT" && { pwd; cat requirements.txt requirements-dev.txt; } | sha256sum)
  stamp=$VENV/.requirements wanted=$base
  if [[ $dev == yes ]]; then
    file=requirements-dev.txt stamp=$VENV/.requirements-dev wanted=$all
  fi
  if "$VENV/bin/python" -c '' 2>/dev/null && [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return; fi

  local python log=$LOGS/pip.log
  python=$(find_python) || die "no Python >= $PYTHON_MINIMUM is on PATH ($(python3 --version 2>&1 || true))" \
    "install one (on Ubuntu 22.04: sudo apt-get install python3.11 python3.11-venv), then try again"
  make_venv "$python"
  rm -f "$stamp"
  if ! with_progress "installing $file into venv/ ($("$python" --version))" "$log" install_requirements "$file"; then
    tail_of "$log"
    die "pip could not install $file; the whole log is in .fleet/logs/pip.log" \
      "check that the package index is reachable (PIP_INDEX_URL, proxy) and that the disk has room, then try again"
  fi
  write_fleet_command
  printf '%s\n' "$base" >"$VENV/.requirements"
  [[ $dev == no ]] || printf '%s\n' "$all" >"$stamp"
}

# `fleet` beside `python`, so that an activated venv has it in every folder.
# shellcheck disable=SC2016  # the lines are the script's own
write_fleet_command() {
  printf '%s\n' '#!/bin/sh' \
    '# Written by tools/setup.sh: the commands of `python -m fleet`, from any folder.' \
    'root=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd) || exit' \
    'PYTHONPATH=$root${PYTHONPATH:+:$PYTHONPATH} exec "$root/venv/bin/python" -m fleet "$@"' >"$VENV/bin/fleet"
  chmod 755 "$VENV/bin/fleet"
}

make_venv() {
  if "$VENV/bin/python" -c 'import pip' 2>/dev/null && [[ $(head -c 400 "$VENV/bin/pip" 2>/dev/null) == *"$VENV"* ]]; then
    return
  fi
  [[ ! -L $VENV ]] || die "venv is a link to $(readlink "$VENV"), which making it anew would empty" \
    "remove the link (rm venv), then try again"
  "$1" -m venv --clear "$VENV" >"$LOGS/venv.log" 2>&1 && return
  tail_of "$LOGS/venv.log"
  rm -rf "$VENV"
  die "$1 could not make venv/" "install its venv module (on Debian: python3-venv) or make room on the disk, then try again"
}

# ensure_own_venv NAME FILE: .fleet/NAME with what FILE asks for, which pins other versions of what is used here.
ensure_own_venv() {
  local name=$1 file=$2 folder=$HOME_FOLDER/$1 log=$LOGS/$1.log wanted
  wanted=$(cd "$ROOT" && { pwd; cat "$file"; } | sha256sum)
  if [[ -f $folder/.requirements && $(<"$folder/.requirements") == "$wanted" ]]; then return; fi
  rm -rf "$folder"
  if ! "$VENV/bin/python" -m venv "$folder" >"$log" 2>&1 ||
    ! with_progress "installing $file into .fleet/$name" "$log" install_requirements "$file" "$folder"; then
    tail_of "$log"
    rm -rf "$folder"
    die "pip could not install $file; the whole log is in .fleet/logs/$name.log" \
      "check that the package index is reachable (PIP_INDEX_URL, proxy) and that the disk has room, then try again"
  fi
  printf '%s\n' "$wanted" >"$folder/.requirements"
}

# install_requirements FILE [VENV]
# Without compiling: pulumi-aws and pulumi-alicloud have files for every service of their cloud, and a stack uses few.
install_requirements() {
  "${2:-$VENV}/bin/python" -m pip --disable-pip-version-check install --retries 3 --timeout 30 --progress-bar off \
    --no-compile -r "$ROOT/$1"
}
