"""What the operator's commands ask of AWS. No Pulumi."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from os import environ
from typing import Any

from components.clouds.aws import api
from components.clouds.aws.leftovers import leftovers
from components.operated import CloudError, Machine, Place

__all__ = ["check", "leftovers", "machines", "start"]

GONE = ("terminated", "shutting-down")
# An `up` of a large stack; what it started must not be cut off by its own credentials.
LEAST_LIFE = timedelta(minutes=30)
# How other tools note the end of credentials that they write to a profile.
_END_KEYS = ("aws_session_expiration", "x_security_token_expires", "aws_expiration", "expiration")


def machines(place: Place) -> list[Machine]:
    """All instances of the stack. Of a node that was replaced only the one that lives, if any does."""
    with api.told(place):
        ec2 = api.client(api.session(place), "ec2")
        found = [
            _machine(instance)
            for reservation in api.pages(
                ec2, "describe_instances", "Reservations", Filters=api.tag_filters(place)
            )
            for instance in reservation["Instances"]
        ]
    alive = {machine.node for machine in found if machine.state not in GONE}
    return [machine for machine in found if machine.state not in GONE or machine.node not in alive]


def start(place: Place) -> list[str]:
    """Starts instances that are stopped; returns their nodes' names."""
    stopped = [machine for machine in machines(place) if machine.state == "stopped"]
    if stopped:
        with api.told(place):
            ec2 = api.client(api.session(place), "ec2")
            ec2.start_instances(InstanceIds=[machine.id for machine in stopped])
    return [machine.node or machine.id for machine in stopped]


def check(place: Place) -> str:
    """Credentials are there, AWS accepts them, and they last long enough; returns account and region.

    Raises:
        CloudError: otherwise.
    """
    with api.told(place):
        session = api.session(place)
        _refuse_short_lived(session)
        caller = api.client(session, "sts").get_caller_identity()
    return f"AWS account {caller['Account']}, {session.region_name}, as {caller['Arn'].rpartition(':')[2]}"


def _machine(instance: Mapping[str, Any]) -> Machine:
    tags = api.as_mapping(instance.get("Tags"))
    return Machine(
        id=instance["InstanceId"],
        state=instance["State"]["Name"],
        node=tags.get("node"),
        pool=tags.get("pool"),
        address=instance.get("PrivateIpAddress"),
        kind=instance["InstanceType"],
        age=int((datetime.now(UTC) - instance["LaunchTime"]).total_seconds()),
    )


def _refuse_short_lived(session: Any) -> None:
    """Only credentials that nobody renews have an end that counts: those of the environment or of a file."""
    credentials = session.get_credentials()
    if credentials is None:
        return
    end: str | None = None
    if credentials.method == "env":
        end = environ.get("AWS_CREDENTIAL_EXPIRATION")
    elif credentials.method == "shared-credentials-file":
        profiles: Mapping[str, Mapping[str, str]] = session._session.full_config["profiles"]
        profile = profiles.get(session.profile_name, {})
        end = next((profile[key] for key in _END_KEYS if key in profile), None)
    left = _left(end)
    if left is not None and left < LEAST_LIFE:
        minutes = int(left.total_seconds() // 60)
        when = f"end in {minutes} minutes" if minutes > 0 else "have ended"
        raise CloudError(
            f"the AWS credentials {when}, and an `up` may take {LEAST_LIFE.seconds // 60}; renew them first"
        )


def _left(end: str | None) -> timedelta | None:
    try:
        parsed = datetime.fromisoformat(end or "")
    except ValueError:
        return None
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)) - datetime.now(UTC)
