"""The ladder: rules that are free, then a second try, then a model. It keeps only what is better and goes back to the best."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from core.errors import SpacesError
from core.repair.rules import Rule, fixes
from core.repair.values import Answer, Look, Outcome, Rung, RungKind

MOST_RUNGS = 5
MOST_FIXES = 8  # in one rung of rules
SECONDS = 600.0  # no rung begins later

# What may pass by itself: the machine was busy, the network or a port was not free for a moment.
_PASSING = re.compile(
    r"timed? ?out|did not start to serve within|did not answer within|address already in use|cannot find empty port|connection (?:reset|refused|aborted)"
    r"|temporary failure in name resolution|error sending request|dns error|too many requests|\b(?:429|502|503|504)\b"
    r"|kill signal|out of memory|cannot allocate memory|resource temporarily unavailable|browser (?:ended|crashed)|the page crashed",
    re.IGNORECASE,
)

# What data of an earlier version of the app says when the new one reads it.
_STALE = re.compile(
    r"no such (?:column|table)|has no column named|database disk image is malformed|file is not a database|duplicate column name", re.IGNORECASE
)

Files = Callable[[], Awaitable[Mapping[str, bytes]]]
Ask = Callable[[Look, Mapping[str, bytes], Sequence[str]], Awaitable[Answer]]
Tell = Callable[[int, str, str, float | None], None]


_ANEW = "Start anew, without the data an earlier version of the app kept"


@dataclass(frozen=True)
class Hands:
    """What a repair works with; the ladder itself knows neither projects nor previews.

    look: the app as it is now; patient asks with more time. fresh: the same after a new start without the data the app has
    kept; None where it keeps none. files: path → content. revision: where the files stand.
    write: changes and a message → the new revision. restore: make the files those of a revision; gives the new one.
    ask: a model's proposal; None without one. tell: number, what, state (working, done, warning) and seconds of a rung.
    """

    look: Callable[[bool], Awaitable[Look]]
    files: Files
    revision: Callable[[], str]
    write: Callable[[Mapping[str, bytes | None], str], Awaitable[str]]
    restore: Callable[[str], Awaitable[str]]
    ask: Ask | None = None
    tell: Tell = lambda number, what, state, seconds: None
    fresh: Callable[[], Awaitable[Look]] | None = None


class _Meddled(Exception):
    """Somebody else changed the files meanwhile; theirs stay."""


async def repair(hands: Hands, rules: Sequence[Rule], *, rungs: int = MOST_RUNGS, first: Look | None = None) -> Outcome:
    """Climb until the app works, nothing helps, or the rungs are used up.

    Args:
        hands: how to look, change and go back.
        rules: the known errors.
        rungs: 0 to 5.
        first: the look it begins with, when there was one already.

    A state that is not better than the best is taken back, so the files end as the best ones that were seen. When it is
    stopped in the middle, it goes back too. Where somebody else changes the files meanwhile it stops and leaves them.
    """
    climb = _Climb(hands, rules, first or await hands.look(False))
    try:
        await climb.up(max(0, min(rungs, MOST_RUNGS)))
    except _Meddled:
        climb.note = "Somebody else changed the files meanwhile, so the repair stopped and left them as they are."
        climb.best = await hands.look(False)
    except BaseException:
        await asyncio.shield(climb.back())
        raise
    return Outcome(climb.first, climb.best, tuple(climb.rungs), climb.note)


class _Climb:
    """One repair under way: the best state, where the files stand, what was tried."""

    def __init__(self, hands: Hands, rules: Sequence[Rule], first: Look):
        self.hands, self.rules = hands, rules
        self.first = self.best = first
        self.best_revision = self.at = hands.revision()
        self.tried: set[tuple[str, str]] = set()  # rule and what it did
        self.said: list[str] = []  # what was tried without success, and what followed
        self.again = self.asked_in_vain = self.anew = False
        self.rungs: list[Rung] = []
        self.note = ""

    async def up(self, most: int) -> None:
        began = time.monotonic()
        while not self.best.ok and len(self.rungs) < most and time.monotonic() - began < SECONDS:
            found = fixes(self.rules, self.best, await self.hands.files(), self.tried)
            if self.hands.fresh and not self.anew and _STALE.search(" ".join((self.best.error, *self.best.problems, *self.best.log))):
                self.anew = True
                await self._rung("again", _ANEW, self._start_anew)
            elif found:
                await self._rung("rules", found[0].what, self._by_rules)
            elif not self.again and _PASSING.search(" ".join((self.best.error, *self.best.problems))):
                self.again = True
                await self._rung("again", "Try once more, with more time", self._once_more)
            elif self.hands.ask is None:
                self.note = "No rule knows this error."
                return
            elif self.asked_in_vain:
                return
            else:
                await self._rung("model", "A model reads the error", self._by_model)
        if not self.best.ok and not self.note:
            self.note = "All rungs are used." if len(self.rungs) >= most else "The time for repairs is used up."

    async def _rung(self, kind: RungKind, what: str, climb: Callable[[], Awaitable[tuple[str, Look, Answer]]]) -> None:
        number, before, began = len(self.rungs) + 1, self.best, time.monotonic()
        self.hands.tell(number, what, "working", None)
        done, after, answer = await climb()
        kept = after.better_than(before)
        seconds = round(time.monotonic() - began, 2)
        if kept:
            self.best, self.best_revision = after, self.at
        else:
            await self.back()
            if kind == "model":
                self.said.append(f"{done}: " + (answer.trouble or f"then {after.error or 'nothing changed'}")[:400])
        self.rungs.append(Rung(number, kind, done, before.short(), after.short(), kept, answer.tokens, answer.cost_usd, seconds))
        undone = ", so it was taken back" if kind != "again" else ""
        vain = "" if kept or answer.declined else f"; that did not help{undone}"
        self.hands.tell(number, done + vain, "done" if kept else "warning", seconds)

    async def _by_rules(self) -> tuple[str, Look, Answer]:
        """Rule after rule while the error changes: behind one missing package may be another. The way back is per rule."""
        now, done, useful, vain = self.best, [], 0, []
        for _ in range(MOST_FIXES):
            found = fixes(self.rules, now, await self.hands.files(), self.tried)
            if not found or now.ok:
                break
            fix, before = found[0], self.at
            self.tried.add((fix.rule, fix.what))
            await self._write(fix.changes, fix.what)
            then = await self.hands.look(False)
            if not then.another_error(now) and not then.better_than(now):
                await self._to(before)  # the error is still there: this was not its cause
                vain.append((fix.what, then.error))
                continue
            now = then
            done.append((fix.what, then.error))
            if then.better_than(self.best):
                self.best, self.best_revision, useful = then, self.at, len(done)
        await self.back()
        vain += done[useful:]
        self.said += [f"{what}: then {error[:300]}" for what, error in vain]
        kept, tried = ("; ".join(what for what, _ in each) for each in (done[:useful], vain))
        return kept or f"Tried: {tried}", self.best, Answer(cost_usd=0.0)

    async def _once_more(self) -> tuple[str, Look, Answer]:
        return "Try once more, with more time", await self.hands.look(True), Answer(cost_usd=0.0)

    async def _start_anew(self) -> tuple[str, Look, Answer]:
        assert self.hands.fresh is not None
        return _ANEW, await self.hands.fresh(), Answer(cost_usd=0.0)

    async def _by_model(self) -> tuple[str, Look, Answer]:
        assert self.hands.ask is not None
        try:
            answer = await self.hands.ask(self.best, await self.hands.files(), tuple(self.said))
        except SpacesError as error:
            self.asked_in_vain, self.note = True, f"{error.message} {error.fix}"
            return "No model answered", self.best, Answer(trouble=error.message, cost_usd=0.0)
        if answer.declined:
            self.asked_in_vain, self.note = True, f"The model changed nothing: {answer.why}"
        what = answer.why or "A model's change"
        if not answer.changes:
            return what, self.best, answer
        try:
            await self._write(answer.changes, what)
        except SpacesError as error:
            return what, self.best, Answer(trouble=f"{error.message} {error.fix}", tokens=answer.tokens, cost_usd=answer.cost_usd)
        return what, await self.hands.look(False), answer

    async def _write(self, changes: Mapping[str, bytes | None], what: str) -> None:
        self._unmeddled()
        self.at = await self.hands.write(changes, f"Repair: {what}"[:200])

    async def _to(self, revision: str) -> None:
        self._unmeddled()
        if self.at != revision:
            self.at = await self.hands.restore(revision)
            if revision == self.best_revision:
                self.best_revision = self.at

    def _unmeddled(self) -> None:
        if self.hands.revision() != self.at:
            raise _Meddled

    async def back(self) -> None:
        """The files as they were in the best state, unless somebody else has them now."""
        if self.hands.revision() == self.at:
            await self._to(self.best_revision)
