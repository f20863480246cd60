"""How a machine mounts NAS, and a disk. Pure.

The options are those of NAS's user guide for NFS 4.0, which knows locks between machines; NFS 3 does not.
"""

from components.cloud_init import Setup
from components.clouds.mounting import mounted
from components.clouds.state_mounting import state_mounted

OPTIONS = "vers=4.0,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"


def mounting(host: str, path: str) -> Setup:
    """What user data needs so that the files behind this mount target are at `path`, after every boot."""
    return mounted(path, f"mount -t nfs4 -o {OPTIONS} {host}:/")


def state_mounting(disk_id: str, path: str) -> Setup:
    """What user data needs so that the disk is at `path`; its serial number is its id without the `d-`."""
    serial = disk_id.removeprefix("d-")
    kinds = ("virtio-", "nvme-Alibaba_Cloud_Elastic_Block_Storage_")
    return state_mounted(path, [f"/dev/disk/by-id/{kind}{serial}" for kind in kinds])
