"""What the benchmarks reckon with; that they run is seen when they run."""

import pytest

from bench.rivals.chart import chart
from bench.rivals.hosts import _seconds
from bench.rivals.phases import phases
from bench.rivals.ratios import ratios

LOG = """\
4.3 ==> SIM=1: the cloud is simulated
20.0  +  command:local:Command master-lease creating (0s)
20.5  +  command:local:Command workers-1-lease creating (0s)
27.0  +  command:local:Command workers-1-lease created (7s)
28.0  +  command:local:Command master-lease created (8s)
30.0  +  command:remote:Command master-step creating (0s)
33.0  +  command:remote:Command master-step creating (3s) ==> installing redis-server
40.0  +  command:remote:Command master-step creating (10s) ==> done
40.1  +  command:remote:Command master-step created (10s) ==> done
41.0  +  command:remote:Command workers-1-step creating (0s)
43.0  +  command:remote:Command workers-1-step creating (2s) ==> waiting for cloud-init
48.0  +  command:remote:Command workers-1-step creating (7s) ==> done
48.5  +  command:remote:Command workers-1-step created (7s) ==> done
49.0  +  command:remote:Command workers-1-membership creating (0s)
49.5  +  command:remote:Command workers-1-membership created (0.5s)
60.0 Every node is well.
"""


def test_the_phases_of_an_up_are_told_by_its_lines() -> None:
    assert phases(LOG.splitlines()) == pytest.approx(
        {
            "start": 20.0,
            "leases": 8.0,
            "master": 10.1,
            "steps": 7.5,
            "memberships": 0.5,
            "end": 10.5,
            "dial": 2.0,
            "work": 5.0,
            "written": 0.5,
        }
    )


def test_an_up_that_made_nothing_has_no_phases() -> None:
    assert phases(["1.0 Updating (dev):", "5.0 Resources:"]) == {}


@pytest.mark.parametrize(
    ("told", "seconds"), [("9.715873718s", 9.715873718), ("1h2m3.5s", 3723.5), ("320.5ms", 0.3205), ("0s", 0)]
)
def test_podmans_times_are_read(told: str, seconds: float) -> None:
    assert _seconds(told) == pytest.approx(seconds)


def test_a_chart_has_a_figure_per_number_of_workers_and_a_bar_per_run() -> None:
    def result(method: str, workers: int, seconds: float) -> dict[str, object]:
        runs = {"first": {"seconds": seconds}, "again": {"seconds": seconds / 2}}
        return {"method": method, "workers": workers, "light": True, **runs}

    drawn = chart([result("a & b", 10, 40.0), result("c", 10, 20.0), result("c", 20, 80.0)])
    assert drawn.count("wall seconds") == 2
    assert "a &amp; b" in drawn
    # the longest of its figure, and its half
    assert drawn.count('width="420" height="16"') == 2
    assert drawn.count('width="210" height="16"') == 3


def test_ratios_are_of_means_to_the_first_method() -> None:
    took = [("plain ssh", 10), ("ours", 12), ("pyinfra", 30), ("ours", 24), ("plain ssh", 20)]
    results = [{"method": method, "first": {"seconds": seconds}} for method, seconds in took]
    assert ratios(results) == pytest.approx({"ours": 1.2, "pyinfra": 2.0})
