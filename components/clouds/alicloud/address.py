"""A public address that outlives what has it."""

from collections.abc import Mapping

import pulumi
import pulumi_alicloud as alicloud

from components.clouds.alicloud.tags import named, tags
from components.fleet import Fleet
from components.order import after


class Address:
    """An elastic IP address of `mbps` Mbit/s, paid by traffic. Another bandwidth is a change in place.

    No component of its own: it has two resources, and `given_to` says when the second one is made.
    """

    def __init__(
        self,
        name: str,
        fleet: Fleet,
        whose: str,
        mbps: int,
        more: Mapping[str, str],
        opts: pulumi.ResourceOptions,
    ) -> None:
        self._name, self._opts = name, opts
        self._made = alicloud.ecs.EipAddress(
            f"{name}-address",
            address_name=named(fleet, whose),
            bandwidth=str(mbps),
            payment_type="PayAsYouGo",
            internet_charge_type="PayByTraffic",
            tags=tags(fleet, **more),
            opts=opts,
        )

    def given_to(self, owner: pulumi.Output[str], kind: str) -> pulumi.Output[str]:
        """The address, to be used only when `owner` has it. `kind` is EcsInstance or Nat."""
        association = alicloud.ecs.EipAssociation(
            f"{self._name}-address-given",
            allocation_id=self._made.id,
            instance_id=owner,
            instance_type=kind,
            # also while rules of a gateway use it
            force=True if kind == "Nat" else None,
            # an address is given once
            opts=pulumi.ResourceOptions.merge(self._opts, pulumi.ResourceOptions(delete_before_replace=True)),
        )
        return after(self._made.ip_address, association)
