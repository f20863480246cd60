"""A pulumi-command plugin that answers at once and runs nothing: what is left is the engine and the program.

Stands in for N machines where only the engine's and the program's own cost is measured.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).resolve().parents[1])

import grpc.aio  # noqa: E402 - needs the path above
from pulumi.runtime.proto import provider_pb2_grpc  # noqa: E402 - as above

from tools.command_plugin.provider import Provider  # noqa: E402 - as above
from tools.provider.values import Wire  # noqa: E402 - as above


class Echo(Provider):
    """Gives every Command the outputs of a run that went well; addresses count up."""

    def __init__(self, engine: str) -> None:
        super().__init__(engine)
        self._made = 0

    async def _run(
        self,
        request: Any,
        context: Any,
        inputs: Mapping[str, Wire],
        command: str | None,
        outputs: dict[str, Wire],
    ) -> dict[str, Wire]:
        del context, inputs, command
        self._made += 1
        name = request.urn.rpartition("::")[2]
        facts = {
            "id": f"{name}-{self._made}",
            "cidr": "10.112.0.0/16",
            "gateway": "10.112.0.1",
            "sshHost": "127.0.0.1",
            "sshPort": 2201,
            "publicIp": "127.0.0.1",
            "privateIp": f"10.112.{self._made // 250}.{self._made % 250 + 1}",
        }
        kinds = {"seed": "5eed" * 16, "step": "digest 0 since @0", "membership": "digest 0"}
        return {"stdout": kinds.get(name.rpartition("-")[2], json.dumps(facts)), "stderr": "", **outputs}


async def serve(engine: str) -> None:
    server = grpc.aio.server(options=[("grpc.max_receive_message_length", 400 * 1024 * 1024)])
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Echo(engine), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(port, flush=True)
    await server.wait_for_termination()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    asyncio.run(serve(next((argument for argument in sys.argv[1:] if not argument.startswith("-")), "")))
