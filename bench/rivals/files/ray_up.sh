#!/usr/bin/env bash
# ray_up.sh RAY CLUSTER_YAML SSH_CONFIG NODES: Ray's own launcher; it ends when the head is up, so wait for the workers.
set -euo pipefail
"$1" up --yes --no-config-cache --disable-usage-stats "$2"
# shellcheck disable=SC2016 # the head's own variables
ssh -F "$3" master "until (( \$(curl -fsm5 'http://127.0.0.1:8265/api/v0/nodes?detail=1' | grep -o '\"state\": *\"ALIVE\"' | wc -l) == $4 )); do sleep 1; done"
