"""Downloads: what is not whole or not the right thing is never used."""

import base64
import hashlib
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tools.pulumi_cli import fetch

VERSION = "3.250.0"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder that is served where releases and Go modules are looked for."""
    folder = tmp_path / "site"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(fetch, "RELEASES", url)
    monkeypatch.setenv("GOPROXY", f"{url},direct")
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    server.shutdown()
    server.server_close()


@pytest.fixture
def archive(site: Path) -> Path:
    file = site / f"pulumi-v{VERSION}-linux-{fetch.architecture()[0]}.tar.gz"
    with tarfile.open(file, "w:gz") as tar:
        for name in (*fetch.CLI_FILES, "pulumi-language-go"):
            entry = tarfile.TarInfo(f"pulumi/{name}")
            entry.size = len(name)
            tar.addfile(entry, io.BytesIO(name.encode()))
    publish(file)
    return file


def publish(archive: Path) -> None:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (archive.parent / f"pulumi-{VERSION}-checksums.txt").write_text(f"{digest}  {archive.name}\n")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "bin"


@pytest.mark.usefixtures("archive")
def test_the_cli_and_its_python_host_are_taken_and_no_other_host(target: Path) -> None:
    assert fetch.main(["pulumi", VERSION, str(target)]) == 0
    assert sorted(path.name for path in target.iterdir()) == sorted(fetch.CLI_FILES)
    assert all(path.stat().st_mode & 0o111 for path in target.iterdir())


def test_an_archive_that_is_not_the_published_one_is_refused(
    archive: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive.write_bytes(archive.read_bytes() + b"more")
    assert fetch.main(["pulumi", VERSION, str(target)]) == 1
    assert "does not have its published checksum" in capsys.readouterr().err
    assert list(target.iterdir()) == []


def test_an_archive_without_a_published_sum_is_refused(
    archive: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (archive.parent / f"pulumi-{VERSION}-checksums.txt").write_text("0  another.tar.gz\n")
    assert fetch.main(["pulumi", VERSION, str(target)]) == 1
    assert "do not name" in capsys.readouterr().err


def test_an_archive_that_lacks_the_python_host_is_refused(
    archive: Path, target: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with tarfile.open(archive, "w:gz") as tar:
        tar.addfile(tarfile.TarInfo("pulumi/pulumi"))
    publish(archive)
    assert fetch.main(["pulumi", VERSION, str(target)]) == 1
    assert "has no pulumi-language-python" in capsys.readouterr().err
    assert list(target.iterdir()) == []


@pytest.mark.usefixtures("site")
def test_a_missing_release_is_one_sentence(target: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fetch.main(["pulumi", VERSION, str(target)]) == 1
    said = capsys.readouterr().err
    assert "cannot be read: File not found" in said
    assert said.count("\n") == 1


@pytest.fixture
def toolchain(site: Path) -> Path:
    module = f"golang.org/toolchain@v0.0.1-go1.26.8.linux-{fetch.architecture()[1]}"
    file = site / f"golang.org/toolchain/@v/v0.0.1-go1.26.8.linux-{fetch.architecture()[1]}.zip"
    file.parent.mkdir(parents=True)
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(f"{module}/bin/go", "go")
        zipped.writestr(f"{module}/VERSION", "go1.26.8")
        zipped.writestr(f"{module}/../../escape", "no")
    return file


def test_a_go_toolchain_keeps_its_programs_runnable(toolchain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "go"
    assert fetch.main(["go", "1.26.8", fetch.go_sum(toolchain), str(folder)]) == 0
    assert (folder / "bin/go").stat().st_mode & 0o111
    assert not (folder / "VERSION").stat().st_mode & 0o111
    assert not list(tmp_path.rglob("escape"))


@pytest.mark.usefixtures("toolchain")
def test_a_go_toolchain_with_another_sum_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fetch.main(["go", "1.26.8", "h1:another", str(tmp_path / "go")]) == 1
    assert "does not have the checksum" in capsys.readouterr().err
    assert not (tmp_path / "go").exists()


def test_a_sum_is_what_gos_own_checksum_database_computes(tmp_path: Path) -> None:
    """The two lines of dirhash's own definition: sha256 of `sha256  name` per file, sorted by name."""
    file = tmp_path / "m.zip"
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr("b", "2")
        zipped.writestr("a", "1")
    lines = "".join(
        f"{hashlib.sha256(text).hexdigest()}  {name}\n" for name, text in (("a", b"1"), ("b", b"2"))
    )
    assert fetch.go_sum(file) == "h1:" + base64.b64encode(hashlib.sha256(lines.encode()).digest()).decode()
