"""Serve a plugin: listen on a free port of the loopback address, print it, go on until the engine ends."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable

import grpc.aio
from pulumi.runtime.proto import provider_pb2_grpc

from tools.provider.plugin import Plugin

# The engine's own limit of a message, 400 MiB.
_LARGEST_MESSAGE = 400 * 1024 * 1024
# How often to look whether the engine is still there.
_SECONDS_BETWEEN_LOOKS = 2.0


async def _serve(plugin: Plugin) -> None:
    parent = os.getppid()
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.max_send_message_length", -1)]
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(plugin, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    while os.getppid() == parent:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def serve(make: Callable[[str], Plugin]) -> None:
    """Serve what `make` gives for the engine's address, which is the program's one argument."""
    # End at once and in silence, whichever way the engine asks for it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    engines = [argument for argument in sys.argv[1:] if not argument.startswith("-")]

    async def run() -> None:
        await _serve(make(engines[0] if engines else ""))

    asyncio.run(run())
