# A worker of an Atlas cluster. It reads the shared files and writes none. Goes before atlas.sh.
# shellcheck shell=bash

master_tracker() {
  # shellcheck disable=SC2016 # for the inner shell
  seen=$(timeout 5 bash -c 'exec 5<>"/dev/tcp/$1/5556"; echo PING >&5; read -r said <&5; [[ $said == +PONG* ]]' - "$MASTER_IP" 2>&1) || {
    seen="the tracker at $MASTER_IP:5556: $([[ $seen ]] && echo "${seen##*: }" || echo 'no answer')"
    return 1
  }
}

shared_ready() {
  seen="$home/config/atlas.config.yaml is missing"
  [[ -e $home/config/atlas.config.yaml ]]
}

worker_answers() {
  systemctl is-active atlas && scheduler_answers
}

leaver_runs() {
  systemctl is-active atlas-leave
}

gpus_found() {
  local found
  found=$(nvidia-smi -L 2>/dev/null | grep -c ^GPU || :)
  ((found == GPUS)) || fail "the stack says gpus: $GPUS, and nvidia-smi lists $found: Atlas takes all that it lists; write the right number, or use an image with NVIDIA's driver"
  [[ $(docker info -f '{{json .Runtimes}}') == *'"nvidia"'* ]] || fail 'NVIDIA runtime missing: Docker does not know it; use an image that has the NVIDIA container toolkit'
}

worker() {
  local found
  begin_node
  rm -f "$STORAGE_PATH/.agent-fleet/left/$NODE_NAME"
  wait_for "the master's tracker" 120 master_tracker
  wait_for "the master's shared configuration" 60 shared_ready
  ! ((GPUS)) || gpus_found
  installed --no-configure
  found=$(images)
  # shellcheck disable=SC2086 # names of images
  pulled $found "${JOB_IMAGES[@]}"
  systemctl -q is-active atlas || {
    leftovers | xargs -r docker rm -f
    ports_free 5000 5555 5556 5557 5558 5959
  }
  # shellcheck disable=SC2153 # a setting
  put_file /etc/atlas/version 644 root <<<"$VERSION"
  if ((GPUS)); then server --scheduler-host "$NODE_IP" --enable-gpu; else server --scheduler-host "$NODE_IP"; fi
  run_unit atlas worker_answers /etc/systemd/system/atlas.service /etc/atlas/atlas.env /opt/atlas/complete /etc/docker/daemon.json "$home"/config/{atlas.config,submission/scheduler.config,local_docker_scheduler/database.config,local_docker_scheduler/tracker_client_plugins}.yaml
  leaver
  unit=atlas
  tidy
  end_step
}

# The master's `leave` asks by a file: nothing else of the master reaches into a worker. Jobs whose time is over end.
leaver() {
  local left=$STORAGE_PATH/.agent-fleet/left/$NODE_NAME
  put_file /etc/systemd/system/atlas-leave.service 644 root <<<"[Unit]
After=atlas.service$mounter
RequiresMountsFor=$STORAGE_PATH
[Service]
ExecStart=/bin/bash -c 'while :; do until [[ -e $left ]]; do sleep 2; done; systemctl stop atlas; docker ps -q --filter network=foundations-atlas | xargs -r docker stop; while [[ -e $left ]]; do sleep 2; done; done'
[Install]
WantedBy=multi-user.target"
  run_unit atlas-leave leaver_runs /etc/systemd/system/atlas-leave.service
}
