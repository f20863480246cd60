#!/usr/bin/env bash
# Makes what `make up` needs: system packages, venv/, and in .fleet/bin the Pulumi CLI, its Python
# language host and the pulumi-command plugin. It changes nothing that the user has, does nothing twice,
# and goes on where an earlier run was stopped.
#
#   tools/setup.sh [--dev] [--bench] [--stack NAME]
#     --dev     also what tests and lint need, the policy scanner in .fleet/checkov among it
#     --bench   what --dev gets, and in .fleet/rivals what the benchmarks compare with
#     --stack   packages for local hosts are installed only if this stack makes local hosts (default: yes)
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
HOME_FOLDER=$ROOT/.fleet
BIN=$HOME_FOLDER/bin
LOGS=$HOME_FOLDER/logs
# Ordinary users have no sbin on PATH, where ip, nft and iptables are.
PATH=$PATH:/usr/sbin:/sbin
export PATH

# shellcheck source=tools/pulumi_cli/versions.sh
source "$ROOT/tools/pulumi_cli/versions.sh"
# shellcheck source=tools/setup/common.sh
source "$ROOT/tools/setup/common.sh"
# shellcheck source=tools/setup/packages.sh
source "$ROOT/tools/setup/packages.sh"
# shellcheck source=tools/setup/python.sh
source "$ROOT/tools/setup/python.sh"
# shellcheck source=tools/setup/go.sh
source "$ROOT/tools/setup/go.sh"
# shellcheck source=tools/setup/pulumi.sh
source "$ROOT/tools/setup/pulumi.sh"

main() {
  local dev=no bench=no stack=""
  while (($#)); do
    case $1 in
      --dev) dev=yes ;;
      --bench) dev=yes bench=yes ;;
      --stack) stack=${2:?--stack needs a name}; shift ;;
      *) die "unknown argument $1; see the head of tools/setup.sh" ;;
    esac
    shift
  done
  mkdir -p "$BIN" "$LOGS"
  exec 3>&1 # the terminal, for progress out of captured commands
  one_at_a_time
  trap stopped INT TERM
  trap sweep EXIT
  sweep

  ensure_packages "$stack" "$dev" "$bench"
  ensure_venv "$dev"
  [[ $dev == no ]] || ensure_own_venv checkov tests/policy/requirements.txt
  [[ $bench == no ]] || ensure_own_venv rivals bench/requirements.txt
  ensure_pulumi
  ensure_command_plugin
}

main "$@"
