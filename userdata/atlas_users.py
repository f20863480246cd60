"""Brings the accounts in Atlas's Keycloak to what the stack says; JSON on standard input. Prints no password.

The administrator's password is the stack's, the accounts that Atlas ships are deleted, sessions end when they
should. Who is in the list has an account with a temporary password; who was in it is disabled. Accounts that
people made by hand are left alone. Run again it changes nothing. A refusal ends it, in a sentence.
"""

import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from typing import Any

REALM = "Atlas"
ADMIN = "admin"
SHIPPED = ("test", "test2")
# Marks accounts as the stack's, with the generation of their temporary password.
MARK = "agentFleet"
SECONDS = 30
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Keycloak:
    """Its REST interface, as the administrator."""

    def __init__(self, url: str, passwords: list[str]) -> None:
        self.url = url
        self.password = next((one for one in passwords if self.token(one)), None)
        if self.password is None:
            sys.exit("Keycloak takes none of the administrator's passwords that this stack has had")
        self._token = self.token(self.password)

    def token(
        self, password: str, user: str = ADMIN, realm: str = "master", client: str = "admin-cli"
    ) -> str:
        """Empty where the password is not the user's."""
        form = {"grant_type": "password", "client_id": client, "username": user, "password": password}
        url = f"{self.url}/realms/{realm}/protocol/openid-connect/token"
        try:
            with DIRECT.open(url, urllib.parse.urlencode(form).encode(), SECONDS) as answer:
                return json.load(answer)["access_token"]
        except urllib.error.HTTPError as error:
            if error.code in (400, 401):
                return ""
            raise

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """A token lives for a minute: one that ended is got anew."""
        for left in (1, 0):
            request = urllib.request.Request(f"{self.url}/admin/realms/{path}", method=method)  # noqa: S310
            request.add_header("Authorization", f"Bearer {self._token}")
            if body is not None:
                request.add_header("Content-Type", "application/json")
                request.data = json.dumps(body).encode()
            try:
                with DIRECT.open(request, timeout=SECONDS) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as error:
                if error.code != 401 or not left:
                    raise
                self._token = self.token(self.password or "")
        return None

    def users(self) -> dict[str, Any]:
        found = self.ask("GET", f"{REALM}/users?max=10000&briefRepresentation=false")
        return {user["username"]: user for user in found}

    def set_password(self, realm: str, user: str, value: str, *, temporary: bool) -> None:
        body = {"type": "password", "value": value, "temporary": temporary}
        self.ask("PUT", f"{realm}/users/{user}/reset-password", body)


def administrator(keycloak: Keycloak, password: str) -> None:
    if keycloak.password == password:
        return
    found = keycloak.ask("GET", f"master/users?username={ADMIN}")
    (admin,) = [user for user in found if user["username"] == ADMIN]
    keycloak.set_password("master", admin["id"], password, temporary=False)
    keycloak.password = password
    print("the administrator's password is the stack's")


def sessions(keycloak: Keycloak, seconds: int) -> None:
    known = keycloak.ask("GET", REALM)
    wanted = {"accessTokenLifespan": seconds, "ssoSessionMaxLifespan": max(seconds, 60)}
    if any(known.get(key) != value for key, value in wanted.items()):
        keycloak.ask("PUT", REALM, wanted)
        print(f"sessions last {seconds} s")


def account(keycloak: Keycloak, wanted: Any, known: Any) -> None:
    mark = {MARK: [str(wanted["generation"])]}
    if known is None:
        credentials = [{"type": "password", "value": wanted["password"], "temporary": True}]
        body = {"username": wanted["name"], "email": wanted["email"], "enabled": True, "attributes": mark}
        keycloak.ask("POST", f"{REALM}/users", {**body, "credentials": credentials})
        print(f"made the account {wanted['name']}")
        return
    had = known.get("attributes", {})
    anew = not known["enabled"] or had.get(MARK) != mark[MARK]
    if anew or known.get("email") != wanted["email"]:
        if anew:
            keycloak.set_password(REALM, known["id"], wanted["password"], temporary=True)
        body = {"enabled": True, "email": wanted["email"], "attributes": {**had, **mark}}
        keycloak.ask("PUT", f"{REALM}/users/{known['id']}", body)
        print(f"changed the account {wanted['name']}")


def end(keycloak: Keycloak, known: Any) -> None:
    keycloak.ask("PUT", f"{REALM}/users/{known['id']}", {"enabled": False})
    keycloak.ask("POST", f"{REALM}/users/{known['id']}/logout")
    print(f"disabled the account {known['username']}")


def accounts(keycloak: Keycloak, wanted: list[Any]) -> None:
    known = keycloak.users()
    for name in SHIPPED:
        if name in known:
            keycloak.ask("DELETE", f"{REALM}/users/{known.pop(name)['id']}")
            print(f"deleted the account {name}, which Atlas ships")
    for user in wanted:
        account(keycloak, user, known.get(user["name"]))
    names = {user["name"] for user in wanted}
    for name, user in known.items():
        if MARK in user.get("attributes", {}) and name not in names and user["enabled"]:
            end(keycloak, user)


def closed(keycloak: Keycloak, password: str) -> None:
    """What everybody knows opens nothing any more."""
    if password != ADMIN and keycloak.token(ADMIN):
        sys.exit("Keycloak still takes the password that Atlas ships for its administrator")
    left = [name for name in SHIPPED if name in keycloak.users()]
    if left:
        sys.exit(f"Keycloak still has accounts that Atlas ships: {', '.join(left)}")


def main() -> None:
    told = json.load(sys.stdin)
    try:
        keycloak = Keycloak(told["url"], [told["password"], *told["earlier"], ADMIN])
        administrator(keycloak, told["password"])
        sessions(keycloak, told["sessionSeconds"])
        accounts(keycloak, told["users"])
        closed(keycloak, told["password"])
    except urllib.error.HTTPError as error:
        said = error.read().decode(errors="replace")[:200]
        sys.exit(f"Keycloak refuses {error.url.partition('/auth')[2]}: {error.code} {said}")
    except OSError as error:
        sys.exit(f"Keycloak at {told['url']} does not answer: {error}")


if __name__ == "__main__":
    main()
