# shellcheck shell=bash
# System packages: by apt where that is possible, else an error that says what to install.

# command or file : Debian package
BASE_PACKAGES=(python3:python3 /etc/ssl/certs/ca-certificates.crt:ca-certificates ssh:openssh-client)
# crun does not run systemd hosts on hybrid cgroups, so runc; netavark and aardvark-dns give fixed addresses.
LOCAL_PACKAGES=(
  podman:podman runc:runc newuidmap:uidmap ip:iproute2 iptables:iptables nft:nftables debootstrap:debootstrap
  /usr/lib/podman/netavark:netavark /usr/lib/podman/aardvark-dns:aardvark-dns
  /usr/share/keyrings/debian-archive-keyring.gpg:debian-archive-keyring
)
# Tests of the SSH side run an sshd of their own, those of Atlas's accounts a Keycloak.
TEST_PACKAGES=(/usr/sbin/sshd:openssh-server ssh-keygen:openssh-client java:default-jre-headless)
# Ray's own launcher copies its files by it.
BENCH_PACKAGES=(rsync:rsync)

ensure_packages() {
  local stack=$1 dev=$2 bench=$3 pair
  local -a wanted=("${BASE_PACKAGES[@]}") missing=()
  ! makes_local_hosts "$stack" || wanted+=("${LOCAL_PACKAGES[@]}")
  [[ $dev == no ]] || wanted+=("${TEST_PACKAGES[@]}")
  [[ $bench == no ]] || wanted+=("${BENCH_PACKAGES[@]}")
  for pair in "${wanted[@]}"; do
    present "${pair%%:*}" || missing+=("${pair##*:}")
  done
  # A distribution's python3 comes without ensurepip; one from elsewhere has its own.
  local python
  python=$(find_python) || python=""
  if [[ -z $python || $python == /usr/bin/* ]] && ! has_venv "${python:-python3}"; then
    missing+=("$(venv_package "$python")")
  fi
  ((${#missing[@]} == 0)) || install_packages "${missing[@]}"
}

# A stack without a name (tests, lint) may make local hosts; so may one whose file is not there yet, and any that
# is simulated.
makes_local_hosts() {
  [[ ${SIM-} != 1 ]] || return 0
  local file=$ROOT/Pulumi.$1.yaml
  [[ -z $1 || ! -f $file ]] || grep -Eq '^[[:space:]]*agent-fleet:cloud:[[:space:]]*"?local' "$file"
}

present() {
  case $1 in
    /*) [[ -e $1 ]] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

venv_package() {
  local name=${1##*/}
  if [[ -z $name || $name == python3 ]]; then echo python3-venv; else echo "$name-venv"; fi
}

install_packages() {
  local -a as_root=()
  if ! command -v apt-get >/dev/null; then
    die "these are missing: $*" "install them with this system's package manager (the names are Debian's), then try again"
  fi
  if ((EUID != 0)); then
    if ! sudo -n true 2>/dev/null; then
      die "these packages are missing, and installing them needs root: $*" \
        "run: sudo apt-get install --no-install-recommends $*" "then try again"
    fi
    as_root=(sudo -n)
  fi
  local log=$LOGS/apt.log
  with_progress "installing packages by apt: $*" "$log" apt_install "$@" && return
  tail_of "$log"
  die "apt could not install: $*" "the whole log is in .fleet/logs/apt.log; when apt works again, try again"
}

apt_install() {
  local -a options=(-y -o Acquire::Retries=3 -o Acquire::http::Timeout=20 -o DPkg::Lock::Timeout=120)
  export DEBIAN_FRONTEND=noninteractive
  # Lists may be fresh already; an update that fails then does no harm.
  "${as_root[@]}" apt-get "${options[@]}" update || true
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" install --no-install-recommends "$@"
}
