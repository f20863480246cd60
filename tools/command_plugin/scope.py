"""How long one request may go on: until its time limit, or until the engine cancels the run."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Scope:
    """One request's end, if it has one; `reason` is the text that the real plugin gives."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self.reason = ""

    def end(self, reason: str) -> None:
        if not self._ended.is_set():
            self.reason = reason
            self._ended.set()

    @property
    def ended(self) -> bool:
        return self._ended.is_set()

    async def wait(self) -> None:
        await self._ended.wait()

    async def sleep(self, seconds: float) -> bool:
        """Wait that long; says whether the scope ended before."""
        try:
            await asyncio.wait_for(self._ended.wait(), seconds)
        except TimeoutError:
            return False
        return True


class Scopes:
    """All requests under way."""

    def __init__(self) -> None:
        self._open: set[Scope] = set()
        self._cancelled = False

    def cancel(self) -> None:
        """End every request, also those to come: the engine asks for it at Ctrl-C."""
        self._cancelled = True
        for scope in list(self._open):
            scope.end("context canceled")

    @contextmanager
    def scope(self, timeout: float) -> Generator[Scope, None, None]:
        """The scope of one request; `timeout` in seconds, 0 = none, fractions are cut off."""
        scope = Scope()
        self._open.add(scope)
        if self._cancelled:
            scope.end("context canceled")
        timer = None
        if timeout:
            loop = asyncio.get_running_loop()
            timer = loop.call_later(int(timeout), scope.end, "context deadline exceeded")
        try:
            yield scope
        finally:
            if timer:
                timer.cancel()
            self._open.discard(scope)
