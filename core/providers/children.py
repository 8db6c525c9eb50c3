"""The keys a management key of OpenRouter has made: list them, make one with a limit and an end, revoke one."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from core.errors import InvalidInput
from core.providers.compatible import base_url, signed
from core.providers.policy import Fault, from_answer
from core.providers.table import row_of
from core.providers.transport import Transport
from core.providers.values import Key
from core.secrets import Secret, redact

RESETS = ("daily", "weekly", "monthly")
MOST_DAYS = 365
MOST_USD = 10_000.0
CHILDREN_LISTED = 100  # how many OpenRouter lists at once
_TIMEOUT = 15.0
_HASH = re.compile(r"[A-Za-z0-9_-]{8,128}")


@dataclass(frozen=True)
class Wish:
    """A child key to be made. limit_usd: the most it may spend, in all or until each reset. reset: daily, weekly, monthly or None."""

    name: str
    limit_usd: float
    reset: str | None
    days: int


@dataclass(frozen=True)
class Child:
    """What OpenRouter tells of a child key, which is never the key. USD; None is unknown or none."""

    hash: str
    name: str
    limit_usd: float | None
    used_usd: float | None
    remaining_usd: float | None
    reset: str | None
    disabled: bool
    created_at: str | None
    expires_at: str | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_wish(given: Mapping[str, Any]) -> Wish:
    """A wish from what was typed: `name`, `limit` (USD), `reset`, `days`; `InvalidInput` names what is wrong."""
    name = "".join(letter for letter in " ".join(str(given.get("name") or "").split()) if letter.isprintable())
    if not 1 <= len(name) <= 60:
        raise InvalidInput("A child key needs a name of 1 to 60 letters.", "Name what it is for.")
    limit = given.get("limit")
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit) or not 0 < limit <= MOST_USD:
        raise InvalidInput(f"A child key needs a limit above 0 and up to {MOST_USD:.0f} USD.", "Say how much it may spend.")
    reset = given.get("reset") or None
    if reset is not None and reset not in RESETS:
        raise InvalidInput("The limit starts anew daily, weekly, monthly or never.", "Choose one of these.")
    days = given.get("days")
    if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
        raise InvalidInput(f"A child key ends after 1 to {MOST_DAYS} days.", "Say after how many days.")
    return Wish(name, float(limit), reset, days)


async def list_children(key: Key, transport: Transport, *, offset: int = 0) -> list[Child]:
    """Up to a hundred child keys of a management key, as OpenRouter orders them."""
    body = await _ask("GET", f"?offset={max(0, min(offset, 100_000))}", key, transport)
    return [_child(one, key) for one in _rows(body)[:CHILDREN_LISTED]]


async def make_child(key: Key, wish: Wish, transport: Transport) -> tuple[Child, Secret]:
    """Make one; OpenRouter tells its key this once."""
    ends = datetime.now(UTC).replace(microsecond=0) + timedelta(days=wish.days)
    asked = {"name": wish.name, "limit": wish.limit_usd, "expires_at": ends.isoformat().replace("+00:00", "Z")}
    body = await _ask("POST", "", key, transport, {**asked, "limit_reset": wish.reset} if wish.reset else asked)
    made = body.get("key")
    data = body.get("data")
    try:
        secret = Secret(made)
    except (ValueError, AttributeError):
        raise Fault("nonsense", "made a key and did not tell it; revoke it there.").error(key.provider, key.label) from None
    return _child({"hash": hash_of(secret), **(data if isinstance(data, dict) else {})}, key), secret


async def revoke_child(key: Key, hash: str, transport: Transport) -> None:
    """End a child key at once, for everybody who holds it."""
    if not _HASH.fullmatch(hash):
        raise InvalidInput("That names no child key.", "Choose one of the list.")
    await _ask("DELETE", f"/{hash}", key, transport)


def hash_of(secret: Secret) -> str:
    """What OpenRouter calls a key by: the SHA-256 of it, in hexadecimal."""
    return hashlib.sha256(secret.reveal().encode()).hexdigest()


async def _ask(method: str, rest: str, key: Key, transport: Transport, body: Any = None) -> Mapping[str, Any]:
    if not key.management:
        raise InvalidInput("This key makes no other keys.", "Add a management key of OpenRouter.")
    try:
        url = f"{base_url(row_of(key), key)}/keys{rest}"
        status, said, headers = await transport.send_json(
            method, url, headers=signed(key), body=body, allow_private=key.allow_private, timeout=_TIMEOUT
        )
        if status >= 300:
            raise from_answer(status, said, headers, secret=key.secret)
    except Fault as fault:
        raise fault.error(key.provider, key.label) from None
    return said if isinstance(said, dict) else {}


def _rows(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    rows = body.get("data")
    return [row for row in rows if isinstance(row, dict) and isinstance(row.get("hash"), str)] if isinstance(rows, list) else []


def _child(row: Mapping[str, Any], key: Key) -> Child:
    return Child(
        hash=_text(row.get("hash"), 128) or "", name=redact(_text(row.get("name"), 100) or "without a name", key.secret),
        limit_usd=_number(row.get("limit")), used_usd=_number(row.get("usage")), remaining_usd=_number(row.get("limit_remaining")),
        reset=_text(row.get("limit_reset"), 20), disabled=row.get("disabled") is True,
        created_at=_text(row.get("created_at"), 40), expires_at=_text(row.get("expires_at"), 40),
    )  # fmt: skip


def _text(value: Any, longest: int) -> str | None:
    return "".join(letter for letter in value if letter.isprintable())[:longest] if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None
