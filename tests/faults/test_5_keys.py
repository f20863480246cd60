"""Keys that do not fit: what lets the operator in, and what a machine shows."""

import time

import pytest

from tests.e2e.project import Fleet
from tests.faults.matrix import Guard, fault
from tests.faults.nodes import inside, is_well

pytestmark = pytest.mark.exhaustive

LOGINS = "/home/fleet/.ssh/authorized_keys"
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"


@fault(
    "a machine's `authorized_keys` is emptied",
    holds="one error in about a minute; `fleet status` says `Permission denied`",
    remedy="`fleet replace NODE`",
    guard=Guard(
        "components/connection.py",
        "\nDIALS = 15\n",
        "\nDIALS = 120\n",
        "a machine that was there before is dialled for half a minute",
        seconds=120,
    ),
)
def test_a_login_key_that_is_refused(cluster: Fleet) -> None:
    node = "workers-1"
    inside(cluster, node, f": >{LOGINS}")
    start = time.monotonic()
    done = cluster.run("repair", cluster.stack, node)
    assert time.monotonic() - start < 100
    assert done.code == 1
    assert f"{node}-step" in done.text
    assert "Permission denied" in cluster.status().text
    assert cluster.run("replace", cluster.stack, node).code == 0
    assert is_well(cluster)


@fault(
    "a machine shows another host key",
    holds="no step and no secret is sent to it; `fleet status` names it",
    remedy="`fleet replace NODE`",
    guard=Guard(
        "components/connection.py",
        "        user=sshd.user,\n        private_key=sshd.login_key,\n        host_key=sshd.host_key,\n"
        "        dial_error_limit=dials",
        "        user=sshd.user,\n        private_key=sshd.login_key,\n        dial_error_limit=dials",
        "host keys are pinned",
    ),
)
def test_a_changed_host_key(cluster: Fleet) -> None:
    node = "master"
    inside(cluster, node, f"rm {HOST_KEY}*; ssh-keygen -qted25519 -N '' -f {HOST_KEY}; systemctl restart ssh")
    before = inside(cluster, node, "wc -c /var/log/agent-fleet/ray.log")
    done = cluster.run("repair", cluster.stack, node)
    assert done.code == 1
    assert "host key mismatch" in done.text
    assert inside(cluster, node, "wc -c /var/log/agent-fleet/ray.log") == before
    assert "Host key verification failed" in cluster.status().text
    assert cluster.run("replace", cluster.stack, node).code == 0
    assert is_well(cluster)
