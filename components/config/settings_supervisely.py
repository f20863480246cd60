"""`gpuVms[].settings` of the platform `supervisely`."""

import re
from typing import Annotated, Literal

from cryptography.x509 import load_pem_x509_certificates
from pydantic import AfterValidator, Field, WithJsonSchema

from components.config.base import Change, Model, refuse
from components.config.types import HostAndPort, MountPath, Url

IMAGE = "docker.io/supervisely/agent"
# Docker's own words for an image's name without a tag.
_IMAGE = r"[a-z0-9]+(?:[.:/_-]+[a-z0-9]+)*"


def _server(value: str) -> str:
    if value.endswith("/"):
        refuse("ends with a slash", f"write `{value.rstrip('/')}`")
    return value


def _version(value: str) -> str:
    if not re.fullmatch(r"\d+\.\d+\.\d+", value):
        refuse("must be one released version with three numbers", "write it like 6.9.7")
    return value


def _image(value: str) -> str:
    if not re.fullmatch(_IMAGE, value) or ":" in value.rpartition("/")[2]:
        refuse("must be an image without a tag: `agentVersion` is the tag", f"write it like {IMAGE}")
    return value


def _certificates(value: str) -> str:
    try:
        load_pem_x509_certificates(value.encode())
    except ValueError:
        refuse("is no PEM certificate", "paste the text between the BEGIN and END lines, these included")
    return value.strip()


def _call(value: str) -> str:
    if not re.fullmatch(r"[a-z][A-Za-z0-9.-]*", value):
        refuse("must be the name of a call below /public/api/v3/", "write it like agents.archive")
    return value


class Decommission(Model):
    """A call of the server's API that ends an agent; Supervisely documents none."""

    call: Annotated[
        str,
        AfterValidator(_call),
        Change.IN_PLACE,
        Field(description="Its name, below /public/api/v3/.", examples=["agents.archive"]),
    ]
    body: Annotated[
        dict[str, str],
        Change.IN_PLACE,
        Field(
            description="What is sent; `{id}` and `{teamId}` stand for the numbers.",
            examples=[{"id": "{id}"}],
        ),
    ] = {"id": "{id}"}  # noqa: RUF012 - pydantic copies a default


class AgentSettings(Model):
    """The agent and the server that it belongs to."""

    server_address: Annotated[
        Url,
        AfterValidator(_server),
        Change.IN_PLACE,
        Field(
            description="The Supervisely server. Another one makes the agent anew there.",
            examples=["https://app.supervisely.com"],
        ),
    ]
    team_id: Annotated[
        int | None,
        Change.IN_PLACE,
        Field(
            ge=1,
            le=2**31,
            description="Team at the server in which the agent is made; needed with `superviselyApiTokens`. "
            "Another one makes the agent anew there.",
            examples=[7],
        ),
    ] = None
    agent_version: Annotated[
        str,
        AfterValidator(_version),
        WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d+\.\d+$"}),
        Change.IN_PLACE,
        Field(description="Version of the agent, the tag of its image.", examples=["6.9.7"]),
    ] = "6.9.7"
    image: Annotated[
        str,
        AfterValidator(_image),
        Change.IN_PLACE,
        Field(description="Image of the agent, without a tag.", examples=[IMAGE]),
    ] = IMAGE
    agent_host_dir: Annotated[
        MountPath | None,
        Change.IN_PLACE,
        Field(
            description="Folder of the machine for the agent's data. Default: Supervisely's own, below "
            "/opt/supervisely/agents.",
            examples=["/data/supervisely"],
        ),
    ] = None
    pull_policy: Annotated[
        Literal["ifavailable", "ifnotpresent", "always", "never"],
        Change.IN_PLACE,
        Field(description="When the agent pulls images of apps.", examples=["ifnotpresent"]),
    ] = "ifavailable"
    registry: Annotated[
        HostAndPort | None,
        Change.IN_PLACE,
        Field(
            description="Registry that asks for a login, which apps' images come from as well.",
            examples=["registry.example.org"],
        ),
    ] = None
    registry_login: Annotated[
        str | None,
        Change.IN_PLACE,
        Field(
            max_length=100,
            description="Who logs in there, with `superviselyRegistryPassword`.",
            examples=["puller"],
        ),
    ] = None
    cpu_limit: Annotated[
        float | None,
        Change.IN_PLACE,
        Field(gt=0, le=1920, description="Most CPUs of a task.", examples=[4]),
    ] = None
    memory_limit_gib: Annotated[
        float | None,
        Change.IN_PLACE,
        Field(gt=0, le=32768, description="Most memory of a task in GiB.", examples=[16]),
    ] = None
    proxy: Annotated[
        Url | None,
        Change.IN_PLACE,
        Field(
            description="Proxy for the agent, its tasks and Docker.",
            examples=["http://proxy.example.org:3128"],
        ),
    ] = None
    no_proxy: Annotated[
        tuple[str, ...],
        Change.IN_PLACE,
        Field(description="Hosts that are reached without it.", examples=[["10.0.0.0/8"]]),
    ] = ()
    ca_certificate: Annotated[
        str | None,
        AfterValidator(lambda value: _certificates(value) if value else value),
        Change.IN_PLACE,
        Field(
            description="PEM certificates of a private CA, for the server and the registry.",
            examples=["-----BEGIN CERTIFICATE-----"],
        ),
    ] = None
    offline: Annotated[
        bool,
        Change.IN_PLACE,
        Field(description="Whether the agent leaves the internet alone.", examples=[True]),
    ] = False
    identity: Annotated[
        Literal["kept", "renewed"],
        Change.IN_PLACE,
        Field(
            description="Whether a machine made anew goes on as the same agent, or as a new one.",
            examples=["renewed"],
        ),
    ] = "kept"
    decommission: Annotated[
        Decommission | None,
        Change.PER_FIELD,
        Field(
            description="How the server is told that an agent is gone; without it one click is left.",
            examples=[{"call": "agents.archive"}],
        ),
    ] = None
