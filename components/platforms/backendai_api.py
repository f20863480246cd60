"""What the operator's computer asks of a Backend.AI manager that agents of this stack join.

`python3 -m components.platforms.backendai_api VERB`:

enrol   asks what has to be right before anything is installed: the manager's version, the resource group,
        and that nobody else's agent has the same id; prints {id, name}
member  waits until the manager calls the agent ALIVE, in its group, of its version, with its GPUs, and
        reaches it by RPC; prints {seen}
leave   takes no new sessions, and waits until none runs or their time is over

Settings and the keypair are JSON on standard input. Standard library only: it runs without the project's own
packages. The calls themselves are those of the master, in userdata/backendai_api.py. Whatever the manager
serves besides, no agent but the one asked for is changed.
"""

import importlib.util
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.platforms.api_call import FORGET, ApiError, printed_before, say
from components.verbs import Asked, run

SOURCE = Path(__file__).parents[2] / "userdata" / "backendai_api.py"
MEMBER_SECONDS = 180
# A manager that does not answer is waited for that long.
SILENCE_SECONDS = 60
PAUSE_SECONDS = 2.0
PROGRESS_SECONDS = 30


def _calls() -> Any:
    found = importlib.util.spec_from_file_location("backendai_manager_api", SOURCE)
    if found is None or found.loader is None:
        raise ImportError(str(SOURCE))
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


calls = _calls()


def _server(asked: Asked) -> dict[str, str]:
    access, _, secret = str(asked["apiKeys"]).partition(":")
    return {"endpoint": str(asked["endpoint"]), "accessKey": access, "secretKey": secret}


def _may_come_back(error: Any) -> bool:
    return error.status == 0 or error.status >= 500


def _again(call: Callable[..., Any], *words: Any) -> Any:
    """For calls that may be made twice: while the manager does not answer, for SILENCE_SECONDS."""
    end = time.monotonic() + SILENCE_SECONDS
    while True:
        try:
            return call(*words)
        except calls.ManagerError as error:
            if not _may_come_back(error) or time.monotonic() > end:
                raise
            time.sleep(PAUSE_SECONDS)


def enrol(asked: Asked) -> dict[str, Any]:
    server, identity, group = _server(asked), asked["id"], asked["group"]
    found = _again(calls.version, server)
    if found != asked["version"]:
        raise ApiError(
            f"the manager at {server['endpoint']} is Backend.AI {found or 'of no known version'}, and "
            f"{asked['vm']} would have an agent of {asked['version']}: nothing was installed; both must have "
            "the same version"
        )
    known = sorted(
        one["name"] for one in _again(calls.graphql, server, "{ scaling_groups { name } }")["scaling_groups"]
    )
    if group not in known:
        raise ApiError(
            f"the manager has no resource group {group}, and would put {asked['vm']} into `default` in "
            f"silence; it has {', '.join(known)}: make it there, or name another as `resourceGroup`"
        )
    other = None if printed_before().get("id") == identity else _known(server, identity)
    if other and other["status"] == "ALIVE":
        raise ApiError(
            f"the manager has an agent {identity} that is ALIVE at {other['addr']}: another stack of the "
            "same name has joined; give the stack or its GPU VM another name"
        )
    say(f"{asked['vm']}: the manager is Backend.AI {found} and has the resource group {group}")
    return {"id": identity, "name": identity}


def _known(server: Asked, identity: str) -> dict[str, Any] | None:
    return next(iter(_again(calls.agents, server, identity)), None)


def member(asked: Asked) -> dict[str, Any]:
    end = time.monotonic() + MEMBER_SECONDS
    while True:
        try:
            wrong = _wrong(asked)
        except calls.ManagerError as error:
            # a manager that refuses the keypair refuses it the next time too
            if error.status in (401, 403):
                raise
            wrong = str(error)
        if not wrong:
            how = f"ALIVE in {asked['group']}, version {asked['version']}"
            return {"seen": f"the manager lists {asked['id']} as {how}, and reaches it"}
        if time.monotonic() > end:
            raise ApiError(
                f"{asked['vm']} is not as it should be at {asked['endpoint']} after {MEMBER_SECONDS} s: "
                f"{wrong}"
            )
        time.sleep(PAUSE_SECONDS)


def _wrong(asked: Asked) -> str:
    """Why the agent is not yet as it should be, or nothing. What the manager can put right is asked of it."""
    server, identity, group = _server(asked), asked["id"], asked["group"]
    try:
        known = calls.reached(server, identity)
    except calls.ManagerError as error:
        if error.status != 400:
            raise
        return (
            f"{error}; does the manager reach port 6001 of {asked['vm']} from `managerNetworks`, and is "
            "`managerPublicKey` its key?"
        )
    if known is None:
        return f"the manager does not know {identity}: has it heard from the agent in this namespace?"
    if known["status"] != "ALIVE":
        return f"the manager calls it {known['status']}"
    if known["version"] != asked["version"]:
        return f"its version is {known['version']}, not {asked['version']}"
    gpus = float(known["available_slots"].get("cuda.device") or 0)
    if gpus < asked["gpus"]:
        return f"it offers {gpus:g} GPUs, not {asked['gpus']}"
    if known["scaling_group"] != group:
        calls.move(server, identity, group)
        return f"it is in the resource group {known['scaling_group']}, not {group}"
    if not known["schedulable"]:
        calls.schedulable(server, identity, "true")
        return "it is not schedulable"
    return ""


def leave(asked: Asked) -> dict[str, Any]:
    left = (
        f"LEFT TO DO at {asked['endpoint']}: the manager goes on listing {asked['id']}; set it "
        "unschedulable, and see to the sessions that it had"
    )
    if os.environ.get(FORGET):
        say(f"{left} ({FORGET} is set: the manager was not asked)")
        return {}
    try:
        _drain(asked)
    except calls.ManagerError as error:
        if not _may_come_back(error):
            raise ApiError(
                f"{error}; sessions may run on {asked['vm']}: mend that and run the same again, or give "
                f"them up with {FORGET}=1"
            ) from None
        say(f"warning: {error}; {asked['vm']} goes undrained")
        say(left)
    return {}


def _drain(asked: Asked) -> None:
    server, vm, identity, minutes = _server(asked), asked["vm"], asked["id"], asked["drainMinutes"]
    known = _known(server, identity)
    if known is None:
        say(f"the manager knows nothing of {identity}")
        return
    _again(calls.schedulable, server, identity, "false")
    start = told = time.monotonic()
    if known["status"] == "ALIVE":
        say(f"draining {vm}: its sessions have {minutes} minutes")
    while known and known["status"] == "ALIVE" and known["sessions"]:
        now, count = time.monotonic(), known["sessions"]
        running = "1 session runs" if count == 1 else f"{count} sessions run"
        if now - start >= minutes * 60:
            say(f"{vm} leaves though {running} on it: {minutes} minutes are over (drainMinutes)")
            return
        if now - told >= PROGRESS_SECONDS:
            told = now
            say(f"{vm}: {running} on it, {minutes - (now - start) / 60:.0f} minutes are left")
        time.sleep(PAUSE_SECONDS)
        known = _known(server, identity)
    if known and known["status"] != "ALIVE":
        say(f"{vm}: the manager calls it {known['status']}, so nothing ends there")
    else:
        say(f"no session runs on {vm}; the manager will call it LOST, and keep its row")


if __name__ == "__main__":
    sys.exit(run(__doc__, {"enrol": enrol, "member": member, "leave": leave}, ApiError, calls.ManagerError))
