"""What may be spent and what was: one ledger for every part of the product.

Money is set aside before an attempt and corrected by what it cost. A price nobody tells is shown as unknown and
counted by the cautious estimate the settings state. A sum is never forgotten: days are UTC dates in the database.
"""

from __future__ import annotations

import asyncio
import hashlib
import uuid
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from core.errors import InvalidInput, OverBudget
from core.providers.seams import Reservation
from core.providers.values import Attempt, Candidate, Usage
from core.providers.writing import Writer
from core.settings import Spending

_FREE = "free"


class Book(Protocol):
    """Where the sums are kept; `core.store.Store` is one."""

    def reserve(
        self, row: str, usd: float, limits: Mapping[str, float | None], *, owner: str, provider: str, model: str, paid_by: str
    ) -> tuple[str, float] | None: ...
    def settle(self, row: str, counted: float, cost: float | None) -> None: ...
    def spent(self, scopes: Iterable[str]) -> dict[str, float]: ...
    def batch(self) -> AbstractContextManager[None]: ...


@dataclass(frozen=True)
class Caps:
    """A caller's own limits in USD; None is none. They make the instance's tighter, never wider."""

    per_call: float | None = None
    per_session: float | None = None
    per_day: float | None = None

    def __post_init__(self):
        for name, value in asdict(self).items():
            if value is not None and not 0 <= value <= 1_000_000:
                raise InvalidInput(f"{name} is an amount in USD from 0 to 1,000,000.", "Send a number, or leave it out.")


def fingerprint(identity: str) -> str:
    """What the database knows a caller or a session by: session ids are credentials and are not written down."""
    return hashlib.sha256(identity.encode()).hexdigest()[:24]


def today() -> str:
    """The UTC date, which is the ledger's day."""
    return datetime.now(UTC).date().isoformat()


class Account:
    """The budget of one call: implements `core.providers.Budget` for one caller and session.

    book: the ledger. spending: the instance's limits. caps: the caller's own. session: what `per_session` sums over.
    shared: the process is public, so what its own keys pay for a visitor has limits of its own.
    beside: whose days count too, such as the session's beside an account's: nobody has a new day by signing in or out.
    writer: the one of the process, so that requests at the same time share transactions.
    """

    def __init__(
        self, book: Book, spending: Spending, *, session: str, caps: Caps = Caps(), shared: bool = False, beside: str = "",
        writer: Writer | None = None,
    ):  # fmt: skip
        self._book = book
        self._writer = writer or Writer(book.batch)
        self._spending = spending
        self._caps = caps
        self._session = fingerprint(session)
        self._shared = shared
        self._beside = fingerprint(beside) if beside else None
        self._this_call: dict[str, float] = {}

    async def reserve(self, caller_id: str, estimate_usd: float | None, candidate: Candidate) -> Reservation:
        """Set money aside for one attempt; `OverBudget` names the limit that stands against it, and what is left."""
        if candidate.key.payer == "nobody":
            return Reservation(_FREE, 0.0)
        usd = self._spending.unknown_call if estimate_usd is None else estimate_usd
        per_call = _least(self._spending.per_call, self._caps.per_call)
        if per_call is not None and sum(self._this_call.values()) + usd > per_call:
            raise _over("call", per_call, sum(self._this_call.values()), usd)
        limits = self._limits(fingerprint(caller_id), candidate)
        row = uuid.uuid4().hex
        about = {"owner": fingerprint(caller_id), "provider": candidate.provider, "model": candidate.model, "paid_by": candidate.key.payer}
        self._this_call[row] = usd  # before the wait: attempts that race count each other
        most = {scope: limit for scope, (_, limit) in limits.items()}
        writing = self._writer.submit(partial(self._book.reserve, row, usd, most, **about))
        try:
            refused = await asyncio.shield(writing)
        except BaseException:
            self._this_call.pop(row, None)
            self._writer.submit(partial(self._book.settle, row, 0.0, 0.0))  # comes after the reservation, which is on its way
            raise
        if refused:
            self._this_call.pop(row, None)
            scope, spent = refused
            name, limit = limits[scope]
            raise _over(name, limit or 0.0, spent, usd)
        return Reservation(row, estimate_usd)

    async def settle(self, reservation: Reservation, cost_usd: float | None, usage: Usage | None) -> None:
        """Replace the estimate by what it cost; unknown is counted by usage at the cautious price, else as reserved."""
        if reservation.id not in self._this_call:
            return
        counted = self._this_call[reservation.id] if cost_usd is None else cost_usd
        if cost_usd is None and usage and (usage.prompt or usage.completion):
            counted = self._cautious(usage)
        self._this_call[reservation.id] = counted
        await self._writer.submit(partial(self._book.settle, reservation.id, counted, cost_usd))

    def counted(self, attempt: Attempt) -> float:
        """What an attempt that is over counts for: its cost; else its tokens at the cautious price; else what it probably cost, or what is set aside."""
        if attempt.cost_usd is not None:
            return attempt.cost_usd
        if attempt.usage and (attempt.usage.prompt or attempt.usage.completion):
            return self._cautious(attempt.usage)
        return self._spending.unknown_call if attempt.estimate_usd is None else attempt.estimate_usd

    def _cautious(self, usage: Usage) -> float:
        return (usage.prompt * self._spending.unknown_input + usage.completion * self._spending.unknown_output) / 1_000_000

    async def state(self, caller_id: str) -> dict[str, Any]:
        """Each limit with what was spent of it: `{name: {limit, spent, left}}`, USD, None where there is no limit."""
        limits = self._limits(fingerprint(caller_id), None)
        spent = await asyncio.to_thread(self._book.spent, list(limits))
        per_call = _least(self._spending.per_call, self._caps.per_call)
        shown = {"call": {"limit": per_call, "spent": 0.0, "left": per_call}}
        for scope, (name, limit) in limits.items():
            left = None if limit is None else max(0.0, limit - spent[scope])
            if name in shown and spent[scope] <= shown[name]["spent"]:
                continue  # of two days that count, the fuller one stands in the way first
            shown[name] = {"limit": limit, "spent": spent[scope], "left": left}
        return shown

    def _limits(self, owner: str, candidate: Candidate | None) -> dict[str, tuple[str, float | None]]:
        """Scope → (the limit's name for a person, USD)."""
        day = today()
        limits = {
            f"session:{self._session}": ("session", _least(self._spending.per_session, self._caps.per_session)),
        }
        whose = dict.fromkeys(one for one in (owner, self._beside) if one)
        limits |= {f"day:{day}:{one}": ("day", _least(self._spending.per_day, self._caps.per_day)) for one in whose}
        if self._shared and (candidate is None or candidate.key.owner == "instance"):
            limits |= {f"day:{day}:shared:{one}": ("visitor", self._spending.visitor_per_day) for one in whose}
            limits[f"day:{day}:shared"] = ("visitors", self._spending.visitors_per_day)
        return limits


def _least(*limits: float | None) -> float | None:
    return min((limit for limit in limits if limit is not None), default=None)


_ADD_A_KEY = "Add a key of your own on the Keys tab, or wait until 00:00 UTC."
# Limit → (what it is called, what helps).
_WORDS = {
    "call": ("The limit of one call", "Choose a cheaper model, ask for fewer tokens, or raise the limit of a call."),
    "session": ("The session's limit", "Raise the session's limit, or choose a cheaper model."),
    "day": ("The day's limit", "Raise the day's limit, choose a cheaper model, or wait until 00:00 UTC."),
    "visitor": ("A visitor's limit for the day", _ADD_A_KEY),
    "visitors": ("The limit of all visitors for the day", _ADD_A_KEY),
}


def _over(name: str, limit: float, spent: float, usd: float) -> OverBudget:
    words, fix = _WORDS[name]
    message = f"{words}, ${limit:.4f}, stands against this: ${spent:.4f} is counted and the attempt may cost ${usd:.4f}."
    return OverBudget(message, fix, limit=name, limit_usd=limit, spent_usd=spent, estimate_usd=usd)
