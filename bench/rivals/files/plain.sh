#!/usr/bin/env bash
# plain.sh SSH_CONFIG FOLDER WORKER...: one script per host over OpenSSH, the master first, then all workers at once.
set -euo pipefail
config=$1 folder=$2
shift 2

# on HOST NAME: runs NAME.command there with NAME.stdin
on() {
  ssh -F "$config" "$1" "$(<"$folder/$2.command")" <"$folder/$2.stdin" >"$folder/$2.out" 2>&1
}

on master master
pids=()
for worker; do
  (on "$worker" "$worker" && on master "$worker-join") &
  pids+=($!)
done
code=0
for pid in "${pids[@]}"; do wait "$pid" || code=1; done
exit $code
