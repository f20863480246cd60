"""VPCs, subnets, network interfaces and public addresses."""

import secrets
from ipaddress import IPv4Network

from tests.simcloud import addresses, firewall, publishing, served, wires
from tests.simcloud.aws import rules, zones
from tests.simcloud.aws.words import METADATA, target
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Record, Store


def _make_vpc(store: Store, record: Record) -> None:
    wires.create(store, record["id"], record["props"]["cidrBlock"], METADATA)
    publishing.reconcile(store)


def _vpc_gone(store: Store, record: Record) -> None:
    wires.remove(store, record["id"])
    publishing.reconcile(store)


def _check_subnet(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    cidr = IPv4Network(props["cidrBlock"])
    if not cidr.subnet_of(addresses.cidr_of_vpc(account, props["vpcId"])) or not 16 <= cidr.prefixlen <= 28:
        raise RefusedError("InvalidSubnet.Range", f"The CIDR '{cidr}' is invalid.")
    for other in account.of("subnet"):
        if other["props"]["vpcId"] == props["vpcId"] and cidr.overlaps(
            IPv4Network(other["props"]["cidrBlock"])
        ):
            raise RefusedError("InvalidSubnet.Conflict", f"The CIDR '{cidr}' conflicts with another subnet")
    props.setdefault("availabilityZone", f"{record['region']}a")
    props["availabilityZoneId"] = zones.zone_id(props["availabilityZone"])


def _check_gateway(store: Store, account: Account, record: Record) -> None:
    """A VPC whose addresses are mapped keeps its internet gateway."""
    del store
    mapped = [
        eip
        for eip in account.of("eip")
        if publishing.vpc_of(account, eip["id"]) == record["props"].get("vpcId")
    ]
    if mapped:
        raise RefusedError(
            "DependencyViolation",
            f"Network {record['props'].get('vpcId')} has some mapped public address(es). Please unmap those "
            "public address(es) before detaching the gateway.",
        )


def _default_group(store: Store, account: Account, record: Record) -> None:
    del store
    vpc = account.one("vpc", record["props"]["vpcId"])
    record["id"] = vpc["props"]["defaultSecurityGroupId"]
    record["props"]["arn"] = record["props"]["arn"].rpartition("/")[0] + "/" + record["id"]


def _prepare_interface(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    wanted = (props.get("privateIps") or [props.get("privateIp")])[0]
    address = addresses.private(account, props["subnetId"], wanted)
    subnet = account.one("subnet", props["subnetId"])["props"]
    firewall.check_groups(account, subnet["vpcId"], props.get("securityGroups", []))
    props.setdefault(
        "securityGroups", [account.one("vpc", subnet["vpcId"])["props"]["defaultSecurityGroupId"]]
    )
    props |= {
        "privateIp": address,
        "privateIps": [address],
        "privateIpsCount": 0,
        "macAddress": "02:" + ":".join(secrets.token_hex(1) for _ in range(5)),
        "privateDnsName": "",
        "attachments": [],
    }


def _interface_changed(store: Store, before: Record, record: Record) -> None:
    del before, record
    served.settle(store)


def _free_interface(store: Store, account: Account, record: Record) -> None:
    """EC2 detaches nothing by itself."""
    del store
    user = next((one for one in account.of("instance") if one["sim"].get("interface") == record["id"]), None)
    if user is not None:
        raise RefusedError(
            "InvalidParameterValue", f"Network interface '{record['id']}' is currently in use."
        )


def _prepare_address(store: Store, account: Account, record: Record) -> None:
    del store
    taken = [eip["props"]["publicIp"] for eip in account.of("eip")]
    record["props"]["publicIp"] = addresses.public(taken)
    record["props"]["publicDns"] = (
        f"ec2-{record['props']['publicIp'].replace('.', '-')}.compute.amazonaws.com"
    )


def _fill_association(store: Store, account: Account, record: Record) -> None:
    del store
    props = record["props"]
    eip = account.one("eip", props["allocationId"])
    props["publicIp"] = eip["props"]["publicIp"]
    where = target(account, record["props"])
    if where is None:
        raise RefusedError(
            "InvalidParameterCombination", "You must specify an instance or a network interface"
        )
    props["privateIpAddress"] = where[0]
    others = [
        one for one in account.of("eipAssociation") if one["props"]["allocationId"] == props["allocationId"]
    ]
    if others and not props.get("allowReassociation"):
        raise RefusedError("Resource.AlreadyAssociated", f"resource {eip['id']} is already associated")


def _publish(store: Store, *_: Record) -> None:
    publishing.reconcile(store)


_RULE = Hooks(
    prepare=rules.check,
    made=lambda store, _: served.settle(store),
    changed=lambda store, *_: served.settle(store),
    gone=lambda store, _: served.settle(store),
)

HOOKS = {
    "vpc": Hooks(made=_make_vpc, gone=_vpc_gone),
    "subnet": Hooks(prepare=_check_subnet),
    "internetGateway": Hooks(free=_check_gateway),
    "defaultSecurityGroup": Hooks(prepare=_default_group),
    "securityGroup": Hooks(changed=lambda store, *_: served.settle(store)),
    "securityGroupIngressRule": _RULE,
    "securityGroupEgressRule": _RULE,
    "networkInterface": Hooks(prepare=_prepare_interface, changed=_interface_changed, free=_free_interface),
    "eip": Hooks(prepare=_prepare_address, made=_publish, changed=_publish, gone=_publish),
    "eipAssociation": Hooks(prepare=_fill_association, made=_publish, changed=_publish, gone=_publish),
}
