"""What is on a machine, so that before and after can be compared: files, users, units, firewall rules."""

import json

from tests.e2e_hosts.prepared import Prepared

# Runs on the machine. What the distribution, cloud-init and the clock write by themselves is left out.
_LOOK = r"""
import grp, hashlib, json, os, pathlib, pwd, stat, subprocess
ROOTS = ["/etc", "/home", "/opt", "/root", "/srv", "/usr/local", "/var", "/shared"]
OWN = ("/var/log", "/var/cache/apt", "/var/cache/agent-fleet", "/var/cache/debconf", "/var/cache/ldconfig",
       "/var/lib/apt", "/var/lib/dpkg", "/var/lib/systemd", "/var/lib/cloud", "/var/tmp", "/var/backups",
       "/etc/agent-fleet-firewall", "/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-",
       "/etc/subuid-", "/etc/subgid-", "/etc/.pwd.lock", "/etc/ld.so.cache", "/etc/mtab", "/etc/resolv.conf")
files = {}
def look(path):
    if str(path).startswith(OWN):
        return
    found = path.lstat()
    what = [stat.filemode(found.st_mode), found.st_uid, found.st_gid]
    if path.is_symlink():
        what.append(os.readlink(path))
    elif path.is_file():
        what.append(hashlib.sha256(path.read_bytes()).hexdigest())
    files[str(path)] = what
    if path.is_dir() and not path.is_symlink():
        for entry in sorted(path.iterdir()):
            look(entry)
for root in ROOTS:
    if os.path.exists(root):
        look(pathlib.Path(root))
def lines(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout.splitlines()
SHOWN = ["--type=service,timer,mount", "--state=active", "--no-legend", "--plain"]
ACTIVE = lines("systemctl", "list-units", *SHOWN)
SESSIONS = ("user@", "user-runtime", "run-user", "session-")
print(json.dumps({
    "files": files,
    "users": {user.pw_name: [user.pw_uid, user.pw_dir, user.pw_shell] for user in pwd.getpwall()},
    "groups": {group.gr_name: group.gr_gid for group in grp.getgrall()},
    "unit files": lines("systemctl", "list-unit-files", "--no-legend", "--no-pager"),
    "active": sorted(line.split()[0] for line in ACTIVE if not line.startswith(SESSIONS)),
    "rules": lines("nft", "list", "ruleset"),
    "listening": sorted(line.split()[3] for line in lines("ss", "-Hltn")),
}))
"""


def snapshot(prepared: Prepared, name: str) -> dict[str, object]:
    return json.loads(prepared.stack.inside(name, "python3", "-", data=_LOOK))


# What people ran, with its logs: it is theirs.
JOBS = "/shared/jobs"


def differences(before: dict[str, object], after: dict[str, object]) -> list[str]:
    """A line per thing that came, went or changed."""
    found: list[str] = []
    for kind, was in before.items():
        now = after[kind]
        if isinstance(was, dict) and isinstance(now, dict):
            found += [
                f"{kind}: {key} was {was.get(key)}, is {now.get(key)}"
                for key in {*was, *now}
                if was.get(key) != now.get(key)
            ]
        elif isinstance(was, list) and isinstance(now, list):
            found += [f"{kind}: - {line}" for line in was if line not in now]
            found += [f"{kind}: + {line}" for line in now if line not in was]
    return sorted(line for line in found if JOBS not in line)
