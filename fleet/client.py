"""`client`: a folder with what a laptop needs to use a cluster by the platform's own commands."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from fleet import stack
from fleet.cluster import Login, login_of, user_config
from fleet.errors import UserError
from fleet.inventory import ClientConfig, Inventory
from fleet.private import write_private
from fleet.ssh_files import known_hosts

TEMPLATES = Path(__file__).parent / "client_files"
HEAD = "head"

# These paths pass through YAML, ssh's config, rsync's --rsh and sed; none of them quotes alike.
PLAIN_PATH = re.compile(r"[A-Za-z0-9/._+@-]+")


@dataclass(frozen=True)
class Laptop:
    """What the files are made from. `folder` is absolute; `pip` are requirements."""

    inventory: Inventory
    login: Login
    pip: tuple[str, ...]
    folder: Path

    @property
    def cluster(self) -> str:
        return f"{self.inventory.team}-{self.inventory.stack}"


def client(name: str, folder: Path) -> int:
    """Writes the files; the private key is 0600."""
    inventory, outputs = stack.read(name)
    texts = outputs.get("clientConfig", {}).get("files")
    if texts:
        write_files(folder, texts)
        print(f"Written to {folder}: {', '.join(sorted(texts))}. Passwords are in the output `clientConfig`.")
        return 0
    config = ClientConfig.from_outputs(name, outputs)
    laptop = Laptop(inventory, login_of(inventory, config), config.pip, folder.resolve())
    write(laptop)
    print(f"Written to {laptop.folder}. With eo-grow and Ray installed ({pip_line(laptop)}):")
    print(f"  . {laptop.folder}/activate\n  eogrow-ray {laptop.folder}/cluster.yaml CONFIG.json")
    return 0


def write(laptop: Laptop) -> None:
    folder = laptop.folder
    if not PLAIN_PATH.fullmatch(str(folder)):
        raise UserError(f"--dir {folder}: only letters, digits and / . _ + @ - can be in the path")
    write_files(folder, files(laptop), ("bin", "launcher/ray"))


def write_files(folder: Path, texts: Mapping[str, str], folders: Sequence[str] = ()) -> None:
    """Texts by path below the folder; those in `bin` can be run."""
    if folder.exists() and not folder.is_dir():
        raise UserError(f"--dir {folder}: is a file; choose a folder")
    try:
        for made in (folder, *(folder / name for name in folders)):
            made.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, text in texts.items():
            write_private(folder / path, text, 0o700 if path.startswith("bin/") else 0o600)
    except OSError as error:
        raise UserError(f"--dir {folder}: cannot be written ({error.strerror})") from None


def files(laptop: Laptop) -> dict[str, str]:
    """Texts by path below the folder. Pure."""
    jump = laptop.inventory.jump_host
    return {
        "cluster.yaml": _cluster_yaml(laptop),
        "head.json": _launcher_state(laptop),
        "key": laptop.login.key.rstrip("\n") + "\n",
        "known_hosts": known_hosts((laptop.login.master,)),
        # people have a login of their own on a jump host
        "ssh_config": user_config(
            laptop.login, HEAD, laptop.folder, key="key", hop=jump.host if jump else None
        ),
        "bin/ray": _filled("ray", laptop),
        "activate": _filled("activate", laptop),
        "README.md": _filled("README.md", laptop),
    }


def pip_line(laptop: Laptop) -> str:
    quoted = (f"'{wanted}'" if re.search(r"[<>!;*\[ ]", wanted) else wanted for wanted in laptop.pip)
    return f"pip install {' '.join(quoted)}"


def _cluster_yaml(laptop: Laptop) -> str:
    """Ray's launcher checks no host key and knows no port, so it goes through an ssh that does both."""
    folder = laptop.folder
    document: dict[str, Any] = {
        "cluster_name": laptop.cluster,
        "provider": {"type": "local", "head_ip": laptop.login.master.private_ip, "worker_ips": []},
        "auth": {
            "ssh_user": laptop.login.user,
            "ssh_private_key": f"{folder}/key",
            "ssh_proxy_command": f"ssh -F {folder}/ssh_config -W 127.0.0.1:22 {HEAD}",
        },
    }
    return yaml.safe_dump(document, sort_keys=False)


def _launcher_state(laptop: Laptop) -> str:
    """What the launcher would have noted had it started the head itself."""
    tags = {
        "ray-node-type": "head",
        "ray-user-node-type": "local.cluster.node",
        "ray-node-name": f"ray-{laptop.cluster}-head",
        "ray-node-status": "up-to-date",
    }
    return json.dumps({laptop.login.master.private_ip: {"tags": tags, "state": "running"}})


def _filled(template: str, laptop: Laptop) -> str:
    text = (TEMPLATES / template).read_text()
    values = {
        "CLUSTER": laptop.cluster,
        "DIR": str(laptop.folder),
        "HEAD": HEAD,
        "PIP": pip_line(laptop),
        "STORAGE": laptop.inventory.mount_path,
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
