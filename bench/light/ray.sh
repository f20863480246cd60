# In place of userdata/ray.sh: all that a node of a Ray cluster installs, with redis in place of what it runs, because 20
# raylets do not fit on a small computer. A secret, a configuration, a unit, an agent that its controller knows.
# shellcheck shell=bash disable=SC2034,SC2154 # variables of common.sh, and settings on standard input

ready() {
  systemctl is-active ray
}

# node PACKAGE EXECUTABLE...: makes this machine a node, whose unit runs this
node() {
  begin_step
  wait_for "the shared storage at $STORAGE_PATH" 120 mountpoint "$STORAGE_PATH"
  apt_install python3-venv "$1"
  system_user ray 4000
  venv ray 3000 /usr/bin/python3 "${REQUIREMENTS[@]}"
  "${prepare:-:}"
  put_file /etc/ray/token 600 ray < <(printf %s "$RAY_TOKEN")
  put_file /etc/ray/node.json 644 root <<<"{\"ip\":\"$NODE_IP\",\"nodeId\":\"$(hostname)\",\"isHead\":$is_head,\"state\":\"ALIVE\",\"alive\":true,\"resources\":{\"CPU\":$CPUS},\"used\":{}}"
  put_file /etc/systemd/system/ray.service 644 root <<<"[Unit]
After=network-online.target
[Service]
User=ray
ExecStart=${*:2}
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target"
  run_unit ray ready /etc/systemd/system/ray.service /etc/ray/token /opt/ray/requirements "${watched[@]}"
}

agent() {
  put_file /usr/local/bin/light-agent 755 root <<<"#!/bin/bash
while REDISCLI_AUTH=\$(</etc/ray/token) redis-cli -h $HEAD_IP SET node:$NODE_IP \"\$(</etc/ray/node.json)\" EX 30; do sleep 10; done"
}

worker() {
  is_head=false prepare=agent watched=(/usr/local/bin/light-agent)
  node redis-tools /usr/local/bin/light-agent
  end_step
}

status() {
  host_status ray 1
}

is_head=true prepare='' watched=()
"$1"
