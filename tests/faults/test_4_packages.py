"""Where packages come from breaks: an index that dies, a cache that is not whole."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.project import Fleet, podman
from tests.faults.index import PACKAGE, Index
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import changed_settings, inside, is_well, worker, workers

TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
# of a package that no other test installs: hosts share their cache
RARE = "colorful"


@pytest.fixture
def index(cluster: Fleet, tmp_path: Path) -> Iterator[Index]:
    """Hosts trust it."""
    network = json.loads(podman("network", "inspect", f"agent-fleet-{cluster.stack}"))[0]
    nodes = ["master", *workers(cluster)]
    made = Index(network["subnets"][0]["gateway"], tmp_path)
    for node in nodes:
        subprocess.run(
            [
                "podman",
                "exec",
                "-i",
                cluster.container(node),
                "sh",
                "-c",
                f"cp -n {TRUSTED} /root; cat >>{TRUSTED}",
            ],
            input=made.authority,
            check=True,
        )
    cluster.config["packages"] = {"indexUrl": made.url}
    yield made
    made.end()
    del cluster.config["packages"]
    for node in nodes:
        inside(cluster, node, f"cat /root/ca-certificates.crt >{TRUSTED}")


@pytest.mark.exhaustive
@fault(
    "the package index dies in the middle of a package",
    holds="`up` fails and names the package; running agents stay as they are; the next `up` goes on",
    remedy="`make up` again when the index is back",
    guard=Guard(
        "userdata/venv.sh",
        "  [[ -e $new/requirements ]] || {\n",
        "  [[ -e $new ]] || {\n",
        "an install counts only once it came to its end",
    ),
)
def test_an_index_that_dies_in_mid_package_is_told_and_tried_again(cluster: Fleet, index: Index) -> None:
    pids = {node: cluster.pid(node) for node in ("master", worker(cluster))}
    with changed_settings(cluster, pipPackages=[PACKAGE]):
        index.dies = True
        done = cluster.up()
        assert done.code != 0
        assert index.asked, "nobody asked for the package"
        assert (
            f"error on master: installing ray[default] {PACKAGE} failed: check packages.indexUrl" in done.text
        )
        assert "Failed to fetch: https://" in done.text
        assert pids == {node: cluster.pid(node) for node in pids}
        index.dies = False
        assert cluster.up().code == 0
        has = f"/opt/ray/bin/python -c 'import {PACKAGE}; print(len({PACKAGE}.said))'"
        assert cluster.ssh(worker(cluster), has).strip() == "2000000"


@pytest.mark.exhaustive
@fault(
    "the cache of Python packages holds a file that is not whole",
    holds="the package is fetched and installed again in the same step",
    remedy="nothing",
    guard=Guard(
        "userdata/venv.sh",
        "    ((!${#names[@]})) || {\n",
        "    true || {\n",
        "installed files are compared with what their wheels say",
    ),
)
def test_a_file_that_a_cache_cut_off_is_fetched_again(cluster: Fleet) -> None:
    name = worker(cluster)
    with changed_settings(cluster, pipPackages=[RARE]):
        assert cluster.up().code == 0
    module = f"import {RARE}; print({RARE}.__file__)"
    whole = inside(cluster, name, f"cat $(/opt/ray/bin/python -c '{module}')")
    found = f"/var/cache/agent-fleet/uv/archive-v0/*/{RARE}/__init__.py"
    inside(cluster, name, f"truncate -s10 {found}")
    with changed_settings(cluster, pipPackages=[RARE, "humanize"]):
        done = cluster.up()
        assert done.code == 0
        assert inside(cluster, name, f"cat $(/opt/ray/bin/python -c '{module}')") == whole
    assert is_well(cluster)
