"""What the master reads from the tracker, which every job can write to."""

import importlib.util
import os
import pickle
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "userdata" / "atlas_tracker.py"
_spec = importlib.util.spec_from_file_location("atlas_tracker", SCRIPT)
assert _spec
assert _spec.loader
tracker = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tracker)


class Redis(socketserver.ThreadingTCPServer):
    """The few commands that are asked."""

    daemon_threads = True

    def __init__(self) -> None:
        self.hashes: dict[bytes, dict[bytes, bytes]] = {}
        self.values: dict[bytes, bytes] = {}
        self.clients = ""
        super().__init__(("127.0.0.1", 0), Client)


class Client(socketserver.StreamRequestHandler):
    server: Redis

    def handle(self) -> None:
        while line := self.rfile.readline():
            words = [self._word() for _ in range(int(line[1:]))]
            self.wfile.write(self._answer(words[0], words[1:]))

    def _word(self) -> bytes:
        size = int(self.rfile.readline()[1:])
        return self.rfile.read(size + 2)[:-2]

    def _answer(self, verb: bytes, words: list[bytes]) -> bytes:
        if verb == b"CLIENT":
            return self._bulk(self.server.clients.encode())
        if verb in (b"HGETALL", b"HKEYS"):
            known = self.server.hashes.get(words[0], {})
            found = list(known) if verb == b"HKEYS" else [part for pair in known.items() for part in pair]
            return b"*%d\r\n" % len(found) + b"".join(map(self._bulk, found))
        if verb == b"HDEL":
            self.server.hashes[words[0]].pop(words[1])
            return b":1\r\n"
        if verb == b"SET":
            self.server.values[words[0]] = words[1]
            return b"+OK\r\n"
        return b"-ERR unknown command\r\n"

    def _bulk(self, value: bytes) -> bytes:
        return b"$%d\r\n%s\r\n" % (len(value), value)


@pytest.fixture
def redis() -> Iterator[Redis]:
    with Redis() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def asked(redis: Redis) -> Iterator[Any]:
    made = tracker.Tracker(redis.server_address)
    yield made
    made.close()


class Evil:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch /tmp/never",)


def routed(redis: Redis, jobs: dict[str, str]) -> None:
    redis.hashes[b"running_jobs"] = {pickle.dumps(job): pickle.dumps({"job_id": job}) for job in jobs}
    redis.hashes[b"routing_map:job_id"] = {
        pickle.dumps(job): pickle.dumps(f"http://{address}:5000/") for job, address in jobs.items()
    }


def test_connections_are_counted_by_address(redis: Redis, asked: Any) -> None:
    redis.clients = (
        "id=3 addr=10.0.0.2:41000 fd=8\nid=4 addr=10.0.0.2:41001 fd=9\nid=5 addr=10.0.0.3:5 fd=7\n"
    )
    assert tracker.connections(asked) == {"10.0.0.2": 2, "10.0.0.3": 1}


def test_jobs_of_a_node_are_those_that_are_routed_to_it(redis: Redis, asked: Any) -> None:
    routed(redis, {"one": "10.0.0.2", "two": "10.0.0.20", "three": "10.0.0.2"})
    assert [job for _, job in tracker.running(asked, "10.0.0.2")] == ["one", "three"]


def test_jobs_of_a_node_that_is_gone_are_marked_as_failed(redis: Redis, asked: Any, capsys: Any) -> None:
    routed(redis, {"one": "10.0.0.2", "two": "10.0.0.3"})
    tracker.forget(asked, "10.0.0.2")
    assert capsys.readouterr().out == "one\n"
    assert list(redis.hashes[b"running_jobs"]) == [pickle.dumps("two")]
    assert redis.values[b"jobs:one:state"] == b"failed"


def test_nothing_but_plain_values_is_taken_from_the_tracker(redis: Redis, asked: Any) -> None:
    evil = pickle.dumps(Evil())
    redis.hashes[b"running_jobs"] = {evil: evil, b"no pickle": b"", pickle.dumps("one"): b""}
    redis.hashes[b"routing_map:job_id"] = {evil: evil, pickle.dumps("one"): evil}
    assert list(tracker.running(asked, "10.0.0.2")) == []
    assert not Path("/tmp/never").exists()  # noqa: S108


def test_a_node_is_an_address_with_slots(redis: Redis, asked: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    redis.clients = "addr=127.0.0.1:1\naddr=10.0.0.1:1\naddr=10.0.0.2:1\naddr=10.0.0.3:1\n"
    routed(redis, {"one": "10.0.0.2"})
    monkeypatch.setattr(tracker, "slots", {"10.0.0.1": 0, "10.0.0.2": 2}.get)
    assert tracker.nodes(asked) == [{"ip": "10.0.0.2", "state": "ALIVE", "work": "1 jobs, 2 slots"}]


def test_what_the_tracker_refuses_is_an_error(asked: Any) -> None:
    with pytest.raises(OSError, match="ERR unknown command"):
        asked.ask("FLUSHALL")
