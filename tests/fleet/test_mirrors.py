"""What the places of `packages` are asked, and what is made of their answers."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fleet import mirrors
from fleet.errors import UserError


class Handler(BaseHTTPRequestHandler):
    statuses: dict[str, int] = {}  # noqa: RUF012 - one per test

    def do_GET(self):
        self.send_response(self.statuses.get(self.path, 404))
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def place(monkeypatch):
    """A server whose statuses a test sets; `place()` is its address."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    Handler.statuses = {}

    def address(at=None):
        Handler.statuses = at or {}
        return f"http://127.0.0.1:{server.server_port}"

    yield address
    server.shutdown()
    server.server_close()


def packages(url, **more):
    return {
        "packages": {
            "indexUrl": f"{url}/simple",
            "aptMirror": f"{url}/debian/",
            "registryMirrors": [f"{url}"],
            "nvidiaRepository": f"{url}/nvidia",
        },
        **more,
    }


FILES = ("/simple/pip/", "/debian/dists/trixie/Release", "/v2/", "/nvidia/gpgkey")


def test_without_places_nobody_is_asked(capsys):
    mirrors.check("vision", {})
    mirrors.check("vision", {"packages": {}})
    assert capsys.readouterr().out == ""


def test_places_that_have_it_are_fine_also_behind_a_login(place, capsys):
    url = place(at={**dict.fromkeys(FILES, 200), "/v2/": 401})
    mirrors.check("vision", packages(url))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("missing", FILES)
def test_a_place_without_it_is_named_with_its_key(place, missing):
    url = place(at={path: 200 for path in FILES if path != missing})
    keys = dict(zip(FILES, ("indexUrl", "aptMirror", "registryMirrors", "nvidiaRepository"), strict=True))
    with pytest.raises(UserError) as caught:
        mirrors.check("vision", packages(url))
    assert str(caught.value) == (
        f"stack vision names places that do not have what they should: "
        f"packages.{keys[missing]}: {url}{missing} is not there (404)"
    )


def test_all_wrong_places_are_told_at_once(place):
    with pytest.raises(UserError) as caught:
        mirrors.check("vision", packages(place()))
    assert str(caught.value).count("is not there (404)") == 4


def test_of_an_image_of_ones_own_nobody_knows_which_debian_it_is(place):
    url = place(at={path: 200 for path in FILES if "debian" not in path})
    mirrors.check("vision", packages(url, gpuVms=[{"imageId": "m-bp1a2b3c4d5e6f7g8h9i0"}]))


def test_who_gives_no_answer_is_told_and_no_error(place, capsys):
    url = place(at={**dict.fromkeys(FILES, 200), "/v2/": 503})
    mirrors.check("vision", packages(url))
    assert capsys.readouterr().out == (
        f"==> packages.registryMirrors: {url}/v2/: answers 503; machines may fare better\n"
    )
    mirrors.check("vision", {"packages": {"indexUrl": "http://127.0.0.1:9/simple"}})
    assert "not reached from here" in capsys.readouterr().out
    mirrors.check("vision", {"packages": {"indexUrl": "http://mirrors.nowhere.invalid/simple"}})
    assert "not reached from here" in capsys.readouterr().out
