# shellcheck shell=bash
# Building a program from its pinned Go modules: go.mod and go.sum hold versions and checksums.

BUILD=$HOME_FOLDER/build
# What modules, build cache and toolchain take together at their most.
BUILD_MEGABYTES=4500

# go_build MODULE_FOLDER PACKAGE OUTPUT LDFLAGS: moved to OUTPUT when it is complete.
go_build() {
  local folder=$1 package=$2 output=$3 flags=$4 log
  log=$LOGS/build-${output##*/}.log
  mkdir -p "$HOME_FOLDER/tmp"
  if ! with_progress "building ${output##*/} from its Go modules (minutes; .fleet/logs/${log##*/} has the log)" "$log" \
    in_module "$folder" "$GO" build -trimpath -ldflags "-s -w $flags" -o "$HOME_FOLDER/tmp/${output##*/}" "$package"; then
    tail_of "$log"
    die "${output##*/} could not be built" \
      "check that the Go module proxy is reachable (GOPROXY, proxy), and that memory (2 GB) and disk suffice, then try again" \
      "what was downloaded and compiled so far is kept in .fleet/build"
  fi
  mv "$HOME_FOLDER/tmp/${output##*/}" "$output"
}

# The user's GOPROXY, GOFLAGS and caches hold; without caches of the user's choice they go into this project,
# and away after the build. No cgo: a fresh machine has no C compiler.
in_module() {
  local folder=$1
  shift
  (
    cd "$folder" || exit
    export CGO_ENABLED=0 GOTOOLCHAIN=local GOWORK=off
    export GOMODCACHE=${GOMODCACHE:-$BUILD/mod} GOCACHE=${GOCACHE:-$BUILD/cache}
    export GOFLAGS="${GOFLAGS:+$GOFLAGS }-modcacherw"
    exec "$@"
  )
}

# Sets GO, a Go toolchain that is new enough: the user's, else one for this build alone.
ensure_go() {
  local version="" free
  mkdir -p "$BUILD"
  free=$(df --output=avail --block-size=1M "$BUILD" | tail -n 1)
  ((free >= BUILD_MEGABYTES)) || die "building the Pulumi CLI needs $BUILD_MEGABYTES MB on the disk of $HOME_FOLDER, $((free)) MB are free" \
    "make room, or put Pulumi >= $(pulumi_minimum) on PATH (https://www.pulumi.com/docs/install), then try again"
  if GO=$(where go); then
    version=$(cd / && GOTOOLCHAIN=local timeout 20 "$GO" env GOVERSION 2>/dev/null) || version=""
    version=${version#go}
    if [[ -n $version ]] && at_least "${version%%[!0-9.]*}" "$GO_MINIMUM"; then
      say "Go ${version} from PATH builds it"
      return
    fi
  fi
  GO=$BUILD/go/bin/go
  [[ ! -x $GO ]] || return 0
  say "no Go >= $GO_MINIMUM on PATH: getting Go $GO_VERSION (70 MB) from the Go module proxy, for this build alone"
  local sum
  case $(uname -m) in
    x86_64) sum=$GO_SUM_AMD64 ;;
    aarch64 | arm64) sum=$GO_SUM_ARM64 ;;
    *) die "there is no Go toolchain here for $(uname -m)" "install Go >= $GO_MINIMUM, then try again" ;;
  esac
  fetch go "$GO_VERSION" "$sum" "$BUILD/go" || die "Go $GO_VERSION could not be downloaded" \
    "check that the Go module proxy is reachable (GOPROXY, proxy), or put Go >= $GO_MINIMUM on PATH, then try again"
}

fetch() { (cd "$ROOT" && exec "$VENV/bin/python" -m tools.pulumi_cli.fetch "$@"); }

drop_build() { rm -rf "$BUILD"; }
