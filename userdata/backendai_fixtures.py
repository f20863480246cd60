"""What a Backend.AI database begins with, without any of the users and keys that the package ships.

    backendai_fixtures.py SHIPPED TO     the package's folder of fixtures, and where two files are written

Told on standard input, as JSON: admin (email, password, accessKey, secretKey), proxyToken, registries.
"""

import json
import sys
import uuid
from pathlib import Path

# Rows of one administrator are taken from these tables, those of all other users are left out.
NAMES = (
    "resource-slot-types",
    "resource-presets",
    "runtime-variants",
    "runtime-variant-presets",
    "role-presets",
)
LATER = ("prometheus-query-preset-categories", "prometheus-query-presets", "retention-policies")


def shipped(name):
    return json.loads((Path(sys.argv[1]) / f"example-{name}.json").read_text())


def people(told):
    tables, keypairs = shipped("users"), shipped("keypairs")
    admin = tables["users"][0]
    gone = {user["uuid"] for user in tables["users"][1:]}
    own = {row["group_id"] for row in tables["association_groups_users"]}
    personal = {
        group["id"]
        for group in tables["groups"]
        if group["type"] == "personal" and group["creator_id"] != admin["uuid"]
    }
    admin.update(email=told["admin"]["email"], password=told["admin"]["password"])
    admin.update(full_name="", description="")
    tables["users"] = [admin]
    tables["groups"] = [
        {**group, "creator_id": admin["uuid"]} for group in tables["groups"] if group["id"] not in personal
    ]
    tables["association_groups_users"] = [
        row
        for row in tables["association_groups_users"]
        if row["user_id"] == admin["uuid"] and row["group_id"] in own - personal
    ]
    nodes = [row for row in tables["virtual_entities"] if row["entity_id"] not in gone | personal]
    known = {row["id"] for row in nodes}
    members = [
        row
        for row in tables["entity_memberships"]
        if {row["virtual_entity_id"], row["member_entity_id"]} <= known
    ]
    tables["virtual_entities"], tables["entity_memberships"] = nodes, members
    tables["scope_bindings"] = [
        row for row in tables["scope_bindings"] if {row["virtual_entity_id"], row["scope_entity_id"]} <= known
    ]
    kept = {row["id"] for row in members}
    tables["entity_membership_caps"] = [
        row for row in tables["entity_membership_caps"] if row["membership_id"] in kept
    ]
    for group in tables["scaling_groups"]:
        group.update(wsproxy_addr=None, wsproxy_api_token=told["proxyToken"])
    key = next(row for row in keypairs["keypairs"] if row["user"] == admin["uuid"])
    key.update(access_key=told["admin"]["accessKey"], secret_key=told["admin"]["secretKey"])
    keypairs["keypairs"] = [key]
    return tables, keypairs


def registries(told):
    """By an id of their own, so that a second run adds none twice."""
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{row['url']}#{row['project']}")),
            "registry_name": row["name"],
            "url": row["url"],
            "type": row["type"],
            "project": row["project"],
        }
        for row in told["registries"]
    ]


def main():
    told = json.load(sys.stdin)
    tables, keypairs = people(told)
    first = {**tables, "container_registries": registries(told), **keypairs}
    for name in NAMES:
        first.update(shipped(name))
    for preset in first["resource_presets"]:
        if "shared_memory" in preset:
            preset["shared_memory"] = int(preset["shared_memory"])
    second = {}
    for name in LATER:
        second.update(shipped(name))
    for name, content in (("first", first), ("second", second)):
        (Path(sys.argv[2]) / f"{name}.json").write_text(json.dumps(content))


main()
