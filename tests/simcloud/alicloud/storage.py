"""NAS: where file systems are mounted from, and who may."""

from collections.abc import Iterator

from tests.simcloud import addresses, served, storage
from tests.simcloud.alicloud import lookups
from tests.simcloud.clouds import Target
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store

# There in every account, with a rule that lets everybody of a VPC in.
DEFAULT = "DEFAULT_VPC_GROUP_NAME"


def _check_file_system(store: Store, account: Account, record: Record) -> None:
    del store, account
    props = record["props"]
    zone = str(props.get("zoneId") or f"{record['region']}-{lookups.table()['zones'][0]}")
    if props["fileSystemType"] != "standard":
        raise RefusedError("InvalidFileSystemType.NotSupported", "simcloud has general-purpose NAS alone")
    left_out = lookups.table()["nas"].get(props["storageType"])
    if left_out is None or zone.rpartition("-")[2] in left_out:
        raise RefusedError("InvalidStorageType.ZoneNotSupported", f"no {props['storageType']} NAS in {zone}")
    props["zoneId"] = zone


def _prepare_group(store: Store, account: Account, record: Record) -> None:
    del store, account
    if not record["props"].get("accessGroupName"):
        raise RefusedError("MissingAccessGroupName", "an access group has a name")


def _free_group(store: Store, account: Account, record: Record) -> None:
    del store
    name = record["props"]["accessGroupName"]
    if any(one["props"]["accessGroupName"] == name for one in account.of("mountTarget")):
        raise RefusedError("OperationDenied.InvalidState", f"access group {name} is used by a mount target")


def _group(account: Account, name: str) -> None:
    known = {one["props"]["accessGroupName"] for one in account.of("accessGroup")}
    if name not in {DEFAULT, *known}:
        raise RefusedError("InvalidAccessGroup.NotFound", f"there is no access group {name}")


def _prepare_rule(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    _group(account, props["accessGroupName"])
    if not props.get("sourceCidrIp"):
        raise RefusedError("MissingSourceCidrIp", "a rule has a source")
    record["id"] = f"{props['accessGroupName']}:{record['id']}:{props['fileSystemType']}"


def _prepare_target(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    _group(account, props["accessGroupName"])
    subnet = account.one("subnet", props["vswitchId"])["props"]
    zone = account.one("fileSystem", props["fileSystemId"])["props"]["zoneId"]
    if subnet["zoneId"] != zone:
        # NAS takes it; whoever mounts then crosses zones
        record["sim"]["crosses"] = zone
    record["id"] = f"{props['fileSystemId']}:{record['id']}"
    record["sim"]["vpc"] = subnet["vpcId"]
    record["sim"]["address"] = addresses.private(account, props["vswitchId"])


def targets(account: Account) -> Iterator[Target]:
    for one in account.of("mountTarget"):
        props = one["props"]
        yield Target(
            vpc=one["sim"]["vpc"],
            address=one["sim"]["address"],
            name=props["mountTargetDomain"],
            file_system=props["fileSystemId"],
            lets_in=tuple(_let_in(account, props["accessGroupName"])),
            tls=False,
        )


def _let_in(account: Account, group: str) -> Iterator[str]:
    if group == DEFAULT:
        yield "accept"
    for rule in account.of("accessRule"):
        if rule["props"]["accessGroupName"] == group:
            yield f"ip saddr {rule['props']['sourceCidrIp']} accept"


def _settle(store: Store, *_: Record) -> None:
    served.settle(store)


HOOKS = {
    "fileSystem": Hooks(prepare=_check_file_system, made=storage.make, gone=storage.gone),
    "accessGroup": Hooks(prepare=_prepare_group, free=_free_group),
    "accessRule": Hooks(prepare=_prepare_rule, made=_settle, changed=_settle, gone=_settle),
    "mountTarget": Hooks(prepare=_prepare_target, made=_settle, changed=_settle, gone=_settle),
}
