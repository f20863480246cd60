"""What people need to use an Atlas cluster from their own computers. Pure."""

import yaml

from components.config.settings_atlas import AtlasSettings
from components.fleet import Fleet

API = 5558
# A folder of every node, as `userdata/atlas.sh` makes it.
WORK = "/var/lib/atlas/work"
SUBMISSION = "~/.foundations/config/submission/"


def files(fleet: Fleet, settings: AtlasSettings, host: str) -> dict[str, str]:
    """Texts by name; `host` is where people find the master."""
    found = {"remote.config.yaml": remote_config(fleet, host), "README.md": _steps(fleet, settings, host)}
    if settings.job_image:
        found["job.config.yaml"] = yaml.safe_dump({"worker": {"image": settings.job_image}})
    return found


def remote_config(fleet: Fleet, host: str) -> str:
    """Its folders are those of the nodes, where the jobs run."""
    home = home_of(fleet)
    return yaml.safe_dump(
        {
            "cache_config": {"end_point": "/cache_end_point"},
            "container_config_root": f"{home}/config/local_docker_scheduler/worker_config",
            "job_deployment_env": "local_docker_scheduler_plugin",
            "job_results_root": f"{home}/job_data",
            "job_store_dir_root": f"{home}/job_bundle_store_dir",
            "scheduler_url": endpoint(host),
            "working_dir_root": WORK,
        }
    )


def home_of(fleet: Fleet) -> str:
    """FOUNDATIONS_HOME of every node."""
    return f"{fleet.config.storage.mount_path}/atlas"


def endpoint(host: str) -> str:
    return f"http://{host}:{API}"


def login(host: str) -> str:
    return f"https://{host}:8443/auth/realms/Atlas/account"


def _steps(fleet: Fleet, settings: AtlasSettings, host: str) -> str:
    steps = [f"Put `remote.config.yaml` into `{SUBMISSION}`."]
    if settings.authentication:
        first = f"Open {login(host)}, log in with your name and temporary password, and choose another."
        steps = [first, *steps, f"`foundations login {endpoint(host)}`"]
    if fleet.config.access.users == () and not settings.dashboard_host:
        steps = [f"Keep `python -m fleet tunnel {fleet.stack}` open.", *steps]
    steps += ["`foundations init first-job && cd first-job`"]
    if settings.job_image:
        steps += ["Copy `job.config.yaml` into it: jobs run in its image."]
    steps += ["`foundations submit remote . main.py`", f"See it at http://{host}:5555."]
    lines = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"# First job on the Atlas cluster {fleet.stack}\n\n{lines}\n"
