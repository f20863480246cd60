"""Lines for the user, sent to the engine as they come."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import grpc
import grpc.aio
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc


class EngineLog:
    """The engine's log service at one address; without an address lines go nowhere."""

    def __init__(self, address: str) -> None:
        self._stub: Any = None
        if address:
            self._stub = engine_pb2_grpc.EngineStub(grpc.aio.insecure_channel(address))  # type: ignore[no-untyped-call]

    @contextmanager
    def of(self, urn: str) -> Generator["ResourceLog", None, None]:
        """The log of one resource, for as long as one request works on it."""
        log = ResourceLog(self._stub, urn)
        try:
            yield log
        finally:
            log.close()


class ResourceLog:
    """Lines about one resource, in order; `flush` waits until the engine has them."""

    def __init__(self, stub: Any, urn: str) -> None:
        self._stub = stub
        self._urn = urn
        self._lines: asyncio.Queue[engine_pb2.LogRequest] = asyncio.Queue()
        self._sender: asyncio.Task[None] | None = None

    def status(self, line: str) -> None:
        self._put(engine_pb2.INFO, line, ephemeral=True)

    def warning(self, text: str) -> None:
        self._put(engine_pb2.WARNING, text)

    def error(self, text: str) -> None:
        self._put(engine_pb2.ERROR, text)

    async def flush(self) -> None:
        await self._lines.join()

    def close(self) -> None:
        if self._sender:
            self._sender.cancel()

    def _put(self, severity: Any, message: str, *, ephemeral: bool = False) -> None:
        if self._stub is None:
            return
        self._lines.put_nowait(
            engine_pb2.LogRequest(severity=severity, message=message, urn=self._urn, ephemeral=ephemeral)
        )
        if self._sender is None:
            self._sender = asyncio.create_task(self._send())

    async def _send(self) -> None:
        while True:
            line = await self._lines.get()
            try:
                await self._stub.Log(line)
            except grpc.aio.AioRpcError:
                # An engine that is going away takes no more lines; the step goes on without.
                continue
            finally:
                self._lines.task_done()
