"""The whole AWS program on the real engine, over simulated AWS: what there is after a first `up`."""

import json
import shlex

import pytest

from tests.e2e_aws.project import SimulatedFleet

NODES = ("master", "steady-1", "steady-2")
TOKEN = "curl -sX PUT http://169.254.169.254/latest/api/token -H X-aws-ec2-metadata-token-ttl-seconds:60"  # noqa: S105
ASK = "curl -sH X-aws-ec2-metadata-token:$({token}) http://169.254.169.254/latest/{path}"


def ask(cluster: SimulatedFleet, node: str, path: str) -> str:
    """As root: nobody else is let through."""
    return cluster.ssh(node, f"sudo sh -c {shlex.quote(ASK.format(token=TOKEN, path=path))}")


def test_head_and_workers_are_ray_nodes(cluster: SimulatedFleet) -> None:
    done = cluster.status()
    assert done.code == 0
    assert {node["name"] for node in json.loads(done.text)["nodes"]} == set(NODES)


def test_a_second_up_changes_nothing(cluster: SimulatedFleet) -> None:
    before = {node: cluster.pid(node) for node in NODES}
    done = cluster.up()
    assert done.code == 0
    assert set(done.counts()) == {"unchanged"}
    assert before == {node: cluster.pid(node) for node in NODES}


@pytest.mark.exhaustive
def test_a_refresh_finds_everything_as_it_was_made(cluster: SimulatedFleet) -> None:
    cluster.refresh()
    assert set(cluster.up().counts()) == {"unchanged"}


@pytest.mark.exhaustive
def test_the_sample_pipeline_runs_on_the_workers(cluster: SimulatedFleet) -> None:
    assert cluster.run("job", cluster.stack).code == 0


def test_storage_is_shared_through_tls(cluster: SimulatedFleet) -> None:
    cluster.ssh("master", "echo from-master | sudo tee /shared/note")
    assert cluster.ssh("steady-2", "cat /shared/note") == "from-master\n"
    assert "127.0.0.1:20490" in cluster.ssh("steady-1", "sudo ss -ltn")


@pytest.mark.exhaustive
def test_storage_comes_back_after_a_reboot(cluster: SimulatedFleet) -> None:
    cluster.ssh("steady-1", "sudo systemd-run --on-active=1 systemctl reboot")
    cluster.wait_for_boot("steady-1")
    assert cluster.ssh(
        "steady-1", "timeout 60 sh -c 'until mountpoint -q /shared; do sleep 1; done'; cat /shared/note"
    )


def test_workers_have_no_way_in_from_outside(cluster: SimulatedFleet) -> None:
    """Their groups let in the head and each other; the operator's computer goes through the head."""
    workers = {worker["name"]: worker["privateIp"] for worker in cluster.outputs()["workers"]}
    assert not cluster.reaches(workers["steady-1"], 22)
    assert cluster.reaches(cluster.outputs()["masterPublicIp"], 22)
    assert not cluster.reaches(cluster.outputs()["masterPublicIp"], 6379)


def test_the_metadata_service_answers_with_a_token_alone(cluster: SimulatedFleet) -> None:
    bare = "curl -so /dev/null -w '%{http_code}' http://169.254.169.254/latest/meta-data/instance-id"
    assert cluster.ssh("steady-1", f"sudo {bare}") == "401"
    assert ask(cluster, "steady-1", "meta-data/instance-id") == cluster.instances()["steady-1"]


def test_people_do_not_reach_the_metadata_service(cluster: SimulatedFleet) -> None:
    """Whoever does has what the machine's role may do."""
    status = "curl -so /dev/null -w '%{http_code}' -m 3 http://169.254.169.254/ || true"
    for user in ("ray", "fleet"):
        assert cluster.ssh("steady-1", f"sudo runuser -u {user} -- {status}") == "000"
    assert cluster.ssh("master", f"sudo runuser -u ray -- {status}") != "000", "the autoscaler's own requests"


def test_user_data_holds_no_secret_but_the_hosts_own_key(cluster: SimulatedFleet) -> None:
    token = cluster.ssh("master", "sudo cat /etc/ray/token").strip()
    login = cluster.outputs()["inventory"]["loginKey"].split("\n")[2]
    for node in NODES:
        text = ask(cluster, node, "user-data")
        assert "#cloud-config" in text
        assert token not in text
        assert login not in text
        assert text.count("PRIVATE KEY") == 2
    template = cluster.account("launchTemplate")
    assert token not in json.dumps(template)
    assert "PRIVATE KEY" not in json.dumps(template)


def test_elastic_workers_parameter_is_theirs_alone(cluster: SimulatedFleet) -> None:
    """The head's role may not read it, and neither may a role that is not named in the policy."""
    parameter = next(iter(cluster.account("parameter").values()))
    assert parameter["props"]["type"] == "SecureString"
    ask_for = f"""curl -s -X POST http://10.94.0.2/ -H X-Amz-Target:AmazonSSM.GetParameter
        -d '{{"Name": "{parameter["id"]}", "WithDecryption": true}}'""".replace("\n", " ")
    assert "AccessDenied" in cluster.ssh("master", ask_for)
    assert parameter["props"]["value"] in cluster.ssh("steady-1", ask_for)
