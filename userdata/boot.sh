#!/bin/bash
# First boot of a machine that no step ever visits: the platform's script comes from the shared storage by its digest.
set -euo pipefail
conf=/etc/agent-fleet/boot.conf
# shellcheck source=/dev/null # assignments alone
. "$conf"
found=$STORAGE_PATH/.agent-fleet/$DIGEST
for ((tries = 0; tries < 60; tries++)); do
  if mountpoint -q "$STORAGE_PATH" && [[ -e $found ]]; then break; fi
  sleep 2
done
umask 077
mkdir -p "${SCRIPT%/*}"
cp "$found" "$SCRIPT.new"
echo "$DIGEST $SCRIPT.new" | sha256sum --quiet -c
mv "$SCRIPT.new" "$SCRIPT"
exec bash "$SCRIPT" "$VERB" <"$conf"
