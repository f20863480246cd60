# PostgreSQL, etcd and redis of a Backend.AI cluster, on the master. Goes after databases.sh.
# shellcheck shell=bash

etc=/etc/backendai

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
  kept postgres 711 /var/lib/postgresql postgresql@17-main.service
  # Debian keeps a cluster's configuration apart, and takes up none without
  kept postgres 711 /etc/postgresql postgresql@17-main.service
  apt_install postgresql
  unit=postgresql@17-main
  [[ -e /etc/postgresql/17/main ]] || pg_createcluster 17 main
  systemctl enable --now $unit
  wait_for 'PostgreSQL on this machine' 60 sql -c 'SELECT 1'
  [[ $(sql <<<"SELECT 1 FROM pg_roles WHERE rolname = 'backend'") ]] || sql <<<'CREATE ROLE backend LOGIN'
  [[ $(sql <<<"SELECT 1 FROM pg_database WHERE datname = 'backend'") ]] || sql <<<'CREATE DATABASE backend OWNER backend'
  sql <<<"ALTER ROLE backend PASSWORD '$DB_PASSWORD'"
}

# Beside the data as well: a stack that takes them up again has another password, and must say this one to set its own.
root_of_etcd() {
  local file
  for file in "$STATE_PATH/etcd-root" $etc/etcd-root; do
    put_file "$file" 600 root < <(printf %s "$ETCD_ROOT_PASSWORD")
  done
}

# It asks for a password before it listens on any address but the machine's own.
etcd_server() {
  local name ns=/sorna/$NAMESPACE/
  kept etcd 712 /var/lib/etcd etcd.service
  apt_install etcd-server etcd-client
  unit=etcd
  systemctl enable --now etcd
  wait_for 'etcd on this machine' 60 etcd_answers
  [[ -e $etc/etcd-root || ! -e $STATE_PATH/etcd-root ]] || cp -p "$STATE_PATH/etcd-root" $etc
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
  kept redis 713 /var/lib/redis redis-server.service
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
