"""The engine's requests for the two Command resources: Check, Diff, Create, Update, Delete and their kin."""

import secrets
from collections.abc import Mapping
from typing import Any, cast

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from tools.command_plugin.inputs import RESOURCES, check
from tools.command_plugin.output import CommandError
from tools.command_plugin.scope import Scopes
from tools.provider.diff import changed, keep_ignored, response
from tools.provider.plugin import Plugin, fail, token_of
from tools.provider.values import UNKNOWN, Wire, from_struct, is_unknown, plain, same, to_struct

# The version that this stands in for: the SDK asks the engine for a plugin of its own version.
VERSION = "1.2.1"
_REMOTE = "command:remote:Command"
_OUTPUTS = ("stdout", "stderr")

# What the framework of the real plugin adds to the provider's own state: a stack can change over to the real
# plugin without any difference.
_FRAMEWORK: Mapping[str, Wire] = {"__pulumi-go-provider-version": "1.2.0"}

# The only input whose schema says that it replaces. The schema names the whole list, so a change of one
# element (triggers[0]) is an update here; the SDK's option replace_on_changes turns it into a replacement.
_REPLACES = "triggers"


class Provider(Plugin):
    """Serves one engine; `engine` is its address, empty when it attaches later."""

    version = VERSION

    def __init__(self, engine: str) -> None:
        super().__init__(engine)
        self._scopes = Scopes()

    async def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802 (RPC)
        del context
        return provider_pb2.CheckResponse(inputs=to_struct({**from_struct(request.news), **_FRAMEWORK}))

    async def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802 (RPC)
        del request, context
        return provider_pb2.ConfigureResponse(acceptSecrets=True, supportsPreview=True, acceptResources=True)

    async def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802 (RPC)
        token = token_of(request.urn)
        if token not in RESOURCES:
            await fail(context, f"the stand-in for pulumi-command has no {token}; use the real plugin")
        inputs, failures = check(RESOURCES[token], from_struct(request.news))
        return provider_pb2.CheckResponse(
            inputs=to_struct(inputs),
            failures=[provider_pb2.CheckFailure(property=f.property, reason=f.reason) for f in failures],
        )

    async def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802 (RPC)
        del context
        new = keep_ignored(request.ignoreChanges, from_struct(request.olds), from_struct(request.news))
        return response(changed(from_struct(request.old_inputs), new), _replaces)

    async def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:  # noqa: N802 (RPC)
        inputs = from_struct(request.properties)
        if request.preview:
            outputs: dict[str, Wire] = _unknown()
        else:
            outputs = await self._run(
                request, context, inputs, cast("str | None", plain(inputs.get("create"))), {}
            )
        return provider_pb2.CreateResponse(
            id=request.urn.split("::", 3)[3] + secrets.token_hex(4),
            properties=to_struct({**inputs, **outputs}),
        )

    async def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:  # noqa: N802 (RPC)
        del context
        return provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)

    async def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802 (RPC)
        old = from_struct(request.olds)
        inputs = keep_ignored(request.ignoreChanges, old, from_struct(request.news))
        outputs: dict[str, Wire] = {name: old.get(name, "") for name in _OUTPUTS}
        if request.preview:
            if _may_differ(old, inputs):
                outputs = _unknown()
        else:
            command = inputs.get("create") if inputs.get("update") is None else inputs.get("update")
            outputs = await self._run(request, context, inputs, cast("str | None", plain(command)), outputs)
        return provider_pb2.UpdateResponse(properties=to_struct({**inputs, **outputs}))

    async def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802 (RPC)
        state = from_struct(request.properties)
        outputs = {name: state.get(name, "") for name in _OUTPUTS}
        await self._run(request, context, state, cast("str | None", plain(state.get("delete"))), outputs)
        return Empty()

    async def Cancel(self, request: Empty, context: Any) -> Empty:  # noqa: N802 (RPC)
        del request, context
        self._scopes.cancel()
        return Empty()

    async def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:  # noqa: N802 (RPC)
        await fail(context, f"the stand-in for pulumi-command has no {request.tok}; use the real plugin")
        return provider_pb2.InvokeResponse()

    async def _run(
        self,
        request: Any,
        context: Any,
        inputs: Mapping[str, Wire],
        command: str | None,
        outputs: dict[str, Wire],
    ) -> dict[str, Wire]:
        """Run the command, if there is one, and return what it printed; else what was there before."""
        if command is None:
            return {name: outputs.get(name, "") for name in _OUTPUTS}
        plain_inputs = cast("dict[str, Wire]", plain(dict(inputs)))
        previous = _previous(plain_inputs, outputs)
        try:
            with self._scopes.scope(request.timeout) as scope, self.log.of(request.urn) as log:
                output = await _runner(token_of(request.urn))(command, plain_inputs, previous, scope, log)
        except CommandError as error:
            await fail(context, str(error))
            raise
        return {"stdout": output.stdout, "stderr": output.stderr}


def _unknown() -> dict[str, Wire]:
    return dict.fromkeys(_OUTPUTS, UNKNOWN)


def _runner(token: str) -> Any:
    # Each kind's module is loaded at its first use: asyncssh alone takes 0.2 s.
    if token == _REMOTE:
        from tools.command_plugin import remote

        return remote.run
    from tools.command_plugin import local

    return local.run


def _previous(inputs: Mapping[str, Wire], outputs: Mapping[str, Wire]) -> dict[str, str]:
    if inputs.get("addPreviousOutputInEnv") is False:
        return {}
    found = {f"PULUMI_COMMAND_{name.upper()}": cast("str", plain(outputs.get(name))) for name in _OUTPUTS}
    return {name: value for name, value in found.items() if value}


def _may_differ(old: Mapping[str, Wire], inputs: Mapping[str, Wire]) -> bool:
    """Whether an update's outputs are unknown in a preview: an input is unknown, or is not what it was.

    An input that is new does not count: that is what the real plugin does.
    """
    return any(
        is_unknown(plain(value)) or (key in old and not same(value, old[key]))
        for key, value in inputs.items()
    )


def _replaces(path: str) -> bool:
    return path == _REPLACES
