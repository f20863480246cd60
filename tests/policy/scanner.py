"""checkov on a plan: which checks fail on which resources, and which of them are excused."""

import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".fleet" / "checkov" / "bin"
EXCEPTIONS = Path(__file__).parent / "exceptions.yaml"


@dataclass(frozen=True, order=True)
class Finding:
    """A check that failed on one resource."""

    check: str
    resource: str
    says: str = ""

    def __str__(self) -> str:
        return f"{self.check} {self.resource}: {self.says}"


@dataclass(frozen=True)
class Verdict:
    findings: frozenset[Finding]
    passed: int


@dataclass(frozen=True)
class Exemption:
    """A check that may fail on the resources that a pattern names, and why."""

    check: str
    resources: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        return finding.check == self.check and fnmatch(finding.resource, self.resources)


def scan(plans: Mapping[str, Mapping[str, Any]], folder: Path) -> Verdict:
    """The findings on all plans together. Asks nobody: what checkov would fetch is left out."""
    files: list[str] = []
    for name, plan in plans.items():
        files.append(str(folder / f"{name}.json"))
        Path(files[-1]).write_text(json.dumps(plan))
    answer = _checkov("-f", *files, "--framework", "terraform_plan", "-o", "json", "--skip-download")
    report = json.loads(answer)
    assert not report["results"]["parsing_errors"]
    results = report["results"]
    return Verdict(
        frozenset(
            Finding(one["check_id"], one["resource"], one["check_name"]) for one in results["failed_checks"]
        ),
        len(results["passed_checks"]),
    )


def checked_types() -> set[str]:
    """Terraform's types that at least one check looks at."""
    listed = _checkov("--list", "--framework", "terraform")
    return set(re.findall(r"\b(?:aws|alicloud)_[a-z0-9_]+", listed))


def exemptions() -> list[Exemption]:
    return [Exemption(**entry) for entry in yaml.safe_load(EXCEPTIONS.read_text())]


def unexplained(findings: Iterable[Finding]) -> list[Finding]:
    known = exemptions()
    return sorted(finding for finding in findings if not any(one.covers(finding) for one in known))


def unused(findings: Iterable[Finding], cloud: str) -> list[Exemption]:
    """Of the exceptions for this cloud's resources."""
    seen = list(findings)
    theirs = [one for one in exemptions() if one.resources.startswith(f"{cloud}_")]
    return [one for one in theirs if not any(one.covers(finding) for finding in seen)]


def _checkov(*words: str) -> str:
    command = FOLDER / "checkov"
    assert command.exists(), "the policy scanner is missing; run: tools/setup.sh --dev"
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "AWS_"))}
    done = subprocess.run(
        [FOLDER / "python", command, *words],
        env=env | {"LOG_LEVEL": "ERROR", "PATH": f"{FOLDER}:{env['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode in (0, 1), done.stderr[-2000:]
    assert done.stdout.strip(), done.stderr[-2000:]
    return done.stdout
