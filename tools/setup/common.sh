# shellcheck shell=bash
# Words to the user, the lock, and commands that take long.

say() { printf '==> %s\n' "$*"; }

# die SENTENCE...: every argument is a line.
die() {
  printf 'error: %s\n' "$1" >&2
  shift
  (($# == 0)) || printf '       %s\n' "$@" >&2
  exit 1
}

stopped() {
  trap '' INT TERM
  end_heartbeat
  # Descriptor 3 is the terminal: the command that was interrupted may have the others in its log.
  printf '\nstopped; the same command goes on from here\n' >&3
  exit 130
}

HEARTBEAT=""
end_heartbeat() {
  [[ -n $HEARTBEAT ]] || return 0
  kill "$HEARTBEAT" 2>/dev/null || true
  wait "$HEARTBEAT" 2>/dev/null || true
  HEARTBEAT=""
}

# Half-made files of a run that was cut off.
sweep() { rm -rf "$HOME_FOLDER"/tmp "$HOME_FOLDER"/.fetch-* "$BIN"/.fetch-* "$BUILD"/.fetch-*; }

one_at_a_time() {
  exec 9>"$HOME_FOLDER/setup.lock"
  flock --nonblock 9 && return
  say "another setup is at work in this folder; waiting for it"
  flock --timeout 1800 9 || die "another setup has been at work here for 30 minutes; end it, then try again"
}

# with_progress WHAT LOG COMMAND...: runs the command into the log; a line every 15 s; its exit code.
# The command stays in the foreground, so that Ctrl-C reaches it.
with_progress() {
  local what=$1 log=$2 rc=0
  shift 2
  say "$what"
  heartbeat $$ 9>&- &
  HEARTBEAT=$!
  "$@" >"$log" 2>&1 || rc=$?
  end_heartbeat
  return "$rc"
}

heartbeat() {
  local parent=$1 seconds=0
  while sleep 1 >/dev/null 2>&1 && kill -0 "$parent" 2>/dev/null; do
    ((++seconds % 15)) || printf '    %s s\n' "$seconds"
  done
}

# What a failed command said last, indented.
tail_of() { tail -n 12 "$1" | cut -c 1-240 | sed 's/^/    /' >&2; }

# at_least VERSION MINIMUM
at_least() { [[ $(printf '%s\n' "$2" "$1" | sort --version-sort | head -n 1) == "$2" ]]; }

# where COMMAND: its path outside this project, so that a user who has .fleet/bin on PATH is not misread.
where() {
  local folder
  local -a folders
  IFS=: read -ra folders <<<"$PATH"
  for folder in "${folders[@]}"; do
    [[ -n $folder && $folder != "$ROOT"/* && -x $folder/$1 && ! -d $folder/$1 ]] || continue
    printf '%s\n' "$folder/$1"
    return
  done
  return 1
}
