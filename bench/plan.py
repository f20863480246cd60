"""The program alone: seconds and memory until every resource is asked for, by number of workers.

    python -m bench.plan [N ...]          default 1 10 100 1000

Each N runs in a process of its own; the median of three runs is shown.
"""

import json
import resource
import statistics
import subprocess
import sys
import time

from bench.stack import config_for

RUNS = 3


def measure(workers: int) -> dict[str, float]:
    """In this process: one run of the whole program under the recording monitor."""
    from tests.graph.recording import record

    start = time.perf_counter()
    recording = record(config_for(workers))
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peakMb": peak_mb, "resources": len(recording.requests)}


def measured_apart(workers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.plan", "--one", str(workers)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(RUNS)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(int(arguments[1]))))
        return
    print("workers  resources  seconds  peak MB")
    for workers in map(int, arguments or ["1", "10", "100", "1000"]):
        found = measured_apart(workers)
        print(
            f"{workers:7}  {found['resources']:9.0f}  {found['seconds']:7.2f}  {found['peakMb']:7.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main(sys.argv[1:])
