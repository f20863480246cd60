"""Stand-ins for the images of Atlas: `ATLAS_SERVICE` says which. Each answers its port and reads its files.

The scheduler speaks to the tracker as the real one does, runs a job by waiting as long as its spec says, and
keeps its records in the same keys and pickles. Keycloak's part is a small server with the same paths.
"""

# ruff: noqa: N815, RET503, S301, S310, S606

import http.server
import json
import os
import pickle
import socket
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

NAME = os.environ.get("ATLAS_SERVICE", "")


def text(handler, code, body, kind="text/plain"):
    data = body if isinstance(body, bytes) else str(body).encode()
    handler.send_response(code)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def answer(handler, code, body):
    text(handler, code, json.dumps(body), "application/json")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    routes: Callable[[Any], None]

    def log_message(self, *_words):
        pass

    def _do(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        type(self).routes(self)

    do_GET = do_POST = do_PUT = do_DELETE = _do


def serve(port, routes, background=False):
    kind = type("Own", (Handler,), {"routes": staticmethod(routes)})
    server = http.server.ThreadingHTTPServer(("", port), kind)
    if background:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    else:
        server.serve_forever()


class Redis:
    """Just enough of the protocol; one connection, which comes back."""

    def __init__(self, host, port):
        self.address = (host, int(port))
        self.lock = threading.Lock()
        self.file: Any = None

    def ask(self, *words) -> Any:
        told = [word if isinstance(word, bytes) else str(word).encode() for word in words]
        with self.lock:
            try:
                if self.file is None:
                    self.file = socket.create_connection(self.address, 5).makefile("rwb")
                self.file.write(b"*%d\r\n" % len(told))
                self.file.write(b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in told))
                self.file.flush()
                return self._answer()
            except OSError:
                self.file = None
                raise

    def _answer(self):
        line = self.file.readline().rstrip(b"\r\n")
        if not line:
            raise OSError("the tracker ended the connection")
        if line[:1] == b"*":
            return [self._answer() for _ in range(int(line[1:]))]
        if line[:1] == b"$":
            return None if line == b"$-1" else self.file.read(int(line[1:]) + 2)[:-2]
        return int(line[1:]) if line[:1] == b":" else line[1:]


class Scheduler:
    def __init__(self):
        import yaml

        read = lambda name: yaml.safe_load(Path(f"/app/local-docker-scheduler/{name}").read_text())  # noqa: E731
        self.database = {key: known["args"] for key, known in read("database.config.yaml").items()}
        self.clients = {key: Redis(known["host"], known["port"]) for key, known in self.database.items()}
        plugin = read("tracker_client_plugins.yaml")["redis_tracker_client"]
        self.clients["plugin"] = Redis(plugin["host"], plugin["port"])
        self.clients["routes"] = Redis(os.environ["REDIS_HOST"], os.environ["REDIS_PORT"])
        self.url = os.environ["SCHEDULER_HOST_URL"]
        self.slots = {str(number) for number in range(int(os.environ["NUM_WORKERS"]))}
        self.busy = {}
        for client in self.clients.values():
            client.ask("PING")
        threading.Thread(target=self.keep, daemon=True).start()
        for slot in self.slots:
            threading.Thread(target=self.work, args=(slot,), daemon=True).start()

    def keep(self):
        """A connection that broke comes back, also while jobs run."""
        while True:
            time.sleep(1)
            for client in self.clients.values():
                try:
                    client.ask("PING")
                except OSError as error:
                    print(f"the tracker: {error}", flush=True)

    def work(self, slot):
        while slot in self.slots:
            time.sleep(1)
            try:
                data = self.clients["queue"].ask("LPOP", self.database["queue"]["key"])
                if data and slot in self.slots:
                    self.run(pickle.loads(data))
            except OSError as error:
                print(f"the tracker: {error}", flush=True)

    def run(self, job):
        name = job["job_id"]
        field, running = pickle.dumps(name), self.database["running_jobs"]["key"]
        self.clients["running_jobs"].ask("HSET", running, field, pickle.dumps(job))
        self.clients["routes"].ask("HSET", "routing_map:job_id", field, pickle.dumps(self.url))
        self.clients["plugin"].ask("SET", f"jobs:{name}:state", "running")
        time.sleep(float(job["spec"].get("seconds", 0)))
        work = Path("/working_dir", name)
        work.write_text("ran")
        Path("/archives/archive", name).write_text(self.url)
        self.clients["completed_jobs"].ask(
            "HSET", self.database["completed_jobs"]["key"], field, pickle.dumps(job)
        )
        self.clients["plugin"].ask("SET", f"jobs:{name}:state", "completed")
        self.clients["running_jobs"].ask("HDEL", running, field)

    def routes(self, handler):
        path = handler.path.rstrip("/")
        if path == "/workers":
            answer(handler, 200, {slot: {"id": slot, "max_instances": 1} for slot in sorted(self.slots)})
        elif path.startswith("/workers/") and handler.command == "DELETE":
            self.slots.discard(path.rpartition("/")[2])
            text(handler, 204, "")
        elif path == "/queued_jobs" and handler.command == "POST":
            job = json.loads(handler.body)
            self.clients["queue"].ask("RPUSH", self.database["queue"]["key"], pickle.dumps(job))
            answer(handler, 201, job["job_id"])
        elif path in ("/running_jobs", "/completed_jobs"):
            key = self.database[path[1:]]["key"]
            found = self.clients[path[1:]].ask("HKEYS", key)
            answer(handler, 200, [pickle.loads(field) for field in found])
        else:
            text(handler, 404, "no such page")


class Keycloak:
    """Users and passwords in one file of its data folder, as the archive ships it.

    A file beside makes it slow.
    """

    FILE = Path("/opt/jboss/keycloak/standalone/data/keycloak.json")

    def __init__(self):
        slow = self.FILE.with_name("slow")
        time.sleep(float(slow.read_text()) if slow.exists() else 0)
        self.lock = threading.Lock()
        self.data = json.loads(self.FILE.read_text())
        self.tokens = {}

    def save(self):
        new = self.FILE.with_suffix(".new")
        new.write_text(json.dumps(self.data))
        new.replace(self.FILE)

    def user(self, realm, key, value):
        found = (user for user in self.data[realm]["users"] if user[key] == value)
        return next(found, None)

    def routes(self, handler):
        with self.lock:
            self.route(handler, handler.path.partition("?")[0].removeprefix("/auth/").split("/"))

    def route(self, handler, words):
        if words[0] == "realms" and words[2:] == ["protocol", "openid-connect", "token"]:
            self.token(handler, words[1])
        elif words[0] == "realms" and words[2:] == ["protocol", "openid-connect", "userinfo"]:
            name = self.tokens.get((handler.headers.get("Authorization") or "")[7:])
            answer(handler, 200 if name else 401, {"preferred_username": name})
        elif words[0] == "realms" and words[1] in self.data:
            answer(handler, 200, {"realm": words[1]})
        elif words[:2] == ["admin", "realms"]:
            name = self.tokens.get((handler.headers.get("Authorization") or "")[7:])
            if name != "master/admin":
                return answer(handler, 401, {"error": "HTTP 401 Unauthorized"})
            self.admin(handler, words[2], words[3:])
        else:
            text(handler, 404, "no such page")

    def token(self, handler, realm):
        form = dict(urllib.parse.parse_qsl(handler.body.decode()))
        user = self.user(realm, "username", form.get("username"))
        if user is None or user["password"] != form.get("password"):
            return answer(handler, 401, {"error": "invalid_grant"})
        if user.get("temporary") or not user["enabled"]:
            return answer(handler, 400, {"error_description": "Account is not fully set up"})
        token = os.urandom(16).hex()
        self.tokens[token] = f"{realm}/{user['username']}"
        answer(handler, 200, {"access_token": token})

    def admin(self, handler, realm, words):
        known, body = self.data[realm], json.loads(handler.body or "null")
        user = self.user(realm, "id", words[1]) if len(words) > 1 else None
        if not words and handler.command == "PUT":
            known["settings"].update(body)
        elif not words:
            return answer(handler, 200, known["settings"])
        elif len(words) == 1 and handler.command == "GET":
            hidden = ("password", "temporary")
            found = [{k: v for k, v in one.items() if k not in hidden} for one in known["users"]]
            return answer(handler, 200, found)
        elif len(words) == 1:
            if self.user(realm, "username", body["username"]):
                return answer(handler, 409, {"errorMessage": "User exists with same username"})
            (given,) = body.pop("credentials")
            made = {**body, "id": os.urandom(8).hex(), "password": given["value"]}
            known["users"].append({**made, "temporary": given["temporary"]})
        elif user is None:
            return answer(handler, 404, {"error": "User not found"})
        elif words[2:] == ["reset-password"]:
            user.update(password=body["value"], temporary=body["temporary"])
        elif words[2:] == ["logout"]:
            pass
        elif handler.command == "DELETE":
            known["users"].remove(user)
        else:
            user.update(body)
        self.save()
        text(handler, 204, "")


def proxy(authenticated):
    import yaml

    uris = yaml.safe_load(Path(os.environ["PROXY_CONFIG"]).read_text())["service_uris"]
    paths = yaml.safe_load(Path(os.environ["ROUTE_MAPPING"]).read_text())

    def routes(handler):
        path = handler.path.partition("?")[0]
        service = next(
            (key for key in paths if any(path.startswith(one.partition("/<")[0]) for one in paths[key])), None
        )
        if path == "/":
            return text(handler, 200, "Welcome to the Foundations authentication proxy")
        if service is None:
            return text(handler, 500, "Cannot find that address in the proxies route mapping")
        headers = {
            key: value for key, value in handler.headers.items() if key in ("Authorization", "Content-Type")
        }
        if authenticated:
            verify = urllib.request.Request(
                f"{uris['foundations_rest_api']}/api/v2beta/auth/verify", headers=headers
            )
            try:
                urllib.request.urlopen(verify, timeout=10).close()
            except OSError:
                return text(handler, 401, "Unauthorized")
        url = f"{uris[service]}{handler.path}"
        asked = urllib.request.Request(url, handler.body or None, headers, method=handler.command)
        with urllib.request.urlopen(asked, timeout=30) as said:
            return text(handler, said.status, said.read(), said.headers.get("Content-Type", "text/plain"))

    serve(80, routes)


def rest(handler):
    if handler.path == "/api/v2beta/auth/verify":
        url = f"{os.environ['AUTH_SERVER_URL']}/realms/Atlas/protocol/openid-connect/userinfo"
        token = {"Authorization": handler.headers.get("Authorization") or ""}
        try:
            urllib.request.urlopen(urllib.request.Request(url, headers=token), timeout=10).close()
        except OSError:
            return answer(handler, 401, {"error": "no session"})
        return answer(handler, 200, {})
    told = ("FOUNDATIONS_ARCHIVE_HOST", "FOUNDATIONS_TENSORBOARD_HOST", "FOUNDATIONS_SCHEDULER_URL")
    return answer(handler, 200, {key: os.environ.get(key) for key in told})


def pages(folder):
    def routes(handler):
        path = Path(folder, handler.path.lstrip("/"))
        if path.is_file():
            text(handler, 200, path.read_bytes())
        else:
            text(handler, 200, f"{NAME}: " + " ".join(sorted(one.name for one in Path(folder).iterdir())))

    return routes


def main():
    if NAME == "tracker":
        os.execv(
            "/usr/bin/redis-server",
            ["redis-server", "--dir", "/data", "--protected-mode", "no", "--save", "5 1"],
        )
    elif NAME == "archive_server":
        serve(8080, pages("/opt/www"))
    elif NAME == "rest_api":
        serve(80, rest)
    elif NAME == "gui":
        serve(8089, lambda handler: text(handler, 200, "the dashboard"))
    elif NAME == "scheduler":
        serve(5000, Scheduler().routes)
    elif NAME == "tensorboard_rest_api":
        serve(5000, pages("/logs"))
    elif NAME == "tensorboard_server":
        serve(6006, pages(sys.argv[2]))
    elif NAME == "auth_server":
        keycloak = Keycloak()
        serve(8443, keycloak.routes, background=True)
        serve(8080, keycloak.routes)
    elif NAME == "auth_proxy":
        proxy("-n" not in sys.argv)


if __name__ == "__main__":
    # as PID 1 it would not be stopped
    import signal

    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    import urllib.parse

    main()
