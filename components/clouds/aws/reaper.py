"""Ends what the platform's own scaler started, when the stack goes."""

import shlex

import pulumi
import pulumi_aws as aws
from pulumi_command import local

from components.cloud import Identities, Network
from components.clouds.aws import ask
from components.fleet import Fleet
from components.ports import WORKER

# Relative to the project's folder, where Pulumi runs commands: absolute paths differ between colleagues.
REAP = ("python3", "-m", "components.clouds.aws.reap")


class Reaper(pulumi.ComponentResource):
    """A command for the destroy alone: it terminates the machines of elastic pools and waits for their end.

    Made after what such machines use, and before the master: so it runs when the master, which would start
    more of them, is gone, and before their groups and subnets go. It runs too when no pool is elastic any
    more. It asks AWS from the operator's computer, with the provider's region and profile; it dials no
    machine. It fails with what AWS said, and may be run again.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        network: Network,
        identities: Identities,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__("agent-fleet:aws:Reaper", name, None, opts)
        profile = aws.config.profile
        which = [
            *("--region", ask.region()),
            *("--stack", fleet.stack),
            *("--team", fleet.config.team),
            *(("--profile", profile) if profile else ()),
        ]
        # the latter for the order alone: what such machines use is there before it
        used = pulumi.Output.all(network.id, identities.ids[WORKER])
        self.resource = local.Command(
            f"{name}-command",
            delete=used.apply(lambda known: shlex.join([*REAP, *which, "--vpc", known[0]])),
            logging=local.Logging.STDERR,
            add_previous_output_in_env=False,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
