"""What a worker costs as there are more of them: state, memory and time of the real engine.

    python -m bench.scale [--cloud CLOUD] [N ...]          default local, 50 150 300

Machines are simulated (`bench/echo_plugin.py`, `bench/echo_cloud.py`) and the state is a folder. The engine
writes the whole state at every step, so what a worker adds to it is paid for at every other worker.
"""

import argparse
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.engine import UP, Run, prepared, pulumi, state_file
from bench.stack import config_for
from fleet.engine import stacks

LARGEST = 5


@dataclass(frozen=True)
class Measured:
    workers: int
    state_bytes: int
    first: Run
    noop: Run
    resources: list[Mapping[str, Any]]

    def line(self) -> str:
        per_worker = self.state_bytes // self.workers
        sizes = f"{self.workers:7}{per_worker:9,}{self.first.peak_mb:9.0f}{self.noop.peak_mb:9.0f}"
        runs = ((run.seconds, self.wall(run), self.cpu(run)) for run in (self.first, self.noop))
        return sizes + "".join(f"{seconds:9.1f}{wall:6.0f}{cpu:6.0f}" for seconds, wall, cpu in runs)

    def wall(self, run: Run) -> float:
        """Milliseconds per worker."""
        return 1000 * run.seconds / self.workers

    def cpu(self, run: Run) -> float:
        """The same of CPU time, which other work on this computer changes less."""
        return 1000 * run.cpu / self.workers


def measure(workers: int, cloud: str) -> Measured:
    region = "eu-central-1" if cloud == "aws" else ""
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        folder = prepared(Path(name) / "ours", config_for(workers, cloud), region=region)
        command = (*UP, str(stacks.parallel(workers + 1)))
        first, noop = pulumi(folder, *command), pulumi(folder, *command)
        text = state_file(folder).read_text()
    resources = json.loads(text)["checkpoint"]["latest"]["resources"]
    return Measured(workers, len(text), first, noop, resources)


def largest(resources: Iterable[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    """Bytes, kind of resource and property: the largest inputs as they are in the state, one per kind."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for resource in resources:
        kind = f"{resource['type']} *-{resource['urn'].rpartition('-')[2]}"
        for name, value in resource.get("inputs", {}).items():
            found[kind, name] = max(found[kind, name], len(json.dumps(value)))
    return sorted(((size, *which) for which, size in found.items()), reverse=True)[:LARGEST]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("workers", nargs="*", type=int, default=[50, 150, 300])
    parser.add_argument("--cloud", default="local", choices=["local", "aws"])
    given = parser.parse_args()
    print(
        f"{given.cloud}: bytes of state per worker; most MB of the CLI; `up` in s, ms per worker of wall, CPU"
    )
    print("workers    state    first    no-op    first  wall   cpu    no-op  wall   cpu")
    every: list[Measured] = []
    for workers in given.workers:
        every.append(measure(workers, given.cloud))
        print(every[-1].line(), flush=True)
    few, many = every[0], every[-1]
    wall = many.wall(many.first) / few.wall(few.first)
    cpu = many.cpu(many.first) / few.cpu(few.first)
    print(f"first up, per worker, {many.workers} to {few.workers}: {wall:.2f} of wall, {cpu:.2f} of CPU")
    print("largest inputs in the state, encrypted as they are:")
    for size, kind, name in largest(many.resources):
        print(f"{size:7,}  {kind}  {name}")


if __name__ == "__main__":
    main()
