"""What a chat came to: sums over the router's receipts. The ledger of the providers stays the one that limits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.agent.meter import cost_of
from core.events import Cost, Spent


def costs(spent: Mapping[str, Any], event: Cost, role: str) -> dict[str, Any]:
    """The sums with one more receipt. role: who asked, where the receipt does not say it."""
    receipt = event.receipt
    usd, _ = cost_of(receipt)
    usage = receipt.get("usage") or {}
    name = receipt.get("role") or role
    roles = dict(spent.get("roles") or {})
    roles[name] = round(roles.get(name, 0.0) + usd, 9)
    return {
        "usd": round(spent.get("usd", 0.0) + usd, 9),
        "prompt": spent.get("prompt", 0) + (usage.get("prompt") or 0),
        "completion": spent.get("completion", 0) + (usage.get("completion") or 0),
        "roles": roles,
        "unknown": bool(spent.get("unknown")) or receipt.get("cost_usd") is None,
    }


def spent_event(spent: Mapping[str, Any], limit: float | None) -> Spent:
    """The sums as what a page shows."""
    tokens = (spent.get("prompt", 0), spent.get("completion", 0))
    return Spent(usd=spent.get("usd", 0.0), tokens=tokens, roles=dict(spent.get("roles") or {}), unknown=bool(spent.get("unknown")), limit=limit)
