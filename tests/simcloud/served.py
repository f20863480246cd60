"""What the answering host of each VPC is told: instances, mount targets, parameters, and its firewall."""

import json
from typing import Any

from tests.simcloud import addresses, certificates, clouds, firewall, wires
from tests.simcloud.clouds import Target
from tests.simcloud.store import Account, Store, write


def settle(store: Store) -> None:
    """Brings everything that follows from the account up to date: firewalls, metadata, mount targets."""
    firewall.refresh(store)
    refresh(store)


def refresh(store: Store) -> None:
    """Writes the state of every VPC, and waits until what changed is in force."""
    with store.lock("served"):
        account = store.read()
        for vpc in account.of("vpc"):
            file = wires.folder(store, vpc["id"]) / "state.json"
            if not file.parent.exists():
                continue
            before: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {"serial": 0}
            told = {"serial": before["serial"], **_state(store, account, vpc["id"])}
            if told == before:
                continue
            told["serial"] = before["serial"] + 1
            write(file, json.dumps(told))
            answering = addresses.served(addresses.cidr_of_vpc(account, vpc["id"]))
            wires.wait_for(store, vpc["id"], str(answering), told["serial"])


def _state(store: Store, account: Account, vpc: str) -> dict[str, Any]:
    face = clouds.of(account)
    targets = [target for target in face.targets(account) if target.vpc == vpc]
    return {
        "cloud": face.NAME,
        "account": face.ACCOUNT,
        "targets": {target.address: _target(store, vpc, target) for target in targets},
        "instances": {
            instance["props"]["privateIp"]: face.instance(account, instance)
            for instance in account.of("instance")
            if instance["sim"].get("vpc") == vpc
        },
        "parameters": face.parameters(account),
        "nft": _closed(targets),
    }


def _target(store: Store, vpc: str, target: Target) -> dict[str, str]:
    found = {"fs": target.file_system}
    if target.tls:
        folder = wires.folder(store, vpc) / "certificates"
        found["certificate"] = certificates.of_server(store, folder, target.name)
    return found


def _closed(targets: list[Target]) -> str:
    """Mount targets let in whom they say; the rest of the host answers to all of the VPC."""
    lines: list[str] = []
    for target in targets:
        where = f"ip daddr {target.address}"
        lines += [f"        {where} {rule}" for rule in target.lets_in]
        lines.append(f"        {where} drop")
    return "\n".join(
        [
            *(
                "table inet simcloud",
                "delete table inet simcloud",
                "table inet simcloud {",
                "    chain input {",
            ),
            "        type filter hook input priority filter; policy accept;",
            "        ct state established accept",
            *lines,
            *("    }", "}", ""),
        ]
    )
