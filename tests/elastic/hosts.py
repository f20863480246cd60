"""A Ray head on a real host that asks moto for machines, and hosts that stand for the machines it gets."""

import asyncio
import base64
import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pulumi

from components import boot, cloud_init, keys
from components.call import Call
from components.config.sizes import Size
from components.config.validation import validate
from components.fleet import Fleet, fleet_of
from components.platforms import ray
from tests.cluster_hosts import LOGINS, Run
from tests.elastic.cloud import REGION, Cloud
from tests.local.hosts import LOGIN, made
from tests.ray.hosts import RayHosts

PARAMETER = "/agent-fleet/tests/el/worker"
ZONES = ("a", "b", "c")
WORK = """
import json, time, ray
ray.init(address="auto", log_to_driver=False)
@ray.remote(num_cpus=1, label_selector={selector})
def work():
    time.sleep({seconds})
    return ray.util.get_node_ip_address()
print(json.dumps(ray.get([work.remote() for _ in range({tasks})])))
"""
TYPES = {"c5.large": Size(2, 3, 0.5), "c5a.large": Size(2, 3, 0.5), "m5.2xlarge": Size(2, 3, 0.5)}
CLUSTER: dict[str, Any] = {
    "platform": "ray",
    "settings": {"pipPackages": ["eo-grow==1.7.15"]},
    "master": {"instanceType": "m5.2xlarge"},
    "pools": [
        {"name": "steady", "instanceTypes": ["c5.large"], "count": 1},
        {
            "name": "burst",
            "instanceTypes": ["c5.large", "c5a.large"],
            "market": "spot",
            "elastic": {"min": 0, "max": 40, "idleMinutes": 5},
        },
    ],
}


def elastic_fleet(stack: str = "el", pool: str = "burst", **elastic: int) -> Fleet:
    steady, burst = CLUSTER["pools"]
    pools = [steady, {**burst, "name": pool, "elastic": {**burst["elastic"], **elastic}}]
    config = {
        "team": "tests",
        "cloud": "aws",
        "access": {"admins": ["203.0.113.0/28"]},
        "storage": {"mountPath": "/shared"},
        "network": {"zones": [f"{REGION}{zone}" for zone in ZONES]},
        "cluster": {**CLUSTER, "pools": pools},
    }
    return fleet_of(validate(config, set(), stack), stack, ray.PORTS, TYPES)


def resolved(make: Callable[[], Call]) -> Call:
    """The call with what its Outputs hold."""

    async def settled() -> Call:
        call = make()
        values = {
            name: await value.future() if isinstance(value, pulumi.Output) else value  # type: ignore[reportUnknownMemberType]
            for name, value in call.settings.items()
        }
        return replace(call, settings=values)

    # asyncio.run would leave the thread without a loop, which other tests in the process expect
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(settled())
    finally:
        loop.close()


@dataclass
class Launched:
    """What `clouds/aws` makes for a pool, made here by hand: the cloud's half is not under test."""

    subnets: list[str]
    group: str
    image: str
    template: str
    head: str

    def description(self, fleet: Fleet) -> dict[str, Any]:
        pool = fleet.elastic[0].name
        return {
            "region": REGION,
            "subnetIds": self.subnets,
            "securityGroupIds": [self.group],
            "public": True,
            "launchTemplateId": self.template,
            "launchTemplateVersion": 1,
            "spot": True,
            "instanceTypes": {"c5.large": {}, "c5a.large": {}},
            "tags": {**fleet.tags, "Name": f"{fleet.stack}-{pool}", "role": "worker", "pool": pool},
        }


@dataclass
class ElasticHosts(RayHosts):
    """The head, one worker of a fixed pool, and a host per instance once `bridge` is on."""

    fleet: Fleet = field(default_factory=elastic_fleet)
    cloud: Cloud = field(default_factory=lambda: Cloud(0, ("", 0)))
    gateway: str = ""
    launched: Launched | None = None
    bridged: dict[str, str] = field(default_factory=dict)
    made_before: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)

    def call(self, name: str) -> Call:
        if name != "master":
            return super().call(name)
        launched = self.launched
        assert launched

        def make() -> Call:
            machine: Any = SimpleNamespace(
                private_ip=self.addresses[name],
                id=pulumi.Output.from_input(launched.head),
                node=self.node(name),
            )
            description = pulumi.Output.from_input(launched.description(self.fleet))
            launch: Any = SimpleNamespace(description=description)
            return ray.master(self.fleet, self.keys, machine, {self.fleet.elastic[0].name: launch})

        return resolved(make)

    def step(self, name: str, seconds: int = 400, **changed: Any) -> Run:
        self.put_script(name, ray.ELASTIC_SCRIPTS)
        run = self.run(name, self.call(name), seconds, changed)
        self.steps[name] = run.out
        return run

    @property
    def endpoints(self) -> str:
        """The standard variables of AWS's SDKs, for everything that systemd starts."""
        at = f"http://{self.gateway}:{self.cloud.port}"
        values = {
            "AWS_ENDPOINT_URL": at,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": at,
            "AWS_ACCESS_KEY_ID": "the-heads",
            "AWS_SECRET_ACCESS_KEY": "key",
        }
        return (
            "[Manager]\nDefaultEnvironment=" + " ".join(f"{name}={at}" for name, at in values.items()) + "\n"
        )

    def endpoints_for(self, node: str) -> None:
        path = "/etc/systemd/system.conf.d/endpoints.conf"
        self.inside(node, "install", "-Dm644", "/dev/stdin", path, data=self.endpoints)
        self.inside(node, "systemctl", "daemon-reexec")

    def launch_template(self) -> None:
        """What the pool's machines are made from. The head's own instance is in the cloud too, with tags."""
        ec2 = self.cloud.client("ec2")
        vpc = ec2.create_vpc(CidrBlock="10.90.0.0/16")["Vpc"]["VpcId"]
        subnets = [
            ec2.create_subnet(
                VpcId=vpc, CidrBlock=f"10.90.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
            )["Subnet"]["SubnetId"]
            for number, zone in enumerate(ZONES)
        ]
        group = ec2.create_security_group(GroupName="worker", Description="workers", VpcId=vpc)["GroupId"]
        image = ec2.describe_images()["Images"][0]["ImageId"]
        data = {"ImageId": image, "UserData": base64.b64encode(self.user_data().encode()).decode()}
        template = ec2.create_launch_template(LaunchTemplateName="el-burst", LaunchTemplateData=data)
        tags = [{"Key": key, "Value": value} for key, value in ray.master_tags(self.fleet).items()]
        head = ec2.run_instances(
            ImageId=image,
            MinCount=1,
            MaxCount=1,
            SubnetId=subnets[0],
            TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        )["Instances"][0]["InstanceId"]
        self.launched = Launched(subnets, group, image, template["LaunchTemplate"]["LaunchTemplateId"], head)

    def user_data(self) -> str:
        """As on any cloud where the storage comes along, and with where the small cloud is."""
        (pool,) = self.fleet.elastic
        call = ray.elastic(self.fleet, pool, self.keys, self.machine("master"))
        settings: Any = {**call.settings, **LOGINS, "TOKEN_PARAMETER": PARAMETER}
        endpoints = {"path": "/etc/systemd/system.conf.d/endpoints.conf", "content": self.endpoints}
        return cloud_init.nameless(
            [keys.public_line(LOGIN)],
            files=[*boot.files(call, settings), endpoints],
            commands=[["systemctl", "daemon-reexec"], boot.RUN],
        )

    def put_token(self, token: str) -> None:
        self.cloud.client("ssm").put_parameter(
            Name=PARAMETER, Value=token, Type="SecureString", Overwrite=True
        )

    def machines(self) -> None:
        """Every instance in the cloud is a host with the template's user data."""
        ec2 = self.cloud.client("ec2")
        while not self._stop.wait(1):
            there = self.cloud.workers()
            for instance in there.keys() - self.bridged.keys():
                said = ec2.describe_instance_attribute(InstanceId=instance, Attribute="userData")
                data = base64.b64decode(said["UserData"]["Value"]).decode()
                size = ("--cpus", "2", "--memory-gib", "3", "--shm-gib", "0.5")
                # a host is told its address when it is made, and asks for it seconds later
                host = made(*self.stack.machine_arguments(instance, "worker", *size), data=data)
                self.bridged[instance] = host["privateIp"]
                self.cloud.instances[host["privateIp"]] = {
                    "instance-id": instance,
                    "instance-type": there[instance]["InstanceType"],
                    "local-ipv4": host["privateIp"],
                }
            for instance in self.bridged.keys() - there.keys():
                self.cloud.instances.pop(self.bridged.pop(instance), None)
                self.stack.remove_machine(instance)

    @contextmanager
    def bridge(self) -> Iterator[None]:
        """While it lasts, instances are hosts."""
        self._stop.clear()
        thread = threading.Thread(target=self.machines, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._stop.set()
            thread.join(120)

    @contextmanager
    def work(self, tasks: int, seconds: int, pool: str = "") -> Iterator[subprocess.Popen[str]]:
        """Tasks of one CPU, given to the cluster at once; at the end it prints where they ran."""
        selector = {"ray.io/node-group": pool} if pool else {}
        code = WORK.format(tasks=tasks, seconds=seconds, selector=selector)
        command = ["podman", "exec", "--interactive", self.stack.container("master")]
        command += ["runuser", "-l", "ray", "-c", "exec python -u -"]
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdin
            process.stdin.write(code)
            process.stdin.close()
            try:
                yield process
            finally:
                self.inside("master", "bash", "-c", "pkill -u ray -xf 'python -u -' || :")
                process.kill()

    def ran_at(self, process: subprocess.Popen[str]) -> set[str]:
        assert process.stdout
        return set(json.loads(process.stdout.read().splitlines()[-1]))

    def live(self) -> dict[str, dict[str, Any]]:
        """Ray nodes that live, by address; none while the head does not answer."""
        try:
            said = json.loads(self.inside("master", "bash", self.script, "nodes"))
        except subprocess.CalledProcessError:
            return {}
        return {node["ip"]: node for node in said if node["alive"]}
