"""What a machine that no step ever visits does at first boot, as parts of its user data. Pure."""

import hashlib
from collections.abc import Mapping

from components import scripts
from components.call import Call
from components.scripts import Setting

SERVICE = "agent-fleet-boot.service"
# cloud-init must not wait for it: a platform's script waits for cloud-init
RUN = ["systemctl", "enable", "--now", "--no-block", SERVICE]


def files(call: Call, settings: Mapping[str, Setting]) -> list[dict[str, str]]:
    """`write_files` of user data: the service, its script, and `call` with the values that it is known by.

    `settings` are the call's own, with what a component adds. No secret belongs here: who may read user
    data is said in docs/security.md. The platform's script itself comes from the shared storage.
    """
    if leaked := call.secrets.keys() & settings.keys():
        raise ValueError(f"{sorted(leaked)} would be in user data")
    values = {
        **settings,
        "DIGEST": hashlib.sha256(scripts.script_of(call.scripts).encode()).hexdigest(),
        "SCRIPT": f"{scripts.INSTALLED}/{call.scripts[-1]}.sh",
        "VERB": call.verb,
    }
    return [
        _file("/etc/agent-fleet/boot.conf", "0600", scripts.assignments(values)),
        _file(f"{scripts.INSTALLED}/boot.sh", "0700", (scripts.USERDATA / "boot.sh").read_text()),
        _file(f"/etc/systemd/system/{SERVICE}", "0644", (scripts.USERDATA / "boot.service").read_text()),
    ]


def _file(path: str, mode: str, content: str) -> dict[str, str]:
    return {"path": path, "permissions": mode, "owner": "root:root", "content": content}
