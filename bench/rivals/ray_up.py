"""Ray's own launcher with its provider for machines that exist already."""

import yaml

from bench.rivals.hosts import Hosts
from bench.rivals.methods import FILES, RIVALS, Method
from tests.e2e_hosts.prepared import OPERATOR

RAY_VERSION = "2.55.1"
APT = "sudo DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends"
# From the cache that the product's steps install from, by the same installer.
INSTALL = (
    "test -e /opt/ray/bin/ray || { sudo python3 -m venv /opt/uv"
    " && sudo PIP_CACHE_DIR=/var/cache/agent-fleet/pip /opt/uv/bin/pip -q install uv==0.13.8"
    " && sudo /opt/uv/bin/uv -q venv -p /usr/bin/python3 /opt/ray"
    " && sudo UV_CACHE_DIR=/var/cache/agent-fleet/uv UV_SYSTEM_CERTS=1 /opt/uv/bin/uv -q pip install"
    f" -p /opt/ray 'ray[default]=={RAY_VERSION}' && sudo ln -sf /opt/ray/bin/ray /usr/local/bin/ray; }}"
)
PORTS = (
    "--node-manager-port=8077 --object-manager-port=8076 --runtime-env-agent-port=8078"
    " --dashboard-agent-grpc-port=8079 --metrics-export-port=8080 --min-worker-port=20000"
    " --max-worker-port=20099 --object-store-memory=100000000 --disable-usage-stats"
)


def ray_up(hosts: Hosts) -> Method:
    """The launcher copies files before it runs anything, so rsync is there before the clock starts."""
    for node in hosts.nodes:
        hosts.prepared.inside(node, f"{APT} rsync >/dev/null")
    document = {
        "cluster_name": "bench",
        "provider": {
            "type": "local",
            "head_ip": hosts.addresses["master"],
            "worker_ips": [hosts.addresses[node] for node in hosts.workers],
        },
        "auth": {"ssh_user": OPERATOR, "ssh_private_key": str(hosts.key)},
        "min_workers": hosts.count,
        "max_workers": hosts.count,
        "upscaling_speed": float(hosts.count),
        "initialization_commands": [f"{APT} python3-venv curl"],
        "setup_commands": [INSTALL],
        "head_start_ray_commands": [
            "ray stop",
            f"ray start --head --port=6379 --num-cpus=0 {PORTS}"
            " --autoscaling-config=~/ray_bootstrap_config.yaml",
        ],
        "worker_start_ray_commands": [
            "ray stop",
            f"ray start --address=$RAY_HEAD_IP:6379 --num-cpus=1 {PORTS}",
        ],
    }
    file = hosts.folder / "cluster.yaml"
    file.write_text(yaml.safe_dump(document))
    argv = [
        str(FILES / "ray_up.sh"),
        str(RIVALS / "ray"),
        str(file),
        str(hosts.ssh_config),
        str(len(hosts.nodes)),
    ]
    more = {
        # its own state, which `ray up` would find again
        "RAY_TMPDIR": str(hosts.folder),
        "HOME": str(hosts.folder),
        # Version 2, the default, counts the head as one of `min_workers` with this provider, whose only node
        # type is the head's too: the last worker is never made (ray/autoscaler/v2/scheduler.py,
        # _enforce_min_workers_per_type). Version 1 adds one for the head.
        "RAY_UP_enable_autoscaler_v2": "0",
    }
    return Method("ray up", ["bash", *argv], more)
