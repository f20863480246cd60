"""The simulated API for boto3 on this computer, such as the reaper's: it answers while the plugin runs.

Plugins of runs side by side listen at the same address; all of them know all stacks.
"""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from fleet.engine import paths, sim
from tests.simcloud import instances
from tests.simcloud.aws import told
from tests.simcloud.inside import api
from tests.simcloud.store import Store, stacks


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        super().server_bind()


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        code, text = _answer(dict(self.headers), body)
        self.send_response(code)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        pass


def _answer(headers: dict[str, str], body: str) -> tuple[int, str]:
    asked = {key: values[0] for key, values in parse_qs(body).items()}
    if asked.get("Action") == "TerminateInstances":
        ids = [value for key, value in asked.items() if key.startswith("InstanceId.")]
        for stack in stacks():
            for identity in ids:
                if Store(stack).read().get("instance", identity):
                    instances.terminate(Store(stack), identity)
        return 200, api.terminated(ids)
    return api.answer(told.everywhere(), headers, body, "")


def start() -> None:
    """Serves in the background until the process ends; without the address, nothing is served."""
    try:
        server = _Server((sim.API_ADDRESS, sim.api_port(paths.ROOT)), _Handler)
    except OSError:
        return
    threading.Thread(target=server.serve_forever, daemon=True).start()
