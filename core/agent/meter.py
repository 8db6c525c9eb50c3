"""What a turn has come to, and when that is enough."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.agent.values import Ending, Limits

_GO_ON = "Say “go on” to continue, or change the limit."


@dataclass
class Meter:
    """Counts one turn. usd is what the budget counts for the receipts: their cost, or a cautious estimate where nobody tells the price."""

    limits: Limits
    rounds: int = 0
    tokens: int = 0
    usd: float = 0.0

    def over(self) -> Ending | None:
        """The ending at a limit that is reached."""
        most = self.limits
        if self.rounds >= most.iterations:
            return Ending("iterations", f"It stopped after {most.iterations} rounds of work, the most of one turn. {_GO_ON}")
        if self.tokens >= most.tokens:
            return Ending("tokens", f"It stopped after {self.tokens:,} tokens; the limit of one turn is {most.tokens:,}. {_GO_ON}")
        if most.usd is not None and self.usd >= most.usd:
            return Ending("money", f"It stopped after about ${self.usd:.2f}; the limit of one turn is ${most.usd:.2f}. {_GO_ON}")
        return None

    def out_of_time(self) -> Ending:
        """The ending when the clock has run out."""
        seconds = self.limits.seconds
        time = f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:.0f} seconds"
        return Ending("time", f"It stopped after {time}, the most of one turn. {_GO_ON}")


def cost_of(receipt: Mapping[str, Any]) -> tuple[float, int]:
    """USD of a receipt, its cost or what the budget counts instead, and its tokens; 0 where nobody can say."""
    told = (receipt.get(name) for name in ("cost_usd", "counted_usd", "estimate_usd"))
    usage = receipt.get("usage") or {}
    return float(next((usd for usd in told if usd is not None), 0.0)), int(usage.get("prompt", 0)) + int(usage.get("completion", 0))
