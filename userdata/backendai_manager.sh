# The control plane of a Backend.AI cluster on the master: manager, storage proxy and webserver, and what the database
# begins with. Goes after backendai_databases.sh.
# shellcheck shell=bash

api=/usr/local/lib/agent-fleet/backendai_api.py
parts=(postgresql@17-main etcd redis-server backendai-storage backendai-web)

web_answers() {
  curl -fsm5 -o /dev/null http://127.0.0.1:8090/
}

storage_answers() {
  seen=$(curl -sSm5 -o /dev/null http://127.0.0.1:6022/ 2>&1)
}

manager_answers() {
  systemctl is-active backendai-manager && curl -fsm5 http://127.0.0.1:8081/health
}

ask() {
  python3 $api $etc/admin.json "$@"
}

# By what lies beside the database: another machine may have made it.
schema() {
  [[ -e $STATE_PATH/backendai-schema && $(sql -d backend <<<"SELECT to_regclass('agents')") ]] || {
    say 'making the database'
    in_venv mgr schema oneshot -f $etc/alembic.ini
    touch "$STATE_PATH/backendai-schema"
  }
}

# in_venv ARGUMENT...: as the parts themselves run, in the folder of their files
in_venv() {
  install -d -o backendai -g backendai /run/backendai-manager
  (cd $etc && runuser -u backendai -- /opt/backendai/bin/backend.ai "$@")
}

# Rows that are there stay as they are, but the administrator's: a key of before opens nothing any more.
fixtures() {
  local folder wanted
  wanted=$(sha256sum <<<"$VERSION$FIXTURES_PY$REGISTRIES$ADMIN_EMAIL$ADMIN_ACCESS_KEY$ADMIN_SECRET_KEY$ADMIN_PASSWORD")
  [[ $wanted != $(cat "$STATE_PATH/backendai-fixtures") ]] || return 0
  say 'filling the database'
  sql -d backend <<<"DELETE FROM keypairs WHERE \"user\" = (SELECT uuid FROM users WHERE username = 'admin');
UPDATE users SET email = '$ADMIN_EMAIL' WHERE username = 'admin'"
  # memory, so that no password stays on a disk
  folder=$(mktemp -dp /run)
  told | python3 <(printf %s "$FIXTURES_PY") /opt/backendai/lib/python3*/site-packages/ai/backend/install/fixtures "$folder"
  chown -R backendai "$folder"
  if in_venv mgr fixture populate "$folder/first.json" && in_venv mgr permissions provision && in_venv mgr fixture populate "$folder/second.json"; then
    filled=$wanted
  fi
  rm -r "$folder"
  [[ $filled ]] || fail 'the database cannot be filled: see the log'
}

# Accounts of the stack file. A keypair that is not the stack's own opens nothing.
people() {
  local wanted folder
  : "${PEOPLE:=[]}"
  wanted=$(sha256sum <<<"$PEOPLE")
  [[ $wanted != $(cat "$STATE_PATH/backendai-people") ]] || return 0
  say "accounts of $(jq length <<<"$PEOPLE") people"
  folder=$(mktemp -dp /run)
  ask people >"$folder/keypairs.json" < <(printf %s "$PEOPLE")
  jq -r '.keypairs[] | "DELETE FROM keypairs WHERE \"user\" = '"'\(.user)' AND access_key <> '\(.access_key)'"';"' "$folder/keypairs.json" | sql -d backend
  chown -R backendai "$folder"
  if in_venv mgr fixture populate "$folder/keypairs.json"; then
    put_file "$STATE_PATH/backendai-people" 600 root <<<"$wanted"
  fi
  rm -r "$folder"
  [[ $wanted == $(cat "$STATE_PATH/backendai-people") ]] || fail 'keypairs cannot be filled in: see the log'
}

told() {
  REGISTRIES=$REGISTRIES jq -Rnc '[inputs] | {admin: {email: .[0], password: .[1], accessKey: .[2], secretKey: .[3]}, proxyToken: .[4], registries: (env.REGISTRIES | fromjson)}' \
    < <(printf '%s\n' "$ADMIN_EMAIL" "$ADMIN_PASSWORD" "$ADMIN_ACCESS_KEY" "$ADMIN_SECRET_KEY" "$PROXY_TOKEN")
}

administrator_files() {
  put_file $api 755 root < <(printf %s "$API_PY")
  put_file $etc/admin.json 600 root < <(told | jq -c '.admin + {endpoint: "http://127.0.0.1:8081", guests: $ARGS.positional}' --args "${AGENT_NETWORKS[@]}")
  put_file $etc/token 600 root <<<"$ADMIN_EMAIL
$ADMIN_PASSWORD"
}

config_files() {
  local user group
  owner=backendai
  user=$(id -u backendai) group=$(id -g backendai)
  curve $etc/manager.key_secret "$RPC_PUBLIC_KEY" "$RPC_PRIVATE_KEY"
  put_file $etc/manager.toml 600 backendai <<<"$(etcd_section)
[db]
type = \"postgresql\"
addr = { host = \"127.0.0.1\", port = 5432 }
name = \"backend\"
user = \"backend\"
password = \"$DB_PASSWORD\"
pool-size = 8
max-overflow = 16
[manager]
num-proc = $PROCESSES
id = \"master\"
user = $user
group = $group
secret = \"$MANAGER_SECRET\"
service-addr = { host = \"0.0.0.0\", port = 8081 }
announce-addr = { host = \"$NODE_IP\", port = 8081 }
internal-addr = { host = \"127.0.0.1\", port = 18080 }
announce-internal-addr = { host = \"127.0.0.1\", port = 18080 }
rpc-auth-manager-keypair = \"$etc/manager.key_secret\"
heartbeat-timeout = 40.0
ipc-base-path = \"/run/backendai-manager\"
hide-agents = true
$logging"
  put_file $etc/alembic.ini 600 backendai < <(sed "s|^sqlalchemy.url = .*|sqlalchemy.url = postgresql+asyncpg://backend:$DB_PASSWORD@127.0.0.1:5432/backend|" /opt/backendai/lib/python3*/site-packages/ai/backend/install/configs/alembic.ini)
  install -d -o backendai -g backendai -m 750 "$STORAGE_PATH/vfolders"
  # the layout of folders; without it the storage proxy asks for a migration
  [[ -e $STORAGE_PATH/vfolders/version.txt ]] || put_file "$STORAGE_PATH/vfolders/version.txt" 640 backendai < <(printf 3)
  put_file $etc/storage-proxy.toml 600 backendai <<<"$(etcd_section)
[storage-proxy]
node-id = \"master\"
num-proc = 1
scandir-limit = 1000
max-upload-size = \"100g\"
secret = \"$STORAGE_PRIVATE\"
session-expire = \"1d\"
user = $user
group = $group
ipc-base-path = \"/run/backendai-storage\"
use-watcher = false
[api.client]
service-addr = { host = \"$NODE_IP\", port = 6021 }
ssl-enabled = false
[api.manager]
service-addr = { host = \"127.0.0.1\", port = 6022 }
announce-addr = { host = \"127.0.0.1\", port = 6022 }
internal-addr = { host = \"127.0.0.1\", port = 16023 }
announce-internal-addr = { host = \"127.0.0.1\", port = 16023 }
ssl-enabled = false
secret = \"$STORAGE_SECRET\"
[volume.volume1]
backend = \"vfs\"
path = \"$STORAGE_PATH/vfolders\"
$logging"
  put_file $etc/webserver.conf 600 backendai <<<"[service]
ip = \"0.0.0.0\"
port = 8090
mode = \"webui\"
wsproxy.url = \"\"
enable_signup = false
allow_anonymous_change_password = false
[security]
cookie_secure = false
request_policies = [\"reject_metadata_local_link_policy\", \"reject_access_for_unsafe_file_policy\"]
response_policies = [\"set_content_type_nosniff_policy\"]
[api]
domain = \"default\"
endpoint = \"http://127.0.0.1:8081\"
text = \"Backend.AI\"
ssl_verify = false
[session]
max_age = 604800
[session.redis]
addr = \"127.0.0.1:6379\"
password = \"$REDIS_PASSWORD\"
[webserver]
ipc-base-path = \"/run/backendai-web\"
$(etcd_section)
$logging"
  owner=root
}

etcd_section() {
  echo "[etcd]
namespace = \"$NAMESPACE\"
addr = { host = \"127.0.0.1\", port = 2379 }
user = \"manager\"
password = \"$ETCD_MANAGER_PASSWORD\""
}

# part NAME COMMAND: the unit of a part of the control plane
part() {
  unit_file "$1" "User=backendai
RuntimeDirectory=$1
Environment=BACKENDAI_PROMETHEUS_DIR=/run/$1/metrics DOCKER_HOST=tcp://127.0.0.1:2375
ExecStart=/opt/backendai/bin/backend.ai $2
KillMode=mixed
TimeoutStopSec=30
NoNewPrivileges=yes
ProtectSystem=full
ProtectHome=yes"
}

scan() {
  local name said wrong
  for name in "${REGISTRY_NAMES[@]}"; do
    say "listing the kernel images of $name"
    said=$(in_venv mgr image rescan "$name" 2>&1) || :
    echo "$said"
    # it says success whatever happened
    wrong=$(grep -oP '(Failed to scan registries|Unknown error occurred. Error): \K.*' <<<"$said" | tail -1) || :
    [[ ! $wrong ]] || fail "the registry $name cannot be read: $wrong"
  done
  ask registries "${REGISTRY_NAMES[@]}"
}

master() {
  local files=/etc/systemd/system/backendai filled=
  begin_node
  system_user backendai 4010
  note folder $etc /etc/backend.ai
  install -d -m 755 $etc
  ln -sfn backendai /etc/backend.ai
  apt_install python3-venv curl jq
  postgresql
  redis
  etcd_server
  unit=
  packages "backend.ai-manager==$VERSION" "backend.ai-client==$VERSION" "backend.ai-storage-proxy==$VERSION" "backend.ai-webserver==$VERSION" "backend.ai-install==$VERSION"
  put_file "$STATE_PATH/backendai-version" 644 root <<<"$VERSION"
  config_files
  schema
  administrator_files
  fixtures
  after='postgresql.service etcd.service redis-server.service' with_etcd='
PartOf=etcd.service'
  part backendai-storage "storage start-server -f $etc/storage-proxy.toml"
  part backendai-web "web start-server -f $etc/webserver.conf"
  part backendai-manager "mgr start-server -f $etc/manager.toml"
  run_unit backendai-storage storage_answers $files-storage.service $etc/storage-proxy.toml /opt/backendai/requirements
  run_unit backendai-manager manager_answers $files-manager.service $etc/manager.toml $etc/manager.key_secret /opt/backendai/requirements
  run_unit backendai-web web_answers $files-web.service $etc/webserver.conf /opt/backendai/requirements
  unit=backendai-manager
  what='making the resource groups'
  ask groups "${GROUPS_WANTED[@]}"
  [[ ! $filled ]] || {
    ask password
    put_file "$STATE_PATH/backendai-fixtures" 600 root <<<"$filled"
  }
  people
  scan
  find /opt -maxdepth 1 -name 'backendai-*' ! -path "$(readlink /opt/backendai)" -exec rm -rf {} +
  publish
  end_step
}

nodes() {
  what='asking the manager'
  ask nodes
}
