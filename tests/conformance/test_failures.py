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
    return {**_failing_scripts(host, strict_host), **_failing_dials(host, strict_host, keys)}


def _failing_scripts(host: SshHost, strict_host: SshHost) -> dict[str, tuple[Any, str]]:
    talks = 'cat; sleep 1; echo "gone" >&2; exit 3'

    def far(create: str, **args: Any) -> Any:
        return {"connection": host.connection(), "create": create, **args}

    remotes: dict[str, tuple[Any, str]] = {
        "status": (
            far(talks, stdin="said\n", logging="none"),
            'Process exited with status 3: running "cat; sleep 1; echo \\"gone\\" >&2; exit 3":\nsaid\ngone',
        ),
        "signal": (
            far("kill -TERM $$"),
            'Process exited with status 143 from signal TERM: running "kill -TERM $$":',
        ),
        "cut": (
            far("kill -9 $PPID"),
            "wait: remote command exited without exit status or exit signal: running",
        ),
        "variable": (
            far("true", connection=strict_host.connection(), environment={"FOO": "1"}),
            "Unable to set 'FOO'. This only works if your SSH server is configured to accept\n",
        ),
    }
    locals_: dict[str, tuple[Any, str]] = {
        "near": ({"create": "echo out; exit 3"}, 'exit status 3: running "echo out; exit 3":\nout'),
        "killed": ({"create": "kill -9 $$"}, 'signal: killed: running "kill -9 $$":'),
        "nodir": (
            {"create": "true", "dir": "/nowhere"},
            "chdir /nowhere: no such file or directory: running",
        ),
        "noprogram": (
            {"create": "true", "interpreter": ["no-such-program"]},
            'exec: "no-such-program": executable file not found in $PATH: running "true":',
        ),
    }
    far_cases = {name: (remote(name, **args), text) for name, (args, text) in remotes.items()}
    near_cases = {name: (local(name, **args), text) for name, (args, text) in locals_.items()}
    return {**far_cases, **near_cases}


def _failing_dials(host: SshHost, strict_host: SshHost, keys: Path) -> dict[str, tuple[Any, str]]:
    other_key = make_key(keys / "other").read_text()
    other_host_key = (keys / "other.pub").read_text()
    via = strict_host.connection
    failed = "after 1 failed attempts:"
    refused = "dial tcp 127.0.0.1:1: connect: connection refused"
    handshake = "ssh: handshake failed:"
    agent_error = f"dial unix {DEAD_SOCKET}: connect: no such file or directory"
    changes: dict[str, tuple[dict[str, Any], str]] = {
        "refused": ({"port": 1}, f"{failed} {refused}"),
        "once": ({"port": 1, "dial_error_limit": 0}, f"after 0 failed attempts: {refused}"),
        "nohost": ({"host": "no-such-host.invalid"}, f"{failed} dial tcp: lookup no-such-host.invalid"),
        "hostkey": ({"host_key": other_host_key}, f"{failed} {handshake} ssh: host key mismatch"),
        "userkey": (
            {"private_key": other_key},
            f"{failed} {handshake} ssh: unable to authenticate, attempted methods [none publickey], "
            "no supported methods remain",
        ),
        "nokey": ({"private_key": "none"}, "ssh: no key found"),
        "pin": ({"host_key": "none"}, "failed to parse host key: ssh: no key found"),
        "agent": ({"agent_socket_path": DEAD_SOCKET}, agent_error),
        "noagent": ({"agent_socket_path": ""}, "dial unix: missing address"),
        "deadproxy": ({"proxy": via(port=1)}, f"proxy: {failed} {refused}"),
        "beyond": ({"port": 1, "proxy": via()}, f"proxy: {failed} ssh: rejected: connect failed ("),
        "beyondkey": ({"host_key": other_host_key, "proxy": via()}, f"proxy: {failed} {handshake} EOF"),
        "proxykey": (
            {"proxy": via(host_key=other_host_key)},
            f"proxy: {failed} {handshake} ssh: host key mismatch",
        ),
    }
    return {
        name: (remote(name, host.connection(**change), create="true"), text)
        for name, (change, text) in changes.items()
    }


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


def test_the_errors_say_what_happened(cases: dict[str, tuple[Any, str]], failed: tuple[Stack, Run]) -> None:
    said = {name: failed[1].error(name)[: len(f"error: {text}")] for name, (_, text) in cases.items()}
    assert said == {name: f"error: {text}" for name, (_, text) in cases.items()}


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


def test_an_unknown_field_is_refused_before_anything_runs(fleet: Stack) -> None:
    connection = {"untyped": True, "host": "127.0.0.1", "bogus": os.devnull}
    run = fleet.up([remote("step", connection, create=f"echo ran >>{fleet.journal}")])
    assert run.code != 0
    assert "bogus: Unrecognized field 'bogus' on 'remote.Connection'" in run.text
    assert fleet.steps() == []
