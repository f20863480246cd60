# A GPU VM's first boot, before sshd listens: Debian keeps headers of its newest kernels alone, NVIDIA's driver is built
# with them, and a step cannot restart its machine. Where they are to be had, or the driver is there, it does nothing.
# shellcheck shell=bash
marker=/var/lib/agent-fleet-kernel
release=$(uname -r)
grep -qs 0x10de /sys/bus/pci/devices/*/vendor || exit 0
[[ $(sed -n s/^ID=//p /etc/os-release) == debian && ! -e $marker ]] || exit 0
! command -v nvidia-smi || exit 0
touch $marker
export DEBIAN_FRONTEND=noninteractive
apt='timeout 600 apt-get -qyo DPkg::Lock::Timeout=300'
$apt update
! $apt install --no-install-recommends "linux-headers-$release" || exit 0
flavour=$(sed -E 's/^[0-9.]+[^-]*-([0-9]+-)?//' <<<"$release")
$apt install --no-install-recommends "linux-image-$flavour" "linux-headers-$flavour" || exit 0
systemctl --no-block reboot
# whoever comes in now would be cut off
sleep 120
