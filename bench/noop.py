"""A no-op `up` of N workers on the real engine, beside a bare program with the same resources and inputs.

    python -m bench.noop [N]              default 100

Commands are answered by `bench/echo_plugin.py`, which runs nothing: what is measured is the engine, the state
and the program. The bare program replays the resources that the real one asked for, from a file.
"""

import json
import sys
import tempfile
from pathlib import Path

from bench.engine import UP, prepared, pulumi, state_file
from bench.stack import config_for

RUNS = 3
PARALLEL = "64"

BARE_PROGRAM = '''
"""Asks for the resources of a recorded run, in their order, with literal inputs."""
import json
from pathlib import Path

import pulumi


class Replayed(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts):
        super().__init__(kind, name, {"stdout": None, "stderr": None, **inputs}, opts)


class Group(pulumi.ComponentResource):
    pass


made = {}
for resource in json.loads(Path("resources.json").read_text()):
    opts = pulumi.ResourceOptions(
        parent=made.get(resource["parent"]),
        depends_on=[made[urn] for urn in resource["after"]],
        additional_secret_outputs=resource["secretOutputs"],
        version=resource["version"] or None,
    )
    if resource["custom"]:
        inputs = {k: pulumi.Output.secret(v) if k in resource["secret"] else v
                  for k, v in resource["inputs"].items()}
        made[resource["urn"]] = Replayed(resource["type"], resource["name"], inputs, opts)
    else:
        made[resource["urn"]] = Group(resource["type"], resource["name"], None, opts)
'''


def recorded(workers: int) -> list[dict[str, object]]:
    """What the program asks for, as plain data."""
    from pulumi.runtime import rpc

    from tests.graph.recording import record

    requests = record(config_for(workers)).requests
    return [
        {
            "urn": urn,
            "type": request.type,
            "name": request.name,
            "parent": request.raw.parent,
            "custom": request.raw.custom,
            "after": [urn for urn in sorted(request.after) if urn in requests],
            "secretOutputs": list(request.raw.additionalSecretOutputs),
            "version": request.raw.version,
            "secret": [key for key, value in request.inputs.items() if rpc.is_rpc_secret(value)],
            "inputs": {key: rpc.unwrap_rpc_secret(value) for key, value in request.inputs.items()},
        }
        for urn, request in requests.items()
    ]


def main(arguments: list[str]) -> None:
    workers = int(arguments[0]) if arguments else 100
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        ours = prepared(Path(name) / "ours", config_for(workers))
        bare = prepared(Path(name) / "bare", {}, BARE_PROGRAM)
        (bare / "resources.json").write_text(json.dumps(recorded(workers)))
        made = {folder.name: pulumi(folder, *UP, PARALLEL).seconds for folder in (ours, bare)}
        noops: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(RUNS):
            for folder in (ours, bare):
                noops[folder.name].append(pulumi(folder, *UP, PARALLEL).seconds)
        best = {which: min(seconds) for which, seconds in noops.items()}
        print(f"{workers} workers     ours   bare   ratio")
        print(f"first up, s   {made['ours']:7.1f}{made['bare']:7.1f}{made['ours'] / made['bare']:8.2f}")
        print(f"no-op up, s   {best['ours']:7.1f}{best['bare']:7.1f}{best['ours'] / best['bare']:8.2f}")
        size = state_file(ours).stat().st_size
        print(f"state         {size:,} bytes, {size // workers:,} per worker")


if __name__ == "__main__":
    main(sys.argv[1:])
