"""Tests that share hosts or a state run in one process, in their order; such groups run side by side."""

from pathlib import Path

import pytest

GROUPS = {"e2e", "ray", "local", "conformance"}


# before xdist's own, which reads the marks
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = Path(item.path).relative_to(Path(__file__).parent).parts[0]
        if folder in GROUPS:
            item.add_marker(pytest.mark.xdist_group(folder))
