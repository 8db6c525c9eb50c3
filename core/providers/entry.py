"""Is a pasted key any good? One real request that costs nothing: whose it is, what it may, what is left on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from core.errors import Forbidden
from core.providers.catalog_sources import READERS, compatible
from core.providers.compatible import base_url, signed
from core.providers.policy import Fault, from_answer
from core.providers.table import row_of
from core.providers.transport import Transport
from core.providers.values import Key

_TIMEOUT = 10.0
# Fine-grained Hugging Face tokens need this permission to ask models (facts of the Hub's token settings).
_INFERENCE = "inference.serverless.write"


@dataclass(frozen=True)
class KeyReport:
    """What the upstream says of a key. None is unknown.

    checked: the upstream answered. can_infer: it may ask models. limit_usd, remaining_usd: OpenRouter's own limits.
    orgs: organisations that can pay instead of the account. models: how many it lists.
    management: it makes other keys and cannot ask models.
    """

    checked: bool
    note: str
    account: str | None = None
    plan: str | None = None
    role: str | None = None
    can_infer: bool | None = None
    orgs: tuple[str, ...] = ()
    limit_usd: float | None = None
    remaining_usd: float | None = None
    expires_at: str | None = None
    models: int | None = None
    management: bool = False

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


async def check_key(key: Key, transport: Transport, *, hub: str, router: str | None = None) -> KeyReport:
    """Ask the upstream about a key: the Hub's `whoami`, OpenRouter's `/key`, elsewhere `/models`.

    Args:
        hub: address of the Hub that knows Hugging Face tokens, from the instance's own settings.
        router: the address those settings give Hugging Face's router, if any; whose tokens the same Hub knows.
    Returns a report; `checked` is False when the upstream cannot be reached now, or has nothing free to ask.
    Raises Unauthorized or Forbidden when the upstream refuses the key.
    """
    row = row_of(key)
    if row.wire == "exotic":
        return KeyReport(False, "Its first answer will tell whether it is valid.")
    try:
        if key.provider == "huggingface" and key.base_url in (None, router):
            body = await _get(f"{hub.rstrip('/')}/api/whoami-v2", key, transport, private=True)
            return _huggingface(body)
        base = base_url(row, key)
        if key.provider == "openrouter":
            return _openrouter(await _get(f"{base}/key", key, transport))
        listed = READERS.get(key.provider, compatible)(key.provider, await _get(f"{base}/models", key, transport))
        return KeyReport(True, f"It answers and lists {len(listed)} models.", models=len(listed))
    except Fault as fault:
        if fault.kind in ("key", "forbidden", "moderation", "address"):
            raise fault.error(key.provider, key.label) from None
        return KeyReport(False, f"It could not be checked: {key.provider} {fault.message}")


async def _get(url: str, key: Key, transport: Transport, *, private: bool = False) -> Mapping[str, Any]:
    status, body, headers = await transport.get_json(url, headers=signed(key), allow_private=private or key.allow_private, timeout=_TIMEOUT)
    if status >= 300:
        raise from_answer(status, body, headers, secret=key.secret)
    return body if isinstance(body, dict) else {"data": body}


def _huggingface(body: Mapping[str, Any]) -> KeyReport:
    if not isinstance(body.get("name"), str):
        raise Fault("nonsense", "answered something that names no account.")
    token = _part(_part(body, "auth"), "accessToken")
    fine = _part(token, "fineGrained")
    granted = set(_texts(fine.get("global")))
    for scope in _parts(fine.get("scoped")):
        granted |= set(_texts(scope.get("permissions")))
    role = token.get("role") if isinstance(token.get("role"), str) else None
    can = _INFERENCE in granted if role == "fineGrained" else None if role is None else True
    if can is False:
        raise Forbidden(
            "This Hugging Face token may not ask models.", "Give it 'Make calls to Inference Providers' in the account's token settings."
        )
    orgs = [org["name"] for org in _parts(body.get("orgs")) if isinstance(org.get("name"), str) and org.get("canPay") is not False]
    plan = "PRO" if body.get("isPro") is True else "free"
    return KeyReport(True, f"It belongs to {body['name'][:100]}.", body["name"][:100], plan, role, can, tuple(orgs[:100]))


def _openrouter(body: Mapping[str, Any]) -> KeyReport:
    data = _part(body, "data")
    if not data:
        raise Fault("nonsense", "answered something that says nothing of a key.")
    if data.get("is_management_key") is True:
        return KeyReport(True, "This is a management key: it makes other keys and is never asked for an answer.", can_infer=False, management=True)
    limit, left = _number(data.get("limit")), _number(data.get("limit_remaining"))
    note = "It has no limit of its own." if limit is None else f"${left or 0:.2f} of its limit of ${limit:.2f} is left."
    expires = data.get("expires_at")
    return KeyReport(
        True, note,
        plan="free" if data.get("is_free_tier") is True else "paid",
        can_infer=True, limit_usd=limit, remaining_usd=left,
        expires_at=expires[:40] if isinstance(expires, str) else None,
    )  # fmt: skip


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
