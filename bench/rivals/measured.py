"""Runs a command and prints what it took: `measured.py LOG COMMAND...`.

JSON: exit code, wall seconds, CPU seconds of all its processes, also of those that it leaves behind
(connections that Ansible shares): they become children of this one, and are ended and waited for.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def main(log: str, *command: str) -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.perf_counter()
    with Path(log).open("w") as said:
        code = subprocess.run(
            command, stdout=said, stderr=said, stdin=subprocess.DEVNULL, check=False
        ).returncode
    seconds = time.perf_counter() - start
    while left := children():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"code": code, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main(*sys.argv[1:])
