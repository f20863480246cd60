"""Takes a machine that exists already, and gives it back: `python3 -m components.clouds.hosts.lease VERB`.

    take       makes the stack's login user, if no other stack holds the machine and it is what the file says
    give-back  takes away what the lease and the steps made
    close      loads the firewall's rules, and takes them back if they shut this computer out
    open       takes them away

What machine.py says of the machine comes as JSON on standard input. Every verb may be repeated. Prints one
JSON object; what is wrong is one message on standard error, with exit code 1.
"""

import json
import os
import random
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from components.clouds.hosts import ssh
from components.scripts import LOGIN_USER, USERDATA, assignments, minified, packed, script_of
from components.verbs import Asked, run

# A machine that reboots is back by then; one that is gone must not hold up the others for long.
PATIENCE_SECONDS = 60
# An upgrade that is under way on the machine holds up what the lease installs.
SCRIPT_SECONDS = 900
FORGET = "FLEET_FORGET_HOSTS"


class LeaseError(Exception):
    """What is wrong, and what to do about it."""


class UnreachableError(LeaseError):
    """No connection, again and again."""


def take(document: Asked) -> dict[str, object]:
    login = ssh.login_of(document)
    own: Mapping[str, str] = document["login"]
    told = {
        **document["settings"],
        "LOGIN_KEY": own["public"],
        "NOTED_SH": minified((USERDATA / "noted.sh").read_text()),
    }
    done = _script(login, "take", {**_whose(document), **told})
    _logs_in(replace(login, user=LOGIN_USER, key=own["private"]))
    return json.loads(done.out)


def give_back(document: Asked) -> dict[str, object]:
    return _forgiven(document, lambda login: _script(login, "give_back", _whose(document)))


def close(document: Asked) -> dict[str, object]:
    login = ssh.login_of(document)
    told = {**_whose(document), **document["settings"]}
    _script(login, "close", told)
    try:
        _script(login, "confirm", told)
    except UnreachableError as error:
        raise LeaseError(
            f"{login.address}: the firewall's rules would shut this computer out ({error}); they are taken "
            "back within a minute. `access.admins` must name the network that you come from"
        ) from None
    return {}


def open_(document: Asked) -> dict[str, object]:
    return _forgiven(document, lambda login: _script(login, "open", _whose(document)))


def _whose(document: Asked) -> dict[str, str]:
    """The stack is told by its login key, which no other has."""
    return {"ADDRESS": document["address"], "STACK_ID": document["login"]["public"].split()[1]}


def _forgiven(document: Asked, act: Callable[[ssh.Login], ssh.Done]) -> dict[str, object]:
    """A machine that is gone is forgotten where the operator says so."""
    login = ssh.login_of(document)
    try:
        act(login)
    except UnreachableError as error:
        if os.environ.get(FORGET) != "1":
            raise UnreachableError(
                f"{error}. What the stack made there cannot be taken away. Bring the machine back and run "
                f"the same again; if it is gone for good, run it once with {FORGET}=1"
            ) from None
        print(f"warning: {error}: it is forgotten as it is ({FORGET}=1)", file=sys.stderr)
    return {}


def _script(login: ssh.Login, verb: str, settings: Mapping[str, Any]) -> ssh.Done:
    """Runs a verb of userdata/lease.sh as root. Settings and the script travel on standard input."""
    unpack = 'IFS= read -r code; exec bash -c "$(printf %s "$code" | base64 -d | gunzip)" lease "$0"'
    command = ["sudo", "-n", "timeout", "--kill-after=30", str(SCRIPT_SECONDS), "bash", "-c", unpack, verb]
    done = _patiently(login, command, f"{packed(script_of(('lease',)))}\n{assignments(settings)}")
    if done.code:
        raise LeaseError(_why(login, done))
    return done


def _logs_in(login: ssh.Login) -> None:
    done = _patiently(login, ["sudo", "-n", "true"])
    if done.code:
        raise LeaseError(
            f"{login.address}: sshd or sudo does not let in {LOGIN_USER}, the user that the stack made for "
            f"its steps ({done.last}); look there for AllowUsers, AllowGroups and AuthorizedKeysFile"
        )


def _patiently(login: ssh.Login, command: list[str], data: str = "") -> ssh.Done:
    end, pause = time.monotonic() + PATIENCE_SECONDS, 0.5
    while True:
        done = ssh.run(login, command, data, SCRIPT_SECONDS + 60)
        if not done.is_lost:
            return done
        if time.monotonic() > end:
            raise UnreachableError(f"{login.address} cannot be reached{_by(login)}: {done.last}")
        # so that machines behind one jump host do not try in step
        time.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - no secret
        pause = min(pause * 1.5, 5)


def _by(login: ssh.Login) -> str:
    return f" through the jump host {login.jump.address}" if login.jump else ""


def _why(login: ssh.Login, done: ssh.Done) -> str:
    """ssh's own words, or those of the script, which name the machine."""
    said = done.said.strip()
    if "Host key verification failed" in said:
        return (
            f"{login.address}{_by(login)} does not show the host key that `access.hostKeys` has: it is "
            "another machine, or it was installed anew. Compare with its /etc/ssh/ssh_host_ed25519_key.pub"
        )
    if "Permission denied" in said and done.code == ssh.SSH_FAILED:
        return (
            f"{login.address}: {login.user} is not let in{_by(login)} with the key in `sshPrivateKey` "
            f"({done.last}); put its public half into that user's authorized_keys, or mend `access.user`"
        )
    if "sudo:" in said and ("password" in said or "not allowed" in said or "sudoers" in said):
        return f"{login.address}: {login.user} may not use sudo without a password there ({done.last})"
    # the address says it better than the machine's own name
    told = said.partition("error on ")[2].partition(": ")[2].replace(" (exit code 1)", "")
    return told or said or f"{login.address}: exit code {done.code}"


VERBS = {"take": take, "give-back": give_back, "close": close, "open": open_}

if __name__ == "__main__":
    sys.exit(run(__doc__, VERBS, LeaseError))
