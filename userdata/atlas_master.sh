# The master of an Atlas cluster: the shared files, Keycloak's accounts, and the verbs by which workers join and leave.
# Goes before atlas_worker.sh and atlas.sh.
# shellcheck shell=bash

keycloak=http://127.0.0.1:8080/auth
private=atlas-keycloak-private

ask() {
  python3 "$lib/atlas_tracker.py" "$@"
}

tracker_answers() {
  seen=$(ask connections 127.0.0.1 2>&1)
}

keycloak_answers() {
  seen=$(curl -fsSm5 -o /dev/null $keycloak/realms/Atlas 2>&1)
}

master_answers() {
  local page
  systemctl is-active atlas && scheduler_answers && tracker_answers || return 1
  for page in 5555 5557 5558 5959; do
    seen=$(curl -sSm5 -o /dev/null http://127.0.0.1:$page/ 2>&1) || return 1
  done
  ! ((AUTHENTICATION)) || keycloak_answers
}

keycloak_runs() {
  keycloak_answers || {
    [[ ! $here || $(docker ps -q --filter name=$private) ]] || fail "Keycloak ended at its start: $(docker logs --tail 1 $private 2>&1)"
    return 1
  }
}

# Shared files are the master's alone; every path of the installer becomes the cluster's.
shared_files() {
  say 'writing the shared configuration'
  install -d -o atlas -g atlas "$home"
  local said
  said=$(jq -n --arg master "$NODE_IP" --arg registry "$REGISTRY" --arg tag "$TAG" --argjson tags "$TAGS" --argjson owner "$(id -u atlas)" --arg own $own \
    '{master: $master, registry: $registry, tag: $tag, tags: $tags, owner: $owner, work: "\($own)/work", database: "\($own)/database", dockerConfig: "\($own)/docker"}' |
    python3 "$lib/atlas_config.py" /opt/atlas/home/.foundations "$home" 2>&1) || fail "$(tail -1 <<<"$said")"
  echo "$said"
}

# The database of accounts begins as Atlas ships it, and is this machine's: a file that several write breaks.
accounts_database() {
  [[ -e $own/h2/data ]] || {
    rm -rf $own/h2.new
    cp -r /opt/atlas/home/.foundations/h2 $own/h2.new
    # Keycloak's own user in its image
    chown -R 1000:1000 $own/h2.new
    mv $own/h2.new $own/h2
  }
  # atlas-server looks for it here
  ln -sfn $own/h2 "$home/h2"
}

# Nothing of Atlas listens before its accounts are in order: Keycloak runs by itself first, for this machine alone.
accounts() {
  local said here=
  accounts_database
  docker rm -f $private || :
  if ! systemctl -q is-active atlas || ! keycloak_answers; then
    here=1
    systemctl stop atlas || :
    leftovers | xargs -r docker rm -f
    ports_free "${ports[@]}"
    say 'starting Keycloak for this machine alone'
    docker run -d --name $private -p 127.0.0.1:8080:8080 -v $own/h2/data:/opt/jboss/keycloak/standalone/data "$1"
  fi
  wait_for 'an answer of Keycloak' 240 keycloak_runs
  say 'bringing the accounts in order'
  said=$(told | python3 "$lib/atlas_users.py" 2>&1) || {
    [[ ! $here ]] || docker rm -f $private
    fail "$(tail -1 <<<"$said")"
  }
  echo "$said"
  put_file $own/keycloak-admin 600 root < <(printf %s "$ADMIN_PASSWORD")
  [[ ! $here ]] || {
    docker stop -t 60 $private
    docker rm $private
  }
}

# Passwords in lines on standard input: the administrator's, the one of before, one for each user.
told() {
  local index password=()
  for ((index = 0; index < $(jq length <<<"$USERS"); index++)); do
    local name=USER_PASSWORD_$index
    password+=("${!name}")
  done
  jq -Rnc --arg url $keycloak --argjson seconds "$SESSION_SECONDS" --argjson users "$USERS" \
    '[inputs] as $lines | {url: $url, password: $lines[0], earlier: [$lines[1] | select(. != "")], sessionSeconds: $seconds, users: [$users | to_entries[] | .value + {password: $lines[.key + 2]}]}' \
    < <(printf '%s\n' "$ADMIN_PASSWORD" "$(cat $own/keycloak-admin 2>/dev/null)" "${password[@]}")
}

helpers() {
  put_file "$lib/atlas_config.py" 755 root < <(printf %s "$CONFIG_PY")
  put_file "$lib/atlas_users.py" 755 root < <(printf %s "$USERS_PY")
  put_file "$lib/atlas_tracker.py" 755 root < <(printf %s "$TRACKER_PY")
}

master() {
  local image found auth='' ports=(5000 5555 5556 5557 5558 5959)
  begin_node
  ! ((AUTHENTICATION)) || auth=authentication ports+=(8080 8443)
  helpers
  installed
  shared_files
  found=$(images)
  # shellcheck disable=SC2086 # names of images
  pulled $found
  if [[ $auth ]]; then
    image=$(images authentication_server)
    pulled "$image"
    accounts "$image"
  elif ! systemctl -q is-active atlas; then
    leftovers | xargs -r docker rm -f
    ports_free "${ports[@]}"
  fi
  # shellcheck disable=SC2153 # a setting
  put_file /etc/atlas/version 644 root <<<"$VERSION"
  server --scheduler-host "$DASHBOARD_HOST" ${auth:+--authentication}
  run_unit atlas master_answers /etc/systemd/system/atlas.service /etc/atlas/atlas.env /opt/atlas/complete /etc/docker/daemon.json "$home"/config/{atlas.config,submission/scheduler.config,local_docker_scheduler/database.config,local_docker_scheduler/tracker_client_plugins,auth_proxy/atlas/proxy_config,auth_proxy/atlas/route_mapping}.yaml
  tidy
  publish
  end_step
}

joined() {
  local said slots
  said=$(curl -fsSm5 "http://$NODE_IP:5000/workers" 2>&1) || {
    seen="its scheduler does not answer: $(tail -1 <<<"$said")"
    return 1
  }
  slots=$(jq length <<<"$said")
  seen="its scheduler has $slots slots"
  # shellcheck disable=SC2153 # a setting
  ((slots == SLOTS)) || return 1
  seen="the tracker on the master has no connection from $NODE_IP"
  (($(ask connections "$NODE_IP") > 0))
}

join() {
  exec >/dev/null
  wait_for "$NODE_NAME with $SLOTS slots, and its connections to the tracker" 180 joined
}

# Without a slot a worker takes no job; a slot is taken away only where none runs, because its job would be ended.
idle() {
  local jobs slot
  jobs=$(ask jobs "$NODE_IP") || return 0
  if [[ ! $jobs ]]; then
    for slot in $(curl -fsm5 "http://$NODE_IP:5000/workers" | jq -r 'keys[]'); do
      curl -fsm5 -X DELETE "http://$NODE_IP:5000/workers/$slot" || :
    done
    return 0
  fi
  ((SECONDS < DRAIN_MINUTES * 60)) || {
    say "$NODE_NAME leaves though jobs run on it, $DRAIN_MINUTES minutes are over (drainMinutes): ${jobs//$'\n'/ }"
    return 0
  }
  ((SECONDS % 30)) || say "$NODE_NAME: $(wc -l <<<"$jobs") jobs run on it, $((DRAIN_MINUTES - SECONDS / 60)) minutes are left"
  return 1
}

gone() {
  (($(ask connections "$NODE_IP") == 0))
}

# A worker that lives stops itself when it finds its name in the shared storage.
leave() {
  exec >/dev/null
  local jobs folder=$STORAGE_PATH/.agent-fleet/left
  tracker_answers || {
    say "the tracker does not run on the master: nothing to leave for $NODE_NAME"
    return
  }
  if curl -fsm5 -o /dev/null "http://$NODE_IP:5000/workers"; then
    say "draining $NODE_NAME: its jobs have $DRAIN_MINUTES minutes"
    SECONDS=0
    wait_for "the jobs of $NODE_NAME to end" $((DRAIN_MINUTES * 60 + 60)) idle
    install -d -m 755 "$folder"
    touch "$folder/$NODE_NAME"
    SECONDS=0
    until gone || ((SECONDS > 240)); do sleep 1; done
    gone || say "$NODE_NAME does not stop; its connections end with its machine"
  fi
  jobs=$(ask forget "$NODE_IP")
  [[ ! $jobs ]] || say "jobs that ran on $NODE_NAME ended with it, and are marked as failed: ${jobs//$'\n'/ }: submit them again"
}

nodes() {
  what='asking the tracker'
  ask nodes
}
