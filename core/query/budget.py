"""What one program may still spend: requests, seconds, and what it has been told about limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from core.errors import RateLimited, SpacesError, TimedOut

MAX_CALLS = 400
TIMEOUT_SECONDS = 90.0
# Helpers stop this part of the time before the program's end, so that it can still return what it has.
_LAST_SHARE = 0.1
_LAST_SECONDS = 5.0
_TRACE_LENGTH = 100
_SUMMARY_LENGTH = 10


class OutOfBudget(RateLimited):
    """The program made as many requests as it may."""

    code, retryable = "out_of_budget", False


class OutOfTime(TimedOut):
    """The program's time is nearly used up."""

    code, retryable = "out_of_time", False


class Budget:
    """Counts every request one program makes.

    Args:
        max_calls: requests, 1 to 400; what lies outside is moved to the nearest end.
        timeout: seconds for the whole program, above 0.
        clock: monotonic seconds.
    """

    def __init__(self, max_calls: int = MAX_CALLS, timeout: float = TIMEOUT_SECONDS, *, clock: Callable[[], float] = time.monotonic):
        self.max_calls = max(1, min(int(max_calls), MAX_CALLS))
        self.timeout = timeout
        self._clock = clock
        self.started = clock()
        self.used = 0
        self.answered = 0
        self.introspected = False
        self.last_failure: dict[str, Any] | None = None
        self.trace: list[dict[str, Any]] = []
        self.summaries: list[dict[str, Any]] = []
        self.limits_reached = False
        self._over = False

    @property
    def remaining(self) -> int:
        """Requests left."""
        return 0 if self._over else self.max_calls - self.used

    @property
    def seconds_left(self) -> float:
        """Seconds helpers may still use; the program keeps a share at the end for itself."""
        reserve = min(_LAST_SECONDS, self.timeout * _LAST_SHARE)
        return self.timeout - reserve - (self._clock() - self.started)

    @property
    def elapsed_ms(self) -> int:
        """Milliseconds since the program was given."""
        return round((self._clock() - self.started) * 1000)

    def check(self) -> None:
        """Raise `OutOfTime` when helpers may start nothing more."""
        if self._over or self.seconds_left <= 0:
            self.limits_reached = True
            raise OutOfTime("The time of this program is used up.", "Return what there is, or allow more with timeout_sec (up to 300).")

    def spend(self) -> None:
        """Count one request that is about to leave; raises `OutOfBudget` instead of the one too many."""
        self.check()
        if self.used >= self.max_calls:
            self.limits_reached = True
            raise OutOfBudget(
                f"The budget of {self.max_calls} requests is used up.", "Return a partial result with its coverage, or ask for less per entity."
            )
        self.used += 1

    def note(self, endpoint: str, *, status: int, cached: bool = False, error: SpacesError | None = None) -> None:
        """Keep one line about a request for the trace; the first hundred stay."""
        if error is None:
            self.answered += 1
        if len(self.trace) < _TRACE_LENGTH:
            row = {"call_index": len(self.trace) + 1, "method": "GET", "endpoint": endpoint, "ok": error is None, "status": status, "cached": cached}
            self.trace.append(row | ({"error": error.code} if error else {}))

    def summarise(self, row: dict[str, Any]) -> None:
        """Keep what one helper left out; the first ten are reported."""
        self.limits_reached = True
        if len(self.summaries) < _SUMMARY_LENGTH:
            self.summaries.append(row)

    def close(self) -> None:
        """Nothing more leaves: the program has ended."""
        self._over = True
