"""A real Keycloak of Atlas's version, from Maven Central, with a realm like Atlas's (realm.json)."""

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from pathlib import Path

from tools.local_hosts import state

VERSION = "10.0.1"
NAME = f"keycloak-server-dist-{VERSION}"
URL = f"https://repo1.maven.org/maven2/org/keycloak/keycloak-server-dist/{VERSION}/{NAME}.zip"
SHA1 = "329a8c49941e23e7c84f0c23a84aac3d37e2831e"
OFFSET = 20000
# what its log says when all its services have ended, the database among them
STOPPED = "WFLYSRV0050"
HERE = Path(__file__).parent
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def archive() -> Path:
    """Downloaded once."""
    found = state.cache_folder() / f"{NAME}.zip"
    if not found.exists():
        found.parent.mkdir(parents=True, exist_ok=True)
        new = found.with_suffix(f".{os.getpid()}")
        with urllib.request.urlopen(URL, timeout=300) as answer, new.open("wb") as file:
            shutil.copyfileobj(answer, file)
        with new.open("rb") as file:
            assert hashlib.file_digest(file, "sha1").hexdigest() == SHA1
        new.replace(found)
    return found


class Keycloak:
    """For this computer alone."""

    url = f"http://127.0.0.1:{8080 + OFFSET}/auth"

    def __init__(self, folder: Path) -> None:
        assert shutil.which("java"), "these tests need Java: apt-get install default-jre-headless"
        with zipfile.ZipFile(archive()) as content:
            content.extractall(folder)
        self.home = folder / f"keycloak-{VERSION}"
        user = ["bash", self.home / "bin/add-user-keycloak.sh", "-u", "admin", "-p", "admin"]
        subprocess.run(user, check=True, capture_output=True)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, seconds: int = 400) -> None:
        options = ["-b", "127.0.0.1", f"-Djboss.socket.binding.port-offset={OFFSET}"]
        realm = [f"-Dkeycloak.import={HERE / 'realm.json'}"]
        command = ["bash", str(self.home / "bin/standalone.sh"), *options, *realm]
        with (self.home / "log.txt").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        end = time.monotonic() + seconds
        while True:
            try:
                DIRECT.open(f"{self.url}/realms/Atlas", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                running = self.process.poll() is None and time.monotonic() < end
                assert running, (self.home / "log.txt").read_text()[-2000:]
                time.sleep(0.5)

    def stop(self, seconds: int = 60) -> None:
        """In order, as `docker stop` does. Its script is not always the one that ends last."""
        assert self.process
        os.killpg(self.process.pid, signal.SIGTERM)
        end = time.monotonic() + seconds
        while STOPPED not in (self.home / "log.txt").read_text():
            assert time.monotonic() < end, (self.home / "log.txt").read_text()[-2000:]
            time.sleep(0.2)
        self.kill()

    def kill(self) -> None:
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
