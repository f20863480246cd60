"""A stand-in for a Supervisely server: the calls that an agent and the fleet make, kept in a file.

`python3 server.py --folder DIR [--port 80] [--certificate FILE --key FILE [--tls-port 443]]`. It needs Python
alone: it runs beside the registry of the stand-ins. What is not known of the real server is answered as
docs/supervisely.md says. `POST /stub/faults` makes it fail, `GET /stub/state` says what it has and was asked.
"""

import argparse
import json
import secrets
import ssl
import threading
import time
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

API = "/public/api/v3/"
VERSION = "6.12.5"
# An agent pings every 2 s; one that was not heard for so long is `waiting` again.
HEARD_SECONDS = 8


@dataclass
class Faults:
    """`status`: of every answer. `delay`: seconds before it. `ignore`: no agent is ever running."""

    status: int = 0
    delay: float = 0
    refuse_api_token: bool = False
    refuse_agents: bool = False
    ignore: bool = False
    version: str = VERSION
    archive_status: int = 0
    options: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """Agents by id. `api_tokens`: which team each token may change."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        self._lock = threading.Lock()
        self.faults = Faults()
        self.calls: list[str] = []
        self._heard: dict[str, float] = {}
        self.kept: dict[str, Any] = {"next": 1, "agents": [], "apiTokens": {}}
        if self._file.exists():
            self.kept = json.loads(self._file.read_text())

    def save(self) -> None:
        new = self._file.with_suffix(".new")
        new.write_text(json.dumps(self.kept))
        new.replace(self._file)

    @property
    def agents(self) -> list[dict[str, Any]]:
        return self.kept["agents"]

    def entity(self, agent: dict[str, Any]) -> dict[str, Any]:
        heard = time.monotonic() - self._heard.get(agent["token"], -1e9) < HEARD_SECONDS
        return {**agent, "status": "running" if heard and not agent["disabled"] else "waiting"}

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> object:
        if path.startswith("/stub/"):
            return self._of_the_tests(path.removeprefix("/stub/"), body)
        with self._lock:
            self.calls = [*self.calls[-499:], f"{method} {path}"]
        if self.faults.delay:
            time.sleep(self.faults.delay)
        if self.faults.status:
            raise RefusedError(self.faults.status, "Something went wrong")
        if path.startswith("/agent/"):
            return self._of_agents(path.removeprefix("/agent/"), str(headers.get("x-token")), body)
        if path == f"{API}instance.version":
            return {"version": self.faults.version}
        if not path.startswith(API):
            return {}
        asked: dict[str, Any] = json.loads(body or b"{}")
        if path == f"{API}agents.options.info":
            return self._options(str(asked.get("token")))
        with self._lock:
            return self._of_teams(path.removeprefix(API), str(headers.get("x-api-key")), asked)

    def _of_the_tests(self, what: str, body: bytes) -> object:
        if what == "faults":
            self.faults = Faults(**json.loads(body))
        if what == "teams":
            with self._lock:
                self.kept["apiTokens"] = json.loads(body)
                self.save()
        agents = [self.entity(agent) for agent in self.agents]
        return {"agents": agents, "calls": self.calls, "faults": asdict(self.faults)}

    def _of_agents(self, call: str, token: str, body: bytes) -> object:
        agent = self._with_token(token)
        if call == "AgentConnected":
            said: dict[str, Any] = json.loads(body or b"{}")
            with self._lock:
                agent.update(version=said.get("version"), gpuInfo=said.get("gpuInfo"))
                self.save()
        if not self.faults.ignore:
            self._heard[token] = time.monotonic()
        return {}

    def _options(self, token: str) -> object:
        self._with_token(token)
        return {
            "agentOptions": self.faults.options,
            "netClientOptions": {},
            "caCert": None,
            "httpProxy": None,
        }

    def _with_token(self, token: str) -> dict[str, Any]:
        agent = next((agent for agent in self.agents if agent["token"] == token), None)
        if agent is None or agent["disabled"] or self.faults.refuse_agents:
            raise RefusedError(403, "Agent is not found or its token is not valid")
        return agent

    def _of_teams(self, call: str, token: str, asked: dict[str, Any]) -> object:
        teams = self.kept["apiTokens"].get(token)
        if teams is None or self.faults.refuse_api_token:
            raise RefusedError(401, "API token is not valid")
        if call == "agents.add":
            return self._add(teams, asked)
        if call == "agents.list":
            self._allow(teams, asked.get("teamId"))
            found = [self.entity(agent) for agent in self.agents if agent["teamId"] == asked["teamId"]]
            return {"total": len(found), "perPage": 20000, "pagesCount": 1, "entities": found}
        agent = next((agent for agent in self.agents if agent["id"] == asked.get("id")), None)
        if agent is None:
            raise RefusedError(404, "Agent is not found")
        self._allow(teams, agent["teamId"])
        if call == "agents.info":
            return self.entity(agent)
        # not known of the real server: a stand-in for whatever the stack file names
        if call == "agents.archive":
            if self.faults.archive_status:
                raise RefusedError(self.faults.archive_status, "Something went wrong")
            agent["disabled"] = True
            self.save()
            return {"success": True}
        raise RefusedError(404, f"Method {call} is not found")

    def _add(self, teams: list[int], asked: dict[str, Any]) -> object:
        if asked.get("type") not in ("sly_agent", "kubernetes"):
            raise RefusedError(400, "type must be one of sly_agent, kubernetes")
        self._allow(teams, asked.get("teamId"))
        number = self.kept["next"]
        agent = {
            "id": number,
            "name": f"Agent {number}",
            "token": secrets.token_urlsafe(24),
            "teamId": asked["teamId"],
            "type": asked["type"],
            "disabled": False,
            "version": None,
            "gpuInfo": None,
            "createdAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        self.kept["next"] = number + 1
        self.agents.append(agent)
        self.save()
        return {name: agent[name] for name in ("id", "name", "token")}

    def _allow(self, teams: list[int], team: object) -> None:
        if team not in teams:
            raise RefusedError(403, f"No access to team {team}")


def handler_of(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status = 200
            try:
                found = server.answer(self.command, self.path, self.headers, body)
            except RefusedError as refused:
                status, found = refused.status, {"error": str(refused)}
            text = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


def serve(server: Server, port: int, tls: tuple[str, str] | None = None) -> ThreadingHTTPServer:
    listening = ThreadingHTTPServer(("", port), handler_of(server))
    if tls:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    return listening


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--port", type=int, default=80)
    parser.add_argument("--tls-port", type=int, default=443)
    parser.add_argument("--certificate")
    parser.add_argument("--key")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    server = Server(asked.folder)
    serve(server, asked.port)
    if asked.certificate:
        serve(server, asked.tls_port, (asked.certificate, asked.key))
    threading.Event().wait()


if __name__ == "__main__":
    main()
