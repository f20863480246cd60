"""What answers for AWS inside a VPC; runs in a host of its own, standard library only.

    169.254.169.254:80     instance metadata, version 2 (and 1 where an instance allows it)
    <mount target>:2049    TLS; tells which file system is there
    its own address:80     the parts of the EC2 and SSM APIs that instances need (api.py)

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

import api
import metadata

STATE = Path("/sim/state.json")
METADATA = "169.254.169.254"


class State:
    """The file's content, read again when it has changed."""

    def __init__(self):
        self._seen = None
        self._known = {"serial": 0, "targets": {}, "instances": {}, "nft": ""}

    def get(self):
        stamp = STATE.stat().st_mtime_ns, STATE.stat().st_ino
        if stamp != self._seen:
            self._known, self._seen = json.loads(STATE.read_text()), stamp
        return self._known


state = State()
# the last state that is in force, addresses and firewall included
applied = {"serial": 0}


class Metadata(BaseHTTPRequestHandler):
    tokens: ClassVar[set[str]] = set()

    def do_PUT(self):
        ttl = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds", "")
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
        instance = state.get()["instances"].get(self.client_address[0])
        token = self.headers.get("X-aws-ec2-metadata-token")
        if instance is None:
            self.answer(404)
        elif (token or instance["tokens"] == "required") and token not in self.tokens:
            self.answer(401)
        else:
            found = metadata.find(instance, self.path)
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
    """One connection: the TLS handshake, a question, the answer."""

    def handle(self):
        target = state.get()["targets"].get(self.server.server_address[0])
        if target is None:
            return
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        folder = STATE.parent / "certificates"
        context.load_cert_chain(folder / target["certificate"])
        try:
            with context.wrap_socket(self.request, server_side=True) as tls:
                tls.settimeout(10)
                asked = tls.makefile().readline().split()
                tls.sendall(f"OK {target['fs']}\n".encode() if asked[:1] == ["MOUNT"] else b"what?\n")
        except (OSError, ssl.SSLError):
            return


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
    address("add", METADATA)
    serve(ThreadingHTTPServer((METADATA, 80), Metadata))
    serve(ThreadingHTTPServer((sys.argv[1], 80), Api))
    while True:
        known = state.get()
        if known["serial"] != applied["serial"]:
            apply(known, listeners)
        time.sleep(0.1)


if __name__ == "__main__":
    main()
