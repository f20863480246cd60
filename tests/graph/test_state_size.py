"""The engine writes the whole state at every step, so what a worker has in it is paid for N times."""

import pytest

from bench.stack import config_for
from tests.graph.aws_cloud import AwsCloud
from tests.graph.recording import Recording, record

FEW, MANY = 3, 60
# of a Command; user data is an instance's own
LARGEST = 4096
# addresses and names with more digits
DIGITS = 32

CLOUDS = pytest.mark.parametrize("cloud", ["local", "aws", "alicloud"])


def cluster(workers: int, cloud: str) -> Recording:
    return record(config_for(workers, cloud), cloud=AwsCloud(quota=1e6) if cloud == "aws" else None)


def of_worker(recording: Recording, number: int) -> dict[str, int]:
    """Bytes of inputs of each of its resources."""
    prefix = f"workers-{number}-"
    requests = [request for request in recording.requests.values() if request.name.startswith(prefix)]
    return {request.name.removeprefix(prefix): request.raw.object.ByteSize() for request in requests}


@CLOUDS
def test_no_command_of_a_worker_has_more_than_4_kb_of_inputs(cloud: str) -> None:
    sizes = of_worker(cluster(FEW, cloud), 1)
    assert {"step", "membership"} < sizes.keys()
    assert [name for name in ("step", "membership") if sizes[name] >= LARGEST] == [], sizes


@CLOUDS
def test_a_workers_inputs_do_not_grow_with_the_number_of_workers(cloud: str) -> None:
    few, many = cluster(FEW, cloud), cluster(MANY, cloud)
    alone, among = of_worker(few, 1), of_worker(many, MANY)
    assert alone.keys() == among.keys()
    assert {name: size for name, size in among.items() if size > alone[name] + DIGITS} == {}


@CLOUDS
def test_what_is_shared_does_not_grow_with_the_number_of_workers(cloud: str) -> None:
    few, many = cluster(FEW, cloud), cluster(MANY, cloud)
    shared = {
        request.name: request.raw.object.ByteSize()
        for request in few.requests.values()
        if request.raw.custom and not request.name.startswith("workers")
    }
    assert len(shared) > FEW
    assert {
        name for name, size in shared.items() if many[name].raw.object.ByteSize() > size + DIGITS
    } == set()


@CLOUDS
def test_nothing_of_a_worker_tells_the_state_where_the_program_asked_for_it(cloud: str) -> None:
    requests = cluster(FEW, cloud).requests.values()
    traced = [request.name for request in requests if request.raw.stackTrace.frames]
    assert traced, "the SDK has another name for it"
    assert [name for name in traced if name.startswith("workers-")] == []
