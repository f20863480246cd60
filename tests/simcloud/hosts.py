"""An instance as a local host: a container with systemd, booted with its real user data by cloud-init.

cloud-init reads the same text by NoCloud that it would read from the cloud. A host may use as much
memory as its instance type has, half of it as shared memory: a limit costs nothing, and an agent that is told
of the type's memory wants to see it. SIM_MEMORY_GIB caps it. Cores are capped by SIM_CPUS, 2 unless given.
"""

import json
import os
from collections.abc import Mapping

from tests.simcloud import certificates, clouds, firewall, names, wires
from tests.simcloud.store import Account, Record, Store
from tools.local_hosts import image, machine, podman, seed, state

CONTEXT = "simulated-instance"
CPUS = 2.0
FILES = "/var/lib/simcloud/files"
# What update-ca-certificates takes into Debian's bundle, should a package make it run again.
AUTHORITY = "usr/local/share/ca-certificates/simcloud.crt"


def boot(store: Store, instance: Record, *, broken: bool = False) -> None:
    """Makes and starts the host; does not wait for its system. `broken`: the system never comes up."""
    account = store.read()
    name = names.container(store.stack, instance["id"])
    made = image.derived(wires.INSIDE.parent / "image", CONTEXT)
    state.cache_folder().mkdir(parents=True, exist_ok=True)
    podman.run(
        "create", *_arguments(store, account, instance), made, *(["sleep", "infinity"] if broken else [])
    )
    bundle = image.operator_certificates()
    face = clouds.of(account)
    text = face.user_data(instance["props"])
    content = seed.files(instance["sim"]["hostname"], instance["id"], text, bundle)
    authority = certificates.authority(store).read_bytes()
    content[AUTHORITY] = (0o644, authority)
    if seed.CERTIFICATES in content:
        content[seed.CERTIFICATES] = (0o644, content[seed.CERTIFICATES][1] + b"\n" + authority)
    content |= _environment(face.environment(account, instance))
    content |= face.files(instance)
    machine.put(name, seed.archive(content))
    podman.run("start", name)


def _environment(values: Mapping[str, str]) -> dict[str, tuple[int, bytes]]:
    """For services and for sessions."""
    if not values:
        return {}
    words = " ".join(f'"{key}={value}"' for key, value in values.items())
    return {
        "etc/systemd/system.conf.d/simcloud.conf": (
            0o644,
            f"[Manager]\nDefaultEnvironment={words}\n".encode(),
        ),
        "etc/profile.d/simcloud.sh": (
            0o644,
            "".join(f"export {key}={value}\n" for key, value in values.items()).encode(),
        ),
    }


def _arguments(store: Store, account: Account, instance: Record) -> list[str]:
    props, sim = instance["props"], instance["sim"]
    face = clouds.of(account)
    gib = face.memory_gib(props["instanceType"])
    memory = f"{round(min(gib, float(os.environ.get('SIM_MEMORY_GIB', gib))) * 1024)}m"
    cpus = min(float(os.environ.get("SIM_CPUS", CPUS)), os.cpu_count() or 1)
    files = names.volume(store.stack)
    labels = names.labels(
        store.stack,
        vpc=sim["vpc"],
        instance=instance["id"],
        address=props["privateIp"],
        name=instance["name"],
    )
    return [
        "--quiet",
        f"--name={names.container(store.stack, instance['id'])}",
        f"--hostname={sim['hostname']}",
        *machine.SYSTEMD,
        *podman.limits(),
        "--pids-limit=-1",
        "--restart=on-failure",
        f"--cpus={cpus:g}",
        f"--memory={memory}",
        f"--memory-swap={memory}",
        f"--shm-size={round(gib * 512)}m",
        f"--network={names.network(store.stack, sim['vpc'])}",
        f"--ip={props['privateIp']}",
        f"--mac-address={sim['mac']}",
        *(f"--add-host={name}:{address}" for name, address in face.names(account, instance)),
        f"--volume={firewall.folder(store, instance['id'])}:{firewall.MOUNTED_AT}:ro",
        f"--volume={state.cache_folder()}:{machine.CACHE}",
        *([f"--volume={files}:{FILES}"] if podman.exists("volume", files) else []),
        *podman.label_options(labels),
    ]


def there(store: Store, identity: str) -> bool:
    """Whether the host exists, running or not."""
    return podman.exists("container", names.container(store.stack, identity))


def states(stack: str) -> dict[str, str]:
    """By instance: running, stopped, paused, …"""
    return {
        host["Labels"]["instance"]: "running" if host["State"] == "running" else "stopped"
        for host in podman.containers(names.labels(stack))
        if "instance" in host["Labels"]
    }


def restart(store: Store, identity: str) -> None:
    podman.run("restart", "--time=10", names.container(store.stack, identity))


def link(store: Store, identity: str, up: bool) -> None:
    """Connects the host to its network, or cuts it off."""
    name = names.container(store.stack, identity)
    podman.run("exec", name, "ip", "link", "set", "eth0", "up" if up else "down")
    if up:
        inspected = json.loads(podman.run("inspect", name))[0]["NetworkSettings"]["Networks"]
        gateway = next(iter(inspected.values()))["Gateway"]
        podman.run("exec", name, "ip", "route", "replace", "default", "via", gateway)
        metadata = clouds.of(store.read()).METADATA
        podman.run("exec", name, "ip", "route", "replace", f"{metadata}/32", "dev", "eth0")


def stop(store: Store, identity: str) -> None:
    """In order, as a cloud stops an instance."""
    if there(store, identity):
        podman.run("stop", "--time=60", names.container(store.stack, identity))


def remove(store: Store, identity: str) -> None:
    podman.remove("container", names.container(store.stack, identity))
