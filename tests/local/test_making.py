"""What a host is made from: podman's arguments and the files that it gets. No podman needed."""

import io
import tarfile
from dataclasses import replace
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from tools.local_hosts import image, machine, network, podman, seed, state
from tools.local_hosts.errors import HostError
from tools.local_hosts.network import Network

NETWORK = Network("agent-fleet-dev", IPv4Network("10.89.0.0/20"), 22100)
SPEC = machine.Spec(
    stack="dev",
    team="eo",
    node="workers-1",
    role="worker",
    cpus=1.5,
    memory_gib=3,
    shm_gib=None,
    mount_path="/shared",
    public=False,
)


def arguments(spec: machine.Spec = SPEC, port: int | None = None) -> list[str]:
    return machine.arguments(spec, "image", NETWORK, "10.89.8.1", port)


def test_a_host_is_limited_to_its_size_and_gets_no_swap() -> None:
    given = arguments()
    assert {"--cpus=1.5", "--memory=3072m", "--memory-swap=3072m", "--shm-size=1536m"} <= set(given)
    assert "--shm-size=512m" in arguments(replace(SPEC, shm_gib=0.5))


def test_a_host_carries_labels_by_which_it_is_found_again() -> None:
    labels = {option.removeprefix("--label=") for option in arguments() if option.startswith("--label=")}
    assert {"project=agent-fleet", "stack=dev", "team=eo", "node=workers-1", "role=worker"} <= labels


def test_only_a_public_host_has_a_port_on_the_computer_and_on_loopback_only() -> None:
    assert not any(option.startswith("--publish") for option in arguments())
    assert "--publish=127.0.0.1:22100:22" in arguments(port=22100)


def test_names_of_stacks_and_nodes_never_meet() -> None:
    assert state.container_name("a", "b-c") != state.container_name("a-b", "c")


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "-a"])
def test_a_name_that_could_leave_its_folder_is_refused(name: str) -> None:
    with pytest.raises(HostError, match="is no stack name"):
        state.checked_stack(name)


def test_the_seed_is_readable_by_root_alone() -> None:
    archive = seed.archive(seed.files("h", "i-1", "#cloud-config\n", None, {}))
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        modes = {entry.name: entry.mode for entry in tar}
    assert modes[seed.NOCLOUD] == 0o700
    assert modes[f"{seed.NOCLOUD}/user-data"] == 0o600


def test_a_plain_computer_passes_nothing_on() -> None:
    assert seed.environment({"PATH": "/bin", "PIP_INDEX_URL": ""}, certificates=False) == {}


def test_proxies_index_and_certificates_are_passed_on_to_sessions_and_services() -> None:
    operator = {"https_proxy": "http://proxy:3128", "PIP_INDEX_URL": "https://pypi.example.org/50%25/simple"}
    values = seed.environment(operator, certificates=True)
    assert values["https_proxy"] == "http://proxy:3128"
    assert values["PIP_CERT"] == "/etc/ssl/certs/ca-certificates.crt"
    assert "PIP_INDEX_URL=https://pypi.example.org/50%25/simple\n" in seed.sessions(values)
    assert '"PIP_INDEX_URL=https://pypi.example.org/50%%25/simple"' in seed.services(values)


def test_the_operators_own_certificates_win(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.crt"
    bundle.write_text("x")
    assert image.operator_certificates({"SSL_CERT_FILE": str(bundle)}) == bundle


def test_the_image_is_another_when_its_inputs_are(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = image.digest(image.MIRROR)
    assert image.digest(image.MIRROR) == before
    assert image.digest("http://other.example.org/debian") != before
    (tmp_path / "Containerfile").write_text("FROM scratch\n")
    monkeypatch.setattr(image, "CONTEXT", tmp_path)
    assert image.digest(image.MIRROR) != before


def refusing(monkeypatch: pytest.MonkeyPatch, reason: str, *cidrs: str) -> None:
    """Podman has these networks by the time that it is asked, which nobody has seen before."""

    def run(*words: str) -> str:
        if any(f"--subnet={cidr}" in words for cidr in cidrs):
            raise podman.PodmanError("network create", reason)
        return ""

    monkeypatch.setattr(network, "find", lambda _: None)
    monkeypatch.setattr(network, "_taken", list)
    monkeypatch.setattr(network, "free_port", lambda: 22100)
    monkeypatch.setattr(podman, "run", run)


TAKEN = "subnet is already used on the host or by another config"


def test_a_range_that_was_taken_in_between_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, TAKEN, "10.89.0.0/20", "10.89.16.0/20")
    assert network.create("t-taken", "tests", None).cidr == IPv4Network("10.89.32.0/20")


def test_a_range_that_the_stack_asks_for_is_never_another(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, TAKEN, "10.89.0.0/20")
    with pytest.raises(HostError, match=r"its network 10\.89\.0\.0/20 cannot be made: .*already used"):
        network.create("t-taken", "tests", "10.89.0.0/20")


def test_another_refusal_of_podman_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    refusing(monkeypatch, "no space left", "10.89.0.0/20")
    with pytest.raises(HostError, match="no space left"):
        network.create("t-taken", "tests", None)
