# In place of userdata/ray_head.sh: the controller, and what it is asked.
# shellcheck shell=bash disable=SC2034,SC2154 # variables of common.sh, and settings on standard input

redis() {
  REDISCLI_AUTH=$(</etc/ray/token) redis-cli --raw "$@"
}

head_answers() {
  [[ $(redis SET "node:$NODE_IP" "$(</etc/ray/node.json)") == OK ]]
}

controller() {
  put_file /etc/ray/redis.conf 644 root <<<"bind $NODE_IP 127.0.0.1
port 6379
include /etc/ray/secret.conf
save ''"
  put_file /etc/ray/secret.conf 600 ray <<<"requirepass $RAY_TOKEN"
  # the package's own unit listens there too
  systemctl mask --now redis-server
}

master() {
  prepare=controller watched=(/etc/ray/redis.conf)
  node redis-server /usr/bin/redis-server /etc/ray/redis.conf
  publish
  wait_for 'the controller' 60 head_answers
  end_step
}

joined() {
  local found
  found=$(redis GET "node:$NODE_IP")
  seen="the controller has ${found:-nothing} there"
  [[ $found == *"\"CPU\":$CPUS}"* ]]
}

join() {
  exec >/dev/null
  wait_for "$NODE_NAME ($NODE_IP) ALIVE with $CPUS CPUs" 60 joined
}

leave() {
  redis DEL "node:$NODE_IP" >/dev/null
}

nodes() {
  local key all=()
  while read -r key; do all+=("$(redis GET "$key")"); done < <(redis KEYS 'node:*')
  local IFS=,
  echo "[${all[*]}]"
}
