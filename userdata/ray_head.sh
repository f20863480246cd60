# What the head of a Ray cluster has beyond ray.sh, which goes before it: the master's step, and the verbs by which
# the cluster is asked and told.
# shellcheck shell=bash

# The token reaches curl on a file descriptor.
api() {
  curl -fsm 10 -H @<(printf 'Authorization: Bearer %s' "$(</etc/ray/token)") "http://127.0.0.1:8265$1"
}

# All nodes that the GCS knows, dead ones too, as JSON. Up to 2 s old: hundreds of joins ask at once.
known_nodes() {
  local known=/run/agent-fleet-nodes.json
  (
    flock 8
    if [[ ! $(find $known -newermt '-2 seconds') ]]; then
      api '/api/v0/nodes?detail=1&limit=10000' | jq -ce .data.result.result >$known.new && mv $known.new $known
    fi
  ) 8>$known.lock 2>/dev/null && cat $known
}

# live IP: the nodes there that the GCS calls ALIVE
live() {
  known_nodes | jq -ce --arg ip "$1" 'map(select(.node_ip == $ip and .state == "ALIVE"))'
}

head_answers() {
  [[ $(live "$NODE_IP") == [?* ]]
}

master() {
  extra=(curl jq rsync)
  local scaling=
  if [[ ${AUTOSCALER-} ]]; then
    prepare=autoscaling scaling=" --autoscaling-config=/etc/ray/autoscaler.json"
    environment=$HEAD_ENVIRONMENT
  fi
  node --head --port=6379 --dashboard-host=127.0.0.1 --dashboard-port=8265 --ray-client-server-port=10001"$scaling"
  # for people's login shells and for Ray's launcher, which uses one
  put_file /etc/profile.d/ray.sh 644 root <<<'set -a; . /etc/ray/ray.env; set +a'
  put_file /var/lib/ray/.ssh/authorized_keys 600 ray <<<"$CLIENT_PUBLIC_KEY"
  install -d -o ray -g ray /var/lib/ray/.ssh /var/lib/ray/.synced_configs
  # a team's own storage may let it in already
  runuser -u ray -- test -w "$STORAGE_PATH" || {
    note owner "$STORAGE_PATH"
    chown ray:ray "$STORAGE_PATH" || fail "the user ray (4000) may not write to $STORAGE_PATH, and root may not change that"
  }
  publish
  wait_for 'the GCS and the dashboard' 120 head_answers
  end_step
}

# What the GCS says is up to half a minute old: a node that hangs or has lost its machine is ALIVE there. So it is
# asked itself, by gRPC's own health check: an empty message there, SERVING back.
serves() {
  [[ $(printf '\0\0\0\0\0' | curl -fsm 5 --noproxy '*' --http2-prior-knowledge -H 'content-type: application/grpc' \
    -H 'te: trailers' --data-binary @- "http://$NODE_IP:8077/grpc.health.v1.Health/Check" | od -An -tx1) == *'08 01' ]]
}

# The entry of an agent that died a moment ago still says ALIVE: it started before the step did.
joined() {
  local nodes
  nodes=$(live "$NODE_IP") || {
    seen='the Ray dashboard on the head does not answer'
    return 1
  }
  seen="the GCS has $(jq -c 'map({node_id, start_time_ms, CPU: .resources_total.CPU, GPU: .resources_total.GPU})' <<<"$nodes") there"
  [[ $nodes != '[]' ]] || seen="the GCS knows of no living node there: what journalctl -u ray says on $NODE_NAME, and whether it reaches the head"
  jq -e --argjson cpus "$CPUS" --argjson gpus "$GPUS" --argjson since "${STEP##*@}" \
    'length == 1 and (.[0] | .start_time_ms >= $since * 1000 and .resources_total.CPU == $cpus and (.resources_total.GPU // 0) == $gpus)' \
    <<<"$nodes" || return
  seen="the GCS calls it ALIVE, but it does not answer at $NODE_IP:8077"
  serves
}

join() {
  exec >/dev/null
  wait_for "$NODE_NAME ($NODE_IP) ALIVE in the Ray cluster with $CPUS CPUs and $GPUS GPUs" 180 joined
}

left() {
  [[ $(live "$NODE_IP") == '[]' ]]
}

# Whether the drain worked is what the GCS says afterwards: the command succeeds for dead nodes too. One at a time,
# because each costs a second of CPU and 150 MB.
leave() {
  local id
  exec >/dev/null
  systemctl -q is-active ray || {
    say "Ray does not run on the head: nothing to leave for $NODE_NAME"
    return
  }
  what="asking the Ray dashboard on the head for $NODE_NAME"
  for id in $(live "$NODE_IP" | jq -r '.[].node_id'); do
    say "draining $NODE_NAME: its tasks have $DRAIN_SECONDS s"
    flock /run/agent-fleet-drain.lock timeout 60 runuser -l ray -c "ray drain-node --address auto \
--node-id $id --reason DRAIN_NODE_REASON_PREEMPTION --reason-message 'leaves the fleet' \
--deadline-remaining-seconds $DRAIN_SECONDS" &>/dev/null || :
  done
  wait_for "$NODE_NAME ($NODE_IP) gone from the Ray cluster" $((DRAIN_SECONDS + 90)) left
}

# The newest node at each address: what the GCS says of it, what of it is in use, and how busy its machine is. The
# dashboard's own pages lag behind the GCS.
nodes() {
  what='asking the Ray dashboard on the head'
  local known usage machines
  known=$(known_nodes)
  usage=$(api /api/cluster_status)
  machines=$(api '/nodes?view=summary')
  jq -c --slurpfile usage <(printf %s "$usage") --slurpfile machines <(printf %s "$machines") '
    ($usage[0].data.clusterStatus.loadMetricsReport.usageByNode // {}) as $usage
    | ($machines[0].data.summary | map({key: .raylet.nodeId, value: .}) | from_entries) as $machines
    | map(. as $node | $usage[.node_id] as $used | $machines[.node_id] as $machine | {
      ip: .node_ip, nodeId: .node_id, isHead: .is_head_node, state, alive: (.state == "ALIVE"),
      startedMs: .start_time_ms, type: $machine.raylet.nodeTypeName, instance: $machine.raylet.instanceId,
      resources: (.resources_total | with_entries(select(.key | startswith("node:") | not))),
      used: ({CPU: $used.CPU[0], GPU: $used.GPU[0], memory: $used.memory[0],
        object_store_memory: $used.objectStoreMemory[0]} | with_entries(select(.value != null))),
      cpuPercent: $machine.cpu, memoryPercent: $machine.mem[2], load1: $machine.loadAvg[0][0]
    })
    | group_by(.ip) | map(max_by(.startedMs))' <<<"$known"
}
