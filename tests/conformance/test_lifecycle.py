"""Which of a Command's scripts run when, and in what order."""

from typing import Any

from tests.conformance.hosts import SshHost
from tests.conformance.stack import Stack, local, remote


def tell(fleet: Stack, name: str, host: SshHost, **args: Any) -> Any:
    """A remote Command whose create, update and delete write what they are to the journal."""
    scripts = {verb: f"echo {name}-{verb} >>{fleet.journal}" for verb in ("create", "update", "delete")}
    return remote(name, host.connection(), **{**scripts, **args})


def test_changed_triggers_create_the_new_one_and_then_delete_the_old_one(fleet: Stack, host: SshHost) -> None:
    fleet.up([tell(fleet, "step", host, triggers=["one"])])
    fleet.steps()
    assert fleet.up([tell(fleet, "step", host, triggers=["two"])]).code == 0
    assert fleet.steps() == ["step-create", "step-delete"]


def test_changed_triggers_delete_first_where_the_program_says_so(fleet: Stack, host: SshHost) -> None:
    first = {"delete_before_replace": True}
    fleet.up([tell(fleet, "step", host, triggers=["one"], options=first)])
    fleet.steps()
    assert fleet.up([tell(fleet, "step", host, triggers=["one", "two"], options=first)]).code == 0
    assert fleet.steps() == ["step-delete", "step-create"]


def test_any_other_change_updates_in_place_with_the_new_stdin(fleet: Stack, host: SshHost) -> None:
    update = f"cat >>{fleet.journal}"
    before = [
        tell(fleet, "stdin", host, update=update, stdin="old", triggers=["same"]),
        tell(fleet, "texts", host, update=f"echo texts-updated >>{fleet.journal}"),
        tell(fleet, "dialled", host),
        tell(fleet, "without", host, update=None, stdin="old"),
    ]
    after = [
        tell(fleet, "stdin", host, update=update, stdin="new\n", triggers=["same"]),
        tell(fleet, "texts", host, update=f"echo texts-updated >>{fleet.journal}", delete="true"),
        tell(fleet, "dialled", host) | {},
        tell(fleet, "without", host, update=None, stdin="new"),
    ]
    after[2]["args"]["connection"]["dial_error_limit"] = 2
    fleet.up(before)
    assert sorted(fleet.steps()) == ["dialled-create", "stdin-create", "texts-create", "without-create"]
    run = fleet.up(after)
    assert "4 updated" in run.text
    assert sorted(fleet.steps()) == ["dialled-update", "new", "texts-updated", "without-create"]


def test_an_unchanged_program_runs_nothing(fleet: Stack, host: SshHost) -> None:
    fleet.up([tell(fleet, "step", host, triggers=[1, "a", True, {"k": [None, 2.5]}], stdin="x")])
    fleet.steps()
    run = fleet.up([tell(fleet, "step", host, triggers=[1, "a", True, {"k": [None, 2.5]}], stdin="x")])
    assert "2 unchanged" in run.text
    assert fleet.steps() == []


def machine(fleet: Stack, size: str) -> Any:
    return local(
        "machine",
        create=f"echo machine-create >>{fleet.journal}",
        delete=f"echo machine-delete >>{fleet.journal}",
        triggers=[size],
        options={"delete_before_replace": True},
    )


def test_a_replaced_machine_takes_the_steps_on_it_along_in_this_order(fleet: Stack, host: SshHost) -> None:
    def program(size: str) -> list[Any]:
        follows = {"replace_with": ["machine"], "delete_before_replace": True}
        triggers = [{"$ref": "machine.id"}]
        return [
            machine(fleet, size),
            tell(fleet, "step", host, triggers=triggers, options=follows | {"deleted_with": "machine"}),
            tell(fleet, "member", host, triggers=triggers, options=follows | {"depends_on": ["step"]}),
        ]

    fleet.up(program("small"))
    fleet.steps()
    assert fleet.up(program("large")).code == 0
    steps = fleet.steps()
    # the engine finds what is replaced with a machine in a map, so these two have no order
    assert sorted(steps[:2]) == ["member-delete", "step-delete"]
    assert steps[2:] == ["machine-delete", "machine-create", "step-create", "member-create"]
    assert fleet.destroy().code == 0
    assert fleet.steps() == ["member-delete", "machine-delete"], "deleted_with spares the step's delete"


def test_the_recommended_graph_drains_before_the_machine_goes_and_joins_after(
    fleet: Stack, host: SshHost
) -> None:
    def program(size: str, script: str) -> list[Any]:
        follows = {"replace_with": ["machine"]}
        triggers = [{"$ref": "machine.id"}]
        step = tell(fleet, "step", host, delete=None, stdin=script, triggers=triggers, options=follows)
        digest = {"$ref": "step.stdout"}
        step["args"]["create"] += f"; echo digest {script}"
        step["args"]["update"] += f"; echo digest {script}"
        return [
            machine(fleet, size),
            step,
            tell(fleet, "member", host, stdin=digest, triggers=triggers, options=follows),
        ]

    fleet.up(program("small", "one"))
    fleet.steps()
    fleet.up(program("small", "two"))
    assert fleet.steps() == ["step-update", "member-update"]
    fleet.up(program("large", "two"))
    assert fleet.steps() == [
        "member-delete",
        "machine-delete",
        "machine-create",
        "step-create",
        "member-create",
    ]


def test_previews_connect_to_nothing_and_keep_what_is_unknown_unknown(fleet: Stack, host: SshHost) -> None:
    def program(text: str, connection: dict[str, Any]) -> list[Any]:
        return [
            remote("first", connection, create="cat", stdin=text),
            remote("second", host.connection(user={"$ref": "first.stdout"}), create="true", triggers=["t"]),
            remote("third", host.connection(), create="cat", stdin={"$ref": "first.stdout"}, logging="none"),
        ]

    seen = host.connections_seen()
    run = fleet.preview(program("root", host.connection()))
    assert (run.code, host.connections_seen()) == (0, seen)
    assert "4 to create" in run.text
    assert fleet.up(program("root", host.connection())).code == 0
    seen = host.connections_seen()
    run = fleet.preview(program("daemon", host.connection()), "--diff")
    assert (run.code, host.connections_seen()) == (0, seen)
    assert "3 to update" in run.text, (
        "the first one's output is unknown until it ran, so both others may change"
    )


def test_a_command_without_scripts_never_connects(fleet: Stack, host: SshHost) -> None:
    assert fleet.up([remote("empty", host.nowhere())]).code == 0
    assert fleet.outputs()["empty"]["stdout"] == ""
    assert fleet.up([remote("empty", host.nowhere(), stdin="changed")]).code == 0
    assert fleet.destroy().code == 0
    assert fleet.outputs() == {}


def test_the_last_output_is_in_the_environment_of_update_and_delete(fleet: Stack, host: SshHost) -> None:
    def program(stdin: str) -> list[Any]:
        show = f"echo $PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR >>{fleet.journal}"
        scripts: dict[str, Any] = {
            "create": "echo out; echo err >&2",
            "update": show + "; echo updated",
            "delete": show,
        }
        return [
            remote("far", host.connection(), stdin=stdin, **scripts),
            local("near", stdin=stdin, options={"depends_on": ["far"]}, **scripts),
            local(
                "off",
                stdin=stdin,
                add_previous_output_in_env=False,
                options={"depends_on": ["near"]},
                **scripts,
            ),
        ]

    fleet.up(program("one"))
    fleet.up(program("two"))
    assert fleet.steps() == ["out/err", "out/err", "/"]
    fleet.destroy()
    assert fleet.steps() == ["/", "updated/", "updated/"]


def test_a_host_that_refuses_those_variables_is_warned_about_and_nothing_more(
    fleet: Stack, strict_host: SshHost
) -> None:
    def program(stdin: str) -> list[Any]:
        return [remote("step", strict_host.connection(), create="echo out", update="cat", stdin=stdin)]

    fleet.up(program("one"))
    run = fleet.up(program("two"))
    assert run.code == 0
    assert "warning: Unable to set 'PULUMI_COMMAND_STDOUT'. This only works if your SSH server" in run.error(
        "step"
    )
    assert fleet.outputs()["step"]["stdout"] == "two"
