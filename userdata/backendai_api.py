"""Asks a Backend.AI manager by its API, with the keypair in a file. The system's Python is enough.

    backendai_api.py FILE VERB [ARGUMENT...]

FILE is JSON with endpoint, accessKey and secretKey. An error is one line, and exit code 1.
"""

import hashlib
import hmac
import http.client
import ipaddress
import json
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

API = "v9.20250722"
SECONDS = 15
STATES = "ALIVE,LOST,RESTARTING,TERMINATED"


def signed(server, method, path, kind):
    host, now = urlsplit(server["endpoint"]).netloc, datetime.now(UTC)

    def mac(key, text):
        return hmac.new(key, text.encode(), hashlib.sha256)

    empty = hashlib.sha256(b"").hexdigest()
    signed_headers = f"host:{host}\ncontent-type:{kind}\nx-backendai-version:{API}"
    text = f"{method}\n{path}\n{now.isoformat()}\n{signed_headers}\n{empty}"
    key = mac(mac(server["secretKey"].encode(), now.strftime("%Y%m%d")).digest(), host).digest()
    return {
        "Date": now.isoformat(),
        "Content-Type": kind,
        "X-BackendAI-Version": API,
        "Authorization": "BackendAI signMethod=HMAC-SHA256, "
        f"credential={server['accessKey']}:{mac(key, text).hexdigest()}",
    }


class ManagerError(SystemExit):
    """A line for whoever asked. `status` of an answer, 0 where there was none."""

    def __init__(self, text, status):
        super().__init__(text)
        self.status = status


def call(server, path, body):
    request = urllib.request.Request(  # noqa: S310 - the file says http
        server["endpoint"] + path,
        json.dumps(body).encode(),
        signed(server, "POST", path, "application/json"),
        method="POST",
    )
    return answered(server, request)


def version(server):
    """Of the manager, which it tells whoever asks, in whatever version of the API."""
    return answered(server, urllib.request.Request(server["endpoint"] + "/")).get("manager")  # noqa: S310


def answered(server, request):
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - as above
            return json.load(answer)
    except urllib.error.HTTPError as error:
        told = error.read().decode(errors="replace")[:300]
        text = f"the manager at {server['endpoint']} answers {error.code}: {told}"
        raise ManagerError(text, error.code) from None
    except (OSError, http.client.HTTPException) as error:
        raise ManagerError(f"the manager at {server['endpoint']} does not answer: {error}", 0) from None
    except ValueError:
        raise ManagerError(f"{server['endpoint']} answers with something else than JSON", 400) from None


def graphql(server, query, **variables):
    answer = call(server, "/admin/gql", {"query": query, "variables": variables})
    if answer.get("errors"):
        raise ManagerError(f"the manager refuses: {answer['errors'][0].get('message')}", 400)
    return answer.get("data", answer)


def changed(server, query, **variables):
    """A mutation that says in its answer whether it was done."""
    (done,) = graphql(server, query, **variables).values()
    if not done["ok"]:
        raise ManagerError(f"the manager refuses: {done['msg']}", 400)


def agents(server, identity=None):
    """`compute_containers` are those of sessions that are not over."""
    query = f"""query($filter: String) {{
        agent_list(limit: 1000, offset: 0, status: "{STATES}", filter: $filter) {{
            items {{
                id status scaling_group schedulable version addr available_slots occupied_slots
                compute_containers {{ session_id }}
            }}
        }}
    }}"""
    found = graphql(server, query, filter=f'id == "{identity}"' if identity else None)["agent_list"]["items"]
    for agent in found:
        agent["sessions"] = len({one["session_id"] for one in agent.pop("compute_containers")})
        for slots in ("available_slots", "occupied_slots"):
            agent[slots] = json.loads(agent[slots] or "{}")
    return found


def groups(server, *names):
    """Resource groups that are missing are made, and the domain may use all of them."""
    known = graphql(server, "{ scaling_groups { name } }")["scaling_groups"]
    usable = graphql(server, '{ domain(name: "default") { scaling_groups } }')["domain"]["scaling_groups"]
    for name in names:
        if name not in {one["name"] for one in known}:
            changed(
                server,
                """mutation($name: String!) { create_scaling_group(name: $name, props: {
                    driver: "static", scheduler: "fifo", driver_opts: "{}", scheduler_opts: "{}"
                }) { ok msg } }""",
                name=name,
            )
        if name not in usable:
            changed(
                server,
                """mutation($name: String!) {
                    associate_scaling_group_with_domain(scaling_group: $name, domain: "default") { ok msg }
                }""",
                name=name,
            )


def registries(server, *names):
    """Those whose images the domain may use."""
    changed(
        server,
        """mutation($names: [String]) {
            modify_domain(name: "default", props: {allowed_docker_registries: $names}) { ok msg }
        }""",
        names=list(names),
    )


def password(server):
    """The administrator's is what the file says."""
    changed(
        server,
        """mutation($email: String!, $password: String!) {
            modify_user(email: $email, props: {password: $password}) { ok msg }
        }""",
        email=server["email"],
        password=server["password"],
    )


# The shipped project that everybody works in.
PROJECT = "2de2b969-1d04-48a6-af16-0bc8adb3c831"


def people(server):
    """Those told on standard input are there, with role and password; others lose their access.

    Prints their keypairs, as the database is filled with them.
    """
    told = {person["email"]: person for person in json.load(sys.stdin)}
    query = "{ user_list(limit: 10000, offset: 0) { items { uuid email status role } } }"
    known = {one["email"]: one for one in graphql(server, query)["user_list"]["items"]}
    for email, person in told.items():
        properties = {"password": person["password"], "role": person["role"], "status": "active"}
        if email in known:
            changed(
                server,
                """mutation($e: String!, $p: ModifyUserInput!) {
                    modify_user(email: $e, props: $p) { ok msg }
                }""",
                e=email,
                p=properties,
            )
            continue
        created = {
            **properties,
            "username": email,
            "need_password_change": False,
            "domain_name": "default",
            "group_ids": [PROJECT],
        }
        query = """mutation($e: String!, $p: UserInput!) {
            create_user(email: $e, props: $p) { ok msg user { uuid } }
        }"""
        done = graphql(server, query, e=email, p=created)["create_user"]
        if not done["ok"]:
            raise SystemExit(f"the manager refuses the user {email}: {done['msg']}")
        known[email] = {"uuid": done["user"]["uuid"]}
    for email in known.keys() - told.keys() - {server["email"]}:
        if known[email]["status"] == "active":
            changed(
                server,
                """mutation($e: String!) {
                    modify_user(email: $e, props: {status: "inactive"}) { ok msg }
                }""",
                e=email,
            )
    keypairs = [
        {
            "access_key": person["accessKey"],
            "secret_key": person["secretKey"],
            "user": known[email]["uuid"],
            "is_active": True,
            "is_admin": person["role"] == "admin",
            "is_default": True,
            "resource_policy": "default",
            "rate_limit": 30000,
            "num_queries": 0,
        }
        for email, person in told.items()
    ]
    print(json.dumps({"keypairs": keypairs}))


def reached(server, identity):
    """What the manager knows of one agent; fails where it is ALIVE and cannot be reached by RPC now."""
    found = next(iter(agents(server, identity)), None)
    if found and found["status"] == "ALIVE":
        query = "query($id: String!) { agent(agent_id: $id) { hardware_metadata } }"
        graphql(server, query, id=identity)
    return found


def agent(server, identity):
    print(json.dumps(reached(server, identity)))


def modify(server, identity, **properties):
    changed(
        server,
        "mutation($id: String!, $p: ModifyAgentInput!) { modify_agent(id: $id, props: $p) { ok msg } }",
        id=identity,
        p=properties,
    )


def schedulable(server, identity, wanted):
    modify(server, identity, schedulable=wanted == "true")


def move(server, identity, group):
    modify(server, identity, scaling_group=group, schedulable=True)


def amount(name, value):
    if name != "mem":
        return f"{float(value):g}"
    return f"{int(value) / 2**30:.1f} GiB"


def work(known):
    slots = ", ".join(
        f"{name} {amount(name, known['occupied_slots'].get(name) or 0)}/{amount(name, total)}"
        for name, total in sorted(known["available_slots"].items())
        if float(total or 0)
    )
    count = known["sessions"]
    return f"{count} session{'' if count == 1 else 's'}, {slots}"


def nodes(server):
    """As `fleet status` reads it. A guest is an agent of another stack."""
    networks = [ipaddress.ip_network(network) for network in server.get("guests", ())]

    def is_guest(address):
        return any(ipaddress.ip_address(address) in network for network in networks)

    print(
        json.dumps(
            [
                {
                    "ip": urlsplit(known["addr"]).hostname,
                    "name": known["id"],
                    "state": known["status"],
                    "alive": known["status"] == "ALIVE",
                    "accepts": known["schedulable"],
                    "work": work(known),
                    "version": known["version"],
                    "group": known["scaling_group"],
                    "guest": is_guest(urlsplit(known["addr"]).hostname),
                }
                for known in agents(server)
            ]
        )
    )


VERBS = {one.__name__: one for one in (groups, registries, password, people, agent, schedulable, move, nodes)}

if __name__ == "__main__":
    VERBS[sys.argv[2]](json.loads(Path(sys.argv[1]).read_text()), *sys.argv[3:])
