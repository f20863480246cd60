"""Pools whose workers the platform's own scaler starts and ends: what it needs for that, made before it."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi

from components import boot, cloud_init
from components.call import Call
from components.cloud import Launch, LaunchArgs, Machine, Secret
from components.fleet import ElasticPool
from components.platform import Platform
from components.ports import WORKER
from components.site import Site, with_logins


def launches(site: Site, platform: Platform, controller: Machine) -> dict[str, Launch]:
    """By pool, how its workers are launched. All have one secret, which they fetch by their role."""
    calls = {
        pool.name: with_logins(site, platform.elastic(site.fleet, pool, site.keys, controller))
        for pool in site.fleet.elastic
    }
    if not calls:
        return {}
    (value,) = next(iter(calls.values())).secrets.values()
    secret = site.cloud.Secret(
        "worker-secret", site.fleet, WORKER, pulumi.Output.secret(value), pulumi.ResourceOptions()
    )
    return {pool.name: _launch(site, pool, calls[pool.name], secret) for pool in site.fleet.elastic}


def _launch(site: Site, pool: ElasticPool, call: Call, secret: Secret) -> Launch:
    settings = {**call.settings, "TOKEN_PARAMETER": secret.name}
    args = LaunchArgs(
        fleet=site.fleet,
        pool=pool,
        network=site.network,
        groups=site.groups,
        identities=site.identities,
        user_data=pulumi.Output.all(
            settings=pulumi.Output.all(**cast(Mapping[str, Any], settings)), role=site.of_role(WORKER)
        ).apply(lambda known: _user_data(site, call, known["settings"], known["role"])),
    )
    return site.cloud.Launch(pool.name, args, pulumi.ResourceOptions())


def _user_data(site: Site, call: Call, settings: Mapping[str, Any], role: Mapping[str, Any]) -> str:
    return cloud_init.nameless(
        authorized_keys=role["authorized_keys"].splitlines(),
        setup=role["setup"],
        apt_mirror=site.fleet.config.packages.apt_mirror,
        files=boot.files(call, settings),
        commands=[boot.RUN],
    )
