"""EC2 instances: where they are placed, and what is refused."""

import secrets
from datetime import UTC, datetime
from typing import Any

from tests.simcloud import addresses, faults, firewall, instances, publishing
from tests.simcloud.aws import lookups, volumes
from tests.simcloud.aws.words import new_id, user_data
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.resources import values
from tests.simcloud.store import Account, Record, Store

# EC2's own limit, before base64
LARGEST_USER_DATA = 16384


def _prepare(store: Store, account: Account, record: Record) -> None:
    props, sim = record["props"], record["sim"]
    _from_template(account, props)
    kind = props.get("instanceType")
    if not kind or not (props.get("ami") or props.get("launchTemplate")):
        raise RefusedError("MissingParameter", "ImageId and InstanceType must be given")
    subnet, interface, address = _place(account, props)
    zone = subnet["props"]["availabilityZone"]
    lookups.check_offered(kind, zone)
    _check_image(kind, props.get("ami"))
    _check_user_data(props)
    if faults.hit(store, "capacity", instanceType=kind, zone=zone):
        raise RefusedError("InsufficientInstanceCapacity", no_capacity(kind, zone))
    vpc = subnet["props"]["vpcId"]
    if interface is None:
        firewall.check_groups(account, vpc, props.get("vpcSecurityGroupIds", []))
        props.setdefault("vpcSecurityGroupIds", [account.one("vpc", vpc)["props"]["defaultSecurityGroupId"]])
    else:
        props["vpcSecurityGroupIds"] = list(interface["props"].get("securityGroups", []))
    own = interface["props"] if interface else {}
    hostname = f"ip-{address.replace('.', '-')}"
    sim |= {
        "vpc": vpc,
        "interface": interface["id"] if interface else "",
        "mac": own.get("macAddress") or "02:" + ":".join(secrets.token_hex(1) for _ in range(5)),
        "hostname": f"{hostname}.{record['region']}.compute.internal",
        "launched": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "userData": user_data(props).decode("utf-8", "replace"),
    }
    public = publishing.public_of(account, address)
    if (
        not public
        and interface is None
        and props.get("associatePublicIpAddress", subnet["props"].get("mapPublicIpOnLaunch"))
    ):
        # a machine's address of its own lets it out; nothing here leads back to it
        public = sim["autoPublicIp"] = f"198.18.{secrets.randbelow(256)}.{secrets.randbelow(254) + 1}"
    props |= {
        "availabilityZone": zone,
        "subnetId": subnet["id"],
        "privateIp": address,
        "privateDns": sim["hostname"],
        "publicIp": public,
        "publicDns": f"ec2-{public.replace('.', '-')}.compute.amazonaws.com" if public else "",
        "primaryNetworkInterfaceId": interface["id"] if interface else new_id("eni-"),
        "associatePublicIpAddress": bool(public),
        "rootBlockDevice": _root(props),
    }


def _from_template(account: Account, props: dict[str, Any]) -> None:
    """What a launch template says, where the instance does not."""
    for given in values(props, "launchTemplate"):
        found = account.get("launchTemplate", given.get("id", "")) or next(
            (one for one in account.of("launchTemplate") if one["props"]["name"] == given.get("name")), None
        )
        if found is None:
            raise RefusedError("InvalidLaunchTemplateId.NotFound", f"there is no launch template {given}")
        for mine, theirs in {
            "ami": "imageId",
            "instanceType": "instanceType",
            "userDataBase64": "userData",
        }.items():
            if theirs in found["props"]:
                props.setdefault(mine, found["props"][theirs])


def _place(account: Account, props: dict[str, Any]) -> tuple[Record, Record | None, str]:
    """Subnet, network interface if one is given, private address."""
    given = [
        *values(props, "primaryNetworkInterface.networkInterfaceId"),
        *values(props, "networkInterfaces.networkInterfaceId"),
    ]
    if given:
        for unfit in ("subnetId", "vpcSecurityGroupIds", "privateIp", "associatePublicIpAddress"):
            if props.get(unfit):
                raise RefusedError(
                    "InvalidParameterCombination",
                    f"Network interfaces and an instance-level {unfit} may not be specified together",
                )
        interface = account.one("networkInterface", given[0])
        if any(one["sim"].get("interface") == given[0] for one in account.of("instance")):
            raise RefusedError("InvalidNetworkInterface.InUse", f"Interface: [{given[0]}] in use.")
        return (
            account.one("subnet", interface["props"]["subnetId"]),
            interface,
            interface["props"]["privateIp"],
        )
    if not props.get("subnetId"):
        raise RefusedError("MissingInput", "No subnets found for the default VPC 'null'.")
    subnet = account.one("subnet", props["subnetId"])
    return subnet, None, addresses.private(account, subnet["id"], props.get("privateIp"))


def _check_image(kind: str, ami: str | None) -> None:
    image = lookups.image(ami) if ami else None
    architecture = lookups.architecture(kind)
    if image is not None and image["architecture"] != architecture:
        raise RefusedError(
            "InvalidParameterValue",
            f"The architecture '{architecture}' of the specified instance type does not match the "
            f"architecture '{image['architecture']}' of the specified AMI.",
        )


def _check_user_data(props: dict[str, Any]) -> None:
    if len(user_data(props)) > LARGEST_USER_DATA:
        raise RefusedError("InvalidParameterValue", "User data is limited to 16384 bytes")


def no_capacity(kind: str, zone: str) -> str:
    others = ", ".join(other for other in lookups.zones_with(kind, zone[:-1]) if other != zone)
    return (
        f"We currently do not have sufficient {kind} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity. You can currently get "
        f"{kind} capacity by not specifying an Availability Zone in your request or choosing {others}."
    )


def _root(props: dict[str, Any]) -> dict[str, Any]:
    given = next(values(props, "rootBlockDevice"), {})
    return {
        "volumeId": new_id("vol-"),
        "deviceName": "/dev/xvda",
        "volumeType": "gp3",
        "volumeSize": 8,
        **given,
    }


def _free(store: Store, account: Account, record: Record) -> None:
    """Before it goes, the provider lifts the lock only if `forceDestroy` was in force."""
    del store, account
    props = record["props"]
    if props.get("disableApiTermination") and not props.get("forceDestroy"):
        raise RefusedError(
            "OperationNotPermitted",
            f"The instance '{record['id']}' may not be terminated. Modify its 'disableApiTermination' "
            "instance attribute and try again.",
            "TerminateInstances",
        )


def _first_version(store: Store, account: Account, record: Record) -> None:
    del store, account
    record["props"] |= {"latestVersion": 1, "defaultVersion": 1}


def _next_version(store: Store, before: Record, record: Record) -> None:
    """Tags and the default's number are the template's own; anything else makes a version."""
    own = ("tags", "tagsAll", "updateDefaultVersion", "defaultVersion", "description")
    if all(before["props"].get(key) == value for key, value in record["props"].items() if key not in own):
        return
    with store.change() as account:
        props = account.one("launchTemplate", record["id"])["props"]
        props["latestVersion"] += 1
        if props.get("updateDefaultVersion"):
            props["defaultVersion"] = props["latestVersion"]


HOOKS = {
    "launchTemplate": Hooks(prepare=_first_version, changed=_next_version),
    "instance": Hooks(
        prepare=_prepare,
        made=instances.made,
        changed=instances.changed,
        gone=volumes.instance_gone,
        alive=instances.alive,
        free=_free,
    ),
}
