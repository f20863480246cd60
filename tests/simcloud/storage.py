"""EFS: file systems are folders of one volume, which all hosts of the stack have.

See image/files/usr/local/lib/simcloud/mount-nfs for how a host gets from one to the other.
"""

import json
import subprocess

from tests.simcloud import addresses, names, served
from tests.simcloud.errors import RefusedError
from tests.simcloud.resources import Hooks
from tests.simcloud.store import Account, Record, Store
from tools.local_hosts import podman


def _make(store: Store, record: Record) -> None:
    volume = names.volume(store.stack)
    with store.lock("efs"):
        if not podman.exists("volume", volume):
            podman.run("volume", "create", *podman.label_options(names.labels(store.stack)), volume)
        _in_volume(store, "mkdir", "-p", "-m", "0755", record["id"])


def _gone(store: Store, record: Record) -> None:
    with store.lock("efs"):
        if any(store.read().of("fileSystem")):
            _in_volume(store, "rm", "-rf", record["id"])
        else:
            podman.remove("volume", names.volume(store.stack))


def _in_volume(store: Store, *words: str) -> None:
    """The volume is a folder of podman's, which only root may enter."""
    place = json.loads(podman.run("volume", "inspect", names.volume(store.stack)))[0]["Mountpoint"]
    *command, identity = words
    subprocess.run([*podman.as_root(command[0]), *command[1:], f"{place}/{identity}"], check=True)


def _count(store: Store, account: Account, record: Record) -> None:
    del store, account
    record["props"]["name"] = (record["props"].get("tags") or {}).get("Name", "")


def _prepare_target(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    subnet = account.one("subnet", props["subnetId"])["props"]
    for other in account.of("mountTarget"):
        same = other["props"]["fileSystemId"] == props["fileSystemId"]
        if (
            same
            and account.one("subnet", other["props"]["subnetId"])["props"]["availabilityZone"]
            == subnet["availabilityZone"]
        ):
            raise RefusedError("MountTargetConflict", "mount target already exists in this AZ")
    props["ipAddress"] = addresses.private(account, props["subnetId"], props.get("ipAddress"))
    props["availabilityZoneName"] = subnet["availabilityZone"]
    props["mountTargetDnsName"] = f"{subnet['availabilityZone']}.{props['dnsName']}"
    props.setdefault(
        "securityGroups", [account.one("vpc", subnet["vpcId"])["props"]["defaultSecurityGroupId"]]
    )


def _settle(store: Store, *_: Record) -> None:
    served.settle(store)


HOOKS = {
    "fileSystem": Hooks(prepare=_count, made=_make, gone=_gone),
    "mountTarget": Hooks(prepare=_prepare_target, made=_settle, changed=_settle, gone=_settle),
    "parameter": Hooks(made=_settle, changed=_settle, gone=_settle),
    "rolePolicy": Hooks(made=_settle, changed=_settle, gone=_settle),
}
