"""Alibaba Cloud by its own SDK, for what Pulumi does not do.

Of the SDK only the part that all services share: it signs, sends, repeats and reads, and a service of its own
would add megabytes for a dozen calls. It is imported when it is needed: it costs a second.
"""

import importlib
import os
import re
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from components.clouds.alicloud.credentials import credentials, region, renew
from components.operated import CloudError, Place

PROJECT = "agent-fleet"
POLICY = "docs/operator-policy-alicloud.json"

VERSIONS = {
    "ecs": "2014-05-26",
    "vpc": "2016-04-28",
    "nas": "2017-06-26",
    "sts": "2015-04-01",
    "tag": "2018-08-28",
}
# Where a service's address does not follow from region and name.
_ADDRESSES = {
    ("ecs", "cn-hangzhou"): "ecs-cn-hangzhou.aliyuncs.com",
    ("vpc", "cn-hangzhou"): "vpc.aliyuncs.com",
}

_REFUSED = ("InvalidAccessKeyId", "InvalidSecurityToken", "SignatureDoesNotMatch", "IncompleteSignature")
_CLOCK = ("InvalidTimeStamp", "SignatureNonceUsed")
_NOT_ALLOWED = ("Forbidden", "NoPermission", "NotAuthorized", "AccessDenied")
_THROTTLED = ("Throttling", "Throttling.User", "Throttling.Api", "ServiceUnavailable")
CONNECT_SECONDS, READ_SECONDS = 5.0, 10.0
# How often and for how long, in milliseconds, a call is made again.
ATTEMPTS, FIRST_PAUSE, LONGEST_PAUSE = 6, 500, 8000

AT_ONCE = 100
Answer = Mapping[str, Any]
Items = Iterator[Answer]


@dataclass(frozen=True)
class Session:
    """One look at an account: the region and the credentials that Pulumi's provider would take."""

    place: Place
    region: str
    credentials: Any

    def call(self, service: str, operation: str, **given: object) -> Answer:
        """The answer of one operation; a list among `given` becomes the numbered parameters that it asks for.

        Gives up on a silent network within half a minute; throttling is waited for.

        Raises:
            CloudError: Alibaba refuses, or is not reached.
        """
        models = importlib.import_module("alibabacloud_tea_openapi.utils_models")
        runtime = importlib.import_module("darabonba.runtime").RuntimeOptions()
        utils = importlib.import_module("alibabacloud_tea_openapi.utils").Utils
        client = importlib.import_module("alibabacloud_tea_openapi.client").Client(
            models.Config(
                credential=self.credentials,
                endpoint=_endpoint(service, self.region),
                protocol=str(self.place.provider.get("alicloud:protocol", "HTTPS")),
                connect_timeout=int(CONNECT_SECONDS * 1000),
                read_timeout=int(READ_SECONDS * 1000),
                retry_options=_retries(),
            )
        )
        how = models.Params(
            action=operation,
            version=VERSIONS[service],
            protocol="HTTPS",
            pathname="/",
            method="POST",
            auth_type="AK",
            style="RPC",
            req_body_type="formData",
            body_type="json",
        )
        asked = models.OpenApiRequest(query=utils.query({"RegionId": self.region, **given}))
        with told(self.place, operation):
            return client.call_api(how, asked, runtime)["body"]

    def items(self, service: str, operation: str, path: Sequence[str], **given: object) -> Items:
        """The entries of all pages of an answer, below the keys of `path`."""
        if service in ("ecs", "tag"):
            return self._by_token(service, operation, path, **given)
        return self._by_number(service, operation, path, **given)

    def _by_token(self, service: str, operation: str, path: Sequence[str], **given: object) -> Items:
        size = {"MaxResults": AT_ONCE} if service == "ecs" else {"PageSize": AT_ONCE}
        token: str | None = ""
        while token is not None:
            more = {"NextToken": token} if token else {}
            answer = self.call(service, operation, **size, **more, **given)
            yield from below(answer, path)
            token = answer.get("NextToken") or None

    def _by_number(self, service: str, operation: str, path: Sequence[str], **given: object) -> Items:
        number, seen, total = 0, 0, 1
        while seen < total:
            number += 1
            answer = self.call(service, operation, PageNumber=number, PageSize=50, **given)
            listed = below(answer, path)
            yield from listed
            seen += len(listed)
            total = int(answer.get("TotalCount", 0)) if listed else 0


def session(place: Place) -> Session:
    """Raises CloudError where region or credentials are missing, or these cannot be had from their source."""
    where = region(place)
    try:
        made = credentials(place)
        made.get_credential()
    except CloudError:
        raise
    except Exception as error:
        raise CloudError(_no_credentials(error, place)) from None
    return Session(place, where, made)


def tag_filter(place: Place) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags_of(place).items()]


def tags_of(place: Place) -> dict[str, str]:
    """What everything of the stack carries."""
    return {"project": PROJECT, "stack": place.stack, "team": place.team}


def tags_in(thing: Answer) -> dict[str, str]:
    """Of one entry of an answer: ECS says TagKey and TagValue, other services Key and Value."""
    tags = below(thing, ("Tags", "Tag"))
    return {tag.get("TagKey", tag.get("Key")): tag.get("TagValue", tag.get("Value")) for tag in tags}


def below(answer: Answer, path: Sequence[str]) -> list[Any]:
    """The list below these keys; empty where one of them is missing."""
    found: Any = answer
    for key in path:
        found = found.get(key) if found else None
    return found or []


def portions(whole: Collection[str], size: int = AT_ONCE) -> Iterator[list[str]]:
    """ECS takes 100 ids at once."""
    listed = list(whole)
    return (listed[first : first + size] for first in range(0, len(listed), size))


@contextmanager
def told(place: Place, operation: str) -> Generator[None]:
    """Turns whatever the SDK raises into a CloudError that says what to do."""
    try:
        yield
    except CloudError:
        raise
    except Exception as error:
        sentence = _sentence(error, operation, place)
        if sentence is None:
            raise
        raise CloudError(sentence) from None


def _sentence(error: Exception, operation: str, place: Place) -> str | None:
    """None for what is no error of Alibaba Cloud or of the way there."""
    tea = importlib.import_module("Tea.exceptions")
    if isinstance(error, tea.UnretryableException):
        inner = cast(Any, error).inner_exception
        known = importlib.import_module("alibabacloud_credentials.exceptions")
        if isinstance(inner, known.CredentialException):
            return _no_credentials(inner, place)
        why = _reason(inner)
        return f"Alibaba Cloud is not reached ({why}); check the network, the proxy and alicloud:region"
    if isinstance(error, tea.TeaException):
        return _of_answer(cast(Any, error), operation, place)
    return None


def _reason(error: Any) -> str:
    """The last cause of a failed connection, without the objects and the address that it was told with."""
    words = " ".join(str(getattr(error, "message", error)).split()).rpartition("Caused by ")[2]
    quoted = re.search(r'"([^"]+)"\)*$', words)
    return re.sub(r"^\S*\(host=[^)]*\)\S*: ", "", quoted[1] if quoted else words)[:300]


def _no_credentials(error: Exception, place: Place) -> str:
    words = " ".join(str(getattr(error, "message", None) or error).split()).rstrip(".")
    return f"there are no Alibaba Cloud credentials that work ({words[:300]}); {renew(place)}"


def _of_answer(error: Any, operation: str, place: Place) -> str:
    code, words = str(error.code), " ".join(str(error.message).split())
    if code.startswith(_CLOCK):
        return f"Alibaba Cloud refuses the request's time ({code}); set this computer's clock, then try again"
    if code.startswith(_REFUSED):
        return f"Alibaba Cloud refuses the credentials ({code}); {renew(place)}"
    if code.startswith(_NOT_ALLOWED):
        return f"these credentials may not do {operation} ({code}); {POLICY} is the policy of an operator"
    if code in _THROTTLED:
        return f"Alibaba Cloud goes on answering {code} to {operation}; try again in some minutes"
    return f"Alibaba Cloud answers to {operation}: {code}: {words[:300]}"


def _endpoint(service: str, where: str) -> str:
    """By the provider's own variables, else as the SDK's package of that service has it."""
    names = (f"ALIBABA_CLOUD_ENDPOINT_{service.upper()}", f"{service.upper()}_ENDPOINT")
    said = next((os.environ[name] for name in names if os.environ.get(name)), None)
    return said or _ADDRESSES.get((service, where)) or f"{service}.{where}.aliyuncs.com"


def _retries() -> Any:
    policy = importlib.import_module("darabonba.policy.retry")
    pause = {"policy": "EqualJitter", "period": FIRST_PAUSE, "cap": LONGEST_PAUSE}
    passing = {"exception": ["ThrottlingException", "ServerException"], "errorCode": list(_THROTTLED)}
    return policy.RetryOptions(
        {
            "retryable": True,
            "retryCondition": [
                {**passing, "maxAttempts": ATTEMPTS, "maxDelay": LONGEST_PAUSE, "backoff": pause},
                {"exception": ["RetryError"], "maxAttempts": 2, "backoff": pause},
            ],
        }
    )
