"""Start the plugin: listen on a free port of the loopback address, print it, serve until the engine ends."""

import asyncio
import os
import signal
import sys
from pathlib import Path

# Run as a file, so that no folder of the user's is searched for modules; the project's own has to be named.
sys.path[0] = str(Path(__file__).resolve().parents[2])

import grpc.aio  # noqa: E402 (needs the path above)
from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402 (as above)

from tools.command_plugin.provider import Provider  # noqa: E402 (as above)

# The engine's own limit of a message, 400 MiB.
_LARGEST_MESSAGE = 400 * 1024 * 1024
# How often to look whether the engine is still there.
_SECONDS_BETWEEN_LOOKS = 2.0


async def serve(engine: str) -> None:
    """Serve the engine at this address until it is gone."""
    parent = os.getppid()
    server = grpc.aio.server(
        options=[("grpc.max_receive_message_length", _LARGEST_MESSAGE), ("grpc.max_send_message_length", -1)]
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    while os.getppid() == parent:
        await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def main() -> None:
    # End at once and in silence, whichever way the engine asks for it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    engines = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    asyncio.run(serve(engines[0] if engines else ""))


if __name__ == "__main__":
    main()
