"""`job`: runs the sample project on the cluster and judges by what it left there."""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rich import box
from rich.console import Console
from rich.table import Table

from fleet import run, upload
from fleet.cluster import ON_CLUSTER, Cluster, connect

SAMPLE = Path(__file__).resolve().parent.parent / "sample"


@dataclass(frozen=True)
class Evidence:
    """What a run left: names of patches in eo-grow's reports, patches on the storage, tasks by node."""

    finished: int
    failed: int
    seconds: float
    stored: int
    tasks: Mapping[str, int]


def job(stack: str) -> int:
    """0 if every EOPatch is in the shared storage, none failed and the workers did the work."""
    cluster = connect(stack)
    storage = PurePosixPath(cluster.inventory.mount_path)
    project = storage / SAMPLE.name
    name = run.new_name("sample")
    words = ["eogrow", str(SAMPLE / "pipeline.json"), "-v", f"project:{project}", "-v", f"run:{name}"]
    planned = run.plan(words, [SAMPLE], storage, name)
    upload.send(cluster, planned.files)
    code = run.start(cluster, planned)
    if code:
        return code
    evidence = look(cluster, planned, project / "data" / name)
    problems = judge(evidence, [node.name for node in cluster.inventory.nodes if node.role != "worker"])
    show(evidence, project / "data" / name, problems)
    return 1 if problems else 0


def look(cluster: Cluster, planned: run.Job, data: PurePosixPath) -> Evidence:
    found = shlex.join(["find", str(data), "-path", "*/data/bands.npy*"])
    report, stored = cluster.output_of(
        cluster.argv(f"cat {planned.folder}/result.json; echo; {found} | wc -l")
    ).split("\n")[:2]
    results = json.loads(report)
    jobs = (ON_CLUSTER / "jobs.py").read_text()
    by_address: dict[str, int] = json.loads(cluster.output_of(cluster.in_python("tasks", planned.name), jobs))
    names = {node.private_ip: node.name for node in cluster.inventory.nodes}
    return Evidence(
        finished=sum(len(result["finished"]) for result in results if result),
        failed=sum(len(result["failed"]) for result in results if result),
        seconds=sum(result["seconds"] for result in results if result),
        stored=int(stored),
        tasks={names.get(address, address): count for address, count in by_address.items()},
    )


def judge(evidence: Evidence, others: list[str]) -> list[str]:
    """What is wrong with a run that said that it went well. `others` are the nodes that are no workers."""
    problems: list[str] = []
    if evidence.failed:
        problems.append(f"{evidence.failed} EOPatches failed by eo-grow's report")
    if not evidence.finished:
        problems.append("eo-grow's report names no finished EOPatch")
    if evidence.stored != evidence.finished:
        problems.append(f"the report says {evidence.finished} EOPatches, the storage holds {evidence.stored}")
    elsewhere = sorted(set(evidence.tasks) & set(others))
    if elsewhere:
        problems.append(f"tasks ran on {', '.join(elsewhere)}, not on workers")
    done = sum(evidence.tasks.values())
    if done < evidence.finished:
        problems.append(f"only {done} tasks were seen on the workers for {evidence.finished} EOPatches")
    return problems


def show(evidence: Evidence, data: PurePosixPath, problems: list[str]) -> None:
    console = Console()
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("EOPatches", f"{evidence.finished} finished, {evidence.failed} failed")
    table.add_row("on the storage", f"{evidence.stored} in {data}")
    table.add_row("tasks", ", ".join(f"{node} {count}" for node, count in sorted(evidence.tasks.items())))
    table.add_row("time", f"{evidence.seconds:.1f} s in the pipeline")
    console.print(table)
    for problem in problems:
        console.print(f"[red]✗[/] {problem}", soft_wrap=True)
    if not problems:
        console.print("[green]✓[/] The sample ran on the workers, and its results are on the shared storage.")
