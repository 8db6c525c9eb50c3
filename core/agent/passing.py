"""What passes by while a reply comes: pieces of text and lines of a log, clean before anybody sees them.

A secret may come in two pieces, so the word that is still being written is held back until it is whole.
"""

from __future__ import annotations

import re
import string
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from core.agent.keeping import clean
from core.events import Event, Log, Reasoning, Text
from core.secrets import Secret

_WORD = string.ascii_letters + string.digits + string.punctuation
_LONGEST_WORD = 2_000
_BEARER = re.compile(r"(?i)bearer\s*$")
_LINES = 500
_LONGEST = 400_000


@dataclass
class _Stream:
    """Text that grows: what may be seen of it, and the word that may not yet."""

    seen: str = ""
    word: str = ""

    def add(self, text: str, secrets: tuple[Secret, ...]) -> None:
        self.word += text
        head = self.word.rstrip(_WORD)
        if bearer := _BEARER.search(head[-40:]):
            head = head[: len(head) - len(bearer[0])]
        if len(self.word) - len(head) > _LONGEST_WORD:
            head = self.word[: -_LONGEST_WORD // 2]
        if head and len(self.seen) < _LONGEST:
            self.seen += clean(head, secrets)
        self.word = self.word[len(head) :]


@dataclass
class Place:
    """How far one follower has come."""

    round: int = 0
    shown: dict[str, int] = field(default_factory=lambda: {"text": 0, "reasoning": 0})
    line: int = 0


class Passing:
    """The reply under way, and the newest lines."""

    def __init__(self) -> None:
        self._round = 0
        self._streams = {"text": _Stream(), "reasoning": _Stream()}
        self._lines: deque[Log] = deque(maxlen=_LINES)
        self._counted = 0

    def add(self, event: Event, secrets: tuple[Secret, ...]) -> None:
        if isinstance(event, Text | Reasoning):
            self._streams["text" if isinstance(event, Text) else "reasoning"].add(event.text, secrets)
        elif isinstance(event, Log):
            self._counted += 1
            self._lines.append(Log(at=event.at, source=clean(event.source, secrets), text=clean(event.text[:4_000], secrets)))

    def clear(self) -> None:
        """The reply is whole, or will never be."""
        self._round += 1
        self._streams = {"text": _Stream(), "reasoning": _Stream()}

    def so_far(self) -> dict[str, str]:
        return {name: stream.seen for name, stream in self._streams.items()}

    def start(self) -> Place:
        """Where a new follower begins: at the beginning of the reply under way, and with the lines to come."""
        return Place(round=self._round, line=self._counted)

    def since(self, place: Place) -> list[Event]:
        """What came since that place, which moves on."""
        if place.round != self._round:
            place.round, place.shown = self._round, {"text": 0, "reasoning": 0}
        missed = min(self._counted - place.line, len(self._lines))
        found: list[Any] = list(self._lines)[len(self._lines) - missed :] if missed > 0 else []
        place.line = self._counted
        for name, kind in (("reasoning", Reasoning), ("text", Text)):
            piece = self._streams[name].seen[place.shown[name] :]
            if piece:
                place.shown[name] += len(piece)
                found.append(kind(text=piece))
        return found
