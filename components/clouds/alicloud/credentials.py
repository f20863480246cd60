"""Region and credentials for Alibaba's SDK, taken from where Pulumi's provider takes them.

The SDK's own chain of places is another one: with it `fleet` could look at another account than Pulumi does.
"""

import importlib
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

from components.operated import CloudError, Place

PROFILES = "~/.aliyun/config.json"
REGIONS = ("ALICLOUD_REGION", "ALIBABA_CLOUD_REGION")
NAMED = ("ALICLOUD_PROFILE", "ALIBABA_CLOUD_PROFILE")
# An `up` of a large stack; what it started must not be cut off by its own credentials.
LEAST_LIFE = timedelta(minutes=30)

_KEYS = ("ALICLOUD_ACCESS_KEY", "ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABACLOUD_ACCESS_KEY_ID")
_SECRETS = ("ALICLOUD_SECRET_KEY", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABACLOUD_ACCESS_KEY_SECRET")
_TOKENS = ("ALICLOUD_SECURITY_TOKEN", "ALIBABA_CLOUD_SECURITY_TOKEN", "ALIBABACLOUD_SECURITY_TOKEN")
_FILES = ("ALICLOUD_SHARED_CREDENTIALS_FILE", "ALIBABA_CLOUD_CREDENTIALS_FILE")
_ROLES = ("ALICLOUD_ECS_ROLE_NAME", "ALIBABA_CLOUD_ECS_METADATA")
_URIS = ("ALICLOUD_CREDENTIALS_URI", "ALIBABA_CLOUD_CREDENTIALS_URI")
# What a stack file may say to the provider alone: encrypted there, or a secret in plain text.
_PROVIDERS_OWN = (
    *("alicloud:accessKey", "alicloud:secretKey", "alicloud:securityToken"),
    *("alicloud:assumeRole", "alicloud:assumeRoleWithOidc", "alicloud:endpoints"),
)


def region(place: Place) -> str:
    """Raises CloudError where nothing names it; the provider would take cn-beijing."""
    found = _said(place, "region", REGIONS)
    if not found:
        raise CloudError(
            f"stack {place.stack} has no region; add `alicloud:region: cn-hangzhou` (or another one) to the "
            f"`config:` of its file"
        )
    return found


def credentials(place: Place) -> Any:
    """The SDK's client for them; it renews those that can be renewed.

    Raises:
        CloudError: there are none, they end within half an hour, or the stack file has what Pulumi alone
            would follow.
    """
    theirs = [key for key in _PROVIDERS_OWN if key in place.provider]
    if theirs:
        raise CloudError(
            f"the file of stack {place.stack} has {', '.join(theirs)}, which Pulumi alone would follow; put "
            f"this into a profile (aliyun configure --profile NAME) and name that in alicloud:profile"
        )
    sdk = importlib.import_module("alibabacloud_credentials.client")
    models = importlib.import_module("alibabacloud_credentials.models")
    key, secret, token = (_first(names) for names in (_KEYS, _SECRETS, _TOKENS))
    if key and secret:
        kind = {"type": "sts", "security_token": token} if token else {"type": "access_key"}
        return sdk.Client(models.Config(access_key_id=key, access_key_secret=secret, **kind))
    if profile := profile_of(place):
        return sdk.Client(provider=_of_profile(place, profile))
    if role := _said(place, "ecsRoleName", _ROLES):
        return sdk.Client(models.Config(type="ecs_ram_role", role_name=role))
    if uri := _said(place, "credentialsUri", _URIS):
        return sdk.Client(models.Config(type="credentials_uri", credentials_uri=uri))
    raise CloudError(f"there are no Alibaba Cloud credentials; {renew(place)}")


def profile_of(place: Place) -> str | None:
    return _said(place, "profile", NAMED)


def renew(place: Place) -> str:
    """What to do about credentials that are missing or refused."""
    if _first(_KEYS) and _first(_SECRETS):
        return f"renew them ({_KEYS[0]} and {_SECRETS[0]} or their other names, as your team does it)"
    if profile := profile_of(place):
        return f"renew them (aliyun configure --profile {profile}, or as your team does it)"
    return (
        f"run `aliyun configure --profile NAME` and name the profile in alicloud:profile or {NAMED[0]}, or "
        f"set {_KEYS[0]} and {_SECRETS[0]}"
    )


def _of_profile(place: Place, name: str) -> Any:
    said = _said(place, "sharedCredentialsFile", _FILES) or PROFILES
    file = Path(said).expanduser()
    found = _read(file, said).get(name)
    if found is None:
        raise CloudError(f"there is no profile {name} in {said}; write it there, or name another one")
    if found.get("mode") == "StsToken":
        _refuse_short_lived(found.get("sts_expiration"), name)
    providers = importlib.import_module("alibabacloud_credentials.provider")
    return providers.CLIProfileCredentialsProvider(profile_name=name, profile_file=str(file))


def _read(file: Path, said: str) -> dict[str, dict[str, Any]]:
    """The profiles by name; none where there is no file."""
    try:
        parsed = cast(dict[str, Any], json.loads(file.read_text()))
        profiles = cast(list[dict[str, Any]], parsed.get("profiles") or [])
        return {str(profile["name"]): profile for profile in profiles}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise CloudError(f"{said} cannot be read ({error}); `aliyun configure` writes a new one") from None


def _refuse_short_lived(end: object, profile: str) -> None:
    """Only a token that nobody renews has an end that counts."""
    if not isinstance(end, int) or end <= 0:
        return
    left = datetime.fromtimestamp(end, UTC) - datetime.now(UTC)
    if left < LEAST_LIFE:
        minutes = int(left.total_seconds() // 60)
        when = f"end in {minutes} minutes" if minutes > 0 else "have ended"
        raise CloudError(
            f"the Alibaba Cloud credentials of profile {profile} {when}, and an `up` may take "
            f"{LEAST_LIFE.seconds // 60}; renew them first"
        )


def _said(place: Place, key: str, names: tuple[str, ...]) -> str | None:
    value = place.provider.get(f"alicloud:{key}")
    return str(value) if value else _first(names)


def _first(names: tuple[str, ...]) -> str | None:
    return next((value for name in names if (value := os.environ.get(name, "").strip())), None)
