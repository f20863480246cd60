"""Where the time of an `up` goes, by what it says and when. Pure."""

import re
from collections.abc import Iterable
from statistics import median

_LINE = re.compile(r"^([\d.]+) .*command:(?:remote|local):Command (\S+) (creating|created) \([\d.]+s\) ?(.*)")
_KINDS = ("lease", "step", "membership")


def phases(log: Iterable[str]) -> dict[str, float]:
    """Seconds.

    `start`: until the first resource; `leases`, `master`, `steps`, `memberships`: from the first of them that
    began to the last that ended; `end`: after the last. Of a worker's step, the median: `dial`, until it says
    something; `work`, until it is done; `written`, until the engine has it in the state.
    """
    began: dict[str, float] = {}
    spoke: dict[str, float] = {}
    done: dict[str, float] = {}
    ended: dict[str, float] = {}
    last = 0.0
    for line in log:
        last = max(last, float(line.split(" ", 1)[0]))
        if not (found := _LINE.match(line)):
            continue
        when, name, verb, text = float(found[1]), found[2], found[3], found[4]
        began.setdefault(name, when)
        if text.startswith("==> "):
            spoke.setdefault(name, when)
        if text.startswith("==> done"):
            done.setdefault(name, when)
        if verb == "created":
            ended[name] = when
    if not ended:
        return {}

    def span(names: list[str]) -> float:
        return max(ended[name] for name in names) - min(began[name] for name in names) if names else 0.0

    kinds = {kind: [name for name in ended if name.endswith(f"-{kind}")] for kind in _KINDS}
    steps = [name for name in kinds["step"] if name != "master-step"]
    told = [name for name in steps if name in spoke and name in done]
    each = {
        "dial": [spoke[name] - began[name] for name in told],
        "work": [done[name] - spoke[name] for name in told],
        "written": [ended[name] - done[name] for name in told],
    }
    return {
        "start": min(began.values()),
        "leases": span(kinds["lease"]),
        "master": span(["master-step"] if "master-step" in ended else []),
        "steps": span(steps),
        "memberships": span(kinds["membership"]),
        "end": last - max(ended.values()),
        **{name: median(seconds) for name, seconds in each.items() if seconds},
    }
