"""What the stack file presumes of this cloud."""

from components.config.model import Config
from components.config.sizes import Size


def look_up(config: Config) -> dict[str, Size]:  # noqa: ARG001 - the face of every cloud
    """No instance types: the stack file says what it may use of a machine, and its lease holds it to that."""
    return {}
