"""What everything that is made on Alibaba Cloud carries, so that people and `fleet leftovers` find it."""

from components.fleet import Fleet


def named(fleet: Fleet, name: str) -> str:
    """As people see it in the console."""
    return name_of(fleet.stack, name)


def name_of(stack: str, name: str) -> str:
    return f"{stack}-{name}"


def tags(fleet: Fleet, **more: str) -> dict[str, str]:
    """The stack's tags, and `more` (node, role, pool)."""
    return {**fleet.tags, **more}


def access_group(team: str, stack: str) -> str:
    """NAS's group of rules for the stack's file system: it has no tags, only a name, one of its region."""
    return f"{team}-{stack}-nas"
