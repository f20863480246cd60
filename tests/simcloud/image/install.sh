#!/bin/bash
# Makes a simulated instance of a local host, while the image is built.
set -euo pipefail

# nfs-common, which user data installs, brings a mount.nfs that needs the kernel's NFS client. It goes aside,
# and the stand-in wants it there: what user data forgets to install is missed here as it is on a cloud.
for program in mount.nfs mount.nfs4; do
    dpkg-divert --local --no-rename --divert "/usr/sbin/$program.distrib" --add "/usr/sbin/$program"
    ln -sf /usr/local/lib/simcloud/mount-nfs "/usr/sbin/$program"
done
chmod 0755 /usr/local/lib/simcloud/*

# the kernel has neither NFS nor its file systems
systemctl mask rpc-statd.service rpc-statd-notify.service nfs-blkmap.service nfs-idmapd.service \
    rpc-gssd.service rpcbind.service rpcbind.socket proc-fs-nfsd.mount 'run-rpc_pipefs.mount' \
    auth-rpcgss-module.service nfs-client.target
systemctl enable simcloud-metadata.service
