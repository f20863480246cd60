"""VPCs, vSwitches, NAT gateways and public addresses."""

from collections.abc import Iterator
from ipaddress import IPv4Network

from tests.simcloud import addresses, publishing, served, wires
from tests.simcloud.alicloud import rules
from tests.simcloud.alicloud.words import METADATA, taken
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store


def _make_vpc(store: Store, record: Record) -> None:
    wires.create(store, record["id"], record["props"]["cidrBlock"], METADATA)
    publishing.reconcile(store)


def _vpc_gone(store: Store, record: Record) -> None:
    wires.remove(store, record["id"])
    publishing.reconcile(store)


def _check_vpc(store: Store, account: Account, record: Record) -> None:
    del store, account
    cidr = IPv4Network(record["props"].setdefault("cidrBlock", "172.16.0.0/12"))
    if not 8 <= cidr.prefixlen <= 28:
        raise RefusedError("InvalidCidrBlock", f"{cidr}: a VPC's mask is from 8 to 28 bits long")


def _check_vswitch(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    cidr = IPv4Network(props["cidrBlock"])
    if not cidr.subnet_of(addresses.cidr_of_vpc(account, props["vpcId"])) or not 16 <= cidr.prefixlen <= 29:
        raise RefusedError("InvalidCidrBlock", f"Specified CIDR block {cidr} is not valid.")
    for other in account.of("subnet"):
        theirs = IPv4Network(other["props"]["cidrBlock"])
        if other["props"]["vpcId"] == props["vpcId"] and cidr.overlaps(theirs):
            raise RefusedError("InvalidCidrBlock.Overlapped", f"{cidr} overlaps {theirs} of {other['id']}")
    if not str(props.get("zoneId", "")).startswith(f"{record['region']}-"):
        raise RefusedError("InvalidZoneId", f"{props.get('zoneId')} is no zone of {record['region']}")


def _associations(account: Account, key: str, identity: str) -> Iterator[Record]:
    return (one for one in account.of("eipAssociation") if one["props"][key] == identity)


def _free_nat(store: Store, account: Account, record: Record) -> None:
    del store
    if any(_associations(account, "instanceId", record["id"])):
        raise RefusedError("DependencyViolation.EIPS", f"{record['id']} has elastic addresses")


def _check_snat(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    nat = next(
        (one for one in account.of("natGateway") if one["props"]["snatTableIds"] == props["snatTableId"]),
        None,
    )
    if nat is None:
        raise RefusedError("InvalidSnatTableId.NotFound", f"there is no SNAT table {props['snatTableId']}")
    known = {
        account.one("eip", one["props"]["allocationId"])["props"]["ipAddress"]
        for one in _associations(account, "instanceId", nat["id"])
    }
    for address in str(props["snatIp"]).split(","):
        if address not in known:
            raise RefusedError("EIP_NOT_IN_GATEWAY", f"{address} is not associated with {nat['id']}")
    if not props.get("sourceVswitchId") and not props.get("sourceCidr"):
        raise RefusedError("MissingParam.SourceVSwitchIdOrCidr", "neither a vSwitch nor a CIDR is given")


def _prepare_address(store: Store, account: Account, record: Record) -> None:
    del store
    bandwidth = int(record["props"]["bandwidth"])
    if not 1 <= bandwidth <= 200 and record["props"]["internetChargeType"] == "PayByTraffic":
        raise RefusedError(
            "InvalidBandwidth.ValueNotSupported", f"{bandwidth} Mbit/s: from 1 to 200 by traffic"
        )
    record["props"]["ipAddress"] = addresses.public(taken(account))


def _check_association(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    if any(_associations(account, "allocationId", props["allocationId"])):
        raise RefusedError("InvalidBindingStatus", f"{props['allocationId']} is associated already")
    if props["instanceType"] == "Nat":
        if account.get("natGateway", props["instanceId"]) is None:
            raise RefusedError("InvalidNatGatewayId.NotFound", f"there is no {props['instanceId']}")
        return
    instance = account.get("instance", props["instanceId"])
    if instance is None:
        raise RefusedError("InvalidInstanceId.NotFound", f"there is no {props['instanceId']}")
    if instance["props"].get("publicIp"):
        raise RefusedError(
            "InvalidStatus.InstanceHasBandWidth", f"{instance['id']} has an address of its own"
        )
    if any(_associations(account, "instanceId", instance["id"])):
        raise RefusedError("InvalidBindingStatus", f"{instance['id']} has an elastic address")


def _free_association(store: Store, account: Account, record: Record) -> None:
    del store
    address = account.one("eip", record["props"]["allocationId"])["props"]["ipAddress"]
    if any(address in str(entry["props"]["snatIp"]).split(",") for entry in account.of("snatEntry")):
        raise RefusedError("InvalidIpStatus.HasBeenUsedBySnatTable", f"{address} is used by a SNAT entry")


def _publish(store: Store, *_: Record) -> None:
    # machines learn of their public address by metadata
    served.refresh(store)
    publishing.reconcile(store)


def _settle(store: Store, *_: Record) -> None:
    served.settle(store)


HOOKS = {
    "vpc": Hooks(prepare=_check_vpc, made=_make_vpc, gone=_vpc_gone),
    "subnet": Hooks(prepare=_check_vswitch),
    "natGateway": Hooks(free=_free_nat),
    "snatEntry": Hooks(prepare=_check_snat),
    "eip": Hooks(prepare=_prepare_address),
    "eipAssociation": Hooks(
        prepare=_check_association, made=_publish, changed=_publish, gone=_publish, free=_free_association
    ),
    "securityGroup": Hooks(changed=_settle),
    "securityGroupRule": Hooks(prepare=rules.check, made=_settle, changed=_settle, gone=_settle),
}
