"""What a person is told when a local host cannot be had."""


class HostError(Exception):
    """One sentence: which stack or node, what failed, and the next command."""
