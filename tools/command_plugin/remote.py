"""Run a remote.Command over SSH.

asyncssh's public calls send environment variables without asking whether the server took them. pulumi-command
asks, so `_ask_about` reaches into asyncssh's channel: its method `_make_request` is no public interface.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import asyncssh
from asyncssh.packet import String

from tools.command_plugin.dial import dial
from tools.command_plugin.output import CommandError, LineTooLongError, Log, Output
from tools.command_plugin.scope import Scope
from tools.provider.values import Wire

# What Go's SSH client makes of a signal that ended the command.
_SIGNALS = {"ABRT": 6, "ALRM": 14, "FPE": 8, "HUP": 1, "ILL": 4, "INT": 2, "KILL": 9, "PIPE": 13, "QUIT": 3,
            "SEGV": 11, "TERM": 15}  # fmt: skip

# The text of pulumi-command, its line breaks included.
_REFUSED = """Unable to set '{name}'. This only works if your SSH server is configured to accept
\tthese variables via AcceptEnv. Alternatively, if a Bash-like shell runs the command on the remote host, you could
\tprefix the command itself with the variables in the form 'VAR=value command'"""  # noqa: E501 (as above)


async def run(
    command: str, inputs: Mapping[str, Wire], previous: Mapping[str, str], scope: Scope, log: Log
) -> Output:
    """Run the command to its end and return what it printed; CommandError if it failed.

    inputs: the resource's inputs, without secrets' wrapping. previous: variables with the last run's output.
    Ctrl-C and time limits end the dialling only: a running command is waited for, as pulumi-command does.
    """
    # Any: asyncssh's own annotations of sessions are incomplete.
    connection: Any = await dial(cast("Mapping[str, Wire]", inputs["connection"]), scope, log)
    try:
        output = Output(cast("str | None", inputs.get("logging")), log)
        environment = cast("Mapping[str, str]", inputs.get("environment") or {})
        session = _Session(output, lambda channel: _ask_about(channel, environment, previous, log))
        try:
            # asyncssh takes an empty command for the wish to have an interactive shell.
            channel, _ = await connection.create_session(lambda: session, command or " ", encoding=None)
            _send(channel, cast("str", inputs.get("stdin") or ""))
        except asyncssh.Error as error:
            raise output.failure(f"ssh: {error.reason}", command) from error
        await session.closed
        await output.finish()
        if output.too_long:
            raise LineTooLongError
        if session.failure:
            raise output.failure(session.failure, command)
        return output
    finally:
        connection.abort()


def _send(channel: Any, text: str) -> None:
    try:
        channel.write(text.encode())
        channel.write_eof()
    except BrokenPipeError:
        # A command may end without reading all of its input.
        return


def _ask_about(channel: Any, environment: Mapping[str, str], previous: Mapping[str, str], log: Log) -> None:
    """Make the channel ask the server about each variable before it starts the command."""
    make_request = channel._make_request

    async def takes(name: str, value: str) -> bool:
        return bool(await make_request(b"env", String(name), String(value)))

    async def asking(request: bytes, *args: bytes) -> bool | None:
        if request == b"exec":
            for name, value in environment.items():
                if not await takes(name, value):
                    log.error(_REFUSED.format(name=name))
                    await log.flush()
                    raise CommandError(f'could not set environment variable "{name}": ssh: setenv failed')
            for name, value in previous.items():
                if not await takes(name, value):
                    log.warning(_REFUSED.format(name=name))
        return await make_request(request, *args)

    channel._make_request = asking


class _Session(asyncssh.SSHClientSession[bytes]):
    """Hands a command's output on and remembers how it ended; `failure` is empty after success."""

    def __init__(self, output: Output, prepare: Callable[[Any], None]) -> None:
        self._output = output
        self._prepare = prepare
        self._channel: Any = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.failure = "wait: remote command exited without exit status or exit signal"

    def connection_made(self, chan: Any) -> None:
        self._channel = chan
        self._prepare(chan)

    def data_received(self, data: bytes, datatype: int | None) -> None:
        self._output.feed(data, is_stderr=datatype is not None)
        if self._output.too_long:
            self._channel.abort()

    def exit_status_received(self, status: int) -> None:
        self.failure = f"Process exited with status {status}" if status else ""

    def exit_signal_received(self, signal: str, core_dumped: bool, msg: str, lang: str) -> None:
        del core_dumped, lang
        why = f". Reason was: {msg}" if msg else ""
        self.failure = f"Process exited with status {128 + _SIGNALS.get(signal, 0)} from signal {signal}{why}"

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.closed.done():
            self.closed.set_result(None)
