# An agent of a Backend.AI cluster: Docker by gpu.sh, a venv, agent.toml and a systemd unit. Goes before backendai.sh.
# shellcheck shell=bash

agent_answers() {
  systemctl is-active backendai-agent && curl -fsm5 http://127.0.0.1:6003/readyz
}

# etcd_call CALL: asks etcd's own gateway for JSON; the body and the token travel on file descriptors.
etcd_call() {
  curl -sSm10 -H @<(printf 'Authorization: %s' "$etcd_token") --data @- "http://$ETCD_HOST:$ETCD_PORT/v3/$1"
}

# etcd_range FROM [TO]: of the namespace
etcd_range() {
  printf '{"key":"%s","range_end":"%s"}' "$(printf %s "/sorna/$NAMESPACE/$1" | base64 -w0)" "$(printf %s "${2:+/sorna/$NAMESPACE/$2}" | base64 -w0)" | etcd_call kv/range
}

# Says which of the ways to etcd and redis is wrong, before anything is installed.
controller_answers() {
  local said address etcd_token=
  said=$(printf '{"name":"%s","password":"%s"}' "$ETCD_USER" "$ETCD_PASSWORD" | etcd_call auth/authenticate 2>&1) || {
    seen="etcd at $ETCD_HOST:$ETCD_PORT: $said"
    return 1
  }
  etcd_token=$(jq -r '.token // empty' <<<"$said")
  [[ $etcd_token ]] || fail "etcd at $ETCD_HOST:$ETCD_PORT refuses the user $ETCD_USER: $(jq -r .message <<<"$said")"
  said=$(etcd_range nodes/manager/ nodes/manager0)
  [[ ! $(jq -r '.message // empty' <<<"$said") ]] || fail "etcd at $ETCD_HOST:$ETCD_PORT gives the user $ETCD_USER nothing of the namespace $NAMESPACE: $(jq -r .message <<<"$said")"
  etcd_start=$(jq -r '.header | "\(.cluster_id) \(.raft_term)"' <<<"$said")
  seen="no manager has said that it is up in the namespace $NAMESPACE"
  [[ $(jq -r '.count // "0"' <<<"$said") != 0 ]] || return 1
  # none where redis has sentinels
  address=$(etcd_range config/redis/addr | jq -r '.kvs[0].value // empty' | base64 -d)
  seen="redis at $address, where the manager's etcd has it, cannot be reached"
  # shellcheck disable=SC2016 # of the other shell
  [[ ! $address ]] || timeout 5 bash -c ': <"/dev/tcp/$0/$1"' "${address%:*}" "${address##*:}"
}

# A container's limits are not what the agent counts, so what lies beyond them is reserved.
beyond() {
  local all limit
  all=$(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo)
  limit=$(memory | cut -d' ' -f1)
  beyond_cpus=$(($(nproc) - CPUS)) beyond_mib=$((all - limit))
  ((beyond_cpus > 0)) || beyond_cpus=0
}

images() {
  local image try
  for image in "${KERNEL_IMAGES[@]}"; do
    docker image inspect "$image" || {
      say "getting the image $image"
      for try in 1 2 3; do
        ! docker pull -q "$image" || break
        ((try < 3)) || fail "the image $image cannot be had"
        sleep 5
      done
    }
  done
}

agent() {
  local etcd_start watched=() requirements=("backend.ai-agent==$VERSION") beyond_cpus beyond_mib
  begin_node
  ! ((LEAVER)) || rm -f "$STORAGE_PATH/.agent-fleet/left/$AGENT"
  apt_install python3-venv curl jq
  wait_for "the control plane of Backend.AI at $ETCD_HOST" 180 controller_answers
  note folder /etc/backendai /var/lib/backendai "$SCRATCH_ROOT"
  install -d -m 700 /etc/backendai
  install -d /var/lib/backendai "$SCRATCH_ROOT"
  need_space "$SCRATCH_ROOT" 500
  if [[ $BACKEND == docker ]]; then
    ! ((GPUS)) || gpu_stack
    docker_engine
    unit=
    images
    after=docker.service
  else
    put_file /var/lib/backendai/agent.dummy.toml 644 root <<<"[agent.delay]
[agent.image]
[agent.resource.cpu]
num-core = $CPUS
[agent.resource.memory]
size = $((MEMORY_MIB << 20))
[kernel-creation-ctx.delay]
[kernel.delay]"
    watched=(/var/lib/backendai/agent.dummy.toml)
  fi
  ! ((GPUS)) || requirements+=("backend.ai-accelerator-cuda-open==$VERSION")
  packages "${requirements[@]}"
  beyond_cpus=0 beyond_mib=0
  # the other kind has the size that its file says
  [[ $BACKEND != docker ]] || beyond
  curve /etc/backendai/manager.key "$MANAGER_PUBLIC_KEY"
  curve /etc/backendai/agent.key_secret "$AGENT_PUBLIC_KEY" "$AGENT_PRIVATE_KEY"
  # an etcd that was started anew has forgotten who had logged in
  put_file /etc/backendai/etcd 600 root <<<"$etcd_start"
  put_file /etc/backendai/agent.toml 600 root <<<"[etcd]
namespace = \"$NAMESPACE\"
addr = { host = \"$ETCD_HOST\", port = $ETCD_PORT }
user = \"$ETCD_USER\"
password = \"$ETCD_PASSWORD\"
[agent]
backend = \"$BACKEND\"
id = \"$AGENT\"
region = \"$REGION\"
instance-type = \"$INSTANCE_TYPE\"
initial-resource-group-name = \"$GROUP\"
rpc-listen-addr = { host = \"$NODE_IP\", port = 6001 }
internal-addr = { host = \"127.0.0.1\", port = 6003 }
announce-internal-addr = { host = \"127.0.0.1\", port = 6003 }
agent-sock-port = 6007
metadata-server-bind-host = \"127.0.0.1\"
rpc-auth-manager-public-key = \"/etc/backendai/manager.key\"
rpc-auth-agent-keypair = \"/etc/backendai/agent.key_secret\"
ipc-base-path = \"/run/backendai-agent\"
var-base-path = \"/var/lib/backendai\"
image-commit-path = \"/var/lib/backendai/commit\"
${STORAGE_PATH:+mount-path = \"$STORAGE_PATH\"}
cohabiting-storage-proxy = false
event-loop = \"uvloop\"
[container]
port-range = [30000, 31000]
bind-host = \"$NODE_IP\"
kernel-uid = -1
kernel-gid = -1
sandbox-type = \"docker\"
scratch-type = \"$SCRATCH_TYPE\"
scratch-root = \"$SCRATCH_ROOT\"
scratch-size = \"0\"
[resource]
reserved-cpu = $((RESERVED_CPUS + beyond_cpus))
reserved-mem = \"$((RESERVED_MIB + beyond_mib))M\"
reserved-disk = \"${RESERVED_DISK_GIB}G\"
$logging"
  # process: sessions go on while the agent is restarted, and their relay keeps its folder
  unit_file backendai-agent "ExecStart=/opt/backendai/bin/backend.ai ag start-server -f /etc/backendai/agent.toml
KillSignal=SIGINT
KillMode=process
TimeoutStopSec=60
RuntimeDirectory=backendai-agent
RuntimeDirectoryPreserve=yes"
  run_unit backendai-agent agent_answers /etc/systemd/system/backendai-agent.service /etc/backendai/{agent.toml,agent.key_secret,etcd,manager.key} /opt/backendai/requirements "${watched[@]}"
  ! ((LEAVER)) || leaver
  login_watch
  unit=backendai-agent
  find /opt -maxdepth 1 -name 'backendai-*' ! -path "$(readlink /opt/backendai)" -exec rm -rf {} +
  end_step
}

# An agent never logs in at etcd again by itself. Its sessions go on while it is started again.
login_watch() {
  put_file /etc/systemd/system/backendai-login.service 644 root <<<"[Service]
Restart=always
ExecStart=/bin/sh -c 'while sleep 30; do ! curl -sm5 http://127.0.0.1:6003/readyz | grep -q \"invalid auth token\" || systemctl restart backendai-agent; done'
[Install]
WantedBy=multi-user.target"
  run_unit backendai-login true /etc/systemd/system/backendai-login.service
}
