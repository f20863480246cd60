"""The accounts' script against a real Keycloak 10.0.1."""

import html
import json
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest

from tests.atlas.keycloak import DIRECT, Keycloak

SCRIPT = Path(__file__).parents[2] / "userdata" / "atlas_users.py"
ADMIN = "of-the-stack-0123456789"
ANN = {"name": "ann", "email": "ann@example.org", "generation": 1, "password": "temporary-of-ann"}
BOB = {"name": "bob", "email": "bob@example.org", "generation": 1, "password": "temporary-of-bob"}


class Browser:
    """Opens a page and fills in the form on it, with cookies."""

    def __init__(self, url: str) -> None:
        direct = urllib.request.ProxyHandler({})
        self._opener = urllib.request.build_opener(direct, urllib.request.HTTPCookieProcessor())
        self._open(url)

    def _open(self, url: str, form: bytes | None = None) -> None:
        with self._opener.open(url, form, 30) as answer:
            self.url, self.page = answer.url, answer.read().decode()

    def fill(self, **form: str) -> None:
        found = re.search(r'<form[^>]* action="([^"]+)"', self.page)
        assert found, self.page[-2000:]
        self._open(html.unescape(found[1]), urllib.parse.urlencode(form).encode())


@pytest.fixture(scope="module")
def keycloak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keycloak]:
    """Its database was made by an earlier run that ended in order, as the archive brings it."""
    made = Keycloak(tmp_path_factory.mktemp("keycloak"))
    try:
        made.start()
        made.stop()
        made.start()
        yield made
    finally:
        made.kill()


def run(keycloak: Keycloak, users: list[Any], **changed: Any) -> subprocess.CompletedProcess[str]:
    told = {"url": keycloak.url, "password": ADMIN, "earlier": [], "sessionSeconds": 3600, "users": users}
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps({**told, **changed}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def changes(keycloak: Keycloak, users: list[Any], **changed: Any) -> str:
    done = run(keycloak, users, **changed)
    assert done.returncode == 0, done.stderr
    assert "temporary-of" not in done.stdout + done.stderr
    assert ADMIN not in done.stdout + done.stderr
    return done.stdout


def token(keycloak: Keycloak, user: str, password: str, realm: str = "Atlas") -> tuple[int, dict[str, Any]]:
    client = "foundations" if realm == "Atlas" else "admin-cli"
    form = {"grant_type": "password", "client_id": client, "username": user, "password": password}
    url = f"{keycloak.url}/realms/{realm}/protocol/openid-connect/token"
    try:
        with DIRECT.open(url, urllib.parse.urlencode(form).encode(), 30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def test_what_atlas_ships_opens_it_before_and_not_after(keycloak: Keycloak) -> None:
    shipped = (("test", "test", "Atlas"), ("test2", "test2", "Atlas"), ("admin", "admin", "master"))
    assert {token(keycloak, *one)[0] for one in shipped} == {200}

    said = changes(keycloak, [ANN, BOB])

    assert {token(keycloak, *one)[0] for one in shipped} == {401}
    assert token(keycloak, "admin", ADMIN, "master")[0] == 200
    assert said.splitlines() == [
        "the administrator's password is the stack's",
        "sessions last 3600 s",
        "deleted the account test, which Atlas ships",
        "deleted the account test2, which Atlas ships",
        "made the account ann",
        "made the account bob",
    ]


def test_a_second_run_changes_nothing(keycloak: Keycloak) -> None:
    assert changes(keycloak, [ANN, BOB]) == ""


def test_a_temporary_password_is_right_and_must_be_changed_first(keycloak: Keycloak) -> None:
    code, said = token(keycloak, "ann", ANN["password"])
    assert (code, said["error_description"]) == (400, "Account is not fully set up")
    assert token(keycloak, "ann", "another")[0] == 401


def test_a_person_logs_in_by_the_browser_and_chooses_a_password(keycloak: Keycloak) -> None:
    back = f"{keycloak.url}/realms/Atlas"
    asked = {"client_id": "foundations", "response_type": "code", "scope": "openid", "redirect_uri": back}
    browser = Browser(f"{back}/protocol/openid-connect/auth?{urllib.parse.urlencode(asked)}")
    browser.fill(username="bob", password=BOB["password"])
    browser.fill(**{"password-new": "chosen-by-bob", "password-confirm": "chosen-by-bob"})

    (code,) = urllib.parse.parse_qs(urllib.parse.urlparse(browser.url).query)["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": "foundations",
        "code": code,
        "redirect_uri": back,
    }
    with DIRECT.open(f"{back}/protocol/openid-connect/token", urllib.parse.urlencode(form).encode()) as said:
        assert 3500 < json.load(said)["expires_in"] <= 3600
    assert token(keycloak, "bob", "chosen-by-bob")[0] == 200
    assert changes(keycloak, [ANN, BOB]) == ""


def test_who_is_taken_out_is_disabled_and_comes_back_with_a_temporary_password(keycloak: Keycloak) -> None:
    assert changes(keycloak, [BOB]) == "disabled the account ann\n"
    code, said = token(keycloak, "ann", ANN["password"])
    assert (code, said["error_description"]) == (400, "Account disabled")
    assert changes(keycloak, [BOB]) == ""
    assert changes(keycloak, [ANN, BOB]) == "changed the account ann\n"
    assert token(keycloak, "ann", ANN["password"])[1]["error_description"] == "Account is not fully set up"


def test_another_generation_is_another_password(keycloak: Keycloak) -> None:
    anew = {**BOB, "generation": 2, "password": "temporary-of-bob-2"}
    assert changes(keycloak, [ANN, anew]) == "changed the account bob\n"
    assert token(keycloak, "bob", BOB["password"])[0] == 401
    assert token(keycloak, "bob", anew["password"])[0] == 400
    moved = {**anew, "email": "robert@example.org"}
    assert changes(keycloak, [ANN, moved]) == "changed the account bob\n"
    assert changes(keycloak, [ANN, moved]) == ""


def test_the_administrators_password_is_changed_from_the_one_before(keycloak: Keycloak) -> None:
    refused = run(keycloak, [ANN], password="another-0123456789")  # noqa: S106
    assert refused.stderr == "Keycloak takes none of the administrator's passwords that this stack has had\n"
    said = changes(keycloak, [ANN], password="another-0123456789", earlier=[ADMIN])  # noqa: S106
    assert said.startswith("the administrator's password is the stack's\n")
    assert token(keycloak, "admin", ADMIN, "master")[0] == 401


def test_what_a_killed_keycloak_left_is_taken_up(keycloak: Keycloak) -> None:
    """As the successor of a master that lost its power finds it on its state volume: what H2 was told in its
    last second may be lost."""
    sleep(2)
    keycloak.kill()
    keycloak.start()
    assert changes(keycloak, [ANN], password="another-0123456789") == ""  # noqa: S106
    assert token(keycloak, "ann", str(ANN["password"]))[0] == 400


def test_a_keycloak_that_is_down_is_one_sentence(keycloak: Keycloak) -> None:
    refused = run(keycloak, [], url="http://127.0.0.1:1/auth")
    assert refused.returncode == 1
    assert refused.stderr.startswith("Keycloak at http://127.0.0.1:1/auth does not answer")
