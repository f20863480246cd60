"""A folder of the master's own disk for its databases."""

import pulumi

from components.cloud import STATE_PATH, Machine, Network
from components.cloud_init import WITHOUT, Setup
from components.fleet import Fleet


class StateVolume:
    """Makes nothing: the master's lease has the folder (userdata/lease.sh).

    Outputs: `id`, its path; `mounting`, which has nothing to do. With `storage.onDestroy: retain` the folder
    stays on the machine when it is given back, and the next stack with a master there takes it up.
    """

    def __init__(self, name: str, fleet: Fleet, network: Network, opts: pulumi.ResourceOptions) -> None:
        del name, fleet, network, opts
        self.id: pulumi.Output[str] = pulumi.Output.from_input(STATE_PATH)
        self.mounting: pulumi.Output[Setup] = pulumi.Output.from_input(WITHOUT)

    def attach(
        self,
        machine: Machine,  # noqa: ARG002 - the face of every cloud
        opts: pulumi.ResourceOptions,  # noqa: ARG002 - as above
    ) -> list[pulumi.Resource]:
        """Nothing to do: the machine has it when it is taken."""
        return []
