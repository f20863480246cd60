"""What the operator's computer asks of a Supervisely server.

`python3 -m components.platforms.supervisely_api VERB`:

enrol    makes an agent at the server; prints {id, name, token}. Run again with what it printed before in
         PULUMI_COMMAND_STDOUT it makes none and prints the same.
archive  ends the agent of PULUMI_COMMAND_STDOUT by the configured call, or says which click is left
member   waits until the server lists the agent running with the right version and GPUs; prints {seen}

Settings and secrets are JSON on standard input. Standard library only: it runs without the project's own
packages. Calls and their marks (tried, documented by a third party): docs/supervisely.md.
"""

import json
import os
import ssl
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import Any

from components.platforms.api_call import FORGET, ApiError, printed_before, say
from components.verbs import Asked, run

SECONDS = 15
MEMBER_SECONDS = 180
GONE_SECONDS = 45
TRIES = 4


class Api:
    """The calls of one server with one API token. Nothing that it raises holds a token."""

    def __init__(self, asked: Asked) -> None:
        self.server = str(asked["server"])
        self._token = str(asked["apiToken"])
        context = ssl.create_default_context()
        if asked.get("ca"):
            context.load_verify_locations(cadata=str(asked["ca"]))
        self._opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))

    def once(self, call: str, body: Asked) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - a rule of the configuration: http or https
            f"{self.server}/public/api/v3/{call}",
            json.dumps(body).encode(),
            {"x-api-key": self._token, "Content-Type": "application/json"},
        )
        where = f"the Supervisely server {self.server}"
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                found: object = json.loads(answer.read() or b"{}")
        except urllib.error.HTTPError as error:
            raise ApiError(_of_status(where, call, error), error.code) from None
        except urllib.error.URLError as error:
            raise ApiError(f"{where} cannot be reached: {error.reason}") from None
        except OSError as error:
            raise ApiError(f"{where} does not answer {call}: {error}") from None
        except ValueError:
            raise ApiError(f"{where} answers {call} with something else than JSON") from None
        return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]

    def again(self, call: str, body: Asked) -> dict[str, Any]:
        """For calls that change nothing: tried again where the server may come back."""
        for left in range(TRIES - 1, -1, -1):
            try:
                return self.once(call, body)
            except ApiError as error:
                if not left or (error.status and error.status < 500):
                    raise
                time.sleep(2)
        raise AssertionError

    def agent(self, team: int, number: int) -> dict[str, Any] | None:
        body: Asked = {"teamId": team, "filter": [], "sort": "id", "sort_order": "asc"}
        entities: list[dict[str, Any]] = self.again("agents.list", body).get("entities") or []
        return next((entity for entity in entities if entity.get("id") == number), None)


def _of_status(where: str, call: str, error: urllib.error.HTTPError) -> str:
    try:
        said = str(json.loads(error.read()).get("error", ""))[:200]
    except (ValueError, OSError, AttributeError):
        said = ""
    told = f": {said}" if said else ""
    if error.code in (401, 403):
        return f"{where} refuses the API token for {call}{told}; set superviselyApiTokens anew"
    return f"{where} answers {call} with status {error.code}{told}"


def enrol(asked: Asked) -> dict[str, Any]:
    before = printed_before()
    if before:
        return before
    api = Api(asked)
    try:
        # tells a refused token or a wrong team before anything is made
        api.again("agents.list", {"teamId": asked["teamId"], "filter": []})
        made = api.once("agents.add", {"teamId": asked["teamId"], "type": "sly_agent"})
    except ApiError as error:
        if error.status and error.status < 500:
            raise
        since = time.strftime("%H:%M:%S UTC", time.gmtime())
        raise ApiError(
            f"{error}; if it came back only now, team {asked['teamId']} may have an agent made at {since} "
            "that waits for nobody: archive it"
        ) from None
    if not {"id", "token"} <= made.keys():
        raise ApiError(f"the Supervisely server {api.server} made an agent without an id or token")
    say(f"{asked['vm']}: agent {made['id']} ({made.get('name')}) made in team {asked['teamId']}")
    return {"id": made["id"], "name": str(made.get("name", "")), "token": made["token"]}


def archive(asked: Asked) -> dict[str, Any]:
    before = printed_before()
    number = before.get("id")
    if number is None:
        return {}
    team, what = asked["teamId"], f"agent {number} ({before.get('name')}) of {asked['vm']}"
    click = f"archive {what} at {asked['server']}: Agents of team {team}, its menu, Archive"
    if os.environ.get(FORGET):
        say(f"LEFT TO DO: {click} ({FORGET} is set: the server was not asked)")
        return {}
    api = Api(asked)
    try:
        known = api.agent(team, number)
        if known is None or known.get("disabled"):
            say(f"the server knows {what} no more")
            return {}
        call = asked.get("decommission")
        if call:
            _call(api, call, {"id": number, "teamId": team})
        status = _until_it_waits(api, team, number)
    except ApiError as error:
        raise ApiError(
            f"{error}; {what} is still there: mend that and run the same again, or give it up with "
            f"{FORGET}=1 and {click}"
        ) from None
    if status == "running":
        say(f"warning: the server lists {what} as running after {GONE_SECONDS} s")
    say(f"{what} is archived" if call else f"LEFT TO DO: {click}")
    return {}


def _call(api: Api, call: Asked, numbers: Mapping[str, int]) -> None:
    body = {
        name: next((number for key, number in numbers.items() if value == f"{{{key}}}"), value)
        for name, value in call["body"].items()
    }
    api.once(call["call"], body)


def _until_it_waits(api: Api, team: int, number: int) -> str:
    """The server hears of a machine that is gone after a while."""
    end = time.monotonic() + GONE_SECONDS
    while True:
        known = api.agent(team, number)
        status = "gone" if known is None or known.get("disabled") else str(known.get("status"))
        if status != "running" or time.monotonic() > end:
            return status
        time.sleep(1)


def member(asked: Asked) -> dict[str, Any]:
    api, seen = Api(asked), "nothing yet"
    end = time.monotonic() + MEMBER_SECONDS
    while True:
        known = api.agent(asked["teamId"], asked["id"])
        if known is None:
            seen = (
                "it does not list it: somebody removed it; `keyGenerations.token` raised by 1 makes another"
            )
        else:
            version = str(known.get("version") or "no version").rpartition(":")[2]
            about: dict[str, Any] = known.get("gpuInfo") or {}
            gpus = int(about.get("device_count") or 0)
            seen = f"{known.get('status')}, version {version}, {gpus} GPUs"
            if known.get("disabled"):
                seen += ", disabled"
            elif known.get("status") == "running" and version == asked["version"] and gpus >= asked["gpus"]:
                return {"seen": f"the server lists agent {asked['id']} as {seen}"}
        if time.monotonic() > end:
            wanted = f"running, version {asked['version']}, {asked['gpus']} GPUs"
            raise ApiError(
                f"agent {asked['id']} of {asked['vm']} is not as it should be at {api.server} after "
                f"{MEMBER_SECONDS} s: {seen}; wanted: {wanted}"
            )
        time.sleep(2)


if __name__ == "__main__":
    sys.exit(run(__doc__, {"enrol": enrol, "archive": archive, "member": member}, ApiError))
