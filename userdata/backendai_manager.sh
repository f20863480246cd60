# The control plane of a Backend.AI cluster: databases, manager, storage proxy and webserver on the master, and the
# verbs by which agents join and leave. Goes before backendai_agent.sh and backendai.sh.
# shellcheck shell=bash

etc=/etc/backendai
api=/usr/local/lib/agent-fleet/backendai_api.py
parts=(postgresql@17-main etcd redis-server backendai-storage backendai-web)

sql() {
  runuser -u postgres -- psql -qtAX -v ON_ERROR_STOP=1 "$@"
}

# As root of etcd, once it asks for a password; the environment of root's processes is root's alone.
etcd() {
  local user=
  [[ ! -e $etc/etcd-root ]] || user=root:$(<$etc/etcd-root)
  ETCDCTL_USER=$user etcdctl --command-timeout=10s "$@"
}

etcd_answers() {
  curl -fsm5 http://127.0.0.1:2379/health
}

redis_answers() {
  [[ $(REDISCLI_AUTH=$(sed -n 's/^requirepass //p' /etc/redis/redis.conf) redis-cli ping) == PONG ]]
}

web_answers() {
  curl -fsom5 /dev/null http://127.0.0.1:8090/
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

# etcd_user NAME PASSWORD ROLE [KIND PREFIX]...
etcd_user() {
  local name=$1 password=$2 role=$3
  shift 3
  etcd role get "$role" || etcd role add "$role"
  while (($#)); do
    etcd role grant-permission --prefix "$role" "$1" "$2"
    shift 2
  done
  etcd user get "$name" || etcd user add "$name" --interactive=false <<<"$password"
  etcd user grant-role "$name" "$role"
  # a password that is set anew ends what its user has open, and nothing of Backend.AI shows it again by itself
  ETCDCTL_USER=$name:$password etcdctl --command-timeout=10s get "/sorna/$NAMESPACE/" || etcd user passwd "$name" --interactive=false <<<"$password"
}

postgresql() {
  kept postgres 4011 /var/lib/postgresql postgresql@17-main.service
  # Debian keeps a cluster's configuration apart, and takes up none without
  kept postgres 4011 /etc/postgresql postgresql@17-main.service
  apt_install postgresql
  unit=postgresql@17-main
  [[ -e /etc/postgresql/17/main ]] || pg_createcluster 17 main
  systemctl enable --now $unit
  wait_for 'PostgreSQL on this machine' 60 sql -c 'SELECT 1'
  [[ $(sql <<<"SELECT 1 FROM pg_roles WHERE rolname = 'backend'") ]] || sql <<<'CREATE ROLE backend LOGIN'
  [[ $(sql <<<"SELECT 1 FROM pg_database WHERE datname = 'backend'") ]] || sql <<<'CREATE DATABASE backend OWNER backend'
  sql <<<"ALTER ROLE backend PASSWORD '$DB_PASSWORD'"
}

root_of_etcd() {
  put_file $etc/etcd-root 600 root < <(printf %s "$ETCD_ROOT_PASSWORD")
}

# It asks for a password before it listens on any address but the machine's own.
etcd_server() {
  local name ns=/sorna/$NAMESPACE/
  kept etcd 4012 /var/lib/etcd etcd.service
  apt_install etcd-server etcd-client
  unit=etcd
  systemctl enable --now etcd
  wait_for 'etcd on this machine' 60 etcd_answers
  # a run that was cut off may have given the password and not kept it
  etcd user list || root_of_etcd
  etcd_user root "$ETCD_ROOT_PASSWORD" root
  [[ ! -e $etc/etcd-root ]] || root_of_etcd
  [[ $(etcd auth status) == *true* ]] || etcd auth enable
  root_of_etcd
  etcd_user manager "$ETCD_MANAGER_PASSWORD" manager readwrite "$ns"
  etcd_user agent "$ETCD_AGENT_PASSWORD" agent read "$ns" readwrite "${ns}nodes/agents/"
  put_file /etc/default/etcd 644 root <<<"ETCD_NAME=master
ETCD_DATA_DIR=/var/lib/etcd/default
ETCD_LISTEN_CLIENT_URLS=http://127.0.0.1:2379,http://$NODE_IP:2379
ETCD_ADVERTISE_CLIENT_URLS=http://$NODE_IP:2379
ETCD_LISTEN_PEER_URLS=http://127.0.0.1:2380
ETCD_AUTO_COMPACTION_RETENTION=1h
ETCD_AUTH_TOKEN_TTL=315360000"
  run_unit etcd etcd_answers /etc/default/etcd
  put config/redis/addr "$NODE_IP:6379"
  put config/redis/password "$REDIS_PASSWORD"
  for name in socket_timeout=5.0 socket_connect_timeout=2.0 reconnect_poll_timeout=0.3; do
    put "config/redis/redis_helper_config/${name%=*}" "${name#*=}"
  done
  put config/api/allow-openapi-schema-introspection no
  put config/api/allow-graphql-schema-introspection no
  put config/docker/image/auto_pull "$AUTO_PULL"
  put volumes/_types/group ''
  put volumes/_types/user ''
  put volumes/default_host local:volume1
  put volumes/exposed_volume_info percentage
  put volumes/proxies/local/client_api "http://$NODE_IP:6021"
  put volumes/proxies/local/manager_api http://127.0.0.1:6022
  put volumes/proxies/local/secret "$STORAGE_SECRET"
  put volumes/proxies/local/ssl_verify false
}

# put KEY VALUE: the value travels on standard input
put() {
  if [[ $2 ]]; then etcd put "/sorna/$NAMESPACE/$1" < <(printf %s "$2"); else etcd put "/sorna/$NAMESPACE/$1" ''; fi
}

redis() {
  kept redis 4013 /var/lib/redis redis-server.service
  apt_install redis-server
  put_file /etc/redis/redis.conf 640 redis <<<"bind 127.0.0.1 $NODE_IP
port 6379
protected-mode yes
requirepass $REDIS_PASSWORD
maxmemory-policy noeviction
dir /var/lib/redis
save 300 1
timeout 0
tcp-keepalive 60"
  run_unit redis-server redis_answers /etc/redis/redis.conf
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
  put_file $etc/manager.toml 600 backendai <<<"$(etcd_section manager "$ETCD_MANAGER_PASSWORD" 127.0.0.1)
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
  put_file $etc/storage-proxy.toml 600 backendai <<<"$(etcd_section manager "$ETCD_MANAGER_PASSWORD" 127.0.0.1)
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
$(etcd_section manager "$ETCD_MANAGER_PASSWORD" 127.0.0.1)
$logging"
  owner=root
}

etcd_section() {
  echo "[etcd]
namespace = \"$NAMESPACE\"
addr = { host = \"$3\", port = 2379 }
user = \"$1\"
password = \"$2\""
}

# part NAME COMMAND RUNTIME-FOLDER: the unit of a part of the control plane
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
  install -d -m 755 $etc
  ln -sfn backendai /etc/backend.ai
  apt_install python3-venv curl jq
  postgresql
  redis
  etcd_server
  unit=
  venv "backend.ai-manager==$VERSION" "backend.ai-client==$VERSION" "backend.ai-storage-proxy==$VERSION" "backend.ai-webserver==$VERSION" "backend.ai-install==$VERSION"
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

nodes() {
  what='asking the manager'
  ask nodes
}
