"""What comes of one reply: thoughts and text told apart, shown as they come, and put together."""

from __future__ import annotations

from core.agent.textual import Curtain
from core.agent.thoughts import Thoughts, unthought
from core.agent.values import Emit
from core.events import Reasoning, Text

MOST_REASONING = 200_000  # characters of one reply
MOST_TEXT = 400_000


class Heard:
    """One reply while it comes. curtain: keeps calls in words from a person's eyes; None where there are no tools."""

    def __init__(self, emit: Emit, curtain: Curtain | None):
        self._emit, self._curtain, self._split = emit, curtain, Thoughts()
        self._text: list[str] = []
        self._thoughts: list[str] = []
        self._sizes = [0, 0]

    @property
    def endless(self) -> str:
        """What the model does not stop doing, or ""."""
        return "writing" if self._sizes[0] > MOST_TEXT else "thinking" if self._sizes[1] > MOST_REASONING else ""

    def said(self, piece: str) -> None:
        text, thought = self._split.split(piece)
        self.thought(thought)
        self._answer(text)

    def thought(self, piece: str) -> None:
        if piece:
            self._thoughts.append(piece)
            self._sizes[1] += len(piece)
            self._emit(Reasoning(text=piece))

    def whole(self) -> tuple[str, str]:
        """The text and the thoughts."""
        text, thought = self._split.end()
        self.thought(thought)
        self._answer(text)
        return unthought("".join(self._text), "".join(self._thoughts))

    def _answer(self, text: str) -> None:
        if not text:
            return
        self._text.append(text)
        self._sizes[0] += len(text)
        if shown := (self._curtain.pass_on(text) if self._curtain else text):
            self._emit(Text(text=shown))
