import io
import tarfile
from pathlib import Path, PurePosixPath

import pytest

from fleet import run, upload
from fleet.errors import UserError

STORAGE = PurePosixPath("/shared")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_local_file_among_the_words_is_uploaded_and_named_by_its_new_place(here):
    (here / "config.json").write_text("{}")
    job = run.plan(["cat", "config.json"], [], STORAGE, "cat-1")
    assert job.files == {Path("config.json"): PurePosixPath("/shared/jobs/cat-1/config.json")}
    assert job.entrypoint.endswith("exec cat /shared/jobs/cat-1/config.json")


@pytest.mark.usefixtures("here")
def test_words_that_are_no_files_stay_word_for_word():
    job = run.plan(["echo", "a b", "$HOME", "it's"], [], STORAGE, "echo-1")
    assert job.files == {}
    assert job.entrypoint == (
        "mkdir -p /shared/jobs/echo-1 && cd /shared/jobs/echo-1 && "
        """exec echo 'a b' '$HOME' 'it'"'"'s'"""
    )


@pytest.mark.usefixtures("here")
def test_a_word_longer_than_a_files_name_may_be_stays_as_it_is():
    code = "print(1);" * 500
    assert code in run.plan(["python3", "-c", code], [], STORAGE, "python3-1").entrypoint


def test_a_file_in_an_uploaded_folder_is_named_by_its_place_there(here):
    (here / "project").mkdir()
    (here / "project" / "config.json").write_text("{}")
    job = run.plan(["cat", "project/config.json"], [Path("project")], STORAGE, "cat-1")
    assert job.files == {Path("project"): PurePosixPath("/shared/project")}
    assert job.entrypoint.endswith("exec cat /shared/project/config.json")


def test_eogrow_runs_under_a_judge_that_is_uploaded_with_it(here):
    (here / "config.json").write_text("{}")
    job = run.plan(["eogrow", "config.json", "-t", "0"], [], STORAGE, "eogrow-1")
    assert PurePosixPath("/shared/jobs/eogrow-1/eogrow_judged.py") in job.files.values()
    assert job.entrypoint.endswith("exec python3 eogrow_judged.py /shared/jobs/eogrow-1/config.json -t 0")


@pytest.mark.usefixtures("here")
def test_a_config_that_is_nowhere_is_told_before_anything_is_sent():
    with pytest.raises(UserError, match=r"eogrow nofile\.json: there is no such file here"):
        run.plan(["eogrow", "nofile.json"], [], STORAGE, "eogrow-1")
    assert run.plan(["eogrow", "/shared/project/config.json"], [], STORAGE, "eogrow-1")


def test_two_files_of_one_name_are_refused(here):
    for folder in ("a", "b"):
        (here / folder).mkdir()
        (here / folder / "x.json").write_text("{}")
    with pytest.raises(UserError, match=r"two files named x\.json"):
        run.plan(["cat", "a/x.json", "b/x.json"], [], STORAGE, "cat-1")


def test_the_same_file_twice_is_one_upload(here):
    (here / "x.json").write_text("{}")
    assert len(run.plan(["cat", "x.json", "x.json"], [], STORAGE, "cat-1").files) == 1


@pytest.mark.usefixtures("here")
def test_a_folder_that_is_not_there_is_an_error():
    with pytest.raises(UserError, match="--upload nowhere: there is no such folder"):
        run.plan(["true"], [Path("nowhere")], STORAGE, "true-1")


def test_nothing_to_run_is_an_error_that_shows_how():
    with pytest.raises(UserError, match="after --, like: python -m fleet run dev -- eogrow CONFIG"):
        run.run("dev", [], [])


@pytest.mark.parametrize(
    ("command", "stem"), [("/usr/bin/Python3", "python3"), ("--", "job"), ("a b", "a-b")]
)
def test_a_jobs_name_tells_what_runs(command, stem):
    assert run.new_name(command).startswith(f"{stem}-2")


def test_what_is_uploaded_has_no_owner_and_can_be_read(here):
    project = here / "project"
    (project / ".git").mkdir(parents=True)
    (project / "data").mkdir(mode=0o700)
    secret = project / "data" / "a.txt"
    secret.write_text("a")
    secret.chmod(0o600)
    stream = io.BytesIO()
    upload.pack({project: PurePosixPath("/shared/project")}, stream)
    stream.seek(0)
    with tarfile.open(fileobj=stream) as tar:
        members = {member.name: member for member in tar}
    assert set(members) == {"shared/project", "shared/project/data", "shared/project/data/a.txt"}
    assert {oct(member.mode) for member in members.values()} == {"0o755", "0o644"}
    assert {member.uname for member in members.values()} == {""}
