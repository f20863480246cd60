"""How a machine mounts EFS: NFS 4.1 to stunnel on the machine itself, TLS from there. And EBS. Pure.

efs-utils is not in Debian; the options of NFS are those that EFS's user guide recommends.
"""

from components.cloud_init import Setup, together
from components.clouds.mounting import mounted
from components.clouds.state_mounting import state_mounted

PORT = 20490
CONFIGURATION = "/etc/agent-fleet/storage-tls.conf"
TLS = "agent-fleet-storage-tls.service"
OPTIONS = f"nfsvers=4.1,port={PORT},rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"
MOUNT = f"mount -t nfs4 -o {OPTIONS} 127.0.0.1:/"
# By what a state volume is attached as, and what Xen makes of that.
STATE_DEVICE = "/dev/sdf"
XEN_DEVICE = "/dev/xvdf"

_STUNNEL = """\
foreground = yes
syslog = no
pid =
[storage]
client = yes
accept = 127.0.0.1:{port}
connect = {host}:2049
delay = yes
sslVersionMin = TLSv1.2
verifyChain = yes
checkHost = {host}
CAfile = /etc/ssl/certs/ca-certificates.crt
TIMEOUTclose = 0
"""
_TLS_UNIT = """\
[Unit]
Description=TLS to the shared storage
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0
[Service]
User=stunnel4
NoNewPrivileges=yes
ExecStart=/usr/bin/stunnel4 {configuration}
Restart=always
RestartSec=1
[Install]
WantedBy=multi-user.target
"""


def mounting(host: str, path: str) -> Setup:
    """What user data needs so that the file system of this name is at `path`, after every boot."""
    tls = Setup(
        packages=("stunnel4",),
        files={
            CONFIGURATION: _STUNNEL.format(port=PORT, host=host),
            f"/etc/systemd/system/{TLS}": _TLS_UNIT.format(configuration=CONFIGURATION),
        },
    )
    return together(tls, mounted(path, MOUNT, after=TLS))


def state_mounting(volume_id: str, path: str) -> Setup:
    """What user data needs so that the volume is at `path`; types before Nitro name it as it was attached."""
    nitro = f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume_id.replace('-', '')}"
    return state_mounted(path, (nitro, XEN_DEVICE))
