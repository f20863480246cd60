# What every machine of an Atlas cluster does alike, and the verbs that ask one how it is. Goes after atlas_master.sh
# and atlas_worker.sh. Reasons for odd values: docs/atlas-on-aws.md.
# shellcheck shell=bash

own=/var/lib/atlas
lib=/usr/local/lib/agent-fleet

# fetched WHAT URL SHA256: the file, once it is what it must be; its path is in `file`
fetched() {
  local new said found
  file=$cache/atlas/$3
  [[ ! -e $file ]] || ! sha256sum -c <<<"$3 $file" || return 0
  mkdir -p $cache/atlas
  new=$(mktemp -p $cache/atlas)
  say "getting $1"
  said=$(curl -fsSL --retry 3 --connect-timeout 15 -m 900 -o "$new" "$2" 2>&1) || {
    rm "$new"
    fail "$1 cannot be had: $2: $(tail -1 <<<"$said")"
  }
  found=$(sha256sum <"$new" | cut -c-64)
  [[ $found == "$3" ]] || {
    rm "$new"
    fail "$1 is not what the stack asks for: $2 has the checksum $found, and not $3: check the address, or write the new checksum if the file was changed on purpose"
  }
  chmod 644 "$new"
  mv "$new" "$file"
}

# installed FLAG...: the installer's own work, in a folder of its own for each set of files: one that was cut off is
# done again. It asks nothing, starts nothing, and passes over packages that it could not install.
installed() {
  local new python told
  new=/opt/atlas-$(sha256sum <<<"$PYTHON_SHA256 $INSTALLER_SHA256 $ARCHIVE_SHA256 $*" | cut -c-9)
  [[ -e $new/complete ]] || {
    need_space /opt 2500
    rm -rf "$new"
    note folder "$new"
    mkdir -p "$new"/{python,unpacked,home}
    fetched 'the Python of the installer' "$PYTHON_URL" "$PYTHON_SHA256"
    tar -xf "$file" -C "$new/python" || fail "the Python of the installer cannot be unpacked: $PYTHON_URL must be a tar file"
    python=$(find "$new/python" -path '*/bin/python3' | head -1)
    [[ $python ]] || fail "the Python of the installer has no bin/python3: $PYTHON_URL"
    "$python" -m venv "$new/venv"
    fetched 'the archive' "$ARCHIVE_URL" "$ARCHIVE_SHA256"
    ln -s "$file" "$new/unpacked/atlas.tgz"
    fetched 'the installer' "$INSTALLER_URL" "$INSTALLER_SHA256"
    say 'running the installer'
    told=(HOME="$new/home" PATH="$new/venv/bin:$PATH" PIP_CACHE_DIR="$cache/pip" PIP_CERT=/etc/ssl/certs/ca-certificates.crt)
    [[ ! $INDEX_URL ]] || told+=(PIP_INDEX_URL="$INDEX_URL")
    env -C "$new/unpacked" "${told[@]}" python "$file" --assume-yes --no-download --no-load-images --use-specified-version --no-cleanup "$@" || fail 'the installer failed: see the log'
    # atlas-server counts GPUs with it
    ! ((GPUS)) || env "${told[@]}" python -m pip install 'pandas<2' || fail 'pandas cannot be had, which Atlas counts GPUs with: see the log'
    [[ -x $new/venv/bin/atlas-server ]] || fail 'the installer ended without atlas-server: a package of the archive could not be installed; see the log'
    touch "$new/complete"
  }
  note folder /opt/atlas
  ln -sfn "$new" /opt/atlas
}

docker_answers() {
  docker info
}

# Its containers start again by themselves, so it waits for the storage: what is missing would be made below it.
docker_engine() {
  local version unit_of=/etc/systemd/system/docker.service.d/agent-fleet.conf
  put_file /etc/docker/daemon.json 644 root <<<"$DAEMON"
  put_file $unit_of 644 root <<<"[Unit]
After=$mounter
RequiresMountsFor=$STORAGE_PATH
[Service]
ExecStartPre=/bin/sh -c 'until mountpoint -q $STORAGE_PATH; do sleep 1; done'"
  # 29 does not answer clients of Atlas's age any more; a package on hold would be installed again and again
  put_file /etc/apt/preferences.d/agent-fleet-docker 644 root <<<"Package: docker.io docker-cli
Pin: version /^(29|[3-9][0-9])[.]/
Pin-Priority: -1"
  apt_install docker.io docker-cli iptables
  run_unit docker docker_answers /etc/docker/daemon.json $unit_of
  unit=
  version=$(docker version -f '{{.Server.Version}}')
  ((${version%%.*} < 29)) || fail "Docker $version is too new for Atlas, whose client speaks API 1.35: take an image with a Docker before 29, or none"
}

# images [PART...]: what the shared configuration calls them; all but Keycloak's where no part is named
images() {
  python3 -c '
import sys, yaml
known = yaml.safe_load(open(sys.argv[1]))["docker"]
print("\n".join(known[name]["image"] for name in sys.argv[2:] or sorted(known.keys() - {"authentication_server"})))' "$home/config/atlas.config.yaml" "$@"
}

# pulled IMAGE...
pulled() {
  local image try said
  for image; do
    docker image inspect "$image" || {
      say "getting the image $image"
      for try in 1 2 3; do
        ! said=$(docker pull -q "$image" 2>&1) || break
        ((try < 3)) || fail "the image $image cannot be had: $(tail -1 <<<"$said")"
        sleep 3
      done
    }
  done
}

# ports_free PORT...: nothing of others listens where Atlas will
ports_free() {
  local port who
  systemctl -q is-active atlas || for port; do
    who=$(ss -Hltnp "sport = :$port")
    [[ ! $who ]] || fail "port $port is taken, and Atlas needs it: $(grep -o 'users:.*' <<<"$who" || echo "$who")"
  done
}

# The containers of Atlas, which Docker keeps alive by itself
leftovers() {
  docker ps -aq --filter label=foundations
}

# server FLAG...: the unit; its stop is the end of the containers too
server() {
  put_file /etc/atlas/atlas.env 644 root <<<"FOUNDATIONS_HOME=$home
HOME=$own
HOST_ADDRESS=http://$NODE_IP:5000/
REDIS_ADDRESS=$MASTER_IP
NUM_WORKERS=$SLOTS
PATH=/opt/atlas/venv/bin:/usr/local/bin:/usr/bin:/bin
PYTHONUNBUFFERED=1"
  put_file /etc/systemd/system/atlas.service 644 root <<<"[Unit]
After=docker.service network-online.target$mounter
Wants=docker.service network-online.target$mounter
RequiresMountsFor=$STORAGE_PATH
StartLimitIntervalSec=0
[Service]
User=atlas
SupplementaryGroups=docker
WorkingDirectory=$own
EnvironmentFile=/etc/atlas/atlas.env
ExecStartPre=/bin/sh -c 'until mountpoint -q $STORAGE_PATH; do sleep 1; done'
ExecStart=/opt/atlas/venv/bin/atlas-server start $*
ExecStop=/opt/atlas/venv/bin/atlas-server stop
ExecStopPost=-/bin/sh -c 'docker ps -q --filter label=foundations | xargs -r docker stop -t 30; docker ps -aq --filter label=foundations | xargs -r docker rm -f'
KillMode=mixed
TimeoutStartSec=infinity
TimeoutStopSec=240
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target"
}

begin_node() {
  begin_step
  # where the cloud mounts it by a service
  mounter=agent-fleet-storage.service
  [[ -e /etc/systemd/system/$mounter ]] && mounter=" $mounter" || mounter=
  wait_for "the shared storage at $STORAGE_PATH" 120 mountpoint "$STORAGE_PATH"
  home=$STORAGE_PATH/atlas
  [[ ! ${STATE_PATH-} ]] || kept atlas 714 $own docker.service
  system_user atlas 714
  apt_install python3-venv python3-yaml curl jq iproute2
  docker_engine
  usermod -aG docker atlas
  install -d -o atlas -g atlas $own/{work,docker}
  # redis changes the owner itself
  install -d -m 755 $own/database
}

# tidy: what earlier files of the stack left
tidy() {
  find /opt -maxdepth 1 -name 'atlas-*' ! -path "$(readlink /opt/atlas)" -exec rm -rf {} +
}

scheduler_answers() {
  seen=$(curl -fsSm5 -o /dev/null http://127.0.0.1:5000/workers 2>&1) || return 1
}

status() {
  host_status atlas "$(cat /etc/atlas/version)"
}

mounter='' home='' file=''
"$1"
