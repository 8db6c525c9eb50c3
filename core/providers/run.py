"""One prompt on its way through its candidates: who is asked next, and when it stops."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass

from core.errors import OverBudget, RateLimited, SpacesError, TimedOut, Unauthorized
from core.providers import compatible
from core.providers.attempt import Asking, Heard
from core.providers.breaker import Breaker
from core.providers.order import candidates, estimate
from core.providers.policy import Fault, decide
from core.providers.provider import End
from core.providers.seams import Budget, Catalog, Prices
from core.providers.telling import sums, why_nobody
from core.providers.transport import Transport
from core.providers.values import (
    Attempt,
    Candidate,
    Finished,
    Interrupted,
    Item,
    Key,
    Prompt,
    Reasoning,
    Receipt,
    Skipped,
    Text,
    ToolCallDelta,
    Usage,
)

_AT_ONCE = 2  # with hedging


@dataclass(frozen=True)
class Surroundings:
    """What a run leans on; see `Router`."""

    catalog: Catalog
    prices: Prices
    budget: Budget
    transport: Transport
    breaker: Breaker
    hedge_seconds: float | None
    on_receipt: Callable[[str, Receipt], None]
    on_attempt: Heard


class Run:
    """One prompt. Either `whole` is awaited or `items` consumed, once; ending that early ends whatever is in flight."""

    def __init__(self, prompt: Prompt, keys: Iterable[Key], caller_id: str, around: Surroundings, *, stream: bool):
        self._prompt = prompt
        self._caller_id = caller_id
        self._around = around
        self._stream = stream
        self._candidates, self._skipped = candidates(prompt, keys, catalog=around.catalog, prices=around.prices)
        self._attempts: list[Attempt] = []
        self._numbers = 0
        self._errors: list[SpacesError] = []
        self._resting: list[tuple[Candidate, float]] = []
        self._over_budget: OverBudget | None = None
        self._started = time.perf_counter()
        self._deadline = asyncio.get_running_loop().time() + (prompt.timeout or around.transport.timeouts.whole)

    async def whole(self) -> tuple[list[compatible.Piece], Finished]:
        """All pieces of the answer, and how it ended. Raises the `SpacesError` that explains why nobody answered."""
        asking = await self._begun()
        *pieces, end = asking.whole
        last = self._finish(asking, end)
        await asking.settle()
        return pieces, last

    async def items(self) -> AsyncIterator[Item]:
        """The answer as it comes, then `Finished` or `Interrupted`. Raises as `whole`."""
        asking = await self._begun()
        so_far: list[str] = []
        piece = asking.first
        last: Finished | Interrupted | None = None
        try:
            while not isinstance(piece, End):
                if isinstance(piece, Text):
                    so_far.append(piece.text)
                asking.came += _letters(piece)
                yield piece
                piece = await anext(asking.pieces)
            await asking.hang_up()
            last = self._finish(asking, piece)
        except Fault as fault:
            attempt = asking.failed("interrupted", fault)
            self._attempts.append(attempt)
            last = Interrupted(attempt.error or {}, "".join(so_far), self._receipt(asking))
        finally:
            if last is None:
                self._attempts.append(asking.gave_up("cancelled"))
                self._receipt(asking)
                try:
                    await asking.hang_up()
                finally:
                    await asking.settle()
        await asking.settle()
        yield last

    async def _begun(self) -> Asking:
        """Whoever answers first; an error carries the receipt."""
        try:
            return await self._first_to_answer()
        except SpacesError as error:
            error.details["receipt"] = self._receipt(None).to_dict()
            raise
        except asyncio.CancelledError:
            self._receipt(None)
            raise

    def _finish(self, asking: Asking, end: End) -> Finished:
        if end.usage is None:
            asking.came = asking.came or sum(_letters(piece) for piece in asking.whole)
        self._attempts.append(asking.answered(end))
        return Finished(end.finish_reason, end.usage, self._receipt(asking, end.usage))

    async def _first_to_answer(self) -> Asking:
        hedging = self._around.hedge_seconds is not None and self._prompt.fallback
        asking = await (self._hedged() if hedging else self._one_after_another())
        if asking is None and not self._numbers:
            # Nobody was asked only because all rest after a failure. Waiting helps nobody unless an upstream told us to.
            for candidate, _ in self._resting:
                asking = await self._ask(candidate)
                if asking:
                    break
        if asking is None:
            raise why_nobody(self._attempts, self._errors, self._skipped, self._over_budget)
        return asking

    async def _one_after_another(self) -> Asking | None:
        for candidate in self._ready():
            asking = await self._ask(candidate)
            if asking:
                return asking
        return None

    async def _hedged(self) -> Asking | None:
        """As above, but the next candidate starts when the first token takes too long; the first to answer wins."""
        waiting = self._ready()
        running: set[asyncio.Task[Asking | None]] = set()
        more = True
        try:
            while True:
                if more and len(running) < _AT_ONCE:
                    candidate = next(waiting, None)
                    more = candidate is not None
                    if candidate:
                        running.add(asyncio.ensure_future(self._ask(candidate)))
                if not running:
                    return None
                patience = self._around.hedge_seconds if more and len(running) < _AT_ONCE else None
                done, running = await asyncio.wait(running, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                winners = [asking for task in done if (asking := task.result())]
                for late in winners[1:]:
                    await self._give_up(late)
                if winners:
                    return winners[0]
        finally:
            for task in running:
                task.cancel()
            for outcome in await asyncio.gather(*running, return_exceptions=True):
                if isinstance(outcome, Asking):
                    await self._give_up(outcome)

    def _ready(self) -> Iterator[Candidate]:
        """The candidates that may be asked now; the others are noted as skipped."""
        breaker = self._around.breaker
        for candidate in self._candidates:
            key = candidate.key
            if breaker.rejected(self._caller_id, key):
                fix = "Replace the key."
                self._pass(candidate, "the provider called this key invalid", Unauthorized("The provider called this key invalid.", fix))
                continue
            rest = breaker.cooling(self._caller_id, key, candidate.model)
            if rest is None or (not rest.told and not self._may_fall_back(candidate)):
                yield candidate
                continue
            wait = f"{rest.seconds:.0f} s"
            self._pass(
                candidate,
                f"cooling down for {wait} more after a failure",
                RateLimited(f"{candidate.provider} asked to wait {wait} more.", retry_after=round(rest.seconds, 1)),
            )
            if not rest.told:
                self._resting.append((candidate, rest.seconds))

    def _pass(self, candidate: Candidate, reason: str, error: SpacesError) -> None:
        """Leave a candidate out; where no other may answer in its place, that is the end."""
        self._skipped.append(Skipped(candidate.provider, candidate.key.label, candidate.model, reason))
        self._errors.append(error)
        if not self._may_fall_back(candidate):
            raise error

    def _may_fall_back(self, candidate: Candidate) -> bool:
        return self._prompt.fallback and candidate.key.fallback and not candidate.key.always_use_this_key

    async def _ask(self, candidate: Candidate) -> Asking | None:
        """Ask one candidate, twice when it names a short time to wait. None: go on with the next. Raises where it must stop."""
        around, clock = self._around, asyncio.get_running_loop().time
        retried = False
        while True:
            if clock() >= self._deadline:
                raise TimedOut("No provider answered within the time given.")
            cost = estimate(self._prompt, candidate, catalog=around.catalog, prices=around.prices)
            try:
                reservation = await around.budget.reserve(self._caller_id, cost, candidate)
            except OverBudget as error:
                self._over_budget = error
                self._pass(candidate, f"over budget: {error.message}", error)
                return None
            self._numbers += 1
            asking = Asking(
                candidate, self._numbers, reservation,
                caller_id=self._caller_id, budget=around.budget, prices=around.prices, breaker=around.breaker,
                heard=around.on_attempt,
            )  # fmt: skip
            deadline = min(self._deadline, clock() + candidate.key.timeout) if candidate.key.timeout else self._deadline
            try:
                await asking.begin(self._prompt, stream=self._stream, transport=around.transport, deadline=deadline)
                return asking
            except Fault as fault:
                verdict = decide(
                    fault, began=False, may_fall_back=self._may_fall_back(candidate), retried=retried, seconds_left=self._deadline - clock()
                )
                error = fault.error(candidate.provider, candidate.key.label)
                if verdict == "retry":
                    self._attempts.append(asking.gave_up("retried", error, status=fault.status))
                else:
                    self._attempts.append(asking.failed("next" if verdict == "next" else "stopped", fault))
                wait = fault.retry_after or 0.0
            except SpacesError as stop:
                self._attempts.append(asking.gave_up("stopped", stop))
                raise
            except BaseException:
                self._attempts.append(asking.gave_up("cancelled"))
                raise
            finally:
                if asking.attempt:
                    await asking.settle()
            if verdict == "retry":
                retried = True
                await asyncio.sleep(wait)
                continue
            self._errors.append(error)
            if verdict == "stop":
                raise error
            return None

    async def _give_up(self, asking: Asking) -> None:
        self._attempts.append(asking.gave_up("cancelled"))
        await asking.hang_up()
        await asking.settle()

    def _receipt(self, asking: Asking | None, usage: Usage | None = None) -> Receipt:
        attempts = tuple(sorted(self._attempts, key=lambda attempt: attempt.number) if len(self._attempts) > 1 else self._attempts)
        cost, guess = sums(attempts)
        counted = [self._around.budget.counted(attempt) for attempt in attempts]
        receipt = Receipt(
            model=asking.candidate.model if asking else self._prompt.model,
            provider=asking.candidate.provider if asking else None,
            attempts=attempts,
            skipped=tuple(self._skipped),
            usage=usage,
            cost_usd=cost,
            first_token_ms=_since(self._started, asking),
            latency_ms=round((time.perf_counter() - self._started) * 1000, 2),
            estimate_usd=guess,
            counted_usd=None if None in counted else sum(counted),
        )
        self._around.on_receipt(self._caller_id, receipt)
        return receipt


def _letters(piece: compatible.Piece) -> int:
    if isinstance(piece, (Text, Reasoning)):  # a tuple: a union would be made anew for every piece
        return len(piece.text)
    return len(piece.arguments) if isinstance(piece, ToolCallDelta) else 0


def _since(started: float, asking: Asking | None) -> float | None:
    if asking is None or asking.first_token_at is None:
        return None
    return round((asking.first_token_at - started) * 1000, 2)
