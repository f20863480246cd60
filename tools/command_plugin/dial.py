"""Open an SSH connection as pulumi-command does: its retries, its checks and its words for what failed."""

import asyncio
import errno
import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from itertools import count
from typing import Any, TypeVar, cast

import asyncssh

from tools.command_plugin.output import CommandError, Log
from tools.command_plugin.scope import Scope
from tools.provider.values import Wire

T = TypeVar("T")
Endpoint = Mapping[str, Wire]

# Retries of pulumi-command: sdk/go/common/util/retry.
_FIRST_DELAY = 0.1
_BACKOFF = 1.5
_LONGEST_DELAY = 5.0


class DialError(Exception):
    """One attempt that failed."""


async def dial(connection: Endpoint, scope: Scope, log: Log) -> asyncssh.SSHClientConnection:
    """Connect, over the connection's proxy if it has one; CommandError when its dial limit is reached.

    What is wrong with the keys or the agent's socket fails at once, what the network or the host does counts
    as a dial error, a refused key and a wrong host key included. perDialTimeout bounds the TCP connect only.
    """
    options = await _options(connection)
    limit = _limit(connection)
    proxy = cast("Endpoint | None", connection.get("proxy"))
    if proxy is None:
        return await _retry(lambda: _direct(connection, options), "Dial", limit, scope, log)
    try:
        proxy_options = await _options(proxy)
        hop = await _retry(lambda: _direct(proxy, proxy_options), "Dial proxy", _limit(proxy), scope, log)
        return await _through(hop, connection, options, limit, scope, log)
    except CommandError as error:
        raise CommandError(f"proxy: {error}") from error


async def _retry(attempt: Callable[[], Awaitable[T]], label: str, limit: int, scope: Scope, log: Log) -> T:
    delay = _FIRST_DELAY
    for failed in count():
        try:
            return await attempt()
        except DialError as error:
            if 0 <= limit <= failed:
                raise CommandError(f"after {failed} failed attempts: {error}") from error
        log.status(f"{label} {failed + 1}/{'inf' if limit == -1 else limit} failed: retrying")
        if await scope.sleep(delay):
            break
        delay = min(delay * _BACKOFF, _LONGEST_DELAY)
    raise CommandError(scope.reason)


async def _direct(endpoint: Endpoint, options: dict[str, Any]) -> asyncssh.SSHClientConnection:
    sock = await _connect_tcp(endpoint)
    try:
        return await _handshake(options, sock=sock)
    except BaseException:
        sock.close()
        raise


async def _through(
    hop: asyncssh.SSHClientConnection,
    endpoint: Endpoint,
    options: dict[str, Any],
    limit: int,
    scope: Scope,
    log: Log,
) -> asyncssh.SSHClientConnection:
    host, port = _address(endpoint)
    broken: list[DialError] = []

    async def bridge() -> asyncssh.SSHClientConnection | None:
        try:
            return await _handshake(options, host=host, port=port, tunnel=hop)
        except asyncssh.ChannelOpenError as error:
            raise DialError(f"ssh: rejected: connect failed ({error.reason})") from error
        except DialError as error:
            broken.append(error)
            return None

    async def again() -> asyncssh.SSHClientConnection:
        raise broken.pop() if broken else DialError("ssh: handshake failed: EOF")

    connected = await _retry(bridge, "Dial from proxy", limit, scope, log)
    # pulumi-command repeats a failed handshake on the same connection, which can never succeed.
    return connected or await _retry(again, "Dial", limit, scope, log)


async def _connect_tcp(endpoint: Endpoint) -> socket.socket:
    host, port = _address(endpoint)
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise DialError(f"dial tcp: lookup {host}: no such host") from error
    # 0 means no limit, as an absent one would if the check did not fill it in.
    seconds = cast("float", endpoint.get("perDialTimeout")) or None
    first: DialError | None = None
    for family, kind, protocol, _, address in found:
        sock = socket.socket(family, kind, protocol)
        sock.setblocking(False)
        try:
            await asyncio.wait_for(loop.sock_connect(sock, address), seconds)
        except OSError as error:
            sock.close()
            where = f"[{address[0]}]:{port}" if family == socket.AF_INET6 else f"{address[0]}:{port}"
            first = first or DialError(f"dial tcp {where}: {_tcp_error(error)}")
        except BaseException:
            sock.close()
            raise
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise first or DialError(f"dial tcp: lookup {host}: no such host")


async def _handshake(options: dict[str, Any], **where: Any) -> asyncssh.SSHClientConnection:
    try:
        return await asyncssh.connect(**where, **options)
    except asyncssh.ChannelOpenError:
        raise
    except asyncssh.HostKeyNotVerifiable as error:
        raise DialError("ssh: handshake failed: ssh: host key mismatch") from error
    except asyncssh.KeyExchangeFailed as error:
        raise DialError(
            f"ssh: handshake failed: ssh: no common algorithm for host key; {error.reason}"
        ) from error
    except asyncssh.PermissionDenied as error:
        tried = " ".join(["none", *_methods(options)])
        raise DialError(
            f"ssh: handshake failed: ssh: unable to authenticate, attempted methods [{tried}], "
            "no supported methods remain"
        ) from error
    except asyncssh.ConnectionLost as error:
        raise DialError("ssh: handshake failed: EOF") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise DialError(f"ssh: handshake failed: read tcp: {reason}") from error
    except asyncssh.Error as error:
        raise DialError(f"ssh: handshake failed: {error}") from error


async def _options(endpoint: Endpoint) -> dict[str, Any]:
    """What asyncssh.connect needs, with nothing from the operator's own ~/.ssh."""
    return {
        "config": None,
        "username": endpoint.get("user"),
        "client_keys": await _client_keys(endpoint),
        "agent_path": None,
        "password": endpoint.get("password"),
        "preferred_auth": ["publickey", "password", "keyboard-interactive"],
        "login_timeout": 0,
        **_host_key(cast("str | None", endpoint.get("hostKey"))),
    }


def _methods(options: dict[str, Any]) -> list[str]:
    keys = ["publickey"] if options["client_keys"] else []
    return keys if options["password"] is None else [*keys, "password", "keyboard-interactive"]


def _host_key(line: str | None) -> dict[str, Any]:
    if line is None:
        return {"known_hosts": None}
    try:
        key = asyncssh.import_public_key(line)
    except asyncssh.KeyImportError as error:
        raise CommandError("failed to parse host key: ssh: no key found") from error
    return {"known_hosts": ([key], [], []), "server_host_key_algs": [key.get_algorithm()]}


async def _client_keys(endpoint: Endpoint) -> list[Any] | None:
    text = cast("str | None", endpoint.get("privateKey"))
    own = None if text is None else _private_key(text, cast("str | None", endpoint.get("privateKeyPassword")))
    agent = cast("str | None", endpoint.get("agentSocketPath"))
    if agent is None:
        agent = os.environ.get("SSH_AUTH_SOCK") or None
    offered = [] if agent is None else await _agent_keys(agent)
    # Go's client tries each method once: where there is a key of one's own, the agent's are never offered.
    return ([own] if own else offered) or None


def _private_key(text: str, passphrase: str | None) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(text, passphrase)
    except asyncssh.KeyEncryptionError as error:
        raise CommandError(_decryption_error(str(error))) from error
    except asyncssh.KeyImportError as error:
        missing = "passphrase" in str(error).lower()
        raise CommandError(
            "ssh: this private key is passphrase protected" if missing else "ssh: no key found"
        ) from error


def _decryption_error(reason: str) -> str:
    # asyncssh reads OpenSSH's own encrypted keys only where the package bcrypt is installed; it says so.
    return f"ssh: {reason}" if "bcrypt" in reason else "x509: decryption password incorrect"


async def _agent_keys(path: str) -> list[Any]:
    if not path:
        raise CommandError("dial unix: missing address")
    try:
        # As the real plugin does: a dead socket fails the step before any host is dialled.
        _, writer = await asyncio.open_unix_connection(path)
    except OSError as error:
        raise CommandError(f"dial unix {path}: {_tcp_error(error)}") from error
    writer.close()
    agent = await asyncssh.connect_agent(path)
    return list(await agent.get_keys())


def _address(endpoint: Endpoint) -> tuple[str, int]:
    return str(endpoint["host"]), int(cast("float", endpoint["port"]))


def _limit(endpoint: Endpoint) -> int:
    return int(cast("float", endpoint.get("dialErrorLimit", 10.0)))


def _tcp_error(error: OSError) -> str:
    if isinstance(error, TimeoutError) and error.errno != errno.ETIMEDOUT:
        return "i/o timeout"
    return f"connect: {os.strerror(error.errno or 0).lower()}"
