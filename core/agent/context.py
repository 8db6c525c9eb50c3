"""Keeps a conversation within what its model holds: old tool output shrinks first, then the work before the newest becomes a summary.

A person's own words stay word for word in what is kept. Only where they alone are too long for the model does it get a
copy with the middle of the longest left out, and the copy says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.agent.summary import composed, cut, plain, request, transcript
from core.agent.superseding import supersede
from core.agent.tokens import MOST, calibrated, estimate, estimate_message
from core.agent.values import Emit, Message, Mind, Tool, TooLong
from core.errors import SpacesError
from core.events import Noticed

THRESHOLD = 0.85
_NEWEST_WHOLE = 6  # tool results
_KEPT_ENDS = 400  # characters of each end of an older one
_CUT_MARK = "characters; call the tool again to read it]"
_TAIL_SHARE = 0.4  # of the limit, for the newest messages that stay beside a summary
_FILLED = 0.7  # of the limit at most is in use after a summary, so that the next one is some way off
_WORDS_SHARE = 0.6  # of the limit, for a person's own words
_LEAST_WORDS = 1_000  # characters that are left of the longest message of a person
_TIGHT = 2_000  # characters of a newest tool result when the first summary was not enough
_CHARACTERS_A_TOKEN = 3


class Context:
    """Fits one conversation to one mind.

    agent: the sub-agent's id in what it tells, or "".
    """

    def __init__(self, mind: Mind, emit: Emit, *, agent: str = ""):
        self._mind, self._emit, self._agent = mind, emit, agent
        self._scale = 1.0
        self._sent = 0  # the uncalibrated estimate of what was sent last
        self._heard: Message | None = None  # the newest reply whose report is in the scale

    @property
    def limit(self) -> int:
        """Estimated tokens a request may have: 85 % of the window, less room for the answer."""
        return int(THRESHOLD * self._mind.window) - min(4_000, self._mind.window // 10)

    def reported(self, tokens: int) -> None:
        """What the upstream counted for the request `fit` made last; later estimates are put right by it."""
        self._scale = calibrated(self._scale, self._sent, tokens)
        self._sent = 0

    def weigh(self, messages: Sequence[Message], system: str = "", tools: Sequence[Tool] = ()) -> int:
        """As `tokens`, for what is sent next as it is: the report of its reply puts the estimate right."""
        self._learn(messages)
        self._sent = estimate(messages, system, tools)
        return int(self._scale * self._sent)

    def tokens(self, messages: Sequence[Message], system: str = "", tools: Sequence[Tool] = ()) -> int:
        """Tokens of a request, estimated and put right by what was reported."""
        return int(self._scale * estimate(messages, system, tools))

    async def fit(self, messages: list[Message], system: str, tools: Sequence[Tool], force: bool = False) -> list[Message]:
        """The list to send. Makes `messages` smaller in place when they are too many for the model.

        force: the upstream said that it is too long, whatever the estimate says. Raises `TooLong` when two summaries in a
        row do not make it fit, with what to do.
        """
        self._learn(messages)
        supersede(messages)
        fixed = estimate((), system, tools)
        before = self.tokens(messages, system, tools)
        goal = self.limit
        if force:
            # The estimate was too low by some unknown part: what is sent next is a good deal smaller either way.
            self._scale = min(MOST, max(self._scale * 1.25, self._scale * self._mind.window / max(before, 1)))
            before = self.tokens(messages, system, tools)
            goal = min(goal, int(before * 0.7))
        sent = self._within(messages, fixed, goal)
        if sent is None and (shrink(messages) or force):
            sent = self._within(messages, fixed, goal)
        for words, share in () if sent is not None else ((900, _TAIL_SHARE), (400, 0.0)):
            await self._summarise(messages, words, self._tail(messages, fixed, goal, share))
            if not share:
                shrink(messages, whole=0, ends=_TIGHT // 2)
            sent = self._within(messages, fixed, goal)
            if sent is not None:
                break
        if sent is None:
            size = self.tokens(messages, system, tools)
            raise TooLong(
                f"The conversation has about {size} tokens (estimated) even as a summary, and the model takes {self._mind.window}.",
                "Choose a model with a larger context, or begin a new chat with the same project.",
            )
        after = self.tokens(messages, system, tools)
        if after < before:
            text = f"Earlier work was made shorter: about {before} tokens before, {after} after (estimated)."
            self._emit(Noticed(kind="compacted", text=text, agent=self._agent))
        self._sent = fixed + sum(map(estimate_message, sent))
        return sent

    def _learn(self, messages: Sequence[Message]) -> None:
        """Take in what the newest reply tells of the request it answered, once."""
        newest = next((message for message in reversed(messages) if message.get("role") == "assistant" and "tokens" in (message.get("meta") or {})), None)
        if newest is not None and newest is not self._heard:
            self.reported(newest["meta"]["tokens"][0])
        self._heard = newest

    def _within(self, messages: list[Message], fixed: int, goal: int) -> list[Message] | None:
        """What to send if it fits the goal: the messages, or a copy with a person's longest words cut when those take most of it."""
        sizes = [estimate_message(message) for message in messages]
        if self._scale * (fixed + sum(sizes)) <= goal:
            return list(messages)
        allowed = _WORDS_SHARE * goal / self._scale
        words = sum(size for size, message in zip(sizes, messages, strict=True) if said(message))
        if words <= allowed:
            return None
        copy = shortened(messages, int(words - allowed))
        return copy if self._scale * (fixed + sum(map(estimate_message, copy))) <= goal else None

    def _tail(self, messages: Sequence[Message], fixed: int, goal: int, share: float) -> int:
        """Tokens for the newest messages beside a summary: a share of the goal, less where a person's words already fill it."""
        words = min(_WORDS_SHARE * goal, sum(estimate_message(message) for message in messages if said(message)))
        return int(max(0, min(share * goal, _FILLED * goal - fixed - words)) / self._scale)

    async def _summarise(self, messages: list[Message], words: int, tail: int) -> None:
        """Put a summary in the place of everything but a person's own words and the newest messages of at most `tail` tokens."""
        start = tail_start(messages, tail)
        old = messages[:start]
        gone = [message for message in old if not said(message)]
        if not gone or all((message.get("meta") or {}).get("kind") == "summary" for message in gone):
            return
        try:
            room = int(0.6 * self._mind.window / self._scale) * _CHARACTERS_A_TOKEN
            written = await self._mind.summarise(request(transcript(old, min(room, 400_000))), words=words, emit=self._emit)
        except SpacesError:
            written = ""  # the rules say what they can
        messages[:start] = [*(message for message in old if said(message)), composed(written, old, words)]


def said(message: Message) -> bool:
    """A person's own words."""
    return message.get("role") == "user" and (message.get("meta") or {}).get("kind", "said") == "said"


def shrink(messages: list[Message], *, whole: int = _NEWEST_WHOLE, ends: int = _KEPT_ENDS) -> bool:
    """Leave beginning and end of every tool result but the newest `whole`, and take out every picture but the newest; True if any changed."""
    results = [place for place, message in enumerate(messages) if message.get("role") == "tool"]
    pictures = [place for place, message in enumerate(messages) if message.get("role") != "tool" and _has_picture(message)]
    changed = False
    for place in results[: len(results) - whole] if whole else results:
        text = plain(messages[place])
        if len(text) > 2 * ends + 200 and not text.endswith(_CUT_MARK):
            short = f"{text[:ends]}\n…\n{text[-ends:]}\n[cut: {len(text) - 2 * ends} {_CUT_MARK}"
            messages[place] = {**messages[place], "content": short}
            changed = True
    for place in pictures[:-1] if whole else pictures:
        if not said(messages[place]):
            words = "\n".join(part.get("text", "") for part in messages[place]["content"] if part.get("type") == "text")
            messages[place] = {**messages[place], "content": f"{words}\n[an older picture was taken out]".strip()}
            changed = True
    return changed


def tail_start(messages: Sequence[Message], tokens: int) -> int:
    """Where the newest messages of at most so many tokens begin. A reply and the results of its calls are never parted; the last one always stays."""
    starts = [place for place, message in enumerate(messages) if message.get("role") != "tool"] or [0]
    size, start = 0, len(messages)
    for place in reversed(starts):
        size += sum(map(estimate_message, messages[place:start]))
        if size > tokens and start < len(messages):
            break
        start = place
    return start


def shortened(messages: Sequence[Message], surplus: int) -> list[Message]:
    """A copy in which the middle of a person's longest messages is left out until about `surplus` tokens are gone."""
    copy = list(messages)
    places = sorted((place for place, message in enumerate(copy) if said(message)), key=lambda place: -len(plain(copy[place])))
    for place in places:
        if surplus <= 0:
            break
        text, size = plain(copy[place]), estimate_message(copy[place])
        keep = max(_LEAST_WORDS, int(len(text) * (size - surplus - 40) / size))
        if keep < len(text):
            note = "[The middle of this message is left out here because it is too long for the model.]"
            copy[place] = {**copy[place], "content": f"{cut(text, keep)}\n{note}"}
            surplus -= size - estimate_message(copy[place])
    return copy


def _has_picture(message: Message) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(isinstance(part, dict) and part.get("type") == "image_url" for part in content)
