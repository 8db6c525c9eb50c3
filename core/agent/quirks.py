"""What single upstreams insist on beyond the common wire. Nobody gets any of it before an error of theirs asks for it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from core.agent.values import Message


@dataclass(frozen=True)
class Quirk:
    """said: what the error says. change: of one message on its way out; None where `wire.safe` does it. source: where it was seen."""

    said: re.Pattern[str]
    change: Callable[[Message], Message] | None
    source: str


def _signed(message: Message) -> Message:
    """A call that Google's newer models made carries a signature; this word stands for one that is not there any more."""
    mark = {"google": {"thought_signature": "skip_thought_signature_validator"}}
    return _calls_changed(message, lambda call: call | {"extra_content": mark})


def _short(message: Message) -> Message:
    """Ids of nine letters and digits."""
    changed = _calls_changed(message, lambda call: call | {"id": _nine(call["id"])})
    return changed | {"tool_call_id": _nine(changed["tool_call_id"])} if "tool_call_id" in changed else changed


QUIRKS: dict[str, Quirk] = {
    "thoughts": Quirk(re.compile(r"reasoning_content"), None, "DeepSeek, Kimi: anomalyco/opencode#24722, MoonshotAI/kimi-agent-sdk#169"),
    "signatures": Quirk(re.compile(r"missing a .?thought_?signature", re.IGNORECASE), _signed, "Gemini 3: ai.google.dev/gemini-api/docs/thought-signatures"),
    "ids": Quirk(re.compile(r"tool call id .{0,90}length of 9", re.IGNORECASE), _short, "Mistral: anomalyco/opencode#1680"),
}


def asked_for(said: str, known: Iterable[str]) -> str | None:
    """The quirk an error asks for that is not met yet."""
    return next((name for name, quirk in QUIRKS.items() if name not in known and quirk.said.search(said)), None)


def meet(messages: list[Message], known: Iterable[str]) -> list[Message]:
    """The messages as an upstream with these quirks takes them."""
    for name in known:
        if change := QUIRKS[name].change:
            messages = [change(message) for message in messages]
    return messages


def _calls_changed(message: Message, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Message:
    return message | {"tool_calls": [change(call) for call in message["tool_calls"]]} if message.get("tool_calls") else message


def _nine(id: str) -> str:
    return id if re.fullmatch(r"[A-Za-z0-9]{9}", id) else hashlib.sha256(id.encode()).hexdigest()[:9]
