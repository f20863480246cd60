"""Who on a machine may ask EC2's metadata service; see components/clouds/metadata_guard.py."""

from collections.abc import Iterable

from components.cloud_init import Setup
from components.clouds import metadata_guard

METADATA = "169.254.169.254"


def guard(users: Iterable[int]) -> Setup:
    """`users` are ids that may ask besides root."""
    return metadata_guard.guard(METADATA, users)
