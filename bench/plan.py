"""The program alone: seconds and memory until every resource is asked for, by number of workers.

    python -m bench.plan [--cloud CLOUD] [N ...]          default local, 1 10 100 1000

Each N runs in a process of its own; the median of three runs is shown.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from typing import Any

from pulumi.runtime import mocks

from bench.stack import config_for

RUNS = 3


class Forgetful(mocks.MockMonitor):
    """Answers and keeps nothing, as the engine, which is another process."""

    asked = 0

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - gRPC's name
        self.asked += 1
        response = super().RegisterResource(request)
        self.resources.clear()
        return response


def measure(cloud: str, workers: int) -> dict[str, float]:
    """In this process: one run of the whole program."""
    from tests.graph.alicloud_cloud import AlicloudCloud
    from tests.graph.aws_cloud import AwsCloud
    from tests.graph.recording import Answers, run

    answers = Answers(AlicloudCloud() if cloud == "alicloud" else AwsCloud(quota=1e6))
    monitor = Forgetful(answers)
    start = time.perf_counter()
    run(config_for(workers, cloud), {}, answers, monitor, lambda: None)
    seconds = time.perf_counter() - start
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peakMb": peak_mb, "resources": monitor.asked}


def measured_apart(cloud: str, workers: int) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.plan", "--one", "--cloud", cloud, str(workers)]
    runs = [
        json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        for _ in range(RUNS)
    ]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.plan", description=__doc__)
    parser.add_argument("workers", nargs="*", type=int, default=[1, 10, 100, 1000])
    parser.add_argument("--cloud", default="local", choices=["local", "aws", "alicloud"])
    parser.add_argument("--one", action="store_true", help="in this process, as JSON")
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.cloud, given.workers[0])))
        return
    print("workers  resources  seconds  peak MB")
    for workers in given.workers:
        found = measured_apart(given.cloud, workers)
        print(
            f"{workers:7}  {found['resources']:9.0f}  {found['seconds']:7.2f}  {found['peakMb']:7.0f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
