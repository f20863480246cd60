"""`gpuVms[].settings` of the platform `backendai`: an agent of a manager that is there already."""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from components.config.base import Change, refuse
from components.config.settings_backendai import AgentOptions
from components.config.types import Cidr, MountPath, Url, matching

PASSWORD, API_KEYS = "backendaiEtcdPassword", "backendaiApiKeys"
EXAMPLE = {
    "etcdAddress": "10.89.16.2:2379",
    "namespace": "platform",
    "managerPublicKey": "rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7",
    "apiEndpoint": "http://10.89.16.2:8081",
    "managerNetworks": ["10.89.16.0/20"],
}
_SECRET = "it is a secret: `pulumi config set --secret agent-fleet:{}`"  # noqa: S105 - a sentence


def _etcd_address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", host) or not re.fullmatch(
        r"[1-9]\d{0,4}", port
    ):
        refuse("must be a host and a port", "write it like 10.89.16.2:2379")
    return value


def _endpoint(value: str) -> str:
    parts = urlsplit(value)
    if parts.path or parts.query or parts.fragment:
        refuse("is more than an address", f"write `{parts.scheme}://{parts.netloc}`")
    return value


_NAME = "must be 1 to 64 letters, digits, `.`, `_` and `-`, a letter or digit first"
_WORD = matching(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", _NAME, "write it as the manager has it")


class JoinSettings(AgentOptions):
    """The agent and the manager that it belongs to."""

    ELSEWHERE = {  # noqa: RUF012 - nobody changes it
        **dict.fromkeys(
            ("scalingGroup", "scaling-group", "initialResourceGroupName"), "it is `resourceGroup` today"
        ),
        "watcher": "agents have no watcher any more: systemd starts them again",
        **dict.fromkeys(("etcdAddr", "etcd-addr"), "it is `etcdAddress`, with its port"),
        "etcdPassword": _SECRET.format(PASSWORD),
        **dict.fromkeys(("accessKey", "secretKey", "apiKeys"), _SECRET.format(API_KEYS)),
        **dict.fromkeys(
            ("autoPull", "registries", "adminEmail", "users"), "it is the manager's: take it out"
        ),
        "dummyPools": "of one agent it is `dummy: true`",
        "agentNetworks": "that is the control plane's; here the manager's networks are `managerNetworks`",
    }

    etcd_address: Annotated[
        str,
        AfterValidator(_etcd_address),
        Change.IN_PLACE,
        Field(description="The manager's etcd, host and port.", examples=[EXAMPLE["etcdAddress"]]),
    ]
    etcd_user: Annotated[
        str,
        *_WORD,
        Change.IN_PLACE,
        Field(description="Who logs in at etcd, with `backendaiEtcdPassword`.", examples=["agent"]),
    ] = "agent"
    namespace: Annotated[
        str,
        *_WORD,
        Change.IN_PLACE,
        Field(description="The manager's part of etcd.", examples=[EXAMPLE["namespace"]]),
    ]
    manager_public_key: Annotated[
        str,
        *matching(
            r"[0-9A-Za-z.:+=^!/*?&<>()\[\]{}@%$#-]{40}",
            "must be a public key of ZeroMQ, 40 characters",
            "copy `public-key` of the manager's key file, and write it in quotes",
        ),
        Change.IN_PLACE,
        Field(
            description="Key of the manager's RPC, the only one that the agent obeys.",
            examples=[EXAMPLE["managerPublicKey"]],
        ),
    ]
    api_endpoint: Annotated[
        Url,
        AfterValidator(_endpoint),
        Change.IN_PLACE,
        Field(
            description="The manager's API, asked from the computer that runs Pulumi, with "
            "`backendaiApiKeys`.",
            examples=[EXAMPLE["apiEndpoint"]],
        ),
    ]
    manager_networks: Annotated[
        tuple[Cidr, ...],
        Change.IN_PLACE,
        Field(
            min_length=1,
            max_length=20,
            description="IPv4 networks from which the manager calls the agent.",
            examples=[EXAMPLE["managerNetworks"]],
        ),
    ]
    resource_group: Annotated[
        str,
        *_WORD,
        Change.IN_PLACE,
        Field(description="The manager's resource group that the agent works in.", examples=["gpu"]),
    ] = "default"
    mount_path: Annotated[
        MountPath | None,
        Change.IN_PLACE,
        Field(
            description="Folder where the machine's image mounts the manager's virtual folders.",
            examples=["/vfroot"],
        ),
    ] = None
    dummy: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Whether the agent only pretends to run sessions, without Docker: for trials.",
            examples=[True],
        ),
    ] = False
