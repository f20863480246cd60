"""The image of local hosts: Debian as on every other cloud, made anew only when its inputs change."""

import contextlib
import hashlib
import os
import platform
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.local_hosts import podman, state
from tools.local_hosts.errors import HostError

SUITE = "trixie"
REPOSITORY = f"localhost/{state.PROJECT}/host"
REGISTRY = "registry-1.docker.io"
PULLED_BASE = f"docker.io/library/debian:{SUITE}-slim"
MIRROR = "http://deb.debian.org/debian"
CONTEXT = Path(__file__).parent / "image"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SCRIPTS = Path("/usr/share/debootstrap/scripts")

PROBE_SECONDS = 3
PULL_SECONDS = 300
BUILD_SECONDS = 1800


def security_mirror(mirror: str) -> str:
    """Debian's mirrors carry the security archive beside the main one, under this name."""
    return f"{mirror.rstrip('/')}-security"


def digest(mirror: str) -> str:
    """Changes when anything that the image is made from changes."""
    return _digest(f"{SUITE} {platform.machine()} {mirror}", CONTEXT)


def _digest(what: str, context: Path) -> str:
    inputs = hashlib.sha256(what.encode())
    for path in sorted(path for path in context.rglob("*") if path.is_file()):
        inputs.update(f"\0{path.relative_to(context)}\0".encode() + path.read_bytes())
    return inputs.hexdigest()[:16]


def ensure(mirror: str | None = None) -> str:
    """The image's name; builds it if its inputs are new. Two runs never build at once.

    Raises HostError naming the log of the build and what to do next.
    """
    mirror = mirror or MIRROR
    name = f"{REPOSITORY}:{digest(mirror)}"
    if podman.exists("image", name):
        return name
    with state.lock("image", "another run is building the image of local hosts; waiting for it"):
        if not podman.exists("image", name):
            base = _base(mirror)
            state.say("image of local hosts: systemd, cloud-init, OpenSSH, nftables (about half a minute)")
            _build(name, CONTEXT, BASE=base, MIRROR=mirror, SECURITY=security_mirror(mirror))
            _remove_older(REPOSITORY, name)
    return name


def derived(context: Path, kind: str, mirror: str | None = None) -> str:
    """The name of an image made of the hosts' own by the Containerfile in a folder; builds it if need be."""
    base = ensure(mirror)
    repository = f"localhost/{state.PROJECT}/{kind}"
    name = f"{repository}:{_digest(base, context)}"
    if not podman.exists("image", name):
        with state.lock(f"image-{kind}", f"another run is building the image {kind}; waiting for it"):
            if not podman.exists("image", name):
                _build(name, context, BASE=base)
                _remove_older(repository, name)
    return name


def _base(mirror: str) -> str:
    """Debian itself: pulled where a registry can be reached, else made by debootstrap."""
    imported = f"localhost/{state.PROJECT}/debian:{SUITE}"
    for name in (imported, PULLED_BASE):
        if podman.exists("image", name):
            return name
    if mirror == MIRROR and _registry_reached():
        state.say(f"image of local hosts: pulling {PULLED_BASE}")
        try:
            podman.run("pull", "--quiet", PULLED_BASE, seconds=PULL_SECONDS)
            return PULLED_BASE
        except podman.PodmanError as error:
            state.say(f"the pull failed ({error.reason}); making Debian by debootstrap instead")
    _debootstrap(imported, mirror)
    return imported


def _registry_reached() -> bool:
    if os.environ.get("https_proxy") or os.environ.get("HTTPS_PROXY"):
        return True  # only the proxy can tell
    try:
        socket.create_connection((REGISTRY, 443), timeout=PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def _debootstrap(name: str, mirror: str) -> None:
    if shutil.which("debootstrap", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") is None:
        raise HostError(
            "the image of local hosts cannot be made: no container registry can be reached and debootstrap "
            "is not installed: run `sudo apt-get install -y debootstrap`, then the same again"
        )
    if not KEYRING.exists():
        raise HostError(
            f"the image of local hosts cannot be made: {KEYRING} is missing: "
            "run `sudo apt-get install -y debian-archive-keyring`, then the same again"
        )
    target = state.ROOT / "image" / "rootfs"
    cache = state.cache_folder() / "debootstrap"
    cache.mkdir(parents=True, exist_ok=True)
    state.say(f"image of local hosts: making Debian {SUITE} by debootstrap (about a minute)")
    script = [] if (SCRIPTS / SUITE).exists() else [str(SCRIPTS / "sid")]
    try:
        _clear(target)
        target.mkdir(parents=True)
        _logged(
            "debootstrap",
            [
                *podman.as_root("debootstrap"),
                "--variant=minbase",
                "--include=ca-certificates",
                f"--keyring={KEYRING}",
                f"--cache-dir={cache}",
                SUITE,
                str(target),
                mirror,
                *script,
            ],
        )
        archive = target.with_suffix(".tar")
        exclude = ["--exclude=./var/cache/apt/archives/*.deb", "--exclude=./dev/*"]
        _logged("tar", [*podman.as_root("tar"), "-C", str(target), *exclude, "-cf", str(archive), "."])
        podman.run("import", "--quiet", str(archive), name)
    finally:
        _clear(target.parent)


def _clear(folder: Path) -> None:
    """An interrupted debootstrap leaves /proc mounted below its target."""
    mounts = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run([*podman.as_root("umount"), "-l", mount], check=False)
    if folder.exists():
        subprocess.run([*podman.as_root("rm"), "-rf", "--one-file-system", str(folder)], check=True)


def operator_certificates(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The operator's bundle: it may hold the private CA that package registries are reached through."""
    for candidate in (environment.get("SSL_CERT_FILE"), "/etc/ssl/certs/ca-certificates.crt"):
        if candidate and Path(candidate).is_file():
            return Path(candidate).resolve()
    return None


def _build(name: str, context: Path, **arguments: str) -> None:
    cache = state.cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    certificates = operator_certificates()
    mounts = [f"--volume={cache}:/var/cache/agent-fleet"]
    if certificates is not None:
        mounts.append(f"--volume={certificates}:/run/operator-certificates.crt:ro")
    _logged(
        "podman build",
        [
            *podman.command(),
            "build",
            f"--runtime={shutil.which(podman.RUNTIME) or podman.RUNTIME}",
            "--network=host",
            # podman's own cache does not see a change of install.sh; the tag holds the digest of all inputs
            "--no-cache",
            "--layers=false",
            *podman.limits(),
            *mounts,
            *(f"--build-arg={key}={value}" for key, value in arguments.items()),
            *podman.label_options({"project": state.PROJECT}),
            f"--tag={name}",
            str(context),
        ],
    )


def _logged(what: str, command: list[str]) -> None:
    """Runs a long command; its output goes to a file, and the end of it into the error."""
    log = state.ROOT / "image.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=BUILD_SECONDS,
                check=False,
            )
            code = done.returncode
        except subprocess.TimeoutExpired:
            code = 124
    if code == 0:
        return
    text = log.read_text(errors="replace")
    for line in text.splitlines()[-12:]:
        print(f"    {line}", file=sys.stderr)
    raise HostError(
        f"the image of local hosts cannot be made: {what} failed with exit code {code}{_hint(text)}; "
        f"the whole log: {log.relative_to(state.FOLDER)}; then run "
        "`python3 -m tools.local_hosts image ensure` to try again"
    )


def _hint(log: str) -> str:
    end = log[-4000:]
    if "No space left on device" in end or "no space left on device" in end:
        return " (the disk is full)"
    hosts = ("Could not resolve", "Temporary failure resolving", "Could not connect", "Couldn't download")
    if any(sign in end for sign in hosts):
        return " (Debian's mirror cannot be reached; `packages.aptMirror` names another)"
    return ""


def _remove_older(repository: str, name: str) -> None:
    """Older images of the same kind, unless a host still runs from one."""
    for image in podman.records("images", *podman.filters({"project": state.PROJECT})):
        for tag in image.get("Names", ()):
            if tag.startswith(f"{repository}:") and tag != name:
                # one that a host still runs from stays
                with contextlib.suppress(podman.PodmanError):
                    podman.run("rmi", tag)
