"""EFS: where file systems are mounted from."""

from tests.simcloud import addresses, served, storage
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store


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
    "fileSystem": Hooks(prepare=_count, made=storage.make, gone=storage.gone),
    "mountTarget": Hooks(prepare=_prepare_target, made=_settle, changed=_settle, gone=_settle),
    "parameter": Hooks(made=_settle, changed=_settle, gone=_settle),
    "rolePolicy": Hooks(made=_settle, changed=_settle, gone=_settle),
}
