"""Names of zones. Pure."""


def zone_id(zone: str) -> str:
    """`euc1-az2` of eu-central-1b: zones' letters differ between accounts, their ids do not."""
    area, direction, rest = zone.split("-")
    return f"{area}{direction[0]}{rest[:-1]}-az{ord(rest[-1]) - ord('a') + 1}"
