"""AWS by boto3, for what Pulumi does not do. boto3 is imported when it is needed: it costs half a second."""

import importlib
import os
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from components.operated import CloudError, Place

PROJECT = "agent-fleet"
POLICY = "docs/operator-policy.json"

# Credentials that Pulumi's provider would take from the stack file, and which are for it alone.
_PROVIDERS_OWN = (
    *("aws:accessKey", "aws:secretKey", "aws:token"),
    *("aws:assumeRole", "aws:assumeRoles", "aws:assumeRoleWithWebIdentity"),
    *("aws:sharedConfigFiles", "aws:sharedCredentialsFiles"),
)
_REFUSED = (
    *("ExpiredToken", "ExpiredTokenException", "RequestExpired", "InvalidClientTokenId", "InvalidToken"),
    *("AuthFailure", "SignatureDoesNotMatch", "UnrecognizedClientException", "TokenRefreshRequired"),
)
_NOT_ALLOWED = ("UnauthorizedOperation", "AccessDenied", "AccessDeniedException")

Filters = Sequence[Mapping[str, object]]


class AwsError(CloudError):
    """AWS's own answer, with its code. A CloudError that is none comes from here or from the way there."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def session(place: Place) -> Any:
    """Region and profile as Pulumi's provider reads them: from the stack file, else from the environment."""
    theirs = [key for key in _PROVIDERS_OWN if key in place.provider]
    if theirs:
        raise CloudError(
            f"the file of stack {place.stack} has {', '.join(theirs)}, which Pulumi alone would follow; put "
            f"this into a profile of ~/.aws/config (role_arn, source_profile) and name that in aws:profile"
        )
    profile = place.provider.get("aws:profile")
    region = place.provider.get("aws:region") or os.environ.get("AWS_REGION")
    with told(place):
        made = importlib.import_module("boto3").Session(profile_name=profile, region_name=region)
    if not made.region_name:
        raise CloudError(
            f"stack {place.stack} has no region; add `aws:region: eu-central-1` (or another one) to the "
            f"`config:` of its file"
        )
    return made


def client(made: Any, service: str) -> Any:
    """Gives up on a silent network within half a minute; throttling is waited for."""
    config = importlib.import_module("botocore.config").Config(
        connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 6}
    )
    return made.client(service, config=config)


def pages(asked: Any, operation: str, key: str, **given: object) -> Iterator[Any]:
    """The entries below `key` of every page of an answer."""
    for page in asked.get_paginator(operation).paginate(**given):
        yield from page[key]


def tag_filters(place: Place) -> Filters:
    return [{"Name": f"tag:{key}", "Values": [value]} for key, value in tags_of(place).items()]


def tags_of(place: Place) -> dict[str, str]:
    """What everything of the stack carries."""
    return {"project": PROJECT, "stack": place.stack, "team": place.team}


def as_mapping(tags: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """From AWS's list of pairs."""
    return {tag["Key"]: tag["Value"] for tag in tags or ()}


def portions(whole: Collection[str], size: int) -> Iterator[list[str]]:
    """AWS takes 200 values in a filter."""
    listed = list(whole)
    return (listed[first : first + size] for first in range(0, len(listed), size))


@contextmanager
def told(place: Place) -> Generator[None]:
    """Turns whatever boto3 raises into a CloudError that says what to do."""
    try:
        yield
    except CloudError:
        raise
    except Exception as error:
        sentence = _sentence(error, place)
        if sentence is None:
            raise
        code = _code(error)
        raise (AwsError(sentence, code) if code else CloudError(sentence)) from None


def _code(error: Exception) -> str:
    response: Mapping[str, Any] = getattr(error, "response", None) or {}
    return str(response.get("Error", {}).get("Code", ""))


def _sentence(error: Exception, place: Place) -> str | None:
    """None for what is no error of AWS or of the way there."""
    known = importlib.import_module("botocore.exceptions")
    profile = place.provider.get("aws:profile") or os.environ.get("AWS_PROFILE")
    words = " ".join(str(error).split())
    renew = (
        f"renew them (aws sso login --profile {profile}, or as your team does it)"
        if profile
        else "log in (aws sso login --profile NAME) and name the profile in aws:profile or AWS_PROFILE"
    )
    if isinstance(error, known.ProfileNotFound):
        return f"there is no profile {profile} in ~/.aws/config; write it there, or name another one"
    if isinstance(error, known.ClientError):
        return _of_client_error(error, words, renew)
    if isinstance(error, known.ConnectionError | known.HTTPClientError):
        return f"AWS is not reached ({words}); check the network, the proxy and aws:region"
    if isinstance(error, known.BotoCoreError) or "credentials" in words.lower():
        return f"there are no AWS credentials that work ({words.rstrip('.')}); {renew}"
    return None


def _of_client_error(error: Any, words: str, renew: str) -> str:
    code, operation = _code(error), error.operation_name
    if code in _REFUSED:
        return f"AWS refuses the credentials ({code}); {renew}; if they are new, check this computer's clock"
    if code in _NOT_ALLOWED:
        return f"these credentials may not do {operation}; {POLICY} is the policy that an operator needs"
    return f"AWS answers to {operation}: {words[:300]}"
