"""How the helpers of one program reach the Hub: under its budget, its time and at most eight requests at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Container, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from core.errors import SpacesError, Unexpected
from core.query.budget import Budget, OutOfBudget, OutOfTime
from core.secrets import Secret

if TYPE_CHECKING:
    from core.hub.wire import Answer, Wire

AT_ONCE = 8
_REQUEST_SECONDS = 30.0


@dataclass(frozen=True)
class Pages:
    """Rows of one listing: whether that is all of it, why reading stopped (limit, page_limit, budget, error) and the error."""

    rows: list[Any]
    exhausted: bool
    stopped: str | None = None
    error: SpacesError | None = None
    pages: int = 0
    first: Any = None
    last: Any = None


@dataclass
class Reach:
    """One program's way to the Hub. `token` never enters the sandbox.

    Args:
        wire: the client of the Hub's endpoint.
        token: the caller's, or None.
        budget: what may be spent.
        rows: the client of the service that tells the rows of datasets, if there is one.
    """

    wire: Wire
    token: Secret | None
    budget: Budget
    rows: Wire | None = None
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @property
    def endpoint(self) -> str:
        """The Hub's address, for the links of rows."""
        return self.wire.endpoint.rstrip("/")

    async def get(self, path: str, params: Mapping[str, Any] | None = None, *, allow_status: Container[int] = ()) -> Answer:
        """One GET. Raises core.errors, `OutOfBudget`, `OutOfTime`."""
        self.budget.check()
        async with self.slots:
            self.budget.check()
            try:
                answer = await self.wire.get(
                    path, token=self.token, params=params, timeout=self._seconds(), on_request=self.budget.spend, allow_status=allow_status
                )
            except SpacesError as error:
                self._failed(path, error)
                raise
        self.budget.note(path, status=answer.status, cached=answer.cached)
        return answer

    async def json(self, path: str, params: Mapping[str, Any] | None = None, *, shape: type = dict) -> Any:
        """The JSON of one GET, which must be an object (or a list); anything else is `Unexpected`."""
        return self.expect((await self.get(path, params)).data, path, shape)

    def expect(self, data: Any, path: str, shape: type) -> Any:
        """The data, or `Unexpected` when it is not of that shape."""
        if not isinstance(data, shape):
            raise Unexpected(f"The Hub answered {path} in a shape this runtime does not know.", "Try again later, or use another helper.")
        return data

    async def pages(
        self,
        path: str,
        params: Mapping[str, Any] | None = None,
        *,
        enough: Callable[[list[Any]], bool],
        pick: Callable[[Any], Any] = lambda data: data,
        max_pages: int = 400,
    ) -> Pages:
        """Rows of a listing that continues by its Link header, until `enough(rows)`.

        An error, or the end of the budget, in the middle does not lose the rows before it.
        """
        self.budget.check()
        async with self.slots:
            found = self.wire.pages(path, token=self.token, params=params, max_pages=max_pages, timeout=self._seconds(), on_request=self.budget.spend)
            async with aclosing(found):
                return await self._gather(path, found, enough, pick, lambda answer, rows: answer.next is not None)

    async def steps(
        self,
        path: str,
        params: Mapping[str, Any],
        *,
        enough: Callable[[list[Any]], bool],
        pick: Callable[[Any], Any],
        onward: Callable[[Any, list[Any]], Mapping[str, Any] | None],
        max_pages: int = 400,
    ) -> Pages:
        """The same for a listing without Link: `onward(data, rows)` gives the arguments of the next page, or None at the end."""

        async def walk() -> AsyncIterator[Answer]:
            more: Mapping[str, Any] | None = {}
            seen = 0
            for _ in range(max_pages):
                answer = await self.wire.get(
                    path, token=self.token, params={**params, **more}, timeout=self._seconds(), on_request=self.budget.spend
                )
                yield answer
                more = onward(answer.data, rows)
                if more is None or len(rows) == seen:
                    return
                seen = len(rows)

        rows: list[Any] = []
        self.budget.check()
        async with self.slots:
            found = walk()
            async with aclosing(found):
                return await self._gather(path, found, enough, pick, lambda answer, read: onward(answer.data, read) is not None, rows)

    async def _gather(
        self,
        path: str,
        answers: AsyncIterator[Answer],
        enough: Callable[[list[Any]], bool],
        pick: Callable[[Any], Any],
        continues: Callable[[Answer, list[Any]], bool],
        rows: list[Any] | None = None,
    ) -> Pages:
        rows = [] if rows is None else rows
        count, first, last, grew = 0, None, None, True
        try:
            async for answer in answers:
                self.budget.note(path, status=answer.status, cached=answer.cached)
                first, last, count, before = answer.data if count == 0 else first, answer.data, count + 1, len(rows)
                rows.extend(row for row in self.expect(pick(last), path, list) if isinstance(row, dict))
                grew = len(rows) > before
                if not continues(answer, rows):
                    return Pages(rows, True, pages=count, first=first, last=last)
                if enough(rows):
                    return Pages(rows, False, "limit", pages=count, first=first, last=last)
                self.budget.check()
        except SpacesError as error:
            self._failed(path, error)
            if not rows:
                raise
            return Pages(rows, False, "budget" if isinstance(error, (OutOfBudget, OutOfTime)) else "error", error, count, first, last)
        return Pages(rows, not grew, None if not grew else "page_limit", pages=count, first=first, last=last)

    def _seconds(self) -> float:
        return max(0.05, min(_REQUEST_SECONDS, self.budget.seconds_left))

    def _failed(self, path: str, error: SpacesError) -> None:
        if not isinstance(error, (OutOfBudget, OutOfTime)):
            self.budget.note(path, status=error.status, error=error)
