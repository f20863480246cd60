"""What everything that is made on AWS carries, so that people and the reaper find it."""

from components.fleet import Fleet


def tags(fleet: Fleet, name: str, **more: str) -> dict[str, str]:
    """The stack's tags, `Name` as people see it in the console, and `more` (node, role, pool)."""
    return {**fleet.tags, "Name": name_tag(fleet.stack, name), **more}


def name_tag(stack: str, name: str) -> str:
    return f"{stack}-{name}"


def path(fleet: Fleet) -> str:
    """Where the stack's parameters are."""
    return f"/{fleet.tags['project']}/{fleet.config.team}/{fleet.stack}"
