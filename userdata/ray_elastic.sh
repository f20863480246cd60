# Elastic pools, in stacks that have some: the autoscaler on the head, and workers that boot from user data alone.
# Reasons for odd values: docs/ray.md.
# shellcheck shell=bash

autoscaler=/etc/ray/autoscaler.json
settings=/etc/agent-fleet/boot.conf

# The head, before it starts: workers find their script in the shared storage before one may be launched.
autoscaling() {
  local provider
  install -doray -gray "$STORAGE_PATH"
  publish
  provider=$(echo /opt/ray/lib/python3*/site-packages)/ray_pools.py
  put_file "$provider" 644 root <<<"$POOLS"
  watched+=("$provider")
  # Ray stops scaling when a worker lives whose pool it does not know: one that is gone may have none
  [[ -s $autoscaler ]] || put_file $autoscaler 644 root <<<'{}'
  jq --argjson new "$AUTOSCALER" '((.available_node_types // {}) | map_values(. + {min_workers: 0, max_workers: 0})) as $gone
    | $new | .available_node_types = $gone + .available_node_types' $autoscaler >$autoscaler.merged
  put_file $autoscaler 644 root <$autoscaler.merged
}

# metadata PATH: what the cloud says of this machine, asked in the way that needs a session
metadata() {
  local imds=${AWS_EC2_METADATA_SERVICE_ENDPOINT:-http://169.254.169.254}/latest session
  session=$(curl -fsm 5 --noproxy '*' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/api/token")
  curl -fsm 5 --noproxy '*' -H @<(printf 'X-aws-ec2-metadata-token: %s' "$session") "$imds/meta-data/$1"
}

# The token, which only this machine's role may read; its credentials reach curl on a file descriptor.
parameter() {
  local role region credentials
  region=$(metadata placement/region)
  role=$(metadata iam/security-credentials/)
  credentials=$(metadata "iam/security-credentials/$role")
  jq -n --arg name "$TOKEN_PARAMETER" '{Name: $name, WithDecryption: true}' | curl -fsSm 20 --aws-sigv4 "aws:amz:$region:ssm" \
    -K <(jq -r '"user = \"\(.AccessKeyId):\(.SecretAccessKey)\"\nheader = \"x-amz-security-token: \(.Token)\""' <<<"$credentials") \
    -H 'content-type: application/x-amz-json-1.1' -H 'x-amz-target: AmazonSSM.GetParameter' --data-binary @- \
    "${AWS_ENDPOINT_URL_SSM:-${AWS_ENDPOINT_URL:-https://ssm.$region.amazonaws.com}}" | jq -er .Parameter.Value
}

take_token() {
  RAY_TOKEN=$(parameter) || {
    seen="this machine's role does not get the parameter $TOKEN_PARAMETER"
    return 1
  }
}

# What a worker of an elastic pool learns only when it is there.
discover() {
  local id kind size
  wait_for 'the instance metadata' 60 metadata instance-id
  id=$(metadata instance-id)
  kind=$(metadata instance-type)
  NODE_IP=$(metadata local-ipv4)
  size=$(printf '%s\n' "${SIZES[@]}" | sed -n "s/^$kind //p")
  [[ $size ]] || fail "the pool has no instance type $kind"
  read -r CPUS GPUS MEMORY OBJECT_STORE <<<"$size"
  wait_for 'the token' 60 take_token
  environment="
RAY_CLOUD_INSTANCE_ID=$id
RAY_NODE_TYPE_NAME=$POOL"
}

# The verb of a machine's first boot.
elastic() {
  extra=(curl jq)
  prepare=discover
  # without an answer the node tries with the token that it has
  before="ExecStartPre=-+/bin/bash -c 'exec bash $0 token <$settings'
"
  node --address="$HEAD_IP":6379
  put_file /etc/systemd/system/ray-watch.service 644 root <<<"[Unit]
After=ray.service
[Service]
ExecStart=/bin/bash -c 'exec bash $0 watch <$settings'
Restart=always
RestartSec=5
[Install]
WantedBy=multi-user.target"
  systemctl daemon-reload
  systemctl enable --now ray-watch
  end_step
}

# Before every start of the node: the token may have changed.
token() {
  take_token
  put_file /etc/ray/token 600 ray < <(printf %s "$RAY_TOKEN")
}

# drain NOTICE: no new tasks, and those that run have until the machine goes
drain() {
  local id at left
  at=$(jq -r .time <<<"$1")
  # its command line holds those of its agents too
  id=$(pgrep -auray -x raylet | grep -o -- '--node-id=[0-9a-f]*' | head -n1)
  left=$(($(date -d "$at" +%s) - EPOCHSECONDS - 5))
  (
    set -a
    # shellcheck source=/dev/null
    . /etc/ray/ray.env
    /usr/sbin/runuser -uray -- ray drain-node --address="$HEAD_IP":6379 "$id" --reason=DRAIN_NODE_REASON_PREEMPTION \
      --reason-message="the cloud takes this spot machine back at $at" \
      --deadline-remaining-seconds=$((left > 0 ? left : 1))
  )
}

# A spot machine is told two minutes before it goes. One that has no cluster any more ends itself.
watch() {
  local notice drained='' joined=0
  while sleep 5; do
    if [[ ! $drained ]] && notice=$(metadata spot/instance-action); then
      echo "spot interruption: $notice"
      drain "$notice" && drained=1
    fi
    if ready >/dev/null; then joined=$SECONDS; fi
    if ((SECONDS - joined > LOST_SECONDS)); then
      echo "no Ray node for $LOST_SECONDS s: this machine goes"
      systemctl poweroff
    fi
  done
}
