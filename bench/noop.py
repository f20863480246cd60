"""A no-op `up` of N workers on the real engine, beside a bare program with the same resources and inputs.

    python -m bench.noop [N]              default 100

Commands are answered by `bench/echo_plugin.py`, which runs nothing: what is measured is the engine, the state
and the program. The bare program replays the resources that the real one asked for, from a file.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from bench.stack import config_for
from fleet.engine.environment import environment
from fleet.engine.paths import ROOT

RUNS = 3
PASSPHRASE = "bench"  # noqa: S105 - of a state that lives as long as the run

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


def pulumi(folder: Path, *arguments: str) -> float:
    """Seconds of one run of the CLI in a folder that holds a program."""
    env = environment(ROOT, os.environ) | {
        "PULUMI_BACKEND_URL": f"file://{folder}/state",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PYTHONPATH": str(ROOT),
    }
    env.pop("PULUMI_CONFIG_PASSPHRASE_FILE", None)
    env["PATH"] = f"{folder}/bin:{env['PATH']}"
    start = time.perf_counter()
    done = subprocess.run(
        ["pulumi", *arguments, "--non-interactive"], cwd=folder, env=env, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"pulumi {' '.join(arguments)} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    return time.perf_counter() - start


def prepared(folder: Path, config: dict[str, object]) -> Path:
    """A folder with a project, an empty state and the echoing plugin first on PATH."""
    (folder / "bin").mkdir(parents=True)
    (folder / "state").mkdir()
    plugin = folder / "bin/pulumi-resource-command"
    plugin.write_text(f'#!/bin/sh\nexec {sys.executable} {ROOT}/bench/echo_plugin.py "$@"\n')
    plugin.chmod(0o755)
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    stack = {"config": {f"agent-fleet:{key}": value for key, value in config.items()}}
    (folder / "Pulumi.bench.yaml").write_text(yaml.safe_dump(stack))
    pulumi(folder, "stack", "init", "bench")
    return folder


def state_bytes(folder: Path) -> int:
    return (folder / "state/.pulumi/stacks/agent-fleet/bench.json").stat().st_size


def main(arguments: list[str]) -> None:
    workers = int(arguments[0]) if arguments else 100
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as name:
        ours = prepared(Path(name) / "ours", config_for(workers))
        (ours / "__main__.py").write_text(
            f'import runpy\nrunpy.run_path("{ROOT}/__main__.py", run_name="__main__")\n'
        )
        bare = prepared(Path(name) / "bare", {})
        (bare / "__main__.py").write_text(BARE_PROGRAM)
        (bare / "resources.json").write_text(json.dumps(recorded(workers)))
        up = ("up", "--yes", "--skip-preview", "--stack", "bench", "--parallel", "64")
        made = {folder.name: pulumi(folder, *up) for folder in (ours, bare)}
        noops: dict[str, list[float]] = {"ours": [], "bare": []}
        for _ in range(RUNS):
            for folder in (ours, bare):
                noops[folder.name].append(pulumi(folder, *up))
        best = {which: min(seconds) for which, seconds in noops.items()}
        print(f"{workers} workers     ours   bare   ratio")
        print(f"first up, s   {made['ours']:7.1f}{made['bare']:7.1f}{made['ours'] / made['bare']:8.2f}")
        print(f"no-op up, s   {best['ours']:7.1f}{best['bare']:7.1f}{best['ours'] / best['bare']:8.2f}")
        size = state_bytes(ours)
        print(f"state         {size:,} bytes, {size // workers:,} per worker")


if __name__ == "__main__":
    main(sys.argv[1:])
