"""The whole program on a simulated account, without engine and hosts: nothing that it asks for is refused."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime import mocks, rpc

from tests.e2e_alicloud.project import ClusterFleet, GpuFleet
from tests.e2e_aws.project import SimulatedFleet
from tests.graph.recording import STACK, Answers, run
from tests.simcloud import catalogue, clouds, resources
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.store import Account, Store

SECRETS = {"superviselyApiTokens": "canary-api-" + "0" * 20}
Run = Callable[[dict[str, Any]], Account]


class Simulated(Answers):
    """The account's answers for a cloud's resources and look-ups."""

    def __init__(self, cloud: str, store: Store) -> None:
        super().__init__()
        self._face, self._store = clouds.named(cloud), store
        self._region = self._face.region({})
        self.refused: list[str] = []

    def call(self, args: mocks.MockCallArgs) -> Any:
        answer = self._face.LOOK_UPS[args.token]
        try:
            return {**args.args, **answer(self._store.read(), dict(args.args), self._region)}
        except RefusedError as refusal:
            return {}, [("", str(refusal))]

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        kind = catalogue.by_token(self._face.NAME).get(args.typ)
        if kind is None:
            assert not args.typ.startswith(f"{self._face.NAME}:"), f"simcloud has no {args.typ}"
            return super().new_resource(args)
        inputs = {
            key: rpc.unwrap_rpc_secret(value)
            for key, value in args.inputs.items()
            if value is not None and key != "version"
        }
        hooks = self._face.HOOKS.get(kind.name, Hooks())
        only = Hooks(prepare=hooks.prepare)
        self.refused += [f"{args.typ} has no {path}" for path in catalogue.unknown(kind.token, inputs)]
        record = resources.create(self._store, kind, only, args.name, "", self._region, inputs)
        return record["id"], {**args.inputs, **record["props"]}


@pytest.fixture
def made(tmp_path: Path) -> Run:
    """What a run of the program leaves in the account."""

    store = Store(STACK, tmp_path)

    def run_it(config: dict[str, Any]) -> Account:
        config = {key: value for key, value in config.items() if value is not None}
        answers = Simulated(config["cloud"], store)
        run(
            config,
            SECRETS if "gpuVms" in config else {},
            answers,
            mocks.MockMonitor(answers),
            lambda: asyncio.sleep(0),
        )
        assert answers.refused == []
        return store.read()

    return run_it


def names(account: Account, kind: str) -> list[str]:
    return sorted(one["name"] for one in account.of(kind))


def test_gpu_vms_on_alibaba_cloud(made: Run) -> None:
    account = made(GpuFleet.described)
    assert names(account, "instance") == ["keeps-instance", "renews-instance"]
    assert len(list(clouds.of(account).mapped(account))) == 2


def test_a_private_gpu_vm_on_alibaba_cloud_goes_out_through_nat(made: Run) -> None:
    (vm, _) = GpuFleet.described["gpuVms"]
    account = made({**GpuFleet.described, "gpuVms": [{**vm, "internetMbps": 0}]})
    assert len(names(account, "snatEntry")) == len(names(account, "natGateway")) == 1
    assert list(clouds.of(account).mapped(account)) == []


@pytest.mark.parametrize("private", [False, True])
def test_a_cluster_on_alibaba_cloud(made: Run, private: bool) -> None:
    network = {**ClusterFleet.described["network"], "private": private}
    account = made({**ClusterFleet.described, "network": network})
    assert names(account, "instance") == ["master-instance", "steady-1-instance", "steady-2-instance"]
    (target,) = clouds.of(account).targets(account)
    assert target.lets_in == ("ip saddr 10.90.0.0/16 accept",)
    assert len(list(clouds.of(account).mapped(account))) == (1 if private else 3)


def with_databases(described: dict[str, Any]) -> dict[str, Any]:
    """The same stack on a platform whose master has some."""
    cluster = {**described["cluster"], "platform": "backendai", "settings": {}}
    cluster["pools"] = [pool for pool in cluster["pools"] if "elastic" not in pool]
    return {**described, "cluster": cluster}


def test_databases_lie_on_a_disk_of_the_masters(made: Run) -> None:
    account = made(with_databases(ClusterFleet.described))
    (disk,), (attachment,) = account.of("disk"), account.of("diskAttachment")
    (master,) = (one for one in account.of("instance") if one["name"] == "master-instance")
    assert attachment["id"] == f"{disk['id']}:{master['id']}"
    assert clouds.named("alicloud").device(disk["id"]) in master["sim"]["userData"]


def test_databases_lie_on_a_volume_of_the_masters(made: Run) -> None:
    account = made(with_databases(SimulatedFleet.described))
    (volume,), (attachment,) = account.of("volume"), account.of("volumeAttachment")
    (master,) = (one for one in account.of("instance") if one["name"] == "master-instance")
    assert (attachment["props"]["volumeId"], attachment["props"]["instanceId"]) == (
        volume["id"],
        master["id"],
    )
    assert clouds.named("aws").device(volume["id"]) in master["sim"]["userData"]


def test_gpu_vms_on_aws(made: Run) -> None:
    vm = {**GpuFleet.described["gpuVms"][0], "instanceType": "g4dn.xlarge"}
    account = made({**SimulatedFleet.described, "cluster": None, "storage": None, "gpuVms": [vm]})
    assert names(account, "instance") == ["keeps-instance"]
    assert not names(account, "fileSystem")


def test_a_cluster_on_aws(made: Run) -> None:
    account = made(SimulatedFleet.described)
    assert names(account, "instance") == ["master-instance", "steady-1-instance", "steady-2-instance"]
