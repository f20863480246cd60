"""What a command prints: kept for the resource's outputs and for error texts, and streamed to the engine."""

from typing import Protocol

# bufio.MaxScanTokenSize of Go: the longest line, its newline included, that the real plugin can log.
LONGEST_LINE = 64 * 1024


class Log(Protocol):
    """Where lines for the user go. A status line is shown while the step runs, and not kept."""

    def status(self, line: str) -> None: ...
    def warning(self, text: str) -> None: ...
    def error(self, text: str) -> None: ...
    async def flush(self) -> None: ...


class CommandError(Exception):
    """A step that failed; its text is what the user reads."""


class LineTooLongError(CommandError):
    """An output line that pulumi-command cannot log."""

    def __init__(self) -> None:
        super().__init__(
            f"the command printed a line of {LONGEST_LINE} bytes or more while logging is on: "
            "pulumi-command 1.2.1 hangs for ever here. Print shorter lines, or set logging to none "
            "and log to a file"
        )


class Output:
    """Collects both streams of one command.

    logging: `stdout`, `stderr`, `stdoutAndStderr` (also where absent) or `none`: which stream is logged.
    """

    def __init__(self, logging: str | None, log: Log) -> None:
        self._log = log
        self._logged = (
            logging in {None, "stdout", "stdoutAndStderr"},
            logging in {None, "stderr", "stdoutAndStderr"},
        )
        self._streams = (bytearray(), bytearray())
        self._both = bytearray()
        self._line = bytearray()
        self.too_long = False

    def feed(self, data: bytes, *, is_stderr: bool) -> None:
        """Take what one stream gave; too_long is set when a line cannot be logged."""
        self._streams[is_stderr].extend(data)
        self._both.extend(data)
        if not self._logged[is_stderr]:
            return
        self._line.extend(data)
        *whole, rest = bytes(self._line).split(b"\n")
        for line in whole:
            self._emit(line)
        self._line = bytearray(rest)
        self.too_long = self.too_long or len(rest) >= LONGEST_LINE

    async def finish(self) -> None:
        """Hand over the last line and wait until the engine has all of them."""
        if self._line:
            self._emit(bytes(self._line))
            self._line.clear()
        await self._log.flush()

    @property
    def stdout(self) -> str:
        return _text(self._streams[0]).removesuffix("\n")

    @property
    def stderr(self) -> str:
        return _text(self._streams[1]).removesuffix("\n")

    def failure(self, what: str, command: str) -> CommandError:
        """The error of a command that failed: all its output follows, whatever is logged."""
        return CommandError(f"{what}: running {go_quote(command)}:\n{_text(self._both)}")

    def _emit(self, line: bytes) -> None:
        if len(line) >= LONGEST_LINE:
            self.too_long = True
        else:
            self._log.status(_text(line.removesuffix(b"\r")))


def _text(data: bytes | bytearray) -> str:
    return data.decode("utf-8", "replace")


_ESCAPES = {
    "\a": r"\a", "\b": r"\b", "\f": r"\f", "\n": r"\n", "\r": r"\r", "\t": r"\t", "\v": r"\v",
    "\\": r"\\", '"': r"\"",
}  # fmt: skip


def go_quote(text: str) -> str:
    """The text as Go's %q prints it."""
    return '"' + "".join(_ESCAPES.get(char) or _go_char(char) for char in text) + '"'


def _go_char(char: str) -> str:
    if char.isprintable():
        return char
    code = ord(char)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
