"""Running the Pulumi CLI so that every signal reaches it exactly once."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

# prctl(2)
_PR_SET_PDEATHSIG = 1
# siginfo_t.si_code of a signal that the terminal sent, to the whole foreground group
_SI_KERNEL = 128
_FORWARDED = {signal.SIGINT, signal.SIGTERM}

Answer = subprocess.CompletedProcess[str]


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> int:
    """Runs a command on this terminal and returns its exit code (128 + n where signal n ended it).

    The engine takes one Ctrl-C as "finish the running steps" and a second as "leave at once", so it must see
    each just once. On a terminal it shares our process group and gets Ctrl-C from the kernel; elsewhere it
    has a group of its own and gets what is sent to us. It is stopped (once) if we are killed.
    """
    on_terminal = sys.stdin.isatty()
    waited = _FORWARDED | {signal.SIGCHLD}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, waited)
    try:
        child = subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            process_group=None if on_terminal else 0,
            preexec_fn=_child_setup(before, os.getpid()),
        )
        while child.poll() is None:
            info = signal.sigtimedwait(waited, 1.0)
            if info is None or info.si_signo not in _FORWARDED:
                continue
            if not (on_terminal and info.si_code == _SI_KERNEL):
                child.send_signal(info.si_signo)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def capture(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> Answer:
    """Runs a short command and returns what it said."""
    return subprocess.run(
        command, env=dict(env), cwd=cwd, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )


def _child_setup(mask: set[signal.Signals] | set[int], parent: int) -> Callable[[], None]:
    prctl = ctypes.CDLL(None).prctl

    def setup() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        prctl(_PR_SET_PDEATHSIG, signal.SIGINT)
        if os.getppid() != parent:
            os._exit(1)

    return setup
