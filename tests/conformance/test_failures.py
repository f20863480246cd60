"""What the user reads when a Command fails, and what stays in the state."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.hosts import SshHost, make_key
from tests.conformance.stack import Run, Stack, local, remote

DEAD_SOCKET = "/nonexistent/agent.sock"


def failing(host: SshHost, strict_host: SshHost, keys: Path) -> dict[str, tuple[Any, str]]:
    """Commands that fail, each with the start of its error."""
    other_key = make_key(keys / "other").read_text()
    other_host_key = (keys / "other.pub").read_text()

    def far(name: str, create: str = "true", logging: str | None = None, **changes: Any) -> Any:
        return remote(name, host.connection(**changes), create=create, logging=logging)

    def via(**changes: Any) -> dict[str, Any]:
        return strict_host.connection(**changes)

    refused = "dial tcp 127.0.0.1:1: connect: connection refused"
    mismatch = "ssh: handshake failed: ssh: host key mismatch"
    cases = [
        (
            remote("status", host.connection(), create='cat; sleep 1; echo "gone" >&2; exit 3', stdin="said\n",
                   logging="none"),
            'error: Process exited with status 3: running "cat; sleep 1; echo \\"gone\\" >&2; exit 3":\nsaid\ngone',
        ),
        (far("signal", "kill -TERM $$"), 'error: Process exited with status 143 from signal TERM: running "kill -T'),
        (far("cut", "kill -9 $PPID"), "error: wait: remote command exited without exit status or exit signal: run"),
        (far("refused", port=1), f"error: after 1 failed attempts: {refused}"),
        (far("once", port=1, dial_error_limit=0), f"error: after 0 failed attempts: {refused}"),
        (far("nohost", host="no-such-host.invalid"), "error: after 1 failed attempts: dial tcp: lookup no-such-ho"),
        (far("hostkey", host_key=other_host_key), f"error: after 1 failed attempts: {mismatch}"),
        (
            far("userkey", private_key=other_key),
            "error: after 1 failed attempts: ssh: handshake failed: ssh: unable to authenticate, attempted methods "
            "[none publickey], no supported methods remain",
        ),
        (far("nokey", private_key="none"), "error: ssh: no key found"),
        (far("pin", host_key="none"), "error: failed to parse host key: ssh: no key found"),
        (far("agent", agent_socket_path=DEAD_SOCKET), f"error: dial unix {DEAD_SOCKET}: connect: no such file or"),
        (far("noagent", agent_socket_path=""), "error: dial unix: missing address"),
        (far("deadproxy", proxy=via(port=1)), f"error: proxy: after 1 failed attempts: {refused}"),
        (far("beyond", port=1, proxy=via()), "error: proxy: after 1 failed attempts: ssh: rejected: connect failed ("),
        (
            far("beyondkey", host_key=other_host_key, proxy=via()),
            "error: proxy: after 1 failed attempts: ssh: handshake failed: EOF",
        ),
        (far("proxykey", proxy=via(host_key=other_host_key)), f"error: proxy: after 1 failed attempts: {mismatch}"),
        (
            remote("variable", strict_host.connection(), create="true", environment={"FOO": "1"}),
            "error: Unable to set 'FOO'. This only works if your SSH server is configured to accept\n",
        ),
        (local("near", create="echo out; exit 3"), 'error: exit status 3: running "echo out; exit 3":\nout'),
        (local("killed", create="kill -9 $$"), 'error: signal: killed: running "kill -9 $$":'),
        (local("nodir", create="true", dir="/nowhere"), "error: chdir /nowhere: no such file or directory: running"),
        (
            local("noprogram", create="true", interpreter=["no-such-program"]),
            'error: exec: "no-such-program": executable file not found in $PATH: running "true":',
        ),
    ]  # fmt: skip
    return {resource["name"]: (resource, text) for resource, text in cases}


NAMES = (
    "status signal cut refused once nohost hostkey userkey nokey pin agent noagent deadproxy beyond beyondkey "
    "proxykey variable near killed nodir noprogram"
).split()


@pytest.fixture(scope="module")
def cases(
    host: SshHost, strict_host: SshHost, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[Any, str]]:
    return failing(host, strict_host, tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="module")
def failed(
    cases: dict[str, tuple[Any, str]],
    environment: dict[str, str],
    template: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Stack, Run]:
    """One run in which all of them fail."""
    stack = Stack(tmp_path_factory.mktemp("failures") / "program", environment, template)
    resources = [resource for resource, _ in cases.values()]
    return stack, stack.up(resources, "--continue-on-error", "--parallel", str(len(resources)))


@pytest.mark.parametrize("name", NAMES)
def test_the_error_says_what_happened(
    name: str, cases: dict[str, tuple[Any, str]], failed: tuple[Stack, Run]
) -> None:
    error = failed[1].error(name)
    assert error.startswith(cases[name][1])


def test_every_case_is_checked(cases: dict[str, tuple[Any, str]]) -> None:
    assert list(cases) == NAMES


def test_a_refused_variable_stops_the_command(failed: tuple[Stack, Run]) -> None:
    assert 'could not set environment variable "FOO": ssh: setenv failed' in failed[1].error("variable")


def test_nothing_that_failed_is_in_the_state(failed: tuple[Stack, Run]) -> None:
    assert failed[1].code != 0
    assert failed[0].outputs() == {}


def test_a_dead_agent_socket_in_the_environment_fails_a_step_that_has_a_key(
    fleet: Stack, host: SshHost
) -> None:
    run = fleet.up([remote("step", host.connection(), create="true")], SSH_AUTH_SOCK=DEAD_SOCKET)
    assert run.error("step") == f"error: dial unix {DEAD_SOCKET}: connect: no such file or directory"


def test_a_failed_create_is_run_again_and_its_delete_never(fleet: Stack, host: SshHost) -> None:
    flag = fleet.folder / "flag"
    tell = f"echo create >>{fleet.journal}; test -e {flag}"
    resources = [remote("step", host.connection(), create=tell, delete=f"echo delete >>{fleet.journal}")]
    assert fleet.up(resources).code != 0
    flag.touch()
    assert fleet.up(resources).code == 0
    assert fleet.steps() == ["create", "create"]


def test_a_failed_update_keeps_the_old_state_and_is_run_again(fleet: Stack, host: SshHost) -> None:
    flag = fleet.folder / "flag"

    def program(stdin: str) -> list[Any]:
        return [remote("step", host.connection(), create="cat", update=f"cat; test -e {flag}", stdin=stdin)]

    fleet.up(program("one"))
    assert fleet.up(program("two")).code != 0
    assert fleet.outputs()["step"] | {"connection": ""} == {
        "connection": "", "create": "cat", "update": f"cat; test -e {flag}", "stdin": "one", "stdout": "one",
        "stderr": "",
    }  # fmt: skip
    flag.touch()
    assert fleet.up(program("two")).code == 0
    assert fleet.outputs()["step"]["stdout"] == "two"


def test_a_delete_on_a_dead_host_keeps_the_resource_and_all_it_needs(fleet: Stack, host: SshHost) -> None:
    needed = local("needed", create="true", delete=f"echo needed-deleted >>{fleet.journal}")
    step = remote("step", host.nowhere(), delete="true", options={"depends_on": ["needed"]})
    assert fleet.up([needed, step]).code == 0
    for flags in ([], ["--continue-on-error"]):
        run = fleet.destroy(*flags)
        assert run.code != 0
        assert "after 1 failed attempts: dial tcp 127.0.0.1:1: connect: connection refused" in run.error(
            "step"
        )
    assert sorted(fleet.outputs()) == ["needed", "step"]
    assert fleet.steps() == []


def test_an_unknown_field_is_refused_before_anything_runs(fleet: Stack, host: SshHost) -> None:
    connection = {"untyped": True, "host": "127.0.0.1", "bogus": os.devnull}
    run = fleet.up([remote("step", connection, create=f"echo ran >>{fleet.journal}")])
    assert run.code != 0
    assert "bogus: Unrecognized field 'bogus' on 'remote.Connection'" in run.text
    assert fleet.steps() == []
