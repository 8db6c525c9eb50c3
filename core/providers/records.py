"""One line of JSON for each attempt and each request, with the id its answer carries as X-Request-ID. No prompt, no answer, no key."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from core.caller import request_id
from core.providers.values import Attempt, Receipt
from core.secrets import redact

log = logging.getLogger(__name__)


def keep_records() -> None:
    """Have the lines written to the process's error output, whatever else is configured; a second call changes nothing."""
    log.setLevel(logging.INFO)
    if not log.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(message)s"))
        log.addHandler(handler)


def attempt_line(caller: str, attempt: Attempt) -> None:
    """Write down an attempt that is over. caller: a short fingerprint."""
    _write(
        {
            "event": "model_attempt", "request": request_id.get(), "caller": caller, "number": attempt.number,
            "provider": attempt.provider, "model": attempt.model, "status": attempt.status, "outcome": attempt.outcome,
            "error": attempt.error["code"] if attempt.error else None, "latency_ms": attempt.latency_ms,
            "first_token_ms": attempt.first_token_ms, "cost_usd": attempt.cost_usd,
        }
    )  # fmt: skip


def request_line(caller: str, receipt: Receipt) -> None:
    """Write down a request that is over, however it ended."""
    last = receipt.attempts[-1] if receipt.attempts else None
    _write(
        {
            "event": "model_request", "request": request_id.get(), "receipt": receipt.id, "caller": caller,
            "model": receipt.model, "provider": receipt.provider, "outcome": last.outcome if last else "none",
            "attempts": [[one.provider, one.status, one.outcome, one.latency_ms] for one in receipt.attempts],
            "skipped": len(receipt.skipped), "latency_ms": receipt.latency_ms, "first_token_ms": receipt.first_token_ms,
            "cost_usd": receipt.cost_usd,
        }
    )  # fmt: skip


def _write(line: Mapping[str, Any]) -> None:
    if log.isEnabledFor(logging.INFO):
        log.info("%s", redact(json.dumps(line, default=str)))
