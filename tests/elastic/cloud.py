"""A cloud in small, for machines under test.

moto behind a front, which keeps what was asked, has no capacity where told, gives a launch all of its
machines as EC2 does (moto makes `MinCount`), checks the signature of requests for parameters, and answers
for the instance metadata: an instance is known by the address that asks.
"""

import http.client
import json
import secrets
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl, urlencode

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

REGION = "eu-central-1"
ROLE = "el-worker"
KEYS = Credentials("CANARYKEYID", "canary-secret-key", "canary-session-token")
NO_CAPACITY = (
    "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code>"
    "<Message>We currently do not have sufficient {kind} capacity in {subnet}</Message></Error></Errors>"
    "<RequestID>0</RequestID></Response>"
)


@dataclass
class Cloud:
    """`requests`: what machines asked EC2, oldest first. `dry`: (type, subnet) pairs without capacity, where
    None stands for any. `instances`: metadata by path, by the address that asks.
    `problems`: what the small cloud itself did not expect."""

    port: int
    moto: tuple[str, int]
    requests: list[dict[str, str]] = field(default_factory=list)
    dry: set[tuple[str | None, str | None]] = field(default_factory=set)
    instances: dict[str, dict[str, str]] = field(default_factory=dict)
    parameters_read: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        """The test's own; what it asks is not kept."""
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            aws_access_key_id=KEYS.access_key,
            aws_secret_access_key=KEYS.secret_key,
        )

    def asked(self, action: str) -> list[dict[str, str]]:
        return [request for request in self.requests if request["Action"] == action]

    def terminated(self) -> set[str]:
        """Instances that anybody asked to end."""
        return {
            value
            for request in self.asked("TerminateInstances")
            for name, value in request.items()
            if name.startswith("InstanceId.")
        }

    def workers(self, *states: str) -> dict[str, dict[str, Any]]:
        """Instances that the autoscaler made, by id."""
        states = states or ("pending", "running")
        found = self.client("ec2").describe_instances(
            Filters=[
                {"Name": "tag:ray-node-type", "Values": ["worker"]},
                {"Name": "instance-state-name", "Values": list(states)},
            ]
        )
        return {each["InstanceId"]: each for group in found["Reservations"] for each in group["Instances"]}

    def is_dry(self, kind: str, subnet: str) -> bool:
        return bool(self.dry & {(kind, subnet), (kind, None), (None, subnet), (None, None)})


@contextmanager
def cloud() -> Iterator[Cloud]:
    """The front listens on every address, moto on loopback alone."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        moto_at: tuple[str, int] = listener.getsockname()
    command = [sys.executable, "-m", "moto.server", "-H", moto_at[0], "-p", str(moto_at[1])]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as moto:
        try:
            _wait(moto_at)
            front = Front(moto_at)
            threading.Thread(target=front.serve_forever, daemon=True).start()
            try:
                yield front.cloud
            finally:
                front.shutdown()
                front.server_close()
        finally:
            moto.terminate()


def _wait(address: tuple[str, int]) -> None:
    end = monotonic() + 60
    while True:
        with socket.socket() as caller:
            if not caller.connect_ex(address):
                return
        assert monotonic() < end, "moto does not come up"
        sleep(0.2)


class Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, moto: tuple[str, int]) -> None:
        super().__init__(("0.0.0.0", 0), Handler)  # noqa: S104 - hosts ask from their own networks
        self.cloud = Cloud(self.server_port, moto)
        self.one_at_a_time = threading.Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Front

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.headers.get("X-Amz-Target") == "AmazonSSM.GetParameter":
            if problem := self._wrong_signature(body):
                self.server.cloud.problems.append(problem)
                return self._answer(400, json.dumps({"__type": "InvalidSignatureException"}).encode())
            self.server.cloud.parameters_read.append(json.loads(body)["Name"])
        request = dict(parse_qsl(body.decode()))
        if "Action" in request and self.client_address[0] != "127.0.0.1":
            self.server.cloud.requests.append(request)
        if "NetworkInterface.1.SubnetId" in request:
            kind, subnet = request["InstanceType"], request["NetworkInterface.1.SubnetId"]
            if self.server.cloud.is_dry(kind, subnet):
                return self._answer(500, NO_CAPACITY.format(kind=kind, subnet=subnet).encode())
            body = urlencode({**request, "MinCount": request["MaxCount"]}).encode()
        # two at a time trip moto, which then answers 500
        with self.server.one_at_a_time:
            connection = http.client.HTTPConnection(*self.server.cloud.moto, timeout=60)
            headers = {
                name: value for name, value in self.headers.items() if name.lower() != "content-length"
            }
            connection.request("POST", self.path, body, {**headers, "Content-Length": str(len(body))})
            answer = connection.getresponse()
            content = answer.read()
        if answer.status >= 500:
            self.server.cloud.problems.append(f"{request.get('Action')}: {answer.status} {content.decode()}")
        return self._answer(answer.status, content)

    def _wrong_signature(self, body: bytes) -> str:
        """All that identifies the request must be signed, with the role's key."""
        said = self.headers["Authorization"]
        names = said.partition("SignedHeaders=")[2].partition(",")[0].split(";")
        request = AWSRequest(
            "POST",
            f"http://{self.headers['Host']}{self.path}",
            {name: self.headers[name] for name in names if name != "host"},
            body,
        )
        request.context["timestamp"] = self.headers["X-Amz-Date"]
        signer = SigV4Auth(KEYS, "ssm", REGION)
        canonical = signer.canonical_request(request)
        expected = signer.signature(signer.string_to_sign(request, canonical), request)
        if not said.endswith(f"Signature={expected}"):
            return f"another signature than that of {canonical}: {said}"
        missing = {"host", "x-amz-date", "x-amz-target", "x-amz-security-token"} - set(names)
        return f"not signed: {missing}" if missing else ""

    def do_PUT(self) -> None:
        session = secrets.token_hex(8)
        self.server.cloud.sessions.add(session)
        self._answer(200, session.encode())

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") not in self.server.cloud.sessions:
            return self._answer(401)
        known = self.server.cloud.instances.get(self.client_address[0], {})
        credentials = {
            "AccessKeyId": KEYS.access_key,
            "SecretAccessKey": KEYS.secret_key,
            "Token": KEYS.token,
        }
        known = {
            "placement/region": REGION,
            "iam/security-credentials/": ROLE,
            f"iam/security-credentials/{ROLE}": json.dumps(credentials),
            **known,
        }
        found = known.get(self.path.removeprefix("/latest/meta-data/"))
        return self._answer(200, found.encode()) if found is not None else self._answer(404)

    def _answer(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
