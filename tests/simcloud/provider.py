"""The engine's requests for a cloud's resources and look-ups."""

import asyncio
import json
import os
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2

from tests.simcloud import catalogue, clouds, resources
from tests.simcloud.clouds import Face
from tests.simcloud.errors import RefusedError
from tests.simcloud.hooks import Hooks
from tests.simcloud.kind import Kind
from tests.simcloud.store import Record, Store
from tools.local_hosts.errors import HostError
from tools.provider.diff import changed, keep_ignored, response
from tools.provider.plugin import Plugin, fail, token_of
from tools.provider.values import UNKNOWN, Wire, from_struct, is_unknown, plain, to_struct

T = TypeVar("T")


class Provider(Plugin):
    """Serves one engine; knows its region and stack from the engine's configuration of the provider."""

    def __init__(self, cloud: str, engine: str) -> None:
        super().__init__(engine)
        self._face: Face = clouds.named(cloud)
        self.version = self._face.VERSION
        self._pool = ThreadPoolExecutor(max_workers=64)
        self._region = self._face.region(os.environ)
        self._tags: dict[str, Any] = {}
        self._stack = ""

    async def CheckConfig(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802 (RPC)
        del context
        return provider_pb2.CheckResponse(inputs=request.news)

    async def Configure(self, request: Any, context: Any) -> provider_pb2.ConfigureResponse:  # noqa: N802 (RPC)
        del context
        given = cast("dict[str, Any]", plain(from_struct(request.args)))
        self._region = self._face.region({**os.environ, **given})
        tags = given.get("defaultTags") or {}
        tags = json.loads(tags) if isinstance(tags, str) else tags
        self._tags = tags.get("tags") or {}
        self._stack = request.urn.split("::")[0].rpartition(":")[2] if request.urn else self._stack
        return provider_pb2.ConfigureResponse(
            acceptSecrets=False, supportsPreview=True, acceptResources=False
        )

    async def Check(self, request: Any, context: Any) -> provider_pb2.CheckResponse:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        new, old = from_struct(request.news), from_struct(request.olds)
        problems = [
            provider_pb2.CheckFailure(property=path, reason=f"{kind.token} has no argument {path}")
            for path in catalogue.unknown(kind.token, new)
        ]
        problems += [
            provider_pb2.CheckFailure(property=name, reason=f"Missing required argument {name}")
            for name in catalogue.required(kind.token)
            if new.get(name) is None
        ]
        return provider_pb2.CheckResponse(
            inputs=to_struct(_named(kind, request.urn, old, new)), failures=problems
        )

    async def Diff(self, request: Any, context: Any) -> provider_pb2.DiffResponse:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        old = from_struct(request.old_inputs)
        new = keep_ignored(request.ignoreChanges, old, from_struct(request.news))
        changes = changed(old, new)
        replacing = self._face.replaced(kind, old, new)
        return response(changes, lambda path: kind.replaces_at(path) or path.partition(".")[0] in replacing)

    async def Create(self, request: Any, context: Any) -> provider_pb2.CreateResponse:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        inputs = from_struct(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=to_struct({**self._unknowns(kind), **inputs}))
        name = request.urn.rpartition("::")[2]
        store = self._store(request.urn)
        record = await self._do(
            context,
            kind,
            "creating",
            lambda: resources.create(
                store,
                kind,
                self._hooks(kind),
                name,
                request.urn,
                self._region,
                self._tagged(kind, _meant(inputs)),
            ),
        )
        return provider_pb2.CreateResponse(id=record["id"], properties=to_struct(_outputs(record)))

    async def Read(self, request: Any, context: Any) -> provider_pb2.ReadResponse:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        store = self._store(request.urn)
        record = await self._do(
            context, kind, "reading", lambda: resources.read(store, kind, self._hooks(kind), request.id)
        )
        if record is None:
            return provider_pb2.ReadResponse(id="")
        inputs = from_struct(request.inputs)
        return provider_pb2.ReadResponse(
            id=record["id"],
            properties=to_struct(_outputs(record)),
            inputs=to_struct(inputs or {key: record["props"][key] for key in record["inputs"]}),
        )

    async def Update(self, request: Any, context: Any) -> provider_pb2.UpdateResponse:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        old, inputs = from_struct(request.olds), from_struct(request.news)
        inputs = keep_ignored(request.ignoreChanges, old, inputs)
        if request.preview:
            later = dict.fromkeys(self._face.of_next_version(kind), UNKNOWN)
            return provider_pb2.UpdateResponse(properties=to_struct({**old, **later, **inputs}))
        store = self._store(request.urn)
        record = await self._do(
            context,
            kind,
            "updating",
            lambda: resources.update(
                store, kind, self._hooks(kind), request.id, self._tagged(kind, _meant(inputs))
            ),
        )
        return provider_pb2.UpdateResponse(properties=to_struct(_outputs(record)))

    async def Delete(self, request: Any, context: Any) -> Empty:  # noqa: N802 (RPC)
        kind = await self._kind(context, request.urn)
        store = self._store(request.urn)
        await self._do(
            context, kind, "deleting", lambda: resources.delete(store, kind, self._hooks(kind), request.id)
        )
        return Empty()

    async def Invoke(self, request: Any, context: Any) -> provider_pb2.InvokeResponse:  # noqa: N802 (RPC)
        answer = self._face.LOOK_UPS.get(request.tok)
        if answer is None:
            await fail(
                context,
                f"simcloud has no look-up {request.tok}; "
                f"tests/simcloud/{self._face.NAME}/lookups.py is where they are",
            )
            raise AssertionError
        asked = cast("dict[str, Any]", plain(from_struct(request.args)))
        account = Store(self._stack or os.environ.get("PULUMI_STACK") or "unknown").read()
        try:
            found = answer(account, asked, asked.get("region") or self._region)
        except RefusedError as refusal:
            what = request.tok.rpartition(":")[2]
            await fail(context, self._face.told(refusal, "reading", what, "Describe"))
            raise
        # `return` is a word of Python's own
        fields: dict[str, Any] = {"return": to_struct({**asked, **found})}
        return provider_pb2.InvokeResponse(**fields)

    async def Cancel(self, request: Empty, context: Any) -> Empty:  # noqa: N802 (RPC)
        del request, context
        return Empty()

    def _store(self, urn: str) -> Store:
        return Store(urn.split("::")[0].rpartition(":")[2])

    def _tagged(self, kind: Kind, inputs: dict[str, Any]) -> dict[str, Any]:
        if not self._tags or "tags" not in (catalogue.properties(catalogue.arguments(kind.token) or object)):
            return inputs
        return {**inputs, "tags": {**self._tags, **inputs.get("tags", {})}}

    async def _do(self, context: Any, kind: Kind, action: str, work: Callable[[], T]) -> T:
        """Runs in a thread: podman and locks wait."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except RefusedError as refusal:
            await fail(context, self._face.told(refusal, action, kind.name, kind.creates))
            raise
        except (HostError, OSError) as error:
            await fail(context, f"{action} {kind.name}: simcloud: {error}")
            raise

    def _hooks(self, kind: Kind) -> Hooks:
        return self._face.HOOKS.get(kind.name, Hooks())

    async def _kind(self, context: Any, urn: str) -> Kind:
        token = token_of(urn)
        kind = catalogue.by_token(self._face.NAME).get(token)
        if kind is None:
            where = f"tests/simcloud/{self._face.NAME}/types.yaml"
            await fail(context, f"simcloud has no {token}; {where} is where types are added")
            raise AssertionError
        return kind

    def _unknowns(self, kind: Kind) -> dict[str, Wire]:
        """What a preview cannot know."""
        by_hooks = self._face.BY_HOOKS.get(kind.name, ())
        known = [*kind.computed, *by_hooks, *(["arn"] if kind.arn else [])]
        return {**dict.fromkeys(known, UNKNOWN), "id": UNKNOWN}


def _meant(inputs: Mapping[str, Wire]) -> dict[str, Any]:
    return cast(
        "dict[str, Any]",
        plain({key: value for key, value in inputs.items() if not key.startswith("__") and key != "version"}),
    )


def _named(kind: Kind, urn: str, old: Mapping[str, Wire], new: dict[str, Wire]) -> dict[str, Wire]:
    """A name for what has none: the one it had, or the resource's own with seven digits."""
    if not kind.named or new.get(kind.named) is not None:
        return new
    prefix = new.get(f"{kind.named}Prefix")
    if isinstance(prefix, str) and not is_unknown(prefix):
        return new
    kept = old.get(kind.named)
    name = kept if isinstance(kept, str) else f"{urn.rpartition('::')[2]}-{secrets.token_hex(4)[:7]}"
    return {**new, kind.named: name}


def _outputs(record: Record) -> dict[str, Any]:
    return {**{key: value for key, value in record["props"].items() if value is not None}, "id": record["id"]}
