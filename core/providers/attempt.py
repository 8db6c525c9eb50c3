"""One request to one candidate, from the reservation of its cost to the line on the receipt."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from dataclasses import replace

from core.errors import SpacesError
from core.providers import compatible, exotic
from core.providers.breaker import Breaker
from core.providers.order import answer_tokens, prompt_tokens
from core.providers.policy import Fault
from core.providers.provider import End
from core.providers.seams import Budget, Prices, Reservation
from core.providers.table import row_of
from core.providers.transport import Transport
from core.providers.values import Attempt, Candidate, Outcome, Prompt, Usage

Heard = Callable[[str, Candidate, Attempt | None], None]
_settling: set[asyncio.Task[None]] = set()


class Asking:
    """An attempt in flight. `begin` waits for its first piece; `answered`, `failed` or `gave_up` ends it, exactly once.

    first, pieces: of an answer that is streamed. whole: every piece of one that is not.
    heard: told when it goes out (without an attempt) and when it is over (with it).
    """

    def __init__(
        self,
        candidate: Candidate,
        number: int,
        reservation: Reservation,
        *,
        caller_id: str,
        budget: Budget,
        prices: Prices,
        breaker: Breaker,
        heard: Heard,
    ):
        self.candidate = candidate
        self.number = number
        self.first: compatible.Piece
        self.pieces: AsyncGenerator[compatible.Piece, None] | None = None
        self.whole: list[compatible.Piece] = []
        self._reservation = reservation
        self._caller_id = caller_id
        self._budget = budget
        self._prices = prices
        self._breaker = breaker
        self._heard = heard
        self._started = time.perf_counter()
        self.first_token_at: float | None = None
        self.attempt: Attempt | None = None
        self._billed_to: str | None = None
        self.came = 0  # letters of the answer so far
        self._prompt: Prompt | None = None

    async def begin(self, prompt: Prompt, *, stream: bool, transport: Transport, deadline: float) -> None:
        """Send the request and wait for the first piece, or without `stream` for all of them. Raises `Fault`."""
        candidate = self.candidate
        self._prompt = prompt
        row = row_of(candidate.key)
        if row.bills:
            prompt = prompt if prompt.bill_to or not candidate.key.bill_to else replace(prompt, bill_to=candidate.key.bill_to)
            self._billed_to = prompt.bill_to
        self._breaker.begin(self._caller_id, candidate.key, candidate.model)
        self._heard(self._caller_id, candidate, None)
        exotic_wire = row.wire == "exotic"
        if not stream and not exotic_wire:
            self.whole = await compatible.ask_whole(candidate, prompt, row, transport=transport, deadline=deadline)
        else:
            if exotic_wire:
                self.pieces = exotic.ask(candidate, prompt, row, stream=stream, deadline=deadline)
            else:
                self.pieces = compatible.ask(candidate, prompt, row, transport=transport, deadline=deadline)
            if stream:
                self.first = await anext(self.pieces)
            else:
                self.whole = [piece async for piece in self.pieces]
        self.first_token_at = time.perf_counter()

    def answered(self, end: End) -> Attempt:
        """It came to its end."""
        self._breaker.succeeded(self._caller_id, self.candidate.key, self.candidate.model)
        return self._close("answered", usage=end.usage, cost=self._cost(end.usage))

    def failed(self, outcome: Outcome, fault: Fault) -> Attempt:
        """It failed; the candidate rests as the fault's rule says."""
        key = self.candidate.key
        self._breaker.failed(self._caller_id, key, self.candidate.model, fault)
        billed = (fault.rule.billed or outcome == "interrupted") and key.secret is not None
        error = fault.error(self.candidate.provider, key.label)
        return self._close(outcome, status=fault.status, error=error, cost=None if billed else 0.0)

    def gave_up(self, outcome: Outcome, error: SpacesError | None = None, *, status: int | None = None) -> Attempt:
        """We ended it: the person left, another candidate was faster, the prompt could not be sent, or it is sent again."""
        self._breaker.released(self._caller_id, self.candidate.key, self.candidate.model)
        unknown = outcome == "cancelled" and self.candidate.key.secret is not None
        return self._close(outcome, status=status, error=error, cost=None if unknown else 0.0)

    async def hang_up(self) -> None:
        """Close the connection, wherever the answer stands."""
        if self.pieces is not None:
            await self.pieces.aclose()

    async def settle(self) -> None:
        """Tell the budget what the attempt cost; of a cancelled one in a task of its own, which no second cancelling reaches."""
        assert self.attempt is not None
        paying = self._budget.settle(self._reservation, self.attempt.cost_usd, self.attempt.usage)
        if self.attempt.outcome != "cancelled":
            await paying
            return
        task = asyncio.ensure_future(paying)
        _settling.add(task)
        task.add_done_callback(_settling.discard)
        await asyncio.shield(task)

    def _since_start(self, moment: float) -> float:
        return round((moment - self._started) * 1000, 2)

    def _cost(self, usage: Usage | None) -> float | None:
        if self.candidate.key.secret is None:
            return 0.0
        if usage is None:
            return None
        if usage.cost_usd is not None:
            return usage.cost_usd
        price = self._prices.price(self.candidate.provider, self.candidate.model)
        if price is None:
            return None
        return (usage.prompt * price.input + usage.completion * price.output) / 1_000_000

    def _estimate(self) -> float | None:
        price = self._prices.price(self.candidate.provider, self.candidate.model)
        if price is None or self._prompt is None:
            return None
        return (prompt_tokens(self._prompt) * price.input + answer_tokens(self.came) * price.output) / 1_000_000

    def _close(
        self,
        outcome: Outcome,
        *,
        cost: float | None,
        status: int | None = 200,
        error: SpacesError | None = None,
        usage: Usage | None = None,
    ) -> Attempt:
        assert self.attempt is None
        key = self.candidate.key
        self.attempt = Attempt(
            number=self.number,
            provider=self.candidate.provider,
            key_label=key.label,
            model=self.candidate.model,
            status=status,
            outcome=outcome,
            error=error.to_dict() if error else None,
            latency_ms=self._since_start(time.perf_counter()),
            first_token_ms=None if self.first_token_at is None else self._since_start(self.first_token_at),
            usage=usage,
            cost_usd=cost,
            paid_by=key.payer if cost != 0.0 else "nobody",
            billed_to=self._billed_to if cost != 0.0 else None,
            estimate_usd=self._estimate() if cost is None else None,
        )
        self._heard(self._caller_id, self.candidate, self.attempt)
        return self.attempt
