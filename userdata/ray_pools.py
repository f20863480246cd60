"""Ray's AWS provider, for pools of several instance types. The autoscaler on the head loads it.

Ray's own asks for the same instance type again and again when there is no capacity for it, and waits ten
minutes for machines that were left out of a launch. Why, and what else: docs/ray.md, "Elastic pools".
"""

import itertools
import logging
import threading
import time

from ray.autoscaler._private.aws import node_provider
from ray.autoscaler.node_launch_exception import NodeLaunchException
from ray.autoscaler.tags import NODE_KIND_HEAD, TAG_RAY_NODE_KIND

# What had no capacity is not asked for again so soon.
PATIENCE_SECONDS = 60
THROTTLED = ("RequestLimitExceeded", "Throttling", "ThrottlingException")
# Said of every worker of a fixed pool, and of this provider's defaults, at every tick.
EXPECTED = ("has no instance id", "Dropping the empty legacy field")

# Ray tries this often per call, or once per subnet; each call here names one subnet.
node_provider.BOTO_CREATE_MAX_RETRIES = 1


def unexpected(record):
    return not any(words in str(record.msg) for words in EXPECTED)


for name in ("ray.autoscaler.v2.instance_manager.reconciler", "ray.autoscaler._private.util"):
    logging.getLogger(name).addFilter(unexpected)


class Provider(node_provider.AWSNodeProvider):
    """Tries a pool's instance types in their order, each in all subnets, until all machines are there."""

    def __init__(self, provider_config, cluster_name):
        super().__init__(provider_config, cluster_name)
        self._no_capacity_until = {}
        self._last_answer = "none"
        self._lock = threading.Lock()

    def _create_node(self, node_config, tags, count):
        config = dict(node_config)
        places = list(itertools.product(config.pop("InstanceTypes"), config.pop("SubnetIds")))
        made, problem = {}, None
        with self._lock:
            for place in places:
                if self._no_capacity_until.get(place, 0) > time.monotonic():
                    continue
                kind, subnet = place
                interfaces = [{**card, "SubnetId": subnet} for card in config["NetworkInterfaces"]]
                chosen = {
                    **config,
                    "InstanceType": kind,
                    "SubnetIds": [subnet],
                    "NetworkInterfaces": interfaces,
                }
                try:
                    made.update(super()._create_node(chosen, dict(tags), count - len(made)))
                except NodeLaunchException as exception:
                    problem = exception
                    self._last_answer = str(exception)
                    if exception.category in THROTTLED:
                        break
                if len(made) >= count:
                    return made
                self._no_capacity_until[place] = time.monotonic() + PATIENCE_SECONDS
        # Ray finds those that were made by their tags.
        raise problem or NodeLaunchException("Waiting", f"after this answer: {self._last_answer}", None)

    def terminate_nodes(self, node_ids):
        """Never the head, which the autoscaler takes for gone when its raylet is."""
        super().terminate_nodes([node for node in node_ids if not self._is_head(node)])

    def _is_head(self, node):
        return self.tag_cache.get(node, {}).get(TAG_RAY_NODE_KIND) == NODE_KIND_HEAD
