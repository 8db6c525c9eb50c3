"""Keys of several values, as clouds have them. Kept as one `Secret`, so that whoever holds, hides or seals a key does it to all of it.

What a visitor may say is closed: values that become part of an address are names and nothing else, and of an account's
file only the fields of a service account are taken, with Google's own address for tokens. Files of other kinds name
addresses and programs of their own, which google-auth would ask and run.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import InvalidInput
from core.secrets import Secret

_MARK = "parts:"
_TOKENS = "https://oauth2.googleapis.com/token"
_ACCOUNT_FIELDS = ("type", "project_id", "private_key_id", "private_key", "client_email", "client_id")


def _matches(pattern: str) -> Callable[[object], str | None]:
    known = re.compile(pattern, re.ASCII)
    return lambda value: value if isinstance(value, str) and known.fullmatch(value) else None


def _account(value: object) -> str | None:
    """A service account's file as litellm takes it, with only what it needs in it."""
    try:
        given = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return None
    if not isinstance(given, Mapping) or given.get("type") != "service_account":
        return None
    kept = {name: given[name] for name in _ACCOUNT_FIELDS if isinstance(given.get(name), str)}
    return json.dumps({**kept, "token_uri": _TOKENS}) if {"private_key", "client_email"} <= set(kept) else None


@dataclass(frozen=True)
class Part:
    """One value by litellm's own name. read: gives it as it is kept, None when it is none. hidden: it is a secret."""

    name: str
    read: Callable[[object], str | None]
    needed: bool = True
    hidden: bool = False


PARTS: dict[str, tuple[Part, ...]] = {
    "bedrock": (
        Part("aws_access_key_id", _matches(r"[A-Z0-9]{16,128}")),
        Part("aws_secret_access_key", _matches(r"[A-Za-z0-9/+=]{16,256}"), hidden=True),
        Part("aws_region_name", _matches(r"[a-z]{2}(-[a-z]{2,12}){1,3}-\d{1,2}")),
        Part("aws_session_token", _matches(r"[A-Za-z0-9/+=_-]{16,3000}"), needed=False, hidden=True),
    ),
    "vertex_ai": (
        Part("vertex_project", _matches(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")),
        Part("vertex_location", _matches(r"global|[a-z]{2,20}-[a-z]{2,20}\d{1,2}")),
        Part("vertex_credentials", _account, hidden=True),
    ),
}


def packed(provider: str, value: object) -> object:
    """The one text a key of several values is kept as; what is no such key comes back as it is.

    value: an object, or its JSON, with litellm's names; for Vertex a service account's file does, with `vertex_location`.
    Raises InvalidInput that names the value that is missing or wrong, never what it was.
    """
    parts = PARTS.get(provider)
    if parts is None or isinstance(value, str) and not value.lstrip().startswith("{"):
        return value
    try:
        given = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        given = None
    if not isinstance(given, Mapping):
        raise InvalidInput(f"A key of {provider} is a JSON object.", f"Its values are {', '.join(part.name for part in parts)}.")
    if given.get("type") == "service_account":
        location = given.get("vertex_location", "global")
        given = {"vertex_project": given.get("project_id"), "vertex_location": location, "vertex_credentials": dict(given)}
    kept: dict[str, str] = {}
    for part in parts:
        if given.get(part.name) in (None, "") and not part.needed:
            continue
        read = part.read(given.get(part.name))
        if read is None:
            raise InvalidInput(f"{part.name} is missing, or is not one.", f"A key of {provider} has {', '.join(one.name for one in parts if one.needed)}.")
        kept[part.name] = read
    if unknown := set(given) - {part.name for part in parts}:
        raise InvalidInput(f"A key of {provider} has no {str(min(map(str, unknown)))[:40]!r}.", f"Its values are {', '.join(part.name for part in parts)}.")
    return _MARK + base64.urlsafe_b64encode(json.dumps(kept).encode()).decode()


def arguments(provider: str, secret: Secret) -> dict[str, Any]:
    """What litellm is called with: every value of the key, or the key itself as `api_key`."""
    values = _values(provider, secret)
    if not values:
        return {"api_key": secret.reveal()}
    # litellm fills what it is not given from the process's own environment: a missing value is given as an empty one.
    return {part.name: values.get(part.name, "") for part in PARTS[provider]}


def hidden(provider: str, secret: Secret) -> tuple[str, ...]:
    """The texts in the key that must appear nowhere."""
    values = _values(provider, secret)
    found = [values[part.name] for part in PARTS.get(provider, ()) if part.hidden and part.name in values]
    return (secret.reveal(), *found, *(json.loads(one)["private_key"] for one in found if one.startswith("{")))


def _values(provider: str, secret: Secret) -> dict[str, str]:
    text = secret.reveal()
    if provider not in PARTS or not text.startswith(_MARK):
        return {}
    try:
        return json.loads(base64.urlsafe_b64decode(text.removeprefix(_MARK)))
    except (binascii.Error, ValueError):
        raise InvalidInput("The values of this key cannot be read.", "Add the key again.") from None
