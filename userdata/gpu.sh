# Docker of Debian, and NVIDIA's stack beneath it where an agent is to have GPUs. Goes before a platform's scripts.
# shellcheck shell=bash

docker_answers() {
  docker info
}

# GPUs of the machine that NVIDIA made
devices() {
  lspci -d 10de: | grep -cE 'VGA|3D|Display' || :
}

driver_gpus() {
  nvidia-smi -L 2>/dev/null | grep -c ^GPU || :
}

# Names the part that is missing: device, driver or runtime.
gpu_stack() {
  local found release list=/etc/apt/sources.list.d/non-free.list driver=(nvidia-kernel-dkms nvidia-smi libcuda1 libnvidia-encode1 nvidia-persistenced)
  # shellcheck source=/dev/null
  . /etc/os-release
  apt_install pciutils
  found=$(devices)
  ((found >= GPUS)) || fail "GPU device missing: the stack asks for $GPUS, the machine has $found of NVIDIA; choose a machine type that has them, or take gpus out: without it the agent works on CPUs only"
  # a run that was cut off has begun it
  if [[ -e $list ]] || ! command -v nvidia-smi; then
    [[ $ID == debian ]] || fail "NVIDIA driver missing: the image has none, and $ID's is not installed here; use an image that has one"
    say 'installing the NVIDIA driver'
    [[ -e $list ]] || {
      put_file $list 644 root <<<"deb ${APT_MIRROR:-http://deb.debian.org/debian} $VERSION_CODENAME contrib non-free non-free-firmware"
      apt-get -qyo DPkg::Lock::Timeout=600 update || :
    }
    release=$(uname -r)
    (apt_install "linux-headers-$release" "${driver[@]}") || fail "NVIDIA driver missing: Debian has none for kernel $release; use a newer image, or one that has the driver"
    modprobe nvidia || fail "NVIDIA driver missing: it is installed, and the running kernel $release does not take it; restart the machine"
    # another version under a running agent loses its GPUs
    apt-mark hold "${driver[@]}"
  fi
  found=$(driver_gpus)
  ((found >= GPUS)) || fail "NVIDIA driver missing: nvidia-smi lists $found of $GPUS GPUs; look at dmesg, and use an image whose driver fits its kernel"
  toolkit
}

# NVIDIA's repository, by the key whose fingerprint is known
toolkit() {
  local key=/usr/share/keyrings/nvidia-container-toolkit.asc
  command -v nvidia-container-runtime || {
    say "installing the NVIDIA container toolkit from $NVIDIA_REPOSITORY"
    apt_install curl gpg
    curl -fsSLm 60 --retry 3 "$NVIDIA_REPOSITORY/gpgkey" | put_file $key 644 root || fail "NVIDIA runtime missing: $NVIDIA_REPOSITORY/gpgkey cannot be had; packages.nvidiaRepository names another place"
    [[ $(gpg --show-keys --with-colons $key | awk -F: '$1 == "fpr" {print $10; exit}') == "$NVIDIA_KEY" ]] || {
      rm $key
      fail "NVIDIA runtime missing: the key at $NVIDIA_REPOSITORY/gpgkey is not $NVIDIA_KEY"
    }
    put_file /etc/apt/sources.list.d/nvidia-container-toolkit.list 644 root <<<"deb [signed-by=$key] $NVIDIA_REPOSITORY/stable/deb/$(dpkg --print-architecture) /"
    apt-get -qyo DPkg::Lock::Timeout=600 update || :
    (apt_install nvidia-container-toolkit) || fail "NVIDIA runtime missing: $NVIDIA_REPOSITORY does not give nvidia-container-toolkit; packages.nvidiaRepository names another place"
  }
}

# Docker with the settings of DAEMON
docker_engine() {
  put_file /etc/docker/daemon.json 644 root <<<"$DAEMON"
  # images for GPUs bring one; Ubuntu's docker.io holds the client, Debian's does not
  command -v dockerd || apt_install docker.io iptables
  command -v docker || apt_install docker-cli
  run_unit docker docker_answers /etc/docker/daemon.json /etc/ssl/certs/ca-certificates.crt
}
