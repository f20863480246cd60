"""How each method is started: its argv and its environment, on prepared hosts and written work."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bench.rivals.hosts import Hosts
from fleet.engine.paths import ROOT
from tests.e2e_hosts.prepared import OPERATOR

FILES = Path(__file__).parent / "files"
RIVALS = ROOT / ".fleet/rivals/bin"


@dataclass(frozen=True)
class Method:
    """`more` is added to the environment."""

    name: str
    argv: list[str]
    more: Mapping[str, str] = field(default_factory=dict[str, str])
    folder: Path = ROOT

    @property
    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
        clean.pop("SSH_AUTH_SOCK", None)
        return {**clean, **self.more}


def plain_ssh(hosts: Hosts, work: Path) -> Method:
    argv = ["bash", str(FILES / "plain.sh"), str(hosts.ssh_config), str(work), *hosts.workers]
    return Method("plain ssh", argv)


def ansible(hosts: Hosts, work: Path, forks: int) -> Method:
    """With pipelining, and the connections that it shares by default."""
    inventory = hosts.folder / "ansible.yaml"
    there = {node: {"ansible_host": address} for node, address in hosts.addresses.items()}
    workers = {"hosts": {node: there[node] for node in hosts.workers}}
    document = {"all": {"hosts": {"master": there["master"]}, "children": {"workers": workers}}}
    inventory.write_text(yaml.safe_dump(document))
    argv = [
        str(RIVALS / "ansible-playbook"),
        f"--inventory={inventory}",
        f"--forks={forks}",
        f"--extra-vars={json.dumps({'folder': str(work)})}",
        str(FILES / "playbook.yaml"),
    ]
    options = f"-F {hosts.ssh_config}"
    more = {
        "ANSIBLE_PIPELINING": "True",
        "ANSIBLE_SSH_ARGS": f"{options} -o ControlMaster=auto -o ControlPersist=60s",
        "ANSIBLE_REMOTE_USER": OPERATOR,
        "ANSIBLE_PRIVATE_KEY_FILE": str(hosts.key),
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_RETRY_FILES_ENABLED": "False",
        "ANSIBLE_LOCAL_TEMP": str(hosts.folder / "ansible-tmp"),
        "PATH": f"{RIVALS}:{os.environ['PATH']}",
    }
    return Method(f"ansible, {forks} forks", argv, more)


def pyinfra(hosts: Hosts, work: Path) -> Method:
    inventory = hosts.folder / "inventory.py"
    common = {
        "ssh_user": OPERATOR,
        "ssh_key": str(hosts.key),
        "ssh_known_hosts_file": str(hosts.known_hosts),
        "ssh_strict_host_key_checking": "yes",
        "folder": str(work),
    }
    there = [(node, {"ssh_hostname": address, **common}) for node, address in hosts.addresses.items()]
    inventory.write_text(f"nodes = {there!r}\n")
    return Method("pyinfra", [str(RIVALS / "pyinfra"), "--yes", str(inventory), str(FILES / "deploy.py")])


def ours(project: Path, stack: str) -> Method:
    """A stack on these hosts, as `make up` makes it, from a copy of the project."""
    argv = [str(ROOT / "venv/bin/python"), "-m", "fleet", "up", stack]
    return Method("agent-fleet", argv, {"SIM": "1"}, project)
