"""What went wrong at an upstream, and what follows: one table from fault to verdict.

next: ask the next candidate. stop: asking another would repeat our mistake, or the person's rule forbids it.
retry: the same candidate once more, because it named a short time to wait.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from core.errors import (
    Forbidden,
    InvalidInput,
    NotFound,
    PaymentRequired,
    ProviderFailed,
    RateLimited,
    SpacesError,
    TimedOut,
    Unauthorized,
)
from core.secrets import Secret, redact

Verdict = Literal["next", "stop", "retry"]
Kind = Literal[
    "bad_request", "moderation", "key", "forbidden", "payment", "missing", "timeout", "rate", "server",
    "network", "nonsense", "empty", "address", "cut",
]  # fmt: skip

RETRY_AFTER_AT_MOST = 10.0
_MESSAGE_LENGTH = 300


@dataclass(frozen=True)
class Rule:
    """What a fault means. cools: this candidate rests; retries: a short Retry-After is worth waiting for."""

    verdict: Literal["next", "stop"]
    error: type[SpacesError]
    fix: str | None = None
    cools: Literal["no", "model", "key"] = "no"
    retries: bool = False
    billed: bool = False  # the upstream may have done the work, so the cost is unknown rather than nothing


RULES: dict[Kind, Rule] = {
    "bad_request": Rule("stop", InvalidInput),
    "moderation": Rule("stop", Forbidden, "Change the prompt; another provider was not asked to look away."),
    "key": Rule("next", Unauthorized, "Replace this key; it is not used again in this session."),
    "forbidden": Rule("next", Forbidden, "Give the key the right to make inference calls, or use another key.", cools="key"),
    "payment": Rule("next", PaymentRequired, "Top up the account behind this key, or use another key.", cools="key"),
    "missing": Rule("next", NotFound, "Choose a model this provider serves now.", cools="model"),
    "timeout": Rule("next", TimedOut, cools="model", billed=True),
    "rate": Rule("next", RateLimited, cools="model", retries=True),
    "server": Rule("next", ProviderFailed, cools="model", retries=True),
    "network": Rule("next", ProviderFailed, "Check the address and the network, then try again.", cools="model"),
    "nonsense": Rule("next", ProviderFailed, "Check that the address is an OpenAI-compatible one.", cools="model", billed=True),
    "empty": Rule("next", ProviderFailed, "Try again, or ask another model.", billed=True),
    "address": Rule("next", InvalidInput, "Use a public https address, or ask the owner of this instance to allow private ones."),
    "cut": Rule("next", ProviderFailed, "Ask again; where a part of the answer came, it can go on from there.", cools="model", billed=True),
}


class Fault(Exception):
    """One thing that went wrong at one upstream. `message` is a sentence without any key in it.

    status: the upstream's HTTP status, when it gave one. retry_after: seconds it asked us to wait.
    """

    def __init__(self, kind: Kind, message: str, *, status: int | None = None, retry_after: float | None = None):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after = retry_after

    @property
    def rule(self) -> Rule:
        return RULES[self.kind]

    def error(self, provider: str, key_label: str) -> SpacesError:
        """The fault as a person meets it, naming the provider and the key's label."""
        details: dict[str, Any] = {"provider": provider, "key": key_label, "fault": self.kind}
        if self.status is not None:
            details["upstream_status"] = self.status
        if self.retry_after is not None:
            details["retry_after"] = round(self.retry_after, 1)
        return self.rule.error(f"{provider}: {self.message}", self.rule.fix, **details)


def decide(fault: Fault, *, began: bool, may_fall_back: bool, retried: bool, seconds_left: float) -> Verdict:
    """What follows a fault.

    Args:
        began: the first token was passed on already; a restart would repeat or contradict it.
        may_fall_back: neither the prompt nor the key says that only this candidate may answer.
        retried: this candidate had its second try.
        seconds_left: until the deadline of the whole prompt.
    """
    if began:
        return "stop"
    wait = fault.retry_after
    if fault.rule.retries and not retried and wait is not None and wait <= min(RETRY_AFTER_AT_MOST, seconds_left):
        return "retry"
    return fault.rule.verdict if may_fall_back else "stop"


_BY_STATUS: dict[int, Kind] = {
    401: "key", 402: "payment", 403: "forbidden", 404: "missing", 405: "missing", 408: "timeout", 409: "server",
    410: "missing", 425: "rate", 429: "rate", 451: "moderation", 504: "timeout",
}  # fmt: skip
_MISSING_MODEL = {"model_not_found", "model_not_supported", "model_not_available", "model_decommissioned"}
_MODERATED = {"content_filter", "content_policy_violation", "moderation", "moderation_blocked", "safety"}


def from_answer(
    status: int,
    body: Any,
    headers: Mapping[str, str] | None = None,
    *,
    secret: Secret | None = None,
    forbidden: Kind = "forbidden",
) -> Fault:
    """The fault behind an error answer.

    Args:
        status: the HTTP status, or the `code` of an error inside a 200.
        body: the parsed JSON, or text, or None.
        headers: the answer's; `Retry-After` is read.
        secret: the key that was used; an upstream that echoes it is not quoted with it.
        forbidden: what a plain 403 means at this provider: `forbidden` (scope) or `moderation`.
    """
    error = body.get("error", body) if isinstance(body, dict) else body
    error = error if isinstance(error, dict) else {"message": error if isinstance(error, str) else ""}
    metadata = error.get("metadata") if isinstance(error.get("metadata"), dict) else {}
    words = {str(error.get(name) or "").lower() for name in ("code", "type")} | {str(metadata.get("error_type") or "").lower()}
    kind = _BY_STATUS.get(status, "server" if status >= 500 else "bad_request")
    if status == 403:
        kind = forbidden
    if 400 <= status < 500 and (words & _MODERATED or "flagged_input" in metadata or metadata.get("reasons")):
        kind = "moderation"
    elif status in (400, 422) and words & _MISSING_MODEL:
        kind = "missing"
    elif status == 403 and words & {"authentication", "permission_denied", "insufficient_permissions"}:
        kind = "forbidden"
    said = quote(error.get("message"), secret)
    if isinstance(metadata.get("raw"), str) and said.lower().rstrip(".") == "provider returned error":
        said = quote(f"{said}: {metadata['raw']}", secret)  # OpenRouter: what its host said stands beside it
    availability = error.get("availability") if isinstance(error.get("availability"), dict) else {}
    wait = retry_after((headers or {}).get("Retry-After"))
    if wait is None and availability.get("retryable"):
        wait = retry_after(availability.get("retry_after"))
    return Fault(kind, f"answered {status}{': ' + said if said else '.'}", status=status, retry_after=wait)


def quote(text: Any, secret: Secret | None = None) -> str:
    """An upstream's words, fit to be shown: one line, short, and without the key or anything shaped like one."""
    if not isinstance(text, str):
        return ""
    line = " ".join(redact(text[: 20 * _MESSAGE_LENGTH], secret).split())
    line = "".join(letter for letter in line if letter.isprintable())
    return line if len(line) <= _MESSAGE_LENGTH else line[: _MESSAGE_LENGTH - 1] + "…"


def retry_after(value: Any) -> float | None:
    """Seconds to wait, from a number, a text of digits or an HTTP date; None when it says nothing usable."""
    if value is None or isinstance(value, bool):
        return None
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        try:
            moment = parsedate_to_datetime(str(value))
        except (TypeError, ValueError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    return max(0.0, seconds) if math.isfinite(seconds) else None
