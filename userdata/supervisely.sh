# A Supervisely agent on a GPU VM: Docker of Debian, NVIDIA's stack where a GPU is asked for, and the agent's container,
# which belongs to a systemd unit. Goes after gpu.sh. Reasons for odd values: docs/supervisely.md.
# shellcheck shell=bash

agent=/usr/local/lib/agent-fleet/supervisely-agent
oldest=6.8.68

# What the agent makes of itself has the same first name, so containers are never told apart by their ids.
containers() {
  docker ps "$@" --format '{{.ID}}' --filter 'name=^supervisely-agent-'
}

gpu_in_container() {
  [[ $(docker info -f '{{json .Runtimes}}') == *'"nvidia"'* ]] || fail 'NVIDIA runtime missing: Docker does not know it'
  # shellcheck disable=SC2153 # a setting
  docker run --rm --runtime=nvidia --gpus all --entrypoint nvidia-smi "$IMAGE" -L || fail 'NVIDIA runtime missing: nvidia-smi fails in a container'
}

# The operator's CA, for this machine, for Docker and for the agent
trust() {
  local file=/usr/local/share/ca-certificates/agent-fleet.crt
  if [[ $CA ]]; then
    put_file $file 644 root <<<"$CA"
  else
    [[ -e $file ]] || return 0
    rm $file
  fi
  update-ca-certificates
}

server_answers() {
  local said
  said=$(https_proxy=$PROXY http_proxy=$PROXY no_proxy=$NO_PROXY curl -sSm 10 -w '%{http_code}' "$SERVER/public/api/v3/instance.version" 2>&1) || {
    seen=${said%000}
    return 1
  }
  seen="it answered with status ${said: -3}"
  [[ $said == *200 ]] || return 1
  version=$(jq -r .version <<<"${said%200}")
}

get_image() {
  docker image inspect "$IMAGE" || {
    say "getting the image $IMAGE"
    local login try
    login=$(mktemp -d)
    [[ ! ${REGISTRY_PASSWORD-} ]] || docker --config "$login" login -u "$REGISTRY_LOGIN" --password-stdin "$REGISTRY" <<<"$REGISTRY_PASSWORD" || fail "the registry $REGISTRY refuses $REGISTRY_LOGIN or cannot be reached"
    for try in 1 2 3; do
      ! docker --config "$login" pull -q "$IMAGE" || break
      ((try < 3)) || fail "the image $IMAGE cannot be had"
      sleep 5
    done
    rm -r "$login"
  }
}

# Running, and not in the pauses of a container that ends again and again
running() {
  systemctl is-active supervisely && [[ $(containers -f status=running) ]]
}

# The log of the container that runs now: both lines, in this order. Seen once, it holds until that container starts
# again, because logs are cut off after a while.
connected() {
  local id since
  id=$(containers -f status=running | head -1)
  [[ $id ]] || {
    seen=$(last_words)
    return 1
  }
  since=$(docker inspect -f '{{.State.StartedAt}}' "$id")
  [[ $since != $(cat $state/supervisely-connected) ]] || return 0
  seen=$(last_words)
  docker logs --since "$since" "$id" 2>&1 | awk '/Agent is ready to get tasks/ {ready = 1} ready && /[Cc]onnected to server/ {found = 1} END {exit !found}' || return 1
  echo "$since" >$state/supervisely-connected
}

# A program that the token were given to would show it to all users of the machine.
last_words() {
  local id said
  id=$(containers -a | head -1)
  [[ ! $id ]] || {
    said=$(docker logs --tail 3 "$id" 2>&1 | tail -1)
    echo "${said//"${AGENT_TOKEN:-no token}"/***}" | cut -c-160
  }
}

agent() {
  local folder version runtime=''
  begin_step
  apt_install ca-certificates curl jq
  trust
  wait_for "an answer of the Supervisely server $SERVER" 60 server_answers
  [[ $(printf '%s\n' $oldest "$version" | sort -V | head -1) == "$oldest" ]] || fail "the Supervisely server $SERVER has version $version; agents need $oldest or newer"
  if ((GPUS)); then
    gpu_stack
    runtime='--runtime=nvidia --gpus=all'
  else
    say 'CPU only: the stack asks for no GPU'
  fi
  need_space /var/lib "$SPACE_MIB"
  docker_engine
  get_image
  ! ((GPUS)) || gpu_in_container
  folder=${AGENT_HOST_DIR:-/opt/supervisely/agents/agent-data-${AGENT_TOKEN:0:8}}
  note folder "$folder" "$folder-files"
  [[ ! $CA ]] || put_file "$folder/certs/agent-fleet.crt" 644 root </etc/ssl/certs/ca-certificates.crt
  put_file /etc/supervisely/agent.env 600 root <<<"ACCESS_TOKEN=$AGENT_TOKEN
SERVER_ADDRESS=$SERVER
AGENT_HOST_DIR=$folder
SUPERVISELY_AGENT_FILES=$folder-files
DOCKER_REGISTRY=$REGISTRY
DOCKER_LOGIN=$REGISTRY_LOGIN
DOCKER_PASSWORD=${REGISTRY_PASSWORD-}
${CA:+SLY_EXTRA_CA_CERTS=/sly_agent/certs/agent-fleet.crt
}$ENVIRONMENT"
  put_file $agent 700 root <<<"#!/bin/bash
set -euo pipefail
containers() {
  docker ps \"\$@\" --format '{{.ID}}' --filter 'name=^supervisely-(agent|net-client)-'
}
case \$1 in
start)
  [[ ! \$(docker ps --format '{{.ID}}' --filter 'name=^supervisely-agent-') ]] || exit 0
  \$0 stop
  docker run -d --name supervisely-agent-${AGENT_TOKEN:0:8} --restart=unless-stopped $runtime --env-file /etc/supervisely/agent.env -v /var/run/docker.sock:/var/run/docker.sock -v $folder:/sly_agent -v $folder-files:/app/sly-files -v supervisely-cross-agents-data:/cross-agent-data $IMAGE
  ;;
stop)
  # an agent may just be making itself anew
  for try in 1 2 3; do
    containers -a | xargs -r docker rm -f || :
  done
  [[ ! \$(containers -a) ]]
  ;;
esac"
  put_file /etc/systemd/system/supervisely.service 644 root <<<"[Unit]
After=docker.service network-online.target
Wants=docker.service network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=$agent start
ExecStop=$agent stop
TimeoutStartSec=300
[Install]
WantedBy=multi-user.target"
  run_unit supervisely running /etc/supervisely/agent.env $agent /etc/systemd/system/supervisely.service
  wait_for "the agent connected to $SERVER" 120 connected
  end_step
}

status() {
  local image is
  image=$(docker inspect -f '{{.Config.Image}}' "$(containers | head -1)" 2>/dev/null || :)
  is=false
  ! connected || is=true
  host_status supervisely "${image##*:}" | sed "s/}$/,\"connected\":$is,\"gpus\":$(driver_gpus)}/"
}

"$1"
