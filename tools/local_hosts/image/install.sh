#!/bin/bash
# Makes a host of plain Debian, while the image is built. MIRROR and SECURITY are the two archives.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
# the operator's certificates, for a mirror that is reached by https
CERTIFICATES=/run/operator-certificates.crt

PACKAGES=(
    ca-certificates cloud-init curl dbus iproute2 iputils-ping less libpam-systemd lsb-release
    nftables openssh-server procps python3 sudo systemd systemd-sysv
)

# The kernel, its settings and its devices belong to the computer beneath, and nobody sits at the console.
MASKED=(
    dev-hugepages.mount dev-mqueue.mount proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount
    sys-fs-fuse-connections.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount
    modprobe@.service systemd-binfmt.service systemd-modules-load.service systemd-sysctl.service
    systemd-udevd.service systemd-udev-trigger.service
    console-getty.service getty@.service getty-static.service getty.target
    systemd-firstboot.service systemd-pcrphase.service systemd-pcrphase-sysinit.service
    apt-daily.timer apt-daily-upgrade.timer fstrim.timer
)

source_of() { # url suites
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n\n' "$1" "$2" "$KEYRING"
}

sources() {
    # shellcheck source=/dev/null
    . /etc/os-release
    rm -rf /etc/apt/sources.list /etc/apt/sources.list.d
    mkdir /etc/apt/sources.list.d
    {
        source_of "$MIRROR" "$VERSION_CODENAME $VERSION_CODENAME-updates"
        source_of "$SECURITY" "$VERSION_CODENAME-security"
    } >/etc/apt/sources.list.d/debian.sources
}

packages() {
    # the image's own /etc/nftables.conf stays
    local options=(-q -y -o Dpkg::Options::=--force-confold)
    [[ ! -e $CERTIFICATES ]] || options+=(-o "Acquire::https::CaInfo=$CERTIFICATES")
    apt-get update "${options[@]}"
    apt-get upgrade "${options[@]}"
    apt-get install "${options[@]}" --no-install-recommends "${PACKAGES[@]}"
    apt-get clean
    rm -rf /var/lib/apt/lists/* /var/log/apt /var/log/dpkg.log
}

units() {
    systemctl enable nftables.service
    systemctl mask "${MASKED[@]}"
}

nothing_shared() {
    rm -f /etc/ssh/ssh_host_*
    : >/etc/machine-id
}

chmod 0755 /usr/local/lib/local-hosts/apt-cache
sources
packages
units
nothing_shared
