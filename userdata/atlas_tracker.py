"""What the master's tracker (redis) knows of the nodes: `atlas_tracker.py VERB [ADDRESS]`.

`connections ADDRESS`: how many a node has. `jobs ADDRESS`: those that run there, by the routing table.
`forget ADDRESS`: ends those in the tracker, because their node is gone. `nodes`: all nodes, as JSON.
"""

import io
import json
import pickle
import socket
import sys
import time
import urllib.request
from collections.abc import Iterator
from typing import Any

TRACKER = ("127.0.0.1", 5556)
RUNNING, ROUTES = "running_jobs", "routing_map:job_id"
SECONDS = 10
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Tracker:
    """Just enough of redis's protocol."""

    def __init__(self, address: tuple[str, int] = TRACKER) -> None:
        self._socket = socket.create_connection(address, SECONDS)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        self._file.close()
        self._socket.close()

    def ask(self, *words: bytes | str) -> Any:
        told = [word if isinstance(word, bytes) else word.encode() for word in words]
        self._socket.sendall(
            b"*%d\r\n" % len(told) + b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in told)
        )
        return self._answer()

    def _answer(self) -> Any:
        line = self._file.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"*":
            return [self._answer() for _ in range(int(rest))]
        if kind == b"$":
            if int(rest) < 0:
                return None
            return self._file.read(int(rest) + 2)[:-2]
        if kind == b"-":
            raise OSError(rest.decode(errors="replace"))
        if not line:
            raise OSError("the tracker ended the connection")
        return int(rest) if kind == b":" else rest


class _Plain(pickle.Unpickler):
    """Every job can write to the tracker: nothing but plain values is taken from it."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no plain value")


def plain(data: bytes) -> Any:
    try:
        return _Plain(io.BytesIO(data)).load()
    except (pickle.UnpicklingError, EOFError, ValueError, IndexError, KeyError, AttributeError):
        return None


def connections(tracker: Tracker) -> dict[str, int]:
    """How many by address."""
    found: dict[str, int] = {}
    for line in tracker.ask("CLIENT", "LIST").decode().splitlines():
        fields = dict(word.partition("=")[::2] for word in line.split())
        address = fields.get("addr", "").rpartition(":")[0]
        found[address] = found.get(address, 0) + 1
    return found


def running(tracker: Tracker, address: str) -> Iterator[tuple[bytes, str]]:
    """The fields and ids of jobs that run on a node."""
    routes = tracker.ask("HGETALL", ROUTES)
    pairs = zip(routes[::2], routes[1::2], strict=True)
    of_job = {plain(field): str(plain(url)) for field, url in pairs}
    for field in tracker.ask("HKEYS", RUNNING):
        job = plain(field)
        if isinstance(job, str) and of_job.get(job, "").startswith(f"http://{address}:"):
            yield field, job


def forget(tracker: Tracker, address: str) -> None:
    for field, job in running(tracker, address):
        tracker.ask("HDEL", RUNNING, field)
        tracker.ask("SET", f"jobs:{job}:state", "failed")
        tracker.ask("SET", f"jobs:{job}:completed_time", str(time.time()))
        print(job)


def slots(address: str) -> int | None:
    """None where no scheduler answers."""
    try:
        with DIRECT.open(f"http://{address}:5000/workers", timeout=3) as answer:
            return len(json.load(answer))
    except (OSError, ValueError):
        return None


def nodes(tracker: Tracker) -> list[dict[str, Any]]:
    """Whoever has connections and a scheduler with slots. The master has no slots."""
    found: list[dict[str, Any]] = []
    for address in connections(tracker):
        count = slots(address) if not address.startswith("127.") else None
        if count:
            jobs = sum(1 for _ in running(tracker, address))
            found.append({"ip": address, "state": "ALIVE", "work": f"{jobs} jobs, {count} slots"})
    return found


def main(verb: str, *words: str) -> None:
    tracker = Tracker()
    if verb == "connections":
        print(connections(tracker).get(words[0], 0))
    elif verb == "jobs":
        print("\n".join(job for _, job in running(tracker, words[0])))
    elif verb == "forget":
        forget(tracker, words[0])
    elif verb == "nodes":
        print(json.dumps(nodes(tracker)))
    else:
        sys.exit(f"{verb} is no verb")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        sys.exit(f"the tracker at {TRACKER[0]}:{TRACKER[1]}: {error}")
