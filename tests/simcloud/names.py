"""How what the stand-in makes is called. Labels: project=agent-fleet-sim, stack; on hosts also instance."""

from tools.local_hosts import state

PROJECT = f"{state.PROJECT}-sim"


def container(stack: str, what: str) -> str:
    return f"{PROJECT}-{stack}.{what}"


def network(stack: str, vpc: str) -> str:
    return f"{PROJECT}-{stack}-{vpc}"


def volume(stack: str) -> str:
    """All file systems of a stack."""
    return f"{PROJECT}-{stack}-files"


def labels(stack: str, **more: str) -> dict[str, str]:
    return {"project": PROJECT, "stack": stack, **more}
