"""What a resource plugin answers whatever its resources are."""

from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from tools.provider.diff import response
from tools.provider.enginelog import EngineLog


class Plugin(provider_pb2_grpc.ResourceProviderServicer):
    """Serves one engine; `engine` is its address, empty when it attaches later."""

    version = ""

    def __init__(self, engine: str) -> None:
        self.log = EngineLog(engine)

    async def GetPluginInfo(self, request: Empty, context: Any) -> plugin_pb2.PluginInfo:  # noqa: N802 (RPC)
        del request, context
        return plugin_pb2.PluginInfo(version=self.version)

    async def Attach(self, request: Any, context: Any) -> Empty:  # noqa: N802 (RPC)
        del context
        self.log = EngineLog(request.address)
        return Empty()

    async def DiffConfig(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802 (RPC)
        del request, context
        return response({}, lambda _: False)


def token_of(urn: str) -> str:
    """The type of the resource that a URN names."""
    return urn.split("::", 3)[2].rpartition("$")[2]


async def fail(context: Any, message: str) -> None:
    await context.abort(grpc.StatusCode.UNKNOWN, message)
