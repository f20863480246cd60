"""What the operator's commands ask of machines that exist already. No Pulumi.

Nobody but the machines themselves can be asked. The stack's own way in is gone with the stack, so what is
asked here is asked with the operator's own SSH login.
"""

import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, cast

from components.clouds.hosts import ssh
from components.operated import CloudError, Machine, Place

HOLDER = "/var/lib/agent-fleet/lease/holder"
SECONDS = 15
AT_ONCE = 32


def machines(place: Place) -> list[Machine] | None:  # noqa: ARG001 - the face of every cloud
    return None


def leftovers(place: Place) -> list[str]:
    """Machines of the stack file that a stack of this name still holds.

    Raises CloudError for one that cannot be asked.
    """
    known = addresses(place)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(partial(_holder, place), known))
    whose = f"who=stack {place.stack} of team {place.team},"
    return [
        f"machine {address}: {line.removeprefix('who=')}"
        for address, lines in zip(known, found, strict=True)
        for line in lines
        if line.startswith(whose)
    ]


def _holder(place: Place, address: str) -> list[str]:
    access: Mapping[str, Any] = place.own.get("access") or {}
    keys: Mapping[str, str] = access.get("hostKeys") or {}
    jump: Mapping[str, str] | None = access.get("jumpHost")
    hop = ssh.Login(jump["address"], jump["user"], keys[jump["address"]]) if jump else None
    login = ssh.Login(address, str(access.get("user")), keys.get(address, ""), jump=hop)
    done = ssh.run(login, ["sudo", "-n", "sh", "-c", f"cat {HOLDER} 2>/dev/null || :"], seconds=SECONDS)
    if done.code:
        raise CloudError(
            f"{address} cannot be asked whether it is held: {done.last} (asked with your own SSH login, "
            f"as {login.user})"
        )
    return done.out.splitlines()


def addresses(place: Place) -> list[str]:
    """Those of the stack file, which nobody has checked yet."""
    return [str(address) for part in _parts(place.own) for address in _of(part)]


def _parts(own: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    cluster: Mapping[str, Any] = own.get("cluster") or {}
    yield cluster.get("master") or {}
    for listed in (cluster.get("pools"), own.get("gpuVms")):
        yield from cast(list[Mapping[str, Any]], listed or [])


def _of(part: Mapping[str, Any]) -> list[object]:
    alone = [part["address"]] if "address" in part else []
    return [*alone, *cast(list[object], part.get("addresses") or [])]


def start(place: Place) -> list[str]:  # noqa: ARG001 - the face of every cloud
    """Nobody here can start them."""
    return []


def check(place: Place) -> str:
    if shutil.which("ssh") is None:
        raise CloudError("there is no `ssh` on PATH, with which machines are taken and given back")
    known = addresses(place)
    return (
        f"{len(known)} machines that exist already: {', '.join([*known[:3], *(['…'] if known[3:] else [])])}"
    )
