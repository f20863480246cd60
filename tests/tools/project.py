"""A project whose Pulumi CLI is a stub."""

from pathlib import Path

# Makes and removes stacks as the CLI does in its file backend, and writes down what it is asked.
PULUMI = """#!/bin/bash
echo "$*" >>"$CALLS"
state=${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/agent-fleet
case "$1 $2" in
  "stack init")
    mkdir -p "$state"; echo '{}' >"$state/dev.json"
    echo "encryptionsalt: v1:salt" >>Pulumi.dev.yaml ;;
  "stack rm") rm "$state/dev.json" ;;
  "stack output") echo '{"answer": 42}' ;;
  "stack export") cat "$state/dev.json" ;;
  "stack import") echo '{}' >"$state/dev.json" ;;
esac
exit "${FAKE_CODE:-0}"
"""

STACK = "# kept\nconfig:\n  agent-fleet:cloud: local\n"


def calls(root: Path) -> list[str]:
    file = root / "calls"
    return file.read_text().splitlines() if file.exists() else []
