"""How long a step waits for something to appear: its own time, less once something broke and the answer will not come."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

GRACE_SECONDS = 2.0  # an app that tells its own error does so at once


@dataclass(frozen=True)
class Patience:
    """seconds: how long at most. broke: when something broke that this step could wait for in vain, and what; None while nothing did."""

    seconds: float
    broke: Callable[[], tuple[float, str] | None] = lambda: None
    began: float = field(default_factory=time.monotonic)

    @property
    def over(self) -> bool:
        broke = self.broke()
        return time.monotonic() > min(self.began + self.seconds, max(broke[0], self.began) + GRACE_SECONDS if broke else float("inf"))

    @property
    def told(self) -> str:
        """How long it waited, for the sentence that says it was in vain."""
        waited, broke = time.monotonic() - self.began, self.broke()
        early = broke and waited < self.seconds
        return f"within {waited:.1f} s (not waited longer, because {broke[1]})" if early else f"within {self.seconds:g} s"
