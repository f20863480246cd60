"""A stand-in for atlas_installer.py: the flags that the platform uses, the files that the real one writes.

It unpacks atlas.tgz, installs the wheels, and writes configuration for one machine into ~/.foundations.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

parser = argparse.ArgumentParser()
for flags in (
    ("-y", "--assume-yes"),
    ("-d", "--no-download"),
    ("-i", "--no-load-images"),
    ("-l", "--use-specified-version"),
    ("-C", "--no-cleanup"),
    ("-c", "--no-configure"),
):
    parser.add_argument(*flags, action="store_true")
args = parser.parse_args()
if not args.assume_yes:
    input("Is this the environment you wish to use Foundations Atlas Server? [Y/n]")
if not (args.no_download and args.no_load_images):
    sys.exit("the stand-in has nothing to download")
with tarfile.open("atlas.tgz") as content:
    content.extractall(filter="data")
for wheel in Path("wheels").glob("*.whl"):
    # as the real one, it passes over what cannot be installed
    subprocess.call([sys.executable, "-m", "pip", "install", "--no-index", str(wheel)])
if args.no_configure:
    sys.exit()

home = Path.home() / ".foundations"
local = home / "config" / "local_docker_scheduler"
manifest = json.loads(Path("images/manifest.yaml").read_text())
host, port = "foundations-tracker", 6379


def dump(path: Path, content: object) -> None:
    """JSON is YAML."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1))


def image(name: str) -> str:
    known = manifest[name]
    return f"{known['name']}:{known['tag'] if args.use_specified_version else 'latest'}"


def submission(url: str) -> object:
    return {
        "cache_config": {"end_point": "/cache_end_point"},
        "container_config_root": str(local / "worker_config"),
        "job_deployment_env": "local_docker_scheduler_plugin",
        "job_results_root": str(home / "job_data"),
        "job_store_dir_root": str(home / "job_bundle_store_dir"),
        "scheduler_url": url,
        "working_dir_root": str(home / "local_docker_scheduler" / "work_dir"),
    }


def execution(redis: str) -> object:
    results = {"archive_end_point": str(home / "job_data"), "redis_end_point": redis}
    return {"cache_config": {"end_point": "/cache"}, "log_level": "INFO", "results_config": results}


def database(kind: str, key: str) -> object:
    return {"args": {"host": host, "key": key, "port": port}, "type": f"redis_connection.{kind}"}


dump(home / "config/submission/scheduler.config.yaml", submission("http://127.0.0.1:5000"))
dump(home / "config/execution/default.config.yaml", execution("redis://127.0.0.1:5556"))
inside = local / "worker_config"
dump(inside / "submission/scheduler.config.yaml", submission("http://atlas-authentication-proxy:5558"))
dump(inside / "execution/default.config.yaml", execution(f"redis://{host}:{port}"))
dump(local / "tracker_client_plugins.yaml", {"redis_tracker_client": {"host": host, "port": port}})
dump(
    local / "database.config.yaml",
    {
        "failed_jobs": database("RedisDict", "failed_jobs"),
        "running_jobs": database("RedisDict", "running_jobs"),
        "completed_jobs": database("RedisDict", "completed_jobs"),
        "queue": database("RedisList", "queued_jobs"),
    },
)
dump(
    home / "config/atlas.config.yaml",
    {
        "persistent_storage": str(home / "database"),
        "docker_socket": "/var/run/docker.sock",
        "docker_config": str(Path.home() / ".docker"),
        "tensorboard_work_dir": str(home / "tensorboard/work_dir"),
        "auth_proxy_config_dir": str(home / "config/auth_proxy/atlas"),
        "auth_server_config_dir": str(home / "config/auth_server"),
        "docker": {
            "gui": {"image": image("gui"), "container": "atlas-gui"},
            "redis": {"image": image("tracker"), "container": host, "port": 5556},
            "archive": {"image": image("archive_server"), "container": "foundations-archive-server"},
            "rest": {"image": image("rest_api"), "container": "atlas-rest-api"},
            "scheduler": {"image": image("scheduler"), "container": "foundations-scheduler", "port": 5000},
            "tensorboard_rest": {
                "image": image("tensorboard_rest_api"),
                "container": "atlas-tensorboard-rest-api",
            },
            "tensorboard_server": {
                "image": image("tensorboard_server"),
                "container": "atlas-tensorboard-server",
            },
            "authentication_server": {
                "image": image("auth_server"),
                "container": "foundations-authentication-server",
            },
            "authentication_proxy": {
                "image": image("auth_proxy"),
                "container": "atlas-authentication-proxy",
            },
        },
    },
)
proxy = home / "config/auth_proxy/atlas"
proxy.mkdir(parents=True, exist_ok=True)
for name in ("proxy_config", "route_mapping"):
    shutil.copy(f"auth_proxy_yaml/{name}_atlas.yaml", proxy / f"{name}.yaml")
shutil.rmtree(home / "h2", ignore_errors=True)
shutil.copytree("h2/h2", home / "h2")
