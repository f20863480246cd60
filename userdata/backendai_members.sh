# How agents of a Backend.AI cluster join and leave: asked at the manager, done beside the agent. Goes after
# backendai_manager.sh.
# shellcheck shell=bash

# What the manager has of the agent; the key of its RPC is in the database alone.
joined() {
  local said key
  said=$(ask agent "$AGENT" 2>&1) || {
    seen=$(tail -1 <<<"$said")
    return 1
  }
  seen="the manager has $(jq -c 'if . then {status, scaling_group, version, schedulable} else "nothing" end' <<<"$said") of it"
  [[ $(jq -r .status <<<"$said") == ALIVE ]] || return 1
  key=$(sql -d backend <<<"SELECT public_key FROM agents WHERE id = '$AGENT'")
  [[ $key == "$AGENT_PUBLIC_KEY" ]] || {
    seen="its RPC key is ${key:-none, so its RPC is not encrypted}"
    return 1
  }
  # shellcheck disable=SC2153 # a setting
  jq -e --arg group "$GROUP" --arg version "$VERSION" '.scaling_group == $group and .version == $version' <<<"$said" || {
    [[ $(jq -r .scaling_group <<<"$said") == "$GROUP" ]] || ask move "$AGENT" "$GROUP"
    return 1
  }
  [[ $(jq .schedulable <<<"$said") == true ]] || {
    ask schedulable "$AGENT" true
    return 1
  }
}

join() {
  exec >/dev/null
  wait_for "$NODE_NAME ALIVE in the resource group $GROUP, with an encrypted RPC and version $VERSION" 180 joined
}

sessions() {
  ask agent "$AGENT" | jq '.sessions // 0'
}

stopped() {
  local status
  status=$(sql -d backend <<<"SELECT status FROM agents WHERE id = '$AGENT'")
  seen="the manager calls it $status"
  [[ $status != ALIVE ]]
}

# drained: no session runs there any more, or their time is over
drained() {
  local count
  count=$(sessions) || return 0
  ((count)) || return 0
  ((SECONDS < DRAIN_MINUTES * 60)) || {
    say "$NODE_NAME leaves though $count sessions run on it: $DRAIN_MINUTES minutes are over (drainMinutes)"
    return 0
  }
  ((SECONDS % 30)) || say "$NODE_NAME: $count sessions run on it, $((DRAIN_MINUTES - SECONDS / 60)) minutes are left"
  return 1
}

# A dead agent has nothing to end. An agent that lives stops itself when it finds its name in the shared storage:
# its next heartbeat would bring its row back.
leave() {
  exec >/dev/null
  local folder=$STORAGE_PATH/.agent-fleet/left
  systemctl -q is-active postgresql@17-main || {
    say "PostgreSQL does not run on the master: nothing to leave for $NODE_NAME"
    return
  }
  if ! stopped && systemctl -q is-active backendai-manager; then
    say "draining $NODE_NAME: its sessions have $DRAIN_MINUTES minutes"
    ask schedulable "$AGENT" false
    SECONDS=0
    wait_for "the sessions of $NODE_NAME to end" $((DRAIN_MINUTES * 60 + 60)) drained
    install -d -m 755 "$folder"
    touch "$folder/$AGENT"
    SECONDS=0
    until stopped || ((SECONDS > 90)); do sleep 1; done
    stopped || {
      say "$NODE_NAME does not stop: the manager forgets it when its machine is gone, and its row stays"
      return
    }
  fi
  sql -d backend <<<"BEGIN; UPDATE kernels SET agent = NULL WHERE agent = '$AGENT'; DELETE FROM agents WHERE id = '$AGENT'; COMMIT"
  etcd del --prefix "/sorna/$NAMESPACE/nodes/agents/$AGENT"
}

leaver_runs() {
  systemctl is-active backendai-leave
}

# The master's `leave` asks by a file: nothing else of the master reaches into an agent's machine.
leaver() {
  after=backendai-agent.service
  put_file /etc/systemd/system/backendai-leave.service 644 root <<<"[Unit]
After=backendai-agent.service$mounter
RequiresMountsFor=$STORAGE_PATH
[Service]
Restart=always
ExecStart=/bin/bash -c 'until [[ -e $STORAGE_PATH/.agent-fleet/left/$AGENT ]]; do sleep 2; done; systemctl stop backendai-agent; while [[ -e $STORAGE_PATH/.agent-fleet/left/$AGENT ]]; do sleep 2; done'
[Install]
WantedBy=multi-user.target"
  run_unit backendai-leave leaver_runs /etc/systemd/system/backendai-leave.service
}
