"""The same install on the same machines: this product, plain ssh, Ansible, pyinfra.

    python -m bench.converge [--ray] [--methods METHOD,...] [N ...]      default all, 10 20
    python -m bench.converge --ray --methods rayup,ours,rayup 4          beside Ray's own launcher

Each method begins with fresh hosts, and then runs again where nothing is to do; ratios are of first runs, to
the first method. Without --ray the nodes run a light agent by the same steps (bench/light). Results are added
to .fleet/bench/converge.json.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.rivals import measured, methods
from bench.rivals.hosts import Hosts, settle
from bench.rivals.methods import Method
from bench.rivals.phases import phases
from bench.rivals.ratios import ratios
from bench.rivals.ray_up import ray_up
from bench.rivals.work import config_of, work_of, written
from components.scripts import INSTALLED
from fleet.engine.paths import ROOT
from tests.e2e.project import copied_project
from tests.e2e_hosts.prepared import Prepared
from tests.e2e_hosts.project import HostsFleet
from tests.local.hosts import Stack

STACK = "t-bench-hosts"
RESULTS = ROOT / ".fleet/bench/converge.json"
LIGHT = Path(__file__).parent / "light"
PACKAGES = ("__main__.py", "components", "fleet", "tools", "tests/e2e", "tests/simcloud")
MEMORY_GIB = 2.5
# Two of them before and after, because the computer may be slower by then.
ALL = ("plain", "ours", "ansible", "pyinfra", "ours", "plain")
Result = dict[str, Any]


def run(method: Method, hosts: Hosts, log: Path) -> Result:
    """One run: what it took here and there, and whether all nodes are in the controller's list afterwards."""
    settle()
    logins, cpu = hosts.logins(), hosts.cpu()
    argv = [sys.executable, measured.__file__, str(log), *method.argv]
    done = subprocess.run(
        argv, cwd=method.folder, env=method.environment, stdout=subprocess.PIPE, text=True, check=True
    )
    took: Result = json.loads(done.stdout)
    # Ray's launcher installs no script that could be asked; its own method waits for all nodes
    alive = len(hosts.nodes) if method.name == "ray up" else _alive(hosts)
    if took["code"] or alive != len(hosts.nodes):
        raise SystemExit(
            f"{log.read_text()[-5000:]}\n{method.name}: exit code {took['code']}, {alive} nodes alive"
        )
    # the look at the list is no part of it, and logs in nowhere
    return {**took, "logins": hosts.logins() - logins, "hostCpu": hosts.cpu() - cpu}


def _alive(hosts: Hosts) -> int:
    said = hosts.prepared.inside("master", f"bash {INSTALLED}/ray.sh nodes </dev/null")
    return sum(node["alive"] for node in json.loads(said))


def prepared(name: str, hosts: Hosts, folder: Path, light: bool) -> Method:
    """The method with all that it reads; nothing has run yet."""
    if name == "ours":
        project = copied_project(folder / "project")
        _compile(*map(project.joinpath, PACKAGES))
        if light:
            _lighten(project / "userdata")
        fleet = HostsFleet(project, STACK, hosts.prepared, *hosts.nodes)
        fleet.write()
        return methods.ours(project, STACK)
    if name == "rayup":
        return ray_up(hosts)
    userdata = shutil.copytree(ROOT / "userdata", folder / "userdata")
    if light:
        _lighten(userdata)
    work = folder / "work"
    written(work, work_of(hosts, config_of(hosts), userdata))
    made: dict[str, Callable[[], Method]] = {
        "plain": lambda: methods.plain_ssh(hosts, work),
        "ansible": lambda: methods.ansible(hosts, work, hosts.count),
        "pyinfra": lambda: methods.pyinfra(hosts, work),
    }
    return made[name]()


def _compile(*given: Path) -> None:
    """As programs that were used before."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", *map(str, given)], check=True)


def _lighten(userdata: Path) -> None:
    for file in LIGHT.glob("*.sh"):
        shutil.copy(file, userdata)


def compare(name: str, count: int, light: bool, lists: Path) -> Result:
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as given:
        folder = Path(given)
        hosts = Hosts(Prepared(Stack(STACK)), count, folder / "hosts", MEMORY_GIB)
        try:
            hosts.make(lists, lent=name == "ours")
            method = prepared(name, hosts, folder, light)
            first = run(method, hosts, folder / "first.log")
            again = run(method, hosts, folder / "again.log")
            found: Result = {
                "method": method.name,
                "workers": count,
                "light": light,
                "first": first,
                "again": again,
            }
            if name == "ours":
                found["phases"] = phases((folder / "first.log").read_text().splitlines())
                keep = ROOT / ".fleet/bench/ours.log"
                keep.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(folder / "first.log", keep)
            return found
        finally:
            hosts.remove()


def added(result: Result) -> None:
    known: list[Result] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps([*known, result], indent=1))


def line(result: Result) -> str:
    cells = [f"{result['workers']:7}  {result['method']:18}"]
    for which in ("first", "again"):
        one = result[which]
        cells.append(f"{one['seconds']:8.1f}{one['cpu']:7.1f}{one['hostCpu']:8.1f}{one['logins']:8}")
    return "".join(cells)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.converge", description=__doc__)
    parser.add_argument("workers", nargs="*", type=int, default=[10, 20])
    parser.add_argument("--ray", action="store_true", help="real Ray, as the product installs it")
    parser.add_argument("--methods", default=",".join(ALL))
    given = parser.parse_args()
    print(
        "                              first up: wall s, CPU s here, CPU s there, logins; then the same again"
    )
    _compile(methods.RIVALS.parent / "lib")
    with tempfile.TemporaryDirectory(prefix="fleet-bench-") as folder:
        for workers in given.workers:
            results: list[Result] = []
            for name in given.methods.split(","):
                result = compare(name, workers, not given.ray, Path(folder) / "lists.tar")
                added(result)
                results.append(result)
                print(line(result), flush=True)
                for phase, seconds in result.get("phases", {}).items():
                    print(f"{seconds:38.1f}  {phase}")
            for method, ratio in ratios(results).items():
                print(f"{workers:7}  {method:18}{ratio:7.2f}x {results[0]['method']}")


if __name__ == "__main__":
    main()
