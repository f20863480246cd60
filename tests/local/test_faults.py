"""A wrong world: each fault is one message that names the stack or node, what failed and what to do."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from tests.local.conftest import Cluster
from tests.local.hosts import PROJECT, Stack, driver, podman, refused, user_data
from tools.local_hosts import firewall, image, kernel, machine, network, state
from tools.local_hosts import podman as wrapper
from tools.local_hosts.errors import HostError


def without(program: str, folder: Path) -> dict[str, str]:
    """The environment with a PATH on which everything is but this program."""
    for name in os.environ["PATH"].split(":"):
        for found in Path(name).iterdir() if Path(name).is_dir() else ():
            link = folder / found.name
            if found.name != program and not link.is_symlink():
                link.symlink_to(found)
    return {**os.environ, "PATH": str(folder)}


def test_podman_is_missing(tmp_path: Path) -> None:
    said = refused("list", "--stack", "dev", environment=without("podman", tmp_path))
    assert said == (
        "error: local hosts need podman, which is not on PATH: run `sudo apt-get install -y podman runc "
        "netavark uidmap iptables`, then the same again\n"
    )


@pytest.fixture
def private_image(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of the image's folder under another name, so that a broken one does no harm."""
    context = tmp_path / "image"
    shutil.copytree(image.CONTEXT, context)
    monkeypatch.setattr(image, "CONTEXT", context)
    monkeypatch.setattr(image, "REPOSITORY", "localhost/agent-fleet/t-local")
    monkeypatch.setattr(state, "ROOT", tmp_path / ".fleet" / "local")
    monkeypatch.setattr(state, "FOLDER", tmp_path)
    return context


def test_the_build_of_the_image_fails(private_image: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (private_image / "install.sh").write_text("echo 'E: something broke'; exit 100\n")
    with pytest.raises(HostError) as raised:
        image.ensure()
    assert not podman("images", "--quiet", image.REPOSITORY), "no half-made image is taken for a good one"
    assert str(raised.value) == (
        "the image of local hosts cannot be made: podman build failed with exit code 100; the whole log: "
        ".fleet/local/image.log; then run `python3 -m tools.local_hosts image ensure` to try again"
    )
    assert "E: something broke" in capfd.readouterr().err


def test_debootstrap_is_missing(private_image: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del private_image
    monkeypatch.setattr(shutil, "which", lambda name, **_: None if name == "debootstrap" else name)
    with pytest.raises(HostError, match="run `sudo apt-get install -y debootstrap`"):
        image._debootstrap("localhost/t-local", image.MIRROR)  # pyright: ignore[reportPrivateUsage]


def test_the_masters_port_is_taken(stack: Stack) -> None:
    port = stack.network()["sshPort"]
    stack.storage()
    stack.firewall("master")
    with socket.create_server(("127.0.0.1", port)):
        said = refused(*stack.machine_arguments("master", "master"), data=user_data("master"))
    assert re.fullmatch(
        rf"error: stack {stack.name}, node master: the host does not start: its SSH port 127\.0\.0\.1:{port} "
        r"is taken by \S+ \(process \d+\): end that program and run the same again\n",
        said,
    ), said
    assert stack.states() == {}, "a host that failed at its making is not left behind"


def test_a_port_that_rules_of_a_host_that_is_gone_lead_away_is_not_free() -> None:
    port = network.PORTS.stop - 1
    rule = f"OUTPUT -d 127.0.0.1/32 -p tcp --dport {port} -j DNAT --to-destination 198.51.100.1:22".split()
    assert network.port_is_free(port)
    subprocess.run([*wrapper.as_root("iptables"), "-t", "nat", "-I", *rule], check=True)
    try:
        assert not network.port_is_free(port)
    finally:
        subprocess.run([*wrapper.as_root("iptables"), "-t", "nat", "-D", *rule], check=True)


def test_the_network_overlaps_another(cluster: Cluster) -> None:
    cidr = cluster.network["cidr"]
    said = refused("network", "create", "--stack", "t-local-clash", "--team", "t", "--cidr", cidr)
    assert f"network.cidr {cidr} overlaps {cidr}, which this computer uses already" in said


def test_the_network_is_another_copys(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    stack.network()
    monkeypatch.setattr(state, "FOLDER", Path("/elsewhere"))
    with pytest.raises(HostError, match=rf"belongs to {PROJECT}: take that stack down there"):
        network.get(stack.name)


def test_no_host_starts_without_a_firewall(stack: Stack) -> None:
    stack.network()
    said = refused(*stack.machine_arguments("workers-1", "worker"), data=user_data("workers-1"))
    assert f"stack {stack.name}, node workers-1: the firewall of role worker is missing" in said


def test_a_network_that_is_gone_is_named_with_what_to_do() -> None:
    stack = Stack("t-local-nowhere")
    said = refused(*stack.machine_arguments("workers-1", "worker"), data=user_data("workers-1"))
    assert "network agent-fleet-t-local-nowhere is gone: run `pulumi up --stack t-local-nowhere" in said


DEAD_INIT = r"RUN cd /sbin; rm init; printf '#!/bin/sh\necho no init today; exit 1' >init; chmod +x init"
NO_FIREWALL = "RUN echo nonsense >/etc/nftables.conf"


# On a busy computer a host that powers off at once may take its last words along.
@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("breakage", "word"),
    [(DEAD_INIT, "no init today"), (NO_FIREWALL, "nonsense")],
    ids=["it dies at its start", "its firewall does not load"],
)
def test_a_host_that_does_not_come_up_says_why_and_is_removed(
    stack: Stack, image: str, breakage: str, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Containerfile").write_text(f"FROM {image}\n{breakage}\n")
    podman("build", "--network=host", *wrapper.limits(), "--tag=t-local-broken", str(tmp_path))
    stack.network()
    stack.storage()
    stack.firewall("worker")
    monkeypatch.setattr(machine.image, "ensure", lambda _: "localhost/t-local-broken")
    spec = machine.Spec(stack.name, "t", "workers-1", "worker", 1, 0.5, None, "/shared", False)
    try:
        with pytest.raises(HostError) as raised:
            machine.create(spec, user_data("workers-1"))
    finally:
        podman("rmi", "--force", "localhost/t-local-broken")
    assert f"stack {stack.name}, node workers-1: the host" in str(raised.value)
    assert word in str(raised.value)
    assert stack.states() == {}


def test_rules_that_are_no_json_are_refused() -> None:
    said = refused("firewall", "write", "--stack", "dev", "--role", "master", data="nonsense")
    assert said.startswith("error: the rules on standard input are no JSON")


def test_the_kernels_limit_on_hosts_is_raised_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    monkeypatch.setattr(kernel, "INSTANCES", limit)
    kernel.make_room()
    assert limit.read_text() == f"{kernel.WANTED}\n"
    assert "from 128 to" in capfd.readouterr().err
    kernel.make_room()
    assert not capfd.readouterr().err


def test_a_kernels_limit_that_cannot_be_raised_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = tmp_path / "max_user_instances"
    limit.write_text("128\n")
    monkeypatch.setattr(kernel, "INSTANCES", limit)
    monkeypatch.setattr(wrapper, "as_root", lambda _: ["false"])
    with pytest.raises(HostError, match=r"is 128.*run `sudo sysctl"):
        kernel.make_room()


def test_removing_what_is_not_there_is_fine() -> None:
    nowhere = ("--stack", "t-local-nowhere")
    for verb in (["machine", "remove", *nowhere, "--node", "n"], ["storage", "remove", *nowhere]):
        assert driver(*verb).returncode == 0
    assert driver("firewall", "remove", *nowhere, "--role", "worker").returncode == 0
    assert driver("network", "remove", *nowhere).returncode == 0


def test_a_full_disk_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "podman"
    fake.write_text(
        "#!/bin/sh\necho 'Error: writing blob: write /x: no space left on device' >&2\nexit 125\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert "the disk is full" in refused("list", "--stack", "dev", environment=dict(os.environ))


def test_the_folder_of_a_firewall_is_made_again_after_it_was_deleted(stack: Stack) -> None:
    stack.network()
    stack.firewall("worker", ("master", 22, 22))
    shutil.rmtree(state.stack_folder(stack.name))
    stack.firewall("worker", ("master", 22, 22))
    assert (firewall.folder(stack.name, "worker") / "rules.nft").exists()
