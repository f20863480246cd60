"""How a machine mounts NAS. Pure.

The options are those of NAS's user guide for NFS 4.0, which knows locks between machines; NFS 3 does not.
"""

from components.cloud_init import Setup
from components.clouds.mounting import mounted

OPTIONS = "vers=4.0,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport"


def mounting(host: str, path: str) -> Setup:
    """What user data needs so that the files behind this mount target are at `path`, after every boot."""
    return mounted(path, f"mount -t nfs4 -o {OPTIONS} {host}:/")
