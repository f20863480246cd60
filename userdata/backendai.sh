# What every machine with a part of Backend.AI does alike, and the verbs that ask one how it is. Goes after
# the other scripts of Backend.AI. Reasons for odd values: docs/backendai.md.
# shellcheck shell=bash

# A database is not carried over to another version, and all parts must have the same.
same_version() {
  local known
  known=$(cat "${STATE_PATH:-$state}/backendai-version" || echo "$VERSION")
  [[ $known == "$VERSION" ]] || fail "this machine has Backend.AI $known, and the stack asks for $VERSION: no way from one to the other is tested; write \`version: $known\`, or make the stack anew (make down, make up) after sessions have ended and data is saved"
}

# packages REQUIREMENT...: on the distribution's Python where it is that one
packages() {
  venv backendai 2500 3.13 "$@"
  put_file $state/backendai-version 644 root <<<"$VERSION"
}

# curve FILE PUBLIC [PRIVATE]: a key as ZeroMQ reads it
curve() {
  put_file "$1" 600 "$owner" <<<"metadata
curve
public-key = \"$2\"${3:+
secret-key = \"$3\"}"
}

# Lines that every part's file has
logging='[logging]
level = "INFO"
drivers = ["console"]
[logging.console]
colored = false
format = "verbose"
[pyroscope]
enabled = false
[otel]
enabled = false'

# unit_file NAME LINES: the systemd unit of a part
unit_file() {
  put_file "/etc/systemd/system/$1.service" 644 root <<<"[Unit]
After=network-online.target $after$mounter
Wants=network-online.target $after$mounter$with_etcd
RequiresMountsFor=$STORAGE_PATH
StartLimitIntervalSec=0
[Service]
WorkingDirectory=/var/lib/backendai
Restart=always
RestartSec=3
LimitNOFILE=65536
UMask=0027
$2
[Install]
WantedBy=multi-user.target"
}

begin_node() {
  begin_step
  same_version
  [[ ! $STORAGE_PATH ]] || wait_for "the shared storage at $STORAGE_PATH" 120 mountpoint "$STORAGE_PATH"
  # where the cloud mounts it by a service
  mounter=agent-fleet-storage.service
  [[ -e /etc/systemd/system/$mounter ]] && mounter=" $mounter" || mounter=
}

status() {
  local name=backendai-agent part ready
  [[ ! -e /etc/backendai/manager.toml ]] || {
    name=backendai-manager
    # shellcheck disable=SC2154 # of backendai_manager.sh, which an agent of another manager goes without
    for part in "${parts[@]}"; do
      systemctl -q is-active "$part" || name=$part
    done
  }
  # the agent asks etcd, redis and Docker every minute
  ready=$(curl -sm5 http://127.0.0.1:6003/readyz | jq -c '.connectivity | {connected: .overall_healthy, unreachable: [.connectivity_checks[] | select(.is_healthy | not).component_id]}') || ready='{"connected":false}'
  host_status "$name" "$(cat $state/backendai-version)" | jq -c ". + $ready"
}

owner=root after='' mounter='' with_etcd=''
"$1"
