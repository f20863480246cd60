"""Runs a command and prints what it took: `measured.py LOG COMMAND...`.

JSON: exit code, wall seconds, CPU seconds of all its processes, also of those that it leaves behind
(connections that Ansible shares): they become children of this one, and are ended and waited for.
In LOG every line has the second at which it was said.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

PR_SET_CHILD_SUBREAPER = 36


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()]


def timed(said: IO[str], log: Path, start: float) -> None:
    with log.open("w") as file:
        for line in said:
            print(f"{time.perf_counter() - start:.3f} {line.rstrip()}", file=file, flush=True)


def main(log: str, *command: str) -> None:
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    start = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True
    )
    # those that it leaves behind may hold the pipe
    listener = threading.Thread(target=timed, args=(process.stdout, Path(log), start))
    listener.start()
    code = process.wait()
    seconds = time.perf_counter() - start
    while left := children():
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)
    listener.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({"code": code, "seconds": seconds, "cpu": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    main(*sys.argv[1:])
