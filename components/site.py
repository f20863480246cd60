"""Where the machines of a stack stand, and how one is made there."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import pulumi

from components import cloud_init
from components.call import Call
from components.cloud import Cloud, Machine, MachineArgs, SharedStorage, StateVolume
from components.cloud_init import WITHOUT, Setup, together
from components.fleet import Fleet, Node
from components.keys import Keys
from components.ports import Role


class Site:
    """Where the machines of one stack stand: its cloud, network, security groups, storage and keys.

    There is storage only where there is a cluster to share it. `before_master` must be there before the
    master, and goes after it.
    """

    def __init__(self, cloud: Cloud, fleet: Fleet, keys: Keys) -> None:
        self.cloud = cloud
        self.fleet = fleet
        self.keys = keys
        opts = pulumi.ResourceOptions()
        self.network = cloud.Network("network", fleet, opts)
        self.groups = cloud.SecurityGroups("security-groups", fleet, self.network, opts)
        self.storage = (
            cloud.SharedStorage("storage", fleet, self.network, self.groups, opts) if fleet.sharing else None
        )
        self.identities = cloud.Identities("identities", fleet, self.network, self.groups, self.storage, opts)
        self.before_master: list[pulumi.Resource] = []
        if fleet.elastic:
            reaper = cloud.Reaper("reaper", fleet, self.network, self.identities, opts)
            self.before_master.append(reaper.resource)
        self.login = keys.key_pair("login")
        self.authorized_keys = self.login.apply(
            lambda login: "\n".join([login.public, *fleet.config.access.ssh_public_keys])
        )

    def storage_of(self, role: Role) -> SharedStorage | None:
        return self.storage if role in self.fleet.sharing else None

    @cache  # noqa: B019 - there is one instance, which lives as long as the program
    def of_role(self, role: Role) -> pulumi.Output[dict[str, Any]]:
        """What the user data of a role's machines have in common; known when rules and storage are there."""
        storage = self.storage_of(role)
        return pulumi.Output.all(
            authorized_keys=self.authorized_keys,
            # before the storage, and with it people's work, is there
            setup=(storage.mounting if storage else pulumi.Output.from_input(WITHOUT)).apply(
                lambda mounting: together(self.identities.guard[role], mounting)
            ),
            group=self.groups.ids[role],
        )


def machine(
    site: Site,
    node: Node,
    *,
    public: bool,
    opts: pulumi.ResourceOptions,
    tags: Mapping[str, str] = MappingProxyType({}),
    setup: Setup = WITHOUT,
    state_volume: StateVolume | None = None,
) -> Machine:
    """A machine whose host key is known before the first contact and that lets in the stack's login key.

    `setup` is what it does at first boot besides what its role does.
    """
    host = site.keys.key_pair(f"host/{node.name}")
    disk = state_volume.mounting if state_volume else pulumi.Output.from_input(WITHOUT)
    user_data = pulumi.Output.all(host, site.of_role(node.role), disk).apply(
        lambda known: cloud_init.document(
            hostname=node.name,
            host_private_key=known[0].private,
            host_public_key=known[0].public,
            authorized_keys=known[1]["authorized_keys"].splitlines(),
            setup=together(known[1]["setup"], known[2], setup),
            apt_mirror=site.fleet.config.packages.apt_mirror,
        )
    )
    args = MachineArgs(
        fleet=site.fleet,
        node=node,
        network=site.network,
        groups=site.groups,
        storage=site.storage_of(node.role),
        identities=site.identities,
        user_data=user_data,
        login=site.login,
        host=host,
        public=public,
        state_volume=state_volume,
        team_key=site.keys.given("sshPrivateKey"),
        tags=tags,
    )
    return site.cloud.Machine(node.name, args, opts)


def with_logins(site: Site, call: Call) -> Call:
    """The call, told who may log in: user data says it at first boot only."""
    return replace(call, settings={**call.settings, "AUTHORIZED_KEYS": site.authorized_keys})
