"""Where the secrets of a Command are to be found, and where not."""

from typing import Any

from tests.conformance.hosts import SshHost
from tests.conformance.stack import Stack, local, remote

PRIVATE = "s3cret-on-stdin"


def test_secrets_are_encrypted_in_the_state_and_output_is_not(fleet: Stack, host: SshHost) -> None:
    shown = f"{PRIVATE}-reversed"[::-1]
    run = fleet.up(
        [
            remote(
                "quiet", host.connection(), create="cat >/dev/null; echo done", stdin={"$secret": PRIVATE}
            ),
            remote("loud", host.connection(), create="rev", stdin={"$secret": f"{PRIVATE}-reversed"}),
            remote(
                "hidden",
                host.connection(),
                create="sed s/s3cret/hidden/",
                stdin={"$secret": PRIVATE},
                logging="none",
                options={"additional_secret_outputs": ["stdout", "stderr"]},
            ),
        ]
    )
    assert run.code == 0
    state = fleet.state_text()
    key = host.connection()["private_key"].splitlines()[2]
    assert PRIVATE not in state
    assert key not in state
    assert fleet.outputs()["loud"]["stdout"] == shown, "an echoed secret is plain text"
    assert "ciphertext" in fleet.outputs()["hidden"]["stdout"]
    assert "hidden-on-stdin" not in state
    assert "hidden-on-stdin" not in run.text
    assert "hidden" in run.text
    shown = fleet.run("stack", "export", "--show-secrets").text
    assert PRIVATE in shown, "the check above can fail"


def test_a_secret_stays_one_when_the_step_is_updated(fleet: Stack, host: SshHost) -> None:
    for text in ("first", "second"):
        fleet.up(
            [remote("step", host.connection(), create="cat >/dev/null", stdin={"$secret": text + PRIVATE})]
        )
    assert PRIVATE not in fleet.state_text()
    assert "second" + PRIVATE in fleet.run("stack", "export", "--show-secrets").text


def test_defaults_of_the_connection_are_in_the_state(fleet: Stack, host: SshHost) -> None:
    connection = host.connection()
    del connection["dial_error_limit"], connection["user"]
    fleet.up([remote("step", connection)])
    shown = fleet.run("stack", "export", "--show-secrets").text
    for default in ("dialErrorLimit", "perDialTimeout", "user"):
        assert f'\\"{default}\\":' in shown


LOGGING = ("default", "stdout", "stderr", "stdoutAndStderr", "none")


def test_what_streams_is_what_logging_says(fleet: Stack, host: SshHost) -> None:
    def arguments(where: str, logging: str) -> dict[str, Any]:
        said = f"{where}-{logging}"
        create = f"echo {said}-out; echo {said}-err >&2"
        return {"create": create, "logging": None if logging == "default" else logging}

    far = [remote(f"far{way}", host.connection(), **arguments("far", way)) for way in LOGGING]
    run = fleet.up([*far, *(local(f"near{way}", **arguments("near", way)) for way in LOGGING)])
    assert run.code == 0
    for where in ("far", "near"):
        assert f"{where}-stderr-err" in run.text
        assert f"{where}-stdout-out" in run.text
        for hidden in ("stderr-out", "stdout-err", "none-out", "none-err"):
            assert f"{where}-{hidden}" not in run.text
        for way in LOGGING:
            outputs = fleet.outputs()[f"{where}{way}"]
            assert outputs["stdout"] == f"{where}-{way}-out"
            assert outputs["stderr"] == f"{where}-{way}-err"
