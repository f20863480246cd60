"""`cluster.settings` of the platform `atlas`."""

import re
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, WithJsonSchema

from components.config.base import Change, Model, refuse
from components.config.types import HostAndPort, Url

# Of the installer's manifest.
SERVICES = (
    "gui",
    "tracker",
    "archive_server",
    "rest_api",
    "scheduler",
    "tensorboard_rest_api",
    "tensorboard_server",
    "auth_server",
    "auth_proxy",
)
_REGISTRY = r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*"
_TAG = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}"
# A day of a job is no drain, and Keycloak keeps seconds in 32 bits.
DRAIN_MINUTES, SESSION_MINUTES = 24 * 60, 60 * 24 * 30
# A scheduler looks into the queue once per slot and two seconds.
SLOTS, USERS = 64, 500


def _sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        refuse("must be 64 lower-case hex digits", "write what `sha256sum FILE` prints first")
    return value


def _registry(value: str) -> str:
    if "://" in value:
        refuse("must have no scheme: images have none", f"write `{value.partition('://')[2].rstrip('/')}`")
    if not re.fullmatch(_REGISTRY, value) or "." not in value.partition("/")[0].replace(":", "."):
        refuse(
            "must be a registry, and the folder of the images where they have one",
            "write it like registry.example.org/atlas",
        )
    return value


def _tag(value: str) -> str:
    if not re.fullmatch(_TAG, value):
        refuse("must be a tag of an image", "write it like 0.1.2")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(f"{_REGISTRY}:{_TAG}", value) or "/" not in value:
        refuse("must be an image with its registry and tag", "write it like registry.example.org/worker:0.1")
    return value


def _user_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?", value):
        refuse(
            "must be lower-case letters, digits and `.`, `_`, `-` between them, 64 at most",
            "write it like `ann.smith`: Keycloak makes no difference between upper and lower case",
        )
    return value


def _email(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", value):
        refuse("must be an e-mail address", "write it like ann@example.org")
    return value


Tag = Annotated[str, AfterValidator(_tag)]


class Download(Model):
    """A file that every machine gets, and what it must be."""

    url: Annotated[
        Url,
        Change.IN_PLACE,
        Field(description="Where it is.", examples=["https://files.example.org/atlas/atlas.tgz"]),
    ]
    sha256: Annotated[
        str,
        AfterValidator(_sha256),
        WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"}),
        Change.IN_PLACE,
        Field(description="Its checksum.", examples=["0" * 64]),
    ]


class AtlasUser(Model):
    """A person with an account. One who is taken out is disabled, and keeps what there is of them."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        "password": "passwords are made, and are in the outputs: take it out",
    }

    name: Annotated[
        str,
        AfterValidator(_user_name),
        Change.IN_PLACE,
        Field(description="Name to log in with.", examples=["ann"]),
    ]
    email: Annotated[
        str,
        AfterValidator(_email),
        Change.IN_PLACE,
        Field(description="Address.", examples=["ann@example.org"]),
    ]
    password_generation: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=1, le=1_000_000, description="A higher number gives another temporary password.", examples=[2]
        ),
    ] = 1


_DOWNLOAD = {"url": "https://files.example.org/atlas/atlas.tgz", "sha256": "0" * 64}


class AtlasSettings(Model):
    """A master that gives out jobs, and workers that run them in Docker."""

    KEEPS_STATE: ClassVar[bool] = True

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(
            ("numWorkers", "NUM_WORKERS", "workers"),
            "the master runs no jobs; write `slots`, or `poolSlots` for one pool",
        ),
        **dict.fromkeys(("gpus", "gpu"), "GPUs are said by each pool: write `gpus` there"),
        **dict.fromkeys(
            ("hostAddress", "redisAddress", "workingDirRoot", "schedulerUrl", "foundationsHome"),
            "it follows from the stack's machines: take it out",
        ),
        **dict.fromkeys(
            ("adminPassword", "keycloakPassword"),
            "it is a secret: `pulumi config set --secret agent-fleet:atlasAdminPassword`",
        ),
        "imageTags": "write `tag`, and `tags` for images with another one",
    }

    installer: Annotated[
        Download,
        Change.IN_PLACE,
        Field(description="The installer, `atlas_installer.py`.", examples=[_DOWNLOAD]),
    ]
    archive: Annotated[
        Download,
        Change.IN_PLACE,
        Field(description="What it installs, `atlas.tgz`.", examples=[_DOWNLOAD]),
    ]
    python: Annotated[
        Download,
        Change.IN_PLACE,
        Field(
            description="A Python 3.6 or 3.7 that can be unpacked anywhere (tar), which the installer needs.",
            examples=[_DOWNLOAD],
        ),
    ]
    registry: Annotated[
        str,
        AfterValidator(_registry),
        Change.IN_PLACE,
        Field(
            description="Registry and folder of the images; their names are those of the archive's manifest.",
            examples=["registry.example.org/atlas"],
        ),
    ]
    tag: Annotated[
        Tag | None,
        Change.IN_PLACE,
        Field(description="Tag of all images. Default: those of the manifest.", examples=["0.1.2"]),
    ] = None
    tags: Annotated[
        dict[str, Tag],
        Change.IN_PLACE,
        Field(description="Tags of single images, by service.", examples=[{"gui": "0.1.3"}]),
    ] = {}  # noqa: RUF012 - pydantic copies a default
    job_image: Annotated[
        Annotated[str, AfterValidator(_image)] | None,
        Change.IN_PLACE,
        Field(
            description="Image that jobs run in; every worker pulls it.",
            examples=["registry.example.org/atlas/worker:0.1"],
        ),
    ] = None
    slots: Annotated[
        int,
        Change.IN_PLACE,
        Field(ge=1, le=SLOTS, description="Jobs at a time on a worker without GPUs.", examples=[2]),
    ] = 1
    pool_slots: Annotated[
        dict[str, int],
        Change.IN_PLACE,
        Field(description="The same for single pools.", examples=[{"large": 4}]),
    ] = {}  # noqa: RUF012 - pydantic copies a default
    dashboard_host: Annotated[
        HostAndPort | None,
        Change.IN_PLACE,
        Field(
            description="Host that browsers reach the master by. Default: its public address where "
            "`access.users` names someone, else 127.0.0.1, for `fleet tunnel`.",
            examples=["atlas.example.org"],
        ),
    ] = None
    authentication: Annotated[
        bool,
        Change.IN_PLACE,
        Field(description="Whether people log in.", examples=[True]),
    ] = True
    users: Annotated[
        tuple[AtlasUser, ...],
        Change.IN_PLACE,
        Field(
            max_length=USERS,
            description="People with an account.",
            examples=[[{"name": "ann", "email": "ann@example.org"}]],
        ),
    ] = ()
    session_minutes: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=1,
            le=SESSION_MINUTES,
            description="Minutes after which people log in again; so long a disabled account can go on.",
            examples=[60],
        ),
    ] = 480
    drain_minutes: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=0,
            le=DRAIN_MINUTES,
            description="Minutes that jobs have to end when their worker leaves.",
            examples=[30],
        ),
    ] = 10

    def slots_of(self, pool: str | None, gpus: int) -> int:
        """With GPUs one per GPU: the platform counts them itself."""
        return gpus or self.pool_slots.get(pool or "", self.slots)
