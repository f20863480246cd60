"""Bounded downloads of what setup cannot take from PATH, each checked before it is used.

    python -m tools.pulumi_cli.fetch pulumi VERSION FOLDER     the official archive's CLI and Python host
    python -m tools.pulumi_cli.fetch go VERSION SUM FOLDER     a Go toolchain, as the Go proxy serves it

Standard library only: it runs before anything is installed. Every file lands under a temporary name beside
FOLDER and is moved in when complete and checked, so an interruption leaves nothing half.
Prints progress to stdout every 15 seconds; one line to stderr and exit code 1 on failure.
"""

import base64
import hashlib
import os
import platform
import shutil
import stat
import sys
import tarfile
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable
from pathlib import Path

# Official archives and their checksum file lie side by side here.
RELEASES = "https://get.pulumi.com/releases/sdk"
CLI_FILES = ("pulumi", "pulumi-language-python", "pulumi-language-python-exec")
# How long one read may take; a name that does not resolve fails at once.
READ_SECONDS = 10
# How long one file may take as a whole: 110 MB at 1.5 Mbit/s.
FILE_SECONDS = 600
PROGRESS_SECONDS = 15
_ARCHITECTURES = {"x86_64": ("x64", "amd64"), "aarch64": ("arm64", "arm64"), "arm64": ("arm64", "arm64")}


class FetchError(Exception):
    """Why a download is not used, in one sentence."""


def architecture() -> tuple[str, str]:
    """This machine's name in Pulumi's archives and in Go's."""
    machine = platform.machine()
    if machine not in _ARCHITECTURES:
        raise FetchError(f"no archive for the processor {machine}")
    return _ARCHITECTURES[machine]


def download(url: str, target: Path) -> None:
    """Writes `url` to `target`; raises FetchError on a refusal, a stalled read or a short file."""
    if not url.startswith(("https://", "http://")):
        raise FetchError(f"{url} is no web address")
    started = told = time.monotonic()
    done = 0
    try:
        request = urllib.request.Request(url, headers={"User-Agent": "agent-fleet-setup"})  # noqa: S310  checked above
        with urllib.request.urlopen(request, timeout=READ_SECONDS) as reply, target.open("wb") as out:  # noqa: S310
            size = int(reply.headers.get("Content-Length") or 0)
            while chunk := reply.read(1 << 20):
                out.write(chunk)
                done += len(chunk)
                now = time.monotonic()
                if now - started > FILE_SECONDS:
                    raise FetchError(f"{url} took more than {FILE_SECONDS} s")
                if now - told > PROGRESS_SECONDS:
                    told = now
                    print(f"    {done >> 20} of {size >> 20} MB, {now - started:.0f} s", flush=True)
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        raise FetchError(f"{url} cannot be read: {reason}") from error
    if size and done != size:
        raise FetchError(f"{url} ended after {done} of {size} bytes")


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def go_sum(archive: Path) -> str:
    """The `h1:` sum of a module's zip as the checksum database has it (golang.org/x/mod/sumdb/dirhash)."""
    total = hashlib.sha256()
    with zipfile.ZipFile(archive) as zipped:
        for name in sorted(zipped.namelist()):
            with zipped.open(name) as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()  # pyright: ignore[reportArgumentType]
            total.update(f"{digest}  {name}\n".encode())
    return "h1:" + base64.b64encode(total.digest()).decode()


def unpack_cli(archive: Path, folder: Path) -> None:
    """The CLI and its Python host, without the other languages' hosts (300 MB)."""
    with tarfile.open(archive) as tar:
        for name in CLI_FILES:
            try:
                source = tar.extractfile(f"pulumi/{name}")
            except KeyError:
                source = None
            if source is None:
                raise FetchError(f"{archive.name} has no {name}")
            with source, (folder / name).open("wb") as out:
                shutil.copyfileobj(source, out)
            (folder / name).chmod(0o755)


def unpack_go(archive: Path, folder: Path) -> None:
    """A toolchain's zip, whose names start with module@version and whose modes are not kept."""
    with zipfile.ZipFile(archive) as zipped:
        for entry in zipped.infolist():
            _, _, inside = entry.filename.partition(".linux-")
            _, _, inside = inside.partition("/")
            if not inside or inside.endswith("/") or ".." in inside.split("/"):
                continue
            target = folder / inside
            target.parent.mkdir(parents=True, exist_ok=True)
            with zipped.open(entry) as source, target.open("wb") as out:
                shutil.copyfileobj(source, out)
            if inside.startswith(("bin/", "pkg/tool/")):
                target.chmod(target.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)


def fetch_cli(version: str, folder: Path) -> None:
    """Puts CLI_FILES of the official release into `folder`, checked against its published sha256."""
    name = f"pulumi-v{version}-linux-{architecture()[0]}.tar.gz"

    def get(scratch: Path) -> None:
        sums = scratch / "checksums"
        download(f"{RELEASES}/pulumi-{version}-checksums.txt", sums)
        lines = (line.split() for line in sums.read_text().splitlines())
        wanted = next((words[0] for words in lines if len(words) == 2 and words[1] == name), None)
        if wanted is None:
            raise FetchError(f"the published checksums of {version} do not name {name}")
        archive = scratch / name
        download(f"{RELEASES}/{name}", archive)
        if sha256(archive) != wanted:
            raise FetchError(f"{name} does not have its published checksum; nothing of it was used")
        unpack_cli(archive, scratch)
        for file in CLI_FILES:
            (scratch / file).replace(folder / file)

    folder.mkdir(parents=True, exist_ok=True)
    _in_scratch(folder, get)


def fetch_go(version: str, wanted: str, folder: Path) -> None:
    """Puts a Go toolchain into `folder`, checked against `wanted`, its line in the checksum database."""
    module = f"golang.org/toolchain/@v/v0.0.1-go{version}.linux-{architecture()[1]}.zip"
    proxies = [
        part
        for part in os.environ.get("GOPROXY", "").replace("|", ",").split(",")
        if part.startswith(("https://", "http://"))
    ]

    def get(scratch: Path) -> None:
        archive = scratch / "go.zip"
        download(f"{(proxies or ['https://proxy.golang.org'])[0].rstrip('/')}/{module}", archive)
        if go_sum(archive) != wanted:
            raise FetchError(f"Go {version} does not have the checksum it should; nothing of it was used")
        unpack_go(archive, scratch / "go")
        archive.unlink()
        shutil.rmtree(folder, ignore_errors=True)
        (scratch / "go").replace(folder)

    folder.parent.mkdir(parents=True, exist_ok=True)
    _in_scratch(folder.parent, get)


def _in_scratch(parent: Path, get: Callable[[Path], None]) -> None:
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=parent) as scratch:
        get(Path(scratch))


def main(arguments: list[str]) -> int:
    try:
        match arguments:
            case ["pulumi", version, folder]:
                fetch_cli(version, Path(folder))
            case ["go", version, wanted, folder]:
                fetch_go(version, wanted, Path(folder))
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except (FetchError, tarfile.TarError, zipfile.BadZipFile, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
