"""A stand-in for the Supervisely agent's image, with the first calls and the log of the real one.

It does no work. What it does as the real one: refuses to start with fewer than three binds, ends where the
server cannot be reached or refuses it, and makes itself anew where the server's options differ from its
environment: a new container, which removes the old one and takes its name over.
"""

import http.client
import json
import os
import random
import socket
import ssl
import string
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

TOKEN = os.environ["ACCESS_TOKEN"]
SERVER = os.environ["SERVER_ADDRESS"].rstrip("/")
VERSION = os.environ["AGENT_VERSION"]
NAME = f"supervisely-agent-{TOKEN[:8]}"


def log(level, message, **more):
    print(json.dumps({"message": message, **more, "timestamp": time.time(), "level": level}), flush=True)


def ask(path, body=None, **headers):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{SERVER}{path}", data, headers)  # noqa: S310 - the stack's own server
    context = ssl.create_default_context(cafile=os.environ.get("SLY_EXTRA_CA_CERTS"))
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:  # noqa: S310 - as above
        return json.loads(answer.read() or b"{}")


def docker(method, path, body=None):
    connection = http.client.HTTPConnection("docker")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect("/var/run/docker.sock")
    text = None if body is None else json.dumps(body)
    connection.request(method, path, text, {"Content-Type": "application/json"} if text else {})
    answer = connection.getresponse()
    said = answer.read()
    return json.loads(said) if said and answer.status < 400 else {}


def made_anew(own, options):
    """The same container with the server's options, beside this one, which it removes when it starts."""
    env = dict(pair.split("=", 1) for pair in own["Config"]["Env"])
    env.update(options, REMOVE_OLD_AGENT=own["Id"])
    tail = "".join(random.choices(string.ascii_lowercase, k=6))  # noqa: S311 - no secret
    config = {
        "Image": own["Config"]["Image"],
        "Env": [f"{name}={value}" for name, value in env.items()],
        "HostConfig": {
            key: own["HostConfig"][key] for key in ("Binds", "RestartPolicy", "Runtime", "NetworkMode")
        },
    }
    new = docker("POST", f"/containers/create?name={NAME}-{tail}", config)
    docker("POST", f"/containers/{new['Id']}/start")
    while True:
        time.sleep(1)


def main():
    own = docker("GET", f"/containers/{socket.gethostname()}/json")
    if len(own["HostConfig"]["Binds"] or []) < 3:
        log("error", "Unexpected number of binds: the agent must be started with three of them")
        return 1
    old = os.environ.get("REMOVE_OLD_AGENT")
    if old:
        docker("DELETE", f"/containers/{old}?force=1")
        docker("POST", f"/containers/{own['Id']}/rename?name={NAME}")
    try:
        log("info", "Server version", version=ask("/public/api/v3/instance.version")["version"])
        options = ask("/public/api/v3/agents.options.info", {"token": TOKEN})["agentOptions"]
        changed = {name: value for name, value in options.items() if os.environ.get(name) != value}
        if changed:
            log("info", "Agent is restarting due to options change", changed=sorted(changed))
            made_anew(own, changed)
        ask("/")
        log("info", "Agent is ready to get tasks.")
        about = {"version": VERSION, "gpuInfo": gpus()}
        ask("/agent/AgentConnected", about, **{"x-token": TOKEN})
        log("info", "Agent connected to server.")
    except (urllib.error.URLError, OSError) as error:
        log("fatal", f"Can not connect to server: {error}")
        return 1
    while True:
        time.sleep(2)
        try:
            ask("/agent/AgentPing", {}, **{"x-token": TOKEN})
        except urllib.error.HTTPError as error:
            if error.code == 403:
                log("fatal", f"Agent is stopped by server: {error}")
                return 1
            log("warn", f"Ping failed: {error}")
        except (urllib.error.URLError, OSError) as error:
            log("warn", f"Ping failed: {error}")


def gpus():
    """By nvidia-smi, where the container has one: the stand-in has no CUDA to ask."""
    try:
        said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False).stdout
    except OSError:
        said = ""
    count = sum(line.startswith("GPU ") for line in said.splitlines())
    return {"is_available": count > 0, "device_count": count}


sys.exit(main())
