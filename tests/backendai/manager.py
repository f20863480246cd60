"""A stand-in for the manager's API: its version, resource groups and agents, and how it may fail."""

import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCESS, SECRET = "AKIACANARYCANARY0000", "canary-of-a-secret-key-0123456789"


def agent(name: str, **changed: Any) -> dict[str, Any]:
    known: dict[str, Any] = {
        "id": name,
        "status": "ALIVE",
        "scaling_group": "gpu",
        "schedulable": True,
        "version": "26.9.6",
        "addr": "tcp://10.91.0.2:6001",
        "available_slots": json.dumps({"cpu": "4", "mem": "4294967296", "cuda.device": "1"}),
        "occupied_slots": "{}",
        "compute_containers": [],
    }
    return {**known, **changed}


def sessions(*names: str) -> list[dict[str, str]]:
    return [{"session_id": name} for name in names]


@dataclass
class Manager:
    """`status` of every answer but 200 and `unreachable` agents are faults; `changes` are what was asked of
    agents. A session ends when it was told of `lasting` times."""

    version: str = "26.9.6"
    groups: list[str] = field(default_factory=lambda: ["default", "gpu"])
    agents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    status: int = 200
    unreachable: bool = False
    lasting: int = -1
    changes: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    endpoint: str = ""

    def graphql(self, query: str, variables: dict[str, Any]) -> dict[str, Any]:
        if "scaling_groups {" in query:
            return {"scaling_groups": [{"name": name} for name in self.groups]}
        if "agent_list(" in query:
            return {"agent_list": {"items": self.listed(variables["filter"])}}
        if "hardware_metadata" in query and not self.unreachable:
            return {"agent": {"hardware_metadata": "{}"}}
        if "modify_agent(" in query:
            return {"modify_agent": self.modified(variables["id"], variables["p"])}
        raise ValueError("rpc timeout" if self.unreachable else query)

    def listed(self, wanted: str | None) -> list[dict[str, Any]]:
        name = re.fullmatch(r'id == "(.*)"', wanted or "")
        found = [one for one in self.agents.values() if not name or one["id"] == name[1]]
        self.lasting -= 1
        for one in found:
            if self.lasting == 0:
                one["compute_containers"] = []
        return [dict(one) for one in found]

    def modified(self, name: str, properties: dict[str, Any]) -> dict[str, Any]:
        self.changes.append((name, properties))
        if properties.get("scaling_group") not in {None, *self.groups}:
            return {"ok": False, "msg": "no such scaling group"}
        self.agents[name].update(properties)
        return {"ok": True, "msg": "success"}


def _is_signed(handler: BaseHTTPRequestHandler) -> bool:
    said = handler.headers
    date, kind = said["Date"], said["X-BackendAI-Version"]
    text = (
        f"{handler.command}\n{handler.path}\n{date}\nhost:{said['Host']}\ncontent-type:application/json\n"
        f"x-backendai-version:{kind}\n{hashlib.sha256(b'').hexdigest()}"
    )
    key = hmac.digest(SECRET.encode(), date[:10].replace("-", "").encode(), "sha256")
    mac = hmac.new(hmac.digest(key, said["Host"].encode(), "sha256"), text.encode(), "sha256").hexdigest()
    return said["Authorization"].endswith(f"credential={ACCESS}:{mac}")


@contextmanager
def serve(manager: Manager) -> Iterator[Manager]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            if manager.status != 200:
                return self.answer(manager.status, {"title": "fault"})
            assert self.path == "/"
            assert "Authorization" not in self.headers
            return self.answer(200, {"version": "v9.20250722", "manager": manager.version})

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if manager.status != 200:
                return self.answer(manager.status, {"title": "fault"})
            if not _is_signed(self):
                return self.answer(401, {"title": "Credential/signature mismatch."})
            try:
                return self.answer(200, {"data": manager.graphql(asked["query"], asked["variables"])})
            except ValueError as error:
                return self.answer(200, {"errors": [{"message": str(error)}]})

        def log_message(self, *_: object) -> None:  # pyright: ignore
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    manager.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield manager
    finally:
        server.shutdown()
        server.server_close()
