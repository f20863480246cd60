"""A stack with a master and a worker to look at, and fresh stacks for tests that change things."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.local.hosts import Stack, made

TO_MASTER = [("operator", 22, 22), ("worker", 6379, 6379), ("worker", 20000, 20099)]
TO_WORKER = [("master", 22, 22), ("worker", 8076, 8077)]


@dataclass(frozen=True)
class Cluster:
    stack: Stack
    network: dict[str, Any]
    master: dict[str, Any]
    worker: dict[str, Any]


def _new_stack() -> Stack:
    return Stack(f"t-local-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="package")
def image() -> str:
    return made("image", "ensure")["image"]


@pytest.fixture
def stack(image: str) -> Iterator[Stack]:  # noqa: ARG001 - hosts need it
    """A stack of which nothing exists yet."""
    fresh = _new_stack()
    yield fresh
    fresh.remove()
    assert fresh.leftovers() == []


@pytest.fixture(scope="package")
def cluster(image: str) -> Iterator[Cluster]:  # noqa: ARG001 - hosts need it
    stack = _new_stack()
    network = stack.network()
    stack.storage()
    stack.firewall("master", *TO_MASTER)
    stack.firewall("worker", *TO_WORKER)
    with ThreadPoolExecutor() as pool:
        master = pool.submit(stack.machine, "master", "master")
        worker = pool.submit(stack.machine, "workers-1", "worker")
    yield Cluster(stack, network, master.result(), worker.result())
    stack.remove()
    assert stack.leftovers() == []
