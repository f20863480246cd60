"""Makes the files of a cluster from those that the installer wrote for one machine.

`atlas_config.py INSTALLED HOME` with the settings as JSON on standard input writes HOME/config, each file
whole or not at all, and none that is right already.
"""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

TRACKER, API = 5556, 5558
SCHEDULER = "config/local_docker_scheduler"
SERVICE = "config/atlas.config.yaml"
# By what atlas.config.yaml calls them: what the archive's manifest calls them.
SERVICES = {
    "gui": "gui",
    "redis": "tracker",
    "archive": "archive_server",
    "rest": "rest_api",
    "scheduler": "scheduler",
    "tensorboard_rest": "tensorboard_rest_api",
    "tensorboard_server": "tensorboard_server",
    "authentication_server": "auth_server",
    "authentication_proxy": "auth_proxy",
}
DATABASES = ("failed_jobs", "running_jobs", "completed_jobs", "queue")
Settings = Mapping[str, Any]


def database(content: Any, settings: Settings) -> None:
    for name in DATABASES:
        content[name]["args"].update(host=settings["master"], port=TRACKER)


def tracker(content: Any, settings: Settings) -> None:
    content["redis_tracker_client"].update(host=settings["master"], port=TRACKER)


def execution(content: Any, settings: Settings) -> None:
    """Of jobs."""
    content["results_config"]["redis_end_point"] = f"redis://{settings['master']}:{TRACKER}"


def submission(content: Any, settings: Settings) -> None:
    """Of jobs that submit jobs."""
    content["scheduler_url"] = f"http://{settings['master']}:{API}"
    content["working_dir_root"] = settings["work"]


def node_submission(content: Any, settings: Settings) -> None:
    content["working_dir_root"] = settings["work"]


def service(content: Any, settings: Settings) -> None:
    """What the containers are; databases and logins of a node stay on it."""
    content["persistent_storage"] = settings["database"]
    content["docker_config"] = settings["dockerConfig"]
    for name, known in SERVICES.items():
        installed = content["docker"][name]["image"].rpartition("/")[2]
        image, _, tag = installed.partition(":")
        tag = settings["tags"].get(known) or settings["tag"] or tag
        content["docker"][name]["image"] = f"{settings['registry']}/{image}:{tag}"


FILES: dict[str, Callable[[Any, Settings], None] | None] = {
    f"{SCHEDULER}/database.config.yaml": database,
    f"{SCHEDULER}/tracker_client_plugins.yaml": tracker,
    f"{SCHEDULER}/worker_config/execution/default.config.yaml": execution,
    f"{SCHEDULER}/worker_config/submission/scheduler.config.yaml": submission,
    "config/submission/scheduler.config.yaml": node_submission,
    "config/execution/default.config.yaml": None,
    SERVICE: service,
}
AUTH_PROXY = "config/auth_proxy/atlas"
FOLDERS = ("job_data", "job_data/archive", "job_bundle_store_dir", "tensorboard/work_dir")


def moved(value: Any, old: str, new: str) -> Any:
    """Every path below the one folder, below the other."""
    if isinstance(value, dict):
        return {key: moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, old, new) for item in value]
    if isinstance(value, str) and (value == old or value.startswith(f"{old}/")):
        return f"{new}{value[len(old) :]}"
    return value


def rendered(path: str, text: str, installed: str, home: str, settings: Settings) -> str:
    """A file as the cluster needs it. Raises KeyError where it is not what is known of it."""
    content = moved(yaml.safe_load(text), installed, home)
    change = FILES[path]
    if change:
        change(content, settings)
    return yaml.safe_dump(content, default_flow_style=False)


def write(path: Path, text: str) -> None:
    """Whole or not at all, and only where it differs; it belongs to whom its folder belongs."""
    if path.exists() and path.read_text() == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.chmod(0o644)
    new.replace(path)
    print(f"wrote {path}")


def make(installed: Path, home: Path, settings: Settings) -> None:
    texts: dict[str, str] = {}
    for path in FILES:
        try:
            text = (installed / path).read_text()
            texts[path] = rendered(path, text, str(installed), str(home), settings)
        except (OSError, KeyError, TypeError, AttributeError, yaml.YAMLError) as error:
            sys.exit(f"the installer wrote {path} otherwise than is known of it: {error!r}")
    for name in ("proxy_config.yaml", "route_mapping.yaml"):
        texts[f"{AUTH_PROXY}/{name}"] = (installed / AUTH_PROXY / name).read_text()
    for path, text in texts.items():
        write(home / path, text)
    for folder in FOLDERS:
        (home / folder).mkdir(parents=True, exist_ok=True)
    owned(home, settings["owner"])


def owned(home: Path, owner: int) -> None:
    """The files of the cluster are one user's on every node; what jobs wrote is theirs."""
    named = [home / folder for folder in (*FOLDERS, "config", "tensorboard")]
    for path in (home, *named, *(home / "config").rglob("*")):
        if path.stat().st_uid != owner:
            shutil.chown(path, owner, owner)


if __name__ == "__main__":
    # the installer knows its folder by no link
    make(Path(sys.argv[1]).resolve(), Path(sys.argv[2]), json.load(sys.stdin))
