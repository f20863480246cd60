"""Whether the places that `packages` names have what machines will ask them for; asked before a run."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast

from fleet.errors import UserError

SECONDS = 10
# What says that a place is another one. Who asks for a login is the right one, perhaps.
WRONG, LOGIN = (404, 410), (401, 403)
SUITE = "trixie"


@dataclass(frozen=True)
class Place:
    """What a key of `packages` names, and a file that is there if it is what it should be."""

    key: str
    address: str
    file: str

    @property
    def url(self) -> str:
        return f"{self.address.rstrip('/')}/{self.file}"


def check(name: str, config: Mapping[str, Any]) -> None:
    """Warns of a place that gives no answer here: machines may reach it, inside their cloud.

    Raises:
        UserError: a place answers that it has no such thing.
    """
    places = list(_places(config))
    if not places:
        return
    with ThreadPoolExecutor(len(places)) as pool:
        answers = list(zip(places, pool.map(_answer, places), strict=True))
    for place, said in answers:
        if isinstance(said, str):
            print(f"==> packages.{place.key}: {place.url}: {said}; machines may fare better", flush=True)
    wrong = [
        f"packages.{place.key}: {place.url} is not there ({said})"
        for place, said in answers
        if isinstance(said, int)
    ]
    if wrong:
        raise UserError(f"stack {name} names places that do not have what they should: {'; '.join(wrong)}")


def _places(config: Mapping[str, Any]) -> Iterator[Place]:
    packages = cast(Mapping[str, Any], config.get("packages") or {})
    if "indexUrl" in packages:
        yield Place("indexUrl", packages["indexUrl"], "pip/")
    # another image may be another Debian, or none
    if "aptMirror" in packages and '"imageId"' not in json.dumps(config, default=str):
        yield Place("aptMirror", packages["aptMirror"], f"dists/{SUITE}/Release")
    for address in packages.get("registryMirrors") or ():
        yield Place("registryMirrors", address, "v2/")
    if "nvidiaRepository" in packages:
        yield Place("nvidiaRepository", packages["nvidiaRepository"], "gpgkey")


def _answer(place: Place) -> int | str | None:
    """The status of an answer that it is not there; in words why there is none that counts; None for fine."""
    try:
        asked = urllib.request.Request(place.url, headers={"User-Agent": "agent-fleet"})  # noqa: S310 - a rule of the configuration
        urllib.request.urlopen(asked, timeout=SECONDS).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        if error.code in LOGIN:
            return None
        return error.code if error.code in WRONG else f"answers {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return f"not reached from here ({getattr(error, 'reason', error)})"
    return None
