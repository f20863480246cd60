"""What answers for a cloud inside a VPC: `server.py ADDRESS METADATA`. In a host of its own, no packages.

    METADATA:80            instance metadata, by tokens (and without where an instance allows it)
    <mount target>:2049    tells which file system is there; EFS by TLS, NAS without
    ADDRESS:80             the parts of AWS's APIs that instances need (api.py)

All it knows is in one file that the stand-in writes: /sim/state.json. An instance is known by its address.
"""

import json
import secrets
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import ClassVar

import alicloud_metadata
import api
import metadata

STATE = Path("/sim/state.json")


class State:
    """The file's content, read again when it has changed."""

    def __init__(self):
        self._seen = None
        self._known = {"serial": 0, "targets": {}, "instances": {}, "nft": "", "cloud": "aws"}

    def get(self):
        stamp = STATE.stat().st_mtime_ns, STATE.stat().st_ino
        if stamp != self._seen:
            self._known, self._seen = json.loads(STATE.read_text()), stamp
        return self._known


state = State()
# the last state that is in force, addresses and firewall included
applied = {"serial": 0}


# the name of the token's header, what a request without one gets, and the tree
SERVICES = {
    "aws": ("X-aws-ec2-metadata-token", 401, metadata.find),
    "alicloud": ("X-aliyun-ecs-metadata-token", 403, alicloud_metadata.find),
}


class Metadata(BaseHTTPRequestHandler):
    tokens: ClassVar[set[str]] = set()

    def do_PUT(self):
        header = SERVICES[state.get()["cloud"]][0]
        ttl = self.headers.get(f"{header}-ttl-seconds", "")
        if self.path != "/latest/api/token":
            self.answer(404)
        elif not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            self.answer(400)
        elif self.headers.get("X-Forwarded-For"):
            self.answer(403)
        else:
            token = secrets.token_urlsafe(32)
            self.tokens.add(token)
            self.answer(200, token)

    def do_GET(self):
        known = state.get()
        header, refused, find = SERVICES[known["cloud"]]
        instance = known["instances"].get(self.client_address[0])
        token = self.headers.get(header)
        if instance is None:
            self.answer(404)
        elif (token or instance["tokens"] == "required") and token not in self.tokens:
            self.answer(refused)
        else:
            found = find(instance, self.path)
            self.answer(404) if found is None else self.answer(200, found)

    def answer(self, code, text=""):
        body = text.encode()
        self.send_response(code)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Api(Metadata):
    def do_GET(self):
        if self.path == "/applied":
            self.answer(200, str(applied["serial"]))
        else:
            self.answer(404)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        code, text = api.answer(state.get(), dict(self.headers), body, self.client_address[0])
        self.answer(code, text)


class FileSystem(BaseRequestHandler):
    """One connection: the TLS handshake where there is one, a question, the answer."""

    def handle(self):
        host, _ = self.request.getsockname()
        target = state.get()["targets"].get(host)
        if target is None:
            return
        try:
            if "certificate" not in target:
                self.talk(self.request, target)
                return
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(STATE.parent / "certificates" / target["certificate"])
            with context.wrap_socket(self.request, server_side=True) as tls:
                self.talk(tls, target)
        except (OSError, ssl.SSLError):
            return

    def talk(self, connection, target):
        connection.settimeout(10)
        asked = connection.makefile().readline().split()
        connection.sendall(f"OK {target['fs']}\n".encode() if asked[:1] == ["MOUNT"] else b"what?\n")


class Listener(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


def serve(server):
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def address(verb, value):
    subprocess.run(["ip", "address", verb, f"{value}/32", "dev", "eth0"], check=False, capture_output=True)


def apply(known, listeners):
    """Takes and gives up the mount targets' addresses; closes them to all but their groups."""
    wanted = set(known["targets"])
    for gone in set(listeners) - wanted:
        listeners.pop(gone).shutdown()
        address("del", gone)
    subprocess.run(["nft", "-f", "-"], input=known["nft"], text=True, check=True)
    for new in wanted - set(listeners):
        address("add", new)
        listeners[new] = serve(Listener((new, 2049), FileSystem))
    applied["serial"] = known["serial"]


def main():
    listeners = {}
    own, asked_at = sys.argv[1:]
    address("add", asked_at)
    serve(ThreadingHTTPServer((asked_at, 80), Metadata))
    serve(ThreadingHTTPServer((own, 80), Api))
    while True:
        known = state.get()
        if known["serial"] != applied["serial"]:
            apply(known, listeners)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
