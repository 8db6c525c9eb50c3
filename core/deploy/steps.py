"""The steps of a deploy as events: stable names, each told once per change."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from core.events import Event, Step, StepState

Name = Literal["plan", "create", "commit", "build", "start", "serve"]


@dataclass
class Steps:
    """Tells a listener about steps; knows which one is at work and since when."""

    emit: Callable[[Event], None]
    current: Name | None = None
    _since: dict[str, float] = field(default_factory=dict)
    _told: dict[str, tuple[str, str]] = field(default_factory=dict)

    def tell(self, name: Name, text: str, state: StepState = "working") -> None:
        """Emit the step, unless this was the last thing said about it."""
        if self._told.get(name) == (text, state):
            return
        self._told[name] = (text, state)
        now = time.monotonic()
        if state == "working":
            self.current = name
            self._since.setdefault(name, now)
            self.emit(Step(name=name, text=text, state=state))
            return
        seconds = round(now - self._since.get(name, now), 3)
        self.emit(Step(name=name, text=text, state=state, seconds=seconds))
        if self.current == name:
            self.current = None

    def done(self, name: Name, text: str) -> None:
        """Mark a step as done, if it was begun and not finished yet."""
        if name in self._told and self._told[name][1] not in ("done", "failed"):
            self.tell(name, text, "done")

    def fail(self, text: str) -> None:
        """Mark the step at work as failed."""
        if self.current:
            self.tell(self.current, text, "failed")
