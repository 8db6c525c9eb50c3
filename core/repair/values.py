"""What a repair looks at and what it tells: a look at an app, which of two is better, the receipt of a rung. All frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Stage = Literal["preflight", "start", "check", "use", "done"]
RungKind = Literal["rules", "again", "model"]
# How far an app comes. `install` and `start` are told apart for comparing: an app whose packages are there came further.
_ORDER = {"preflight": 0, "install": 1, "start": 2, "check": 3, "use": 4, "done": 5}
_SCORES = {"preflight": 0, "install": 10, "start": 20, "check": 50, "use": 80, "done": 100}
_PLACES = re.compile(r"\bline \d+|\d+")


@dataclass(frozen=True)
class Look:
    """An app as one look found it.

    stage: where it stands or fails: preflight (its files), install (its packages), start, check (its page), use, done.
    error: the first error, a sentence; "" when there is none. path, line: the place in the project it points at.
    reached: how far into the app's own file its start came, a line; 0 where that is not known.
    problems: everything the browser found, in sentences. findings: what the files lack, `{path, line, message, fix, severity}`.
    log: the newest lines the app or its installer wrote. console: what the page wrote. missing: addresses of the app that failed.
    steps: what was done on the page, up to the failure, in words.
    """

    stage: Literal["preflight", "install", "start", "check", "use", "done"]
    ok: bool
    error: str = ""
    path: str = ""
    line: int = 0
    reached: int = 0
    problems: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()
    log: tuple[str, ...] = ()
    console: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()

    @property
    def score(self) -> int:
        """0 to 100: how far it came, less one for each further problem; 100 is an app that was used and works."""
        if self.ok:
            return 100 if self.stage == "done" else 50
        return _SCORES[self.stage] + 5 - min(self._count, 5)

    @property
    def _count(self) -> int:
        if self.stage == "preflight":
            return sum(one["severity"] == "error" for one in self.findings)
        return max(1, len(self.problems)) if not self.ok else 0

    def better_than(self, other: Look) -> bool:
        """It came further, or has fewer problems, or fails with another error later in the same file. Equal is not better."""
        mine, theirs = (_ORDER[self.stage], self.ok, -self._count), (_ORDER[other.stage], other.ok, -other._count)
        if mine != theirs:
            return mine > theirs
        return self.another_error(other) and self.reached > other.reached > 0

    def another_error(self, other: Look) -> bool:
        """Its first error is not the other's, whatever lines they stand in."""
        return _PLACES.sub("", self.error) != _PLACES.sub("", other.error)

    def short(self) -> dict[str, Any]:
        """The state in a receipt: `{stage, score, error}`."""
        return {"stage": "start" if self.stage == "install" else self.stage, "score": self.score, "error": self.error}


@dataclass(frozen=True)
class Answer:
    """What a model proposed. changes: path → new content, None deletes. trouble: why nothing of it could be used, or "".

    declined: it says that the app is right as it is, and `why`.
    """

    changes: Mapping[str, bytes | None] = field(default_factory=dict)
    why: str = ""
    trouble: str = ""
    tokens: int = 0
    cost_usd: float | None = None
    declined: bool = False


@dataclass(frozen=True)
class Rung:
    """The receipt of one rung: what was tried, the state before and after it, whether it was kept, what it cost.

    cost_usd: 0.0 for what is free, None where the price is not known.
    """

    rung: int
    kind: RungKind
    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    kept: bool
    tokens: int = 0
    cost_usd: float | None = 0.0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Outcome:
    """How a repair ended. look: the state that stands. wrong: what is still wrong, in sentences. note: why it stopped, or ""."""

    first: Look
    look: Look
    rungs: tuple[Rung, ...]
    note: str = ""

    @property
    def wrong(self) -> tuple[str, ...]:
        return () if self.look.ok else self.look.problems or (self.look.error,)
