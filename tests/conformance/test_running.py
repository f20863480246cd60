"""How a Command's script is run: its shell, input, output, way to the host, and how long it may take."""

import os
import pwd
import subprocess
from pathlib import Path

from tests.conformance.hosts import SshHost, free_port
from tests.conformance.stack import Stack, interrupt_twice, local, remote, wait_until


def test_a_script_runs_in_the_users_shell_without_terminal_and_goes_on_after_an_error(
    fleet: Stack, host: SshHost
) -> None:
    scripts = {
        "shell": 'false; test -t 0 || echo "$0 still here"',
        "stdin": "cat; printf 'two\\n\\n'",
        "silent": "cat; echo end",
        "nothing": "",
        "unread": "exec true",
        "unicode": "echo grün; printf '\\t\\\\'",
    }
    stdin = {"nothing": "echo not a script", "stdin": "one\n", "unread": "x" * 100_000, "unicode": "ü"}
    run = fleet.up([remote(n, host.connection(), create=s, stdin=stdin.get(n)) for n, s in scripts.items()])
    assert run.code == 0
    outputs = {name: values["stdout"] for name, values in fleet.outputs().items()}
    assert outputs == {
        "shell": f"{Path(pwd.getpwuid(os.geteuid()).pw_shell).name} still here",
        "stdin": "one\ntwo\n",
        "silent": "end",
        "nothing": "",
        "unread": "",
        "unicode": "grün\n\t\\",
    }


def test_ways_to_reach_a_host(fleet: Stack, host: SshHost, strict_host: SshHost) -> None:
    show = "echo $SSH_CONNECTION; echo $LC_FLEET"
    plain = host.connection()
    del plain["host_key"]
    run = fleet.up(
        [
            remote("unpinned", plain, create=show),
            remote("proxied", host.connection(proxy=strict_host.connection()), create=show),
            remote("variable", strict_host.connection(), create=show, environment={"LC_FLEET": "taken"}),
            remote("named", host.connection(host="localhost"), create=show),
        ]
    )
    assert run.code == 0, run.text
    assert fleet.outputs()["variable"]["stdout"].endswith("\ntaken")


def test_a_port_that_opens_later_is_waited_for(fleet: Stack, host: SshHost) -> None:
    late = host.folder / "late_config"
    port = free_port()
    late.write_text((host.folder / "sshd_config").read_text().replace(f"Port {host.port}", f"Port {port}"))
    fleet.describe([remote("step", host.connection(port=port, dial_error_limit=40), create="echo there")])
    with fleet.start("up", "--yes", "--skip-preview") as process:
        assert process.stdout
        seen = ""
        while "Dial 3/40 failed: retrying" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        sshd = subprocess.Popen(["/usr/sbin/sshd", "-D", "-e", "-f", late], stderr=subprocess.DEVNULL)
        try:
            process.communicate(timeout=60)
        finally:
            sshd.terminate()
            sshd.wait(10)
    assert fleet.outputs()["step"]["stdout"] == "there"


def test_lines_stream_while_the_script_runs(fleet: Stack, host: SshHost) -> None:
    flag = fleet.folder / "flag"
    script = f"echo first-line; while ! test -e {flag}; do sleep 0.1; done; echo last-line"
    fleet.describe([remote("step", host.connection(), create=script)])
    with fleet.start("up", "--yes", "--skip-preview") as process:
        assert process.stdout
        seen = ""
        while "first-line" not in seen:
            line = process.stdout.readline()
            assert line, seen
            seen += line
        assert "last-line" not in seen
        flag.touch()
        process.communicate(timeout=60)
    assert process.returncode == 0


def test_a_local_command_takes_interpreter_folder_environment_and_stdin(fleet: Stack) -> None:
    run = fleet.up(
        [
            local("python", create="import sys; print(sys.argv)", interpreter=["python3", "-c"]),
            local("folder", create="pwd", dir="/usr"),
            local("here", create="pwd"),
            local("variable", create="echo $A-$HOME; cat", environment={"A": "b"}, stdin="text"),
        ]
    )
    assert run.code == 0
    outputs = {name: values["stdout"] for name, values in fleet.outputs().items()}
    home = fleet.environment["HOME"]
    assert outputs == {
        "python": "['-c']",
        "folder": "/usr",
        "here": str(fleet.folder),
        "variable": f"b-{home}\ntext",
    }


def test_a_line_of_70000_characters_passes_only_where_nothing_is_logged(fleet: Stack, host: SshHost) -> None:
    script = "head -c 70000 /dev/zero | tr '\\0' x"
    far = remote("far", host.connection(), create=script, logging="none")
    assert fleet.up([far, local("near", create=script, logging="none")]).code == 0
    assert {len(outputs["stdout"]) for outputs in fleet.outputs().values()} == {70_000}
    fleet.describe([far, remote("logged", host.connection(), create=script)])
    with fleet.start("up", "--yes", "--skip-preview") as process:
        try:
            process.communicate(timeout=8)
        except subprocess.TimeoutExpired:
            interrupt_twice(process)
            process.communicate(timeout=30)
    assert process.returncode != 0, "the real plugin hangs, the stand-in fails: neither succeeds"
    assert "logged" not in fleet.outputs()


def test_custom_timeouts_end_the_dialling_but_no_remote_script(fleet: Stack, host: SshHost) -> None:
    limits = {"custom_timeouts": {"create": "1s"}}
    run = fleet.up(
        [
            remote("script", host.connection(), create="sleep 2; echo slept", options=limits),
            remote("dial", host.nowhere() | {"dial_error_limit": -1}, create="true", options=limits),
            local("near", create="exec sleep 20", options=limits),
        ],
        "--continue-on-error",
    )
    assert fleet.outputs()["script"]["stdout"] == "slept"
    assert run.error("dial") == "error: context deadline exceeded"
    assert run.error("near").startswith('error: signal: killed: running "exec sleep 20":')


def test_a_local_scripts_background_child_is_waited_for_while_it_holds_the_output(fleet: Stack) -> None:
    done = fleet.folder / "done"
    fleet.up([local("step", create=f"(sleep 2; touch {done}) & exit 0")])
    wait_until(done.exists, "the child's end", 0.5)
