"""Run a local.Command on this computer."""

import asyncio
import os
import signal
from collections.abc import Mapping
from typing import cast

from tools.command_plugin.output import LineTooLongError, Log, Output
from tools.command_plugin.scope import Scope
from tools.provider.values import Wire

_CHUNK = 64 * 1024


async def run(
    command: str, inputs: Mapping[str, Wire], previous: Mapping[str, str], scope: Scope, log: Log
) -> Output:
    """Run the command to its end and return what it printed; CommandError if it failed.

    inputs: the resource's inputs, without secrets' wrapping. previous: variables with the last run's output.
    Ctrl-C and time limits kill the command, as pulumi-command does, but wait for whoever holds its output.
    """
    output = Output(cast("str | None", inputs.get("logging")), log)
    arguments = [*_interpreter(inputs), command]
    if scope.ended:
        raise output.failure(scope.reason, command)
    stdin = cast("str", inputs.get("stdin") or "")
    try:
        process = await asyncio.create_subprocess_exec(
            *arguments,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=cast("str | None", inputs.get("dir")),
            env={**os.environ, **cast("dict[str, str]", inputs.get("environment") or {}), **previous},
        )
    except OSError as error:
        raise output.failure(_start_error(arguments[0], inputs.get("dir"), error), command) from error
    killer = asyncio.create_task(_kill_at_end(process, scope))
    try:
        await asyncio.gather(
            _feed_stdin(process.stdin, stdin),
            _drain(process, process.stdout, output, is_stderr=False),
            _drain(process, process.stderr, output, is_stderr=True),
        )
        code = await process.wait()
    finally:
        killer.cancel()
    await output.finish()
    if output.too_long:
        raise LineTooLongError
    if code:
        raise output.failure(_exit_text(code), command)
    return output


def _interpreter(inputs: Mapping[str, Wire]) -> list[str]:
    return cast("list[str]", inputs.get("interpreter")) or ["/bin/sh", "-c"]


async def _feed_stdin(stream: asyncio.StreamWriter | None, text: str) -> None:
    if stream is None:
        return
    try:
        stream.write(text.encode())
        await stream.drain()
        stream.close()
        await stream.wait_closed()
    except (BrokenPipeError, ConnectionResetError):
        # A command may end without reading all of its input.
        return


async def _drain(
    process: asyncio.subprocess.Process,
    stream: asyncio.StreamReader | None,
    output: Output,
    *,
    is_stderr: bool,
) -> None:
    while stream and (data := await stream.read(_CHUNK)):
        output.feed(data, is_stderr=is_stderr)
        if output.too_long:
            _kill(process)
            return


async def _kill_at_end(process: asyncio.subprocess.Process, scope: Scope) -> None:
    await scope.wait()
    _kill(process)


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()


def _start_error(program: str, folder: Wire, error: OSError) -> str:
    reason = os.strerror(error.errno or 0).lower()
    if folder is not None and error.filename == folder:
        return f"chdir {folder}: {reason}"
    if isinstance(error, FileNotFoundError) and "/" not in program:
        return f'exec: "{program}": executable file not found in $PATH'
    return f"fork/exec {program}: {reason}"


def _exit_text(code: int) -> str:
    if code > 0:
        return f"exit status {code}"
    return f"signal: {_SIGNALS.get(-code) or signal.strsignal(-code) or -code}".lower()


# Where Go's words for a signal differ from the C library's.
_SIGNALS: dict[int, str] = {
    signal.SIGABRT: "aborted",
    signal.SIGPIPE: "broken pipe",
    signal.SIGALRM: "alarm clock",
}
