"""A control plane, and a stack of GPU VMs whose agents join it by its outputs, driven by `python -m fleet`.

Local stacks are kept apart from each other; these two are peered, as networks of a cloud would be. A host's
packets reach the other network with the address of that network's gateway.
"""

import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

from tests.e2e.project import Fleet, wait_until
from tests.supervisely.project import GpuFleet

OWN, JOINING = "10.89.192", "10.89.208"
API = ("127.0.0.1", 8081)
SECRETS = ("backendaiEtcdPassword", "backendaiApiKeys")


def control_plane(folder: Path) -> Fleet:
    made = Fleet(folder, "t-bai-own")
    made.config = {
        "team": "tests",
        "cloud": "local",
        "network": {"cidr": f"{OWN}.0/20"},
        "storage": {"mountPath": "/shared", "onDestroy": "delete"},
        "cluster": {
            "platform": "backendai",
            "settings": {
                "dummyPools": ["pretended"],
                "reservedMemoryGiB": 0.5,
                "agentNetworks": [f"{OWN}.1/32", f"{JOINING}.0/20"],
            },
            "master": {"cpus": 2, "memoryGiB": 3},
            "pools": [{"name": "pretended", "count": 1, "cpus": 1, "memoryGiB": 1.5}],
        },
    }
    made.write()
    return made


class JoiningFleet(GpuFleet):
    """Two agents that only pretend to run sessions."""

    def __init__(self, folder: Path, join: dict[str, Any]) -> None:
        self._secrets: dict[str, Any] = {}
        self._salt = ""
        Fleet.__init__(self, folder, "t-bai-join")
        self._told = {key: value for key, value in join.items() if key not in SECRETS}
        self.config = {
            "team": "tests",
            "cloud": "local",
            "network": {"cidr": f"{JOINING}.0/20"},
            "gpuVms": [self.described(name) for name in ("first", "second")],
        }

    def described(self, name: str) -> dict[str, Any]:
        settings = {
            **self._told,
            # what `fleet tunnel` opens
            "apiEndpoint": f"http://{API[0]}:{API[1]}",
            "managerNetworks": [f"{JOINING}.1/32", f"{OWN}.0/20"],
            "resourceGroup": "pretended",
            "reservedMemoryGiB": 0.5,
            "drainMinutes": 1,
            "dummy": True,
        }
        return {"name": name, "platform": "backendai", "cpus": 1, "memoryGiB": 1.5, "settings": settings}

    def pid(self, node: str) -> str:
        return self.ssh(node, "systemctl show -P MainPID backendai-agent").strip()


class Peering:
    """What podman's isolation of networks would drop between the two; needs root, as local hosts do."""

    def __init__(self) -> None:
        pairs = ((OWN, JOINING), (JOINING, OWN))
        self._rules = [["-s", f"{one}.0/20", "-d", f"{other}.0/20", "-j", "ACCEPT"] for one, other in pairs]

    def open(self) -> None:
        for rule in self._rules:
            subprocess.run(["iptables", "-I", "FORWARD", *rule], check=True)

    def close(self) -> None:
        for rule in self._rules:
            subprocess.run(["iptables", "-D", "FORWARD", *rule], check=True)


class Tunnel:
    """`fleet tunnel`, as somebody keeps it open beside a run."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._process: subprocess.Popen[str] | None = None

    def open(self) -> None:
        self._process = self._fleet.start("tunnel", self._fleet.stack)
        wait_until("the tunnel is open", _listens, 60)

    def close(self) -> None:
        if self._process:
            self._process.send_signal(signal.SIGINT)
            self._process.communicate(timeout=30)
            self._process = None


def _listens() -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(API) == 0
