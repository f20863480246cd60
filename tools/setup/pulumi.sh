# shellcheck shell=bash
# The Pulumi CLI with its Python language host, and the pulumi-command plugin: the user's own if good
# enough, else downloaded, else made here. What is made here goes to .fleet/bin only.

pulumi_minimum() { sed -n 's/^requiredPulumiVersion:.*>=\([0-9.]*\).*/\1/p' "$ROOT/Pulumi.yaml"; }

# version_of PULUMI: bare, such as 3.250.0
version_of() {
  local version
  version=$(PULUMI_SKIP_UPDATE_CHECK=true timeout 20 "$1" version 2>/dev/null) || return 1
  printf '%s\n' "${version#v}"
}

ensure_pulumi() {
  local minimum found version
  minimum=$(pulumi_minimum)
  if found=$(where pulumi) && version=$(version_of "$found"); then
    if at_least "${version%%-*}" "$minimum"; then
      PULUMI=$found
      rm -f "$BIN/pulumi"
      say "Pulumi CLI $version: $found"
      ensure_language_host
      return
    fi
    say "Pulumi CLI $version ($found) is older than $minimum; it is left alone, this project gets its own"
  fi
  PULUMI=$BIN/pulumi
  if ! version=$(version_of "$PULUMI"); then
    get_pulumi
    version=$(version_of "$PULUMI") || die "$PULUMI does not run" "remove .fleet/bin, then try again"
  fi
  say "Pulumi CLI $version: .fleet/bin/pulumi"
  ensure_language_host
}

get_pulumi() {
  local reason
  say "no Pulumi CLI >= $(pulumi_minimum) on PATH: downloading $PULUMI_VERSION"
  # Only its last line is the reason; progress goes on to the terminal.
  if reason=$({ fetch pulumi "$PULUMI_VERSION" "$BIN" >&3; } 2>&1); then return; fi
  say "${reason##*$'\n'}; building it instead (3 minutes on 2 cores)"
  ensure_go
  go_build "$ROOT/tools/pulumi_cli/engine" github.com/pulumi/pulumi/pkg/v3/cmd/pulumi "$BIN/pulumi" \
    "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$PULUMI_VERSION"
}

# The official archive carries the host beside the CLI. The exec script goes last: with it, both are there.
ensure_language_host() {
  local beside
  beside=$(dirname "$(readlink -f "$PULUMI")")
  if [[ $beside != "$BIN" ]] && { [[ -x $beside/pulumi-language-python ]] || where pulumi-language-python >/dev/null; }; then
    rm -f "$BIN"/pulumi-language-python*
    return
  fi
  if [[ ! -x $BIN/pulumi-language-python || ! -x $BIN/pulumi-language-python-exec ]]; then
    ensure_go
    go_build "$ROOT/tools/pulumi_cli/language_host" github.com/pulumi/pulumi/sdk/v3/python/cmd/pulumi-language-python \
      "$BIN/pulumi-language-python" "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$PULUMI_VERSION"
    copy_exec_script
    say "Pulumi's Python language host: built into .fleet/bin"
  fi
  drop_build
}

# From the engine's own SDK module, whose checksum the engine's go.sum holds.
copy_exec_script() {
  local log=$LOGS/language-host.log sdk
  in_module "$ROOT/tools/pulumi_cli/engine" "$GO" mod download github.com/pulumi/pulumi/sdk/v3 >"$log" 2>&1 &&
    sdk=$(in_module "$ROOT/tools/pulumi_cli/engine" "$GO" list -m -f '{{.Dir}}' github.com/pulumi/pulumi/sdk/v3 2>>"$log") &&
    install -m 755 "$sdk/python/cmd/pulumi-language-python-exec" "$HOME_FOLDER/tmp/exec" &&
    mv "$HOME_FOLDER/tmp/exec" "$BIN/pulumi-language-python-exec" && return
  tail_of "$log"
  die "the language host's script could not be had from its Go module" "check the Go module proxy (GOPROXY), then try again"
}

ensure_command_plugin() {
  local found stand_in=$BIN/pulumi-resource-command plugins
  plugins=${PULUMI_HOME:-$HOME/.pulumi}/plugins/resource-command-v$COMMAND_VERSION
  if found=$(where pulumi-resource-command); then
    rm -f "$stand_in"
    say "pulumi-command plugin: $found"
  elif [[ -x $plugins/pulumi-resource-command ]]; then
    rm -f "$stand_in"
    say "pulumi-command plugin $COMMAND_VERSION: $plugins"
  elif [[ -x $stand_in ]]; then
    announce_stand_in
  elif install_command_plugin; then
    say "pulumi-command plugin $COMMAND_VERSION: downloaded by the Pulumi CLI into its plugin folder"
  else
    # Found by the PATH of this project's own runs alone: it never lies in the user's plugin folder.
    ln -sf ../../tools/command_plugin/pulumi-resource-command "$stand_in"
    announce_stand_in
  fi
}

announce_stand_in() {
  say "pulumi-command plugin: this project's stand-in (the real one could not be downloaded), for tests and local hosts only; to try again: rm .fleet/bin/pulumi-resource-command"
}

# As `pulumi up` itself would do it. The engine tries several hosts, some for minutes; the probe says at once
# whether there is one to try.
install_command_plugin() {
  local probe=https://get.pulumi.com/releases/plugins/
  "$VENV/bin/python" - "$probe" >/dev/null 2>&1 <<'PYTHON' || return 1
import sys, urllib.error, urllib.request
try:
    urllib.request.urlopen(sys.argv[1], timeout=10).close()
except urllib.error.HTTPError:
    pass
PYTHON
  with_progress "downloading the pulumi-command plugin $COMMAND_VERSION" "$LOGS/plugin.log" \
    timeout --foreground 180 "$PULUMI" plugin install resource command "$COMMAND_VERSION"
}
