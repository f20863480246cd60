"""How the master's script lets a worker join and leave, with stand-ins for curl, the tracker and time."""

import subprocess
from pathlib import Path

import pytest

from components import scripts
from components.platforms import atlas

# Functions stand in for commands; a second of the script's time passes in none of ours.
STUBS = """
sleep() { SECONDS=$((SECONDS + ${1%.*})); }
curl() {
  echo "curl $*" >>"$FOLDER/calls"
  [[ -e $FOLDER/up ]] || { echo 'curl: (7) refused' >&2; return 7; }
  cat "$FOLDER/slots"
}
python3() {
  local verb=$2
  echo "tracker $verb ${3-}" >>"$FOLDER/calls"
  [[ -e $FOLDER/tracker ]] || { echo 'the tracker: refused' >&2; return 1; }
  case $verb in
  connections)
    # those of a worker that was told to stop end
    if [[ ${3-} == 10.0.0.2 && -e $STORAGE_PATH/.agent-fleet/left/plain-1 ]]; then
      echo 0
    else
      cat "$FOLDER/connections"
    fi
    ;;
  jobs)
    head -1 "$FOLDER/jobs"
    sed -i 1d "$FOLDER/jobs"
    ;;
  forget) cat "$FOLDER/stuck" ;;
  esac
}
"""


class Master:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write(
            up="", tracker="", slots='{"0": {}, "1": {}}', connections="7", jobs="", stuck="", calls=""
        )
        (folder / "left").mkdir()

    def write(self, **files: str) -> None:
        for name, text in files.items():
            (self.folder / name).write_text(text)

    def without(self, name: str) -> None:
        (self.folder / name).unlink()

    @property
    def calls(self) -> list[str]:
        return (self.folder / "calls").read_text().splitlines()

    @property
    def told_to_stop(self) -> bool:
        return (self.folder / "left/.agent-fleet/left/plain-1").exists()

    def run(self, verb: str) -> subprocess.CompletedProcess[str]:
        settings = scripts.assignments(
            {
                "FOLDER": str(self.folder),
                "NODE_NAME": "plain-1",
                "NODE_IP": "10.0.0.2",
                "SLOTS": 2,
                "STORAGE_PATH": str(self.folder / "left"),
                "DRAIN_MINUTES": 1,
            }
        )
        script = self.folder / "atlas.sh"
        script.write_text(scripts.script_of(atlas.SCRIPTS))
        return subprocess.run(
            ["bash", str(script), verb],
            input=settings + STUBS,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def master(tmp_path: Path) -> Master:
    return Master(tmp_path)


def test_a_worker_with_its_slots_and_connections_has_joined(master: Master) -> None:
    done = master.run("join")
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"slots": "{}"}, "its scheduler has 0 slots"),
        ({"connections": "0"}, "the tracker on the master has no connection from 10.0.0.2"),
    ],
)
def test_a_worker_that_lacks_something_has_not(master: Master, files: dict[str, str], said: str) -> None:
    master.write(**files)
    done = master.run("join")
    assert done.returncode == 1
    assert f"not so after 180 s; {said}" in done.stderr


def test_a_worker_that_does_not_answer_has_not(master: Master) -> None:
    master.without("up")
    assert "its scheduler does not answer: curl: (7) refused" in master.run("join").stderr


def test_slots_are_taken_away_once_no_job_runs(master: Master) -> None:
    master.write(jobs="one\none\n\n")
    done = master.run("leave")
    assert done.returncode == 0, done.stderr
    assert "draining plain-1: its jobs have 1 minutes" in done.stderr
    deleted = [call for call in master.calls if "DELETE" in call]
    assert [call.rpartition("/")[2] for call in deleted] == ["0", "1"]
    before = master.calls[: master.calls.index(deleted[0])]
    assert sum("tracker jobs" in call for call in before) == 3
    assert master.told_to_stop


def test_a_job_that_does_not_end_is_named_and_no_slot_is_taken_from_under_it(master: Master) -> None:
    master.write(jobs="endless\n" * 200, stuck="endless\n")
    done = master.run("leave")
    assert done.returncode == 0, done.stderr
    assert "plain-1 leaves though jobs run on it, 1 minutes are over (drainMinutes): endless" in done.stderr
    assert not any("DELETE" in call for call in master.calls)
    assert master.told_to_stop
    assert "are marked as failed: endless: submit them again" in done.stderr


def test_a_dead_worker_is_not_waited_for(master: Master) -> None:
    master.without("up")
    master.write(stuck="lost-1\nlost-2\n")
    done = master.run("leave")
    assert done.returncode == 0, done.stderr
    assert "draining" not in done.stderr
    assert not master.told_to_stop
    assert "ended with it, and are marked as failed: lost-1 lost-2: submit them again" in done.stderr


def test_without_a_tracker_there_is_nothing_to_leave(master: Master) -> None:
    master.without("tracker")
    done = master.run("leave")
    assert done.returncode == 0, done.stderr
    assert "nothing to leave for plain-1" in done.stderr
