"""A GPU VM as far as every cloud says it alike: one machine with one agent of a controller elsewhere."""

from typing import Annotated, Literal

from pydantic import Field

from components.config.base import Change
from components.config.machines import GPUS
from components.config.settings_backendai_join import EXAMPLE as JOIN
from components.config.settings_backendai_join import JoinSettings
from components.config.settings_supervisely import AgentSettings
from components.config.sizes import Sized
from components.config.types import PoolName

VmPlatform = Literal["supervisely", "backendai"]
VmSettings = AgentSettings | JoinSettings

# An entry of a stack file is read with the settings of its own platform alone (model.py).
VM_SETTINGS: dict[str, type[VmSettings]] = {"supervisely": AgentSettings, "backendai": JoinSettings}

# Everyone of them is a step and an enrolment on the operator's computer.
GPU_VMS = 100

EXAMPLE = {
    "name": "annotator",
    "platform": "supervisely",
    "settings": {"serverAddress": "https://app.supervisely.com", "teamId": 7},
}
EXAMPLES = {"supervisely": EXAMPLE["settings"], "backendai": JOIN}


class AnyGpuVm(Sized):
    """One machine with one agent, which is its own way in."""

    name: Annotated[
        PoolName, Change.MACHINE, Field(description="Name of the machine.", examples=["annotator"])
    ]
    platform: Annotated[
        VmPlatform,
        Change.MACHINE,
        Field(description="What runs on it.", examples=["supervisely"]),
    ]
    gpus: Annotated[
        int,
        Change.IN_PLACE,
        Field(
            ge=0,
            le=GPUS,
            description="GPUs that the agent must have; with 0 it works on CPUs only.",
            examples=[1],
        ),
    ] = 0
    ephemeral: Annotated[
        bool,
        Change.IN_PLACE,
        Field(
            description="Whether the machine may go at any time, so that no data is to be kept on it.",
            examples=[True],
        ),
    ] = False
    settings: Annotated[
        VmSettings,
        Change.PER_FIELD,
        Field(description="Settings of the agent.", examples=[EXAMPLE["settings"]]),
    ]
