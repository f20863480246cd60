"""Ends what the platform's own scaler started for a stack: `python3 -m components.clouds.aws.reap`.

Runs on the operator's computer at destroy, after the master is gone and before the network goes. It may run
again at any time, and has nothing to do where nothing is left. Progress goes to standard error.
"""

import argparse
import importlib.util
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.clouds.aws import api
from components.operated import CloudError, Place

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 600
POLL = 5.0
# What a dying master launched is seen a moment later.
EMPTY_LOOKS = 2
AT_ONCE = 200
_TO_END = ("pending", "running", "stopping", "stopped")
_LIVING = (*_TO_END, "shutting-down")


def reap(place: Place, vpc: str | None = None, seconds: float = SECONDS) -> None:
    """Cancels open spot requests and terminates all machines of elastic pools; returns when they are gone.

    Args:
        vpc: in it, workers that lost the stack's tags are found by Ray's.

    Raises:
        CloudError: AWS cannot be asked, it refuses, or machines are left when the time is over.
    """
    with api.told(place):
        session = api.session(place)
        ec2 = api.client(session, "ec2")
        _cancel_spot_requests(ec2, place)
        refused: dict[str, str] = {}
        living: dict[str, str] = {}
        for living in _looks(ec2, place, vpc, seconds):
            ids = [one for one, state in living.items() if state in _TO_END and one not in refused]
            for some in api.portions(ids, AT_ONCE):
                refused |= _terminate(ec2, place, some)
            if living and living.keys() <= refused.keys():
                reasons = "; ".join(sorted(set(refused.values())))
                raise CloudError(f"{reasons}. {_by_hand(place, session.region_name, living)}")
    if living:
        raise CloudError(
            f"after {seconds:.0f} s they are not gone. {_by_hand(place, session.region_name, living)}"
        )


def _looks(ec2: Any, place: Place, vpc: str | None, seconds: float) -> Iterator[dict[str, str]]:
    """What lives, again and again: until nothing was seen twice, or the time is over."""
    until = time.monotonic() + seconds
    empty, told = 0, ""
    while True:
        living = _living(ec2, place, vpc)
        now = _in_words(living)
        if now != told:
            _say(f"machines of elastic pools of stack {place.stack}: {now}")
            told = now
        yield living
        empty = 0 if living else empty + 1
        if empty == EMPTY_LOOKS or (living and time.monotonic() > until):
            return
        time.sleep(POLL if living else POLL / 2)


def _living(ec2: Any, place: Place, vpc: str | None) -> dict[str, str]:
    """State by id. Machines of Pulumi's own carry the tag `node`."""
    found = _states(ec2, api.tag_filters(place), lambda tags: "node" not in tags)
    if vpc:
        rays = [
            {"Name": "tag:ray-cluster-name", "Values": [place.stack]},
            {"Name": "tag:ray-node-type", "Values": ["worker"]},
            {"Name": "vpc-id", "Values": [vpc]},
        ]
        found |= _states(ec2, rays, lambda tags: tags.get("stack", place.stack) == place.stack)
    return found


def _states(ec2: Any, filters: api.Filters, wanted: Callable[[Mapping[str, str]], bool]) -> dict[str, str]:
    living = {"Name": "instance-state-name", "Values": list(_LIVING)}
    return {
        instance["InstanceId"]: instance["State"]["Name"]
        for reservation in api.pages(ec2, "describe_instances", "Reservations", Filters=[*filters, living])
        for instance in reservation["Instances"]
        if wanted(api.as_mapping(instance.get("Tags")))
    }


def _terminate(ec2: Any, place: Place, ids: Sequence[str]) -> dict[str, str]:
    """Returns those that AWS refuses, with its reason: one that it refuses keeps no other alive."""
    try:
        with api.told(place):
            ec2.terminate_instances(InstanceIds=list(ids))
    except api.AwsError as error:
        if len(ids) > 1:
            return {one: why for each in ids for one, why in _terminate(ec2, place, [each]).items()}
        return {} if error.code.startswith("InvalidInstanceID") else {ids[0]: str(error)}
    return {}


def _cancel_spot_requests(ec2: Any, place: Place) -> None:
    """One that stays open would start a machine after the last look."""
    waiting = {"Name": "state", "Values": ["open", "active"]}
    filters = [*api.tag_filters(place), waiting]
    requests = [
        request["SpotInstanceRequestId"]
        for request in api.pages(
            ec2, "describe_spot_instance_requests", "SpotInstanceRequests", Filters=filters
        )
    ]
    if requests:
        _say(f"cancelling {len(requests)} spot requests of stack {place.stack}")
        ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=requests)


def _by_hand(place: Place, region: str, living: Mapping[str, str]) -> str:
    profile = place.provider.get("aws:profile")
    words = [
        *("aws ec2 terminate-instances --region", region),
        *(("--profile", profile) if profile else ()),
        *("--instance-ids", *sorted(living)),
    ]
    return (
        f"{len(living)} machines of stack {place.stack} are left, and they cost money. Run: "
        f"{' '.join(words)}; then destroy again"
    )


def _in_words(living: Mapping[str, str]) -> str:
    counted = Counter(living.values())
    return ", ".join(f"{count} {state}" for state, count in sorted(counted.items())) or "none is left"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(argv: Sequence[str]) -> int:
    asked = _parser().parse_args(argv)
    if importlib.util.find_spec("boto3") is None:
        _again_in_own_environment(argv)
        _say("error: boto3 is not installed for this Python; run: tools/setup.sh")
        return 1
    provider = {"aws:region": asked.region, "aws:profile": asked.profile}
    place = Place(asked.stack, asked.team, {key: value for key, value in provider.items() if value})
    try:
        reap(place, asked.vpc, asked.seconds)
    except CloudError as error:
        _say(f"error: {error}")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 -m components.clouds.aws.reap", description=__doc__)
    parser.add_argument("--region", required=True)
    parser.add_argument("--stack", required=True)
    parser.add_argument("--team", required=True)
    parser.add_argument("--profile", help="as aws:profile in the stack file")
    parser.add_argument("--vpc", help="find workers that lost the stack's tags by Ray's own, in this VPC")
    parser.add_argument("--seconds", type=float, default=SECONDS, help=f"to wait at most, {SECONDS}")
    return parser


def _again_in_own_environment(argv: Sequence[str]) -> None:
    """Does not return where there is one that this is not: a plain `pulumi destroy` finds any python3."""
    python = ROOT / "venv" / "bin" / "python"
    if python.exists() and Path(sys.executable) != python:
        os.execv(python, [str(python), "-m", "components.clouds.aws.reap", *argv])  # noqa: S606 - no shell


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
