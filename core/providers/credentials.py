"""Keys as they come in (typed, in a header, from the settings, from their upstream) and as they are shown."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from core.errors import InvalidInput
from core.providers.compound import PARTS, packed
from core.providers.table import PROVIDERS, row_of
from core.providers.values import Key
from core.secrets import Secret
from core.settings import Settings

HEADER = "x-provider-key-"
_MOST_HEADERS = 32
_LONGEST = 8192  # of a key of several values, such as a service account's file
_MOST_MODELS = 50
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")
# How the providers' own keys begin. A key of one provider is refused for another; unknown beginnings pass.
_BEGINNINGS = {
    "huggingface": ("hf_",),
    "openrouter": ("sk-or-",),
    "anthropic": ("sk-ant-",),
    "groq": ("gsk_",),
    "gemini": ("AIza", "AQ."),
    "xai": ("xai-",),
}


def make_key(
    provider: object,
    value: object,
    *,
    label: object = "",
    base_url: object = None,
    models: object = (),
    allow_private: bool = False,
    known: Mapping[str, Key] | None = None,
) -> Key:
    """A visitor's key from what was typed; `InvalidInput` says what is wrong without repeating the key.

    Args:
        value: the key; empty only for an upstream at `base_url` that asks for none.
        base_url: the upstream's address; without one, the address the instance has for that provider.
        models: models it is for, the default one first; a list or a comma-separated text.
        allow_private: the address may be a private one, because the instance's owner allows it.
        known: provider → the instance's own key for it, for its address (never for its secret).
    """
    if not isinstance(provider, str) or not _NAME.fullmatch(provider.strip().lower()):
        raise InvalidInput("A provider's name is 1 to 40 small letters, digits, '.', '-' and '_'.", "Choose one of the list, or name your own.")
    name = provider.strip().lower()
    secret = _checked(name, value)
    own = (known or {}).get(name)
    address = _address(base_url, private=allow_private) or (own.base_url if own else None)
    row = PROVIDERS.get(name)
    local = allow_private and row is not None and not row.needs_key
    if secret is None and base_url in (None, "") and not local:
        raise InvalidInput("There is no key.", "Paste the key, or give the address of an upstream that asks for none.")
    return Key(
        id=secrets.token_hex(8),
        provider=name,
        label=_words(label) or name,
        secret=secret,
        base_url=address,
        owner="visitor",
        models=_models(models),
        allow_private=bool(allow_private or (own and base_url in (None, "") and own.allow_private)),
    )


def reopened(held: Mapping[str, Any], sealed: str, *, allow_private: bool, known: Mapping[str, Key] | None = None) -> Key:
    """A key from the copy a browser kept, judged by today's rules as a pasted one is.

    held: what was sealed of it. sealed: the copy's id. allow_private, known: as for `make_key`.
    """
    own = (known or {}).get(str(held.get("provider")))
    address = held.get("base_url")
    key = make_key(
        held.get("provider"), held.get("key"), label=held.get("label"), models=held.get("models"),
        base_url=None if own and address == own.base_url else address, allow_private=allow_private, known=known,
    )  # fmt: skip
    payers = tuple(name for name in held.get("payers") or () if isinstance(name, str))
    bill_to = held.get("bill_to")
    told = {name: held.get(name) is True for name in ("management", "disabled")}
    return replace(key, payers=payers, bill_to=bill_to if bill_to in payers else None, sealed=sealed, **told)


def header_keys(
    headers: Mapping[str, str], known: Mapping[str, Key] | None = None, *, allow_private: bool = False
) -> tuple[Key, ...]:
    """The keys of `X-Provider-Key-<provider>` headers, for this one request, in the order they came."""
    found = []
    for name in dict.fromkeys(headers.keys()):
        if name.lower().startswith(HEADER) and len(found) < _MOST_HEADERS:
            provider = name[len(HEADER) :].lower()
            key = make_key(provider, headers[name] or " ", label="request header", known=known, allow_private=allow_private)
            found.append(replace(key, id=f"header:{provider}"))
    return tuple(found)


def instance_keys(settings: Settings) -> tuple[Key, ...]:
    """The keys of the process itself, from its settings."""
    own = settings.huggingface
    parts = [("huggingface", own.token, own.url, own)] if own.token or own.url else []
    parts += [(name, part.api_key, part.url, part) for name, part in settings.providers.items() if part.api_key or part.url]
    return tuple(
        replace(
            _instance_key(name, secret, base_url=url),
            priority=part.priority,
            fallback=part.fallback,
            always_use_this_key=part.always_use_this_key,
            models=part.models,
            timeout=part.timeout,
        )
        for name, secret, url, part in parts
    )


def _instance_key(name: str, secret: Secret | None, base_url: str | None = None) -> Key:
    return Key(id=f"instance:{name}", provider=name, label=f"{name} (this instance)", secret=secret, base_url=base_url, owner="instance", allow_private=True)


def shown(key: Key) -> dict[str, Any]:
    """What a person sees of a key: everything but the key; of their own its last four characters too."""
    own = key.owner == "visitor"
    return {
        "id": key.id, "provider": key.provider, "label": key.label, "owner": key.owner, "disabled": key.disabled,
        "last4": key.secret.last4 if key.secret and own else None, "has_key": key.secret is not None, "needs_key": row_of(key).needs_key,
        "base_url": key.base_url if own else None, "models": list(key.models), "priority": key.priority, "position": key.position,
        "always": key.always_use_this_key, "payers": list(key.payers), "bill_to": key.bill_to,
        "management": key.management, "remembered": key.sealed if own else None, "outdated": key.outdated,
    }  # fmt: skip


def billed(key: Key, organisation: object) -> str | None:
    """The organisation that pays for what the key asks from now on, one of its `payers`; None or empty is the key's own account."""
    if organisation in (None, ""):
        return None
    if not isinstance(organisation, str) or organisation not in key.payers:
        raise InvalidInput("That organisation cannot pay through this key.", "Choose one of the key's organisations, or none.")
    return organisation


def rotated(key: Key, value: object) -> Secret:
    """The new secret of a key, checked as a first one is."""
    secret = _checked(key.provider, value)
    if secret is None:
        raise InvalidInput("There is no new key.", "Paste the new key.")
    return secret


def _checked(provider: str, value: object) -> Secret | None:
    if value is None or value == "":
        return None
    value = packed(provider, value)
    if not isinstance(value, str) or not 8 <= len(value.strip()) <= (_LONGEST if provider in PARTS else 4096):
        raise InvalidInput("That does not look like a key.", "Copy the whole key from the provider's page.")
    try:
        secret = Secret(value)
    except ValueError:
        raise InvalidInput("A key is one line without spaces.", "Copy it again, without spaces or line breaks.") from None
    text = secret.reveal()
    wanted = _BEGINNINGS.get(provider)
    theirs = next((name for name, starts in _BEGINNINGS.items() if text.startswith(starts)), None)
    if theirs and theirs != provider and provider in (*_BEGINNINGS, "openai"):
        raise InvalidInput(f"This is a key of {theirs}, not of {provider}.", f"Choose {theirs}, or paste a key of {provider}.")
    if wanted and provider in ("huggingface", "openrouter") and not text.startswith(wanted):
        raise InvalidInput(f"A key of {provider} begins with {wanted[0]}.", "Copy it again from the provider's page.")
    return secret


def _address(value: object, *, private: bool) -> str | None:
    if value is None or value == "":
        return None
    wrong = InvalidInput("That is not an address of an upstream.", "Give it as https://host/v1, without a user, a query or a fragment.")
    if not isinstance(value, str) or len(value) > 500 or any(not c.isprintable() or c.isspace() for c in value.strip()):
        raise wrong
    try:
        parts = urlsplit(value.strip())
        named = parts.hostname, parts.port
    except ValueError:
        raise wrong from None
    if parts.scheme not in ("http", "https") or not named[0] or parts.username or parts.password or parts.query or parts.fragment:
        raise wrong
    if parts.scheme == "http" and not private:
        raise InvalidInput("A key is sent over https only.", "Give the address with https://.")
    return value.strip().rstrip("/")


def _words(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c for c in " ".join(value.split()) if c.isprintable())[:60]


def _models(value: object) -> tuple[str, ...]:
    names = value.split(",") if isinstance(value, str) else value if isinstance(value, list | tuple) else ()
    found = [name.strip() for name in names if isinstance(name, str) and name.strip()]
    if len(found) > _MOST_MODELS or any(len(name) > 200 or not name.isprintable() for name in found):
        raise InvalidInput(f"Up to {_MOST_MODELS} models, each up to 200 characters.", "Name fewer models.")
    return tuple(found)
