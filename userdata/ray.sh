# A node of a Ray cluster: a venv and a systemd unit, with token authentication. Reasons for odd values: docs/ray.md.
# shellcheck shell=bash

# The unit of a drained node is active, but its raylet is gone.
ready() {
  systemctl is-active ray && pgrep -uray -x raylet
}

# node ARGUMENT...: makes this machine a node, started with these arguments
node() {
  begin_step
  wait_for "the shared storage at $STORAGE_PATH" 120 mountpoint "$STORAGE_PATH"
  apt_install python3-venv "${extra[@]}"
  system_user ray 4000
  venv ray 3000 /usr/bin/python3 "${REQUIREMENTS[@]}"
  ${prepare:-:}
  put_file /etc/ray/token 600 ray < <(printf %s "$RAY_TOKEN")
  # sessions with their spilled objects are not for /tmp, which is memory on Debian 13; bytecode of what is used is
  # made at first use, because all of it takes longer than a node takes to start
  put_file /etc/ray/ray.env 644 root <<<"RAY_AUTH_MODE=token
RAY_AUTH_TOKEN_PATH=/etc/ray/token
RAY_USAGE_STATS_ENABLED=0
RAY_TMPDIR=/var/lib/ray
PYTHONPYCACHEPREFIX=/var/lib/ray/pycache
PATH=/opt/ray/bin:/usr/local/bin:/usr/bin:/bin$environment"
  # where the cloud mounts it by a service
  local mounter=agent-fleet-storage.service
  [[ -e /etc/systemd/system/$mounter ]] && mounter=" $mounter" || mounter=
  # mixed: with SIGTERM to every process at once, the head takes 30 s to stop
  put_file /etc/systemd/system/ray.service 644 root <<<"[Unit]
After=network-online.target$mounter
Wants=network-online.target$mounter
RequiresMountsFor=$STORAGE_PATH
StartLimitIntervalSec=0
[Service]
User=ray
WorkingDirectory=~
EnvironmentFile=/etc/ray/ray.env
${before}ExecStart=/opt/ray/bin/ray start --block --node-ip-address=$NODE_IP --node-manager-port=8077 --object-manager-port=8076 --runtime-env-agent-port=8078 --dashboard-agent-grpc-port=8079 --dashboard-agent-listen-port=52365 --metrics-export-port=8080 --min-worker-port=20000 --max-worker-port=20099 --object-store-memory=$OBJECT_STORE --num-cpus=$CPUS --num-gpus=$GPUS --memory=$MEMORY $*
Restart=always
RestartSec=3
KillMode=mixed
TimeoutStopSec=30
OOMPolicy=continue
LimitNOFILE=65536
UMask=0027
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=yes
[Install]
WantedBy=multi-user.target"
  run_unit ray ready /etc/systemd/system/ray.service /etc/ray/ray.env /etc/ray/token /opt/ray/requirements "${watched[@]}"
  find /opt /var/lib/ray/pycache/opt -maxdepth 1 -name 'ray-*' ! -path "*$(readlink /opt/ray)" -exec rm -rf {} + || :
}

worker() {
  node --address="$HEAD_IP":6379
  end_step
}

status() {
  host_status ray "$(sed -n s/^ray==//p /opt/ray/requirements)"
}

# For elastic pools: packages, what is done before the unit is written, lines of its files, what restarts it.
extra=() prepare='' environment='' before='' watched=()
"$1"
