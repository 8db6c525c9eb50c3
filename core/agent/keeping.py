"""What of a conversation is kept, and what it must be for that: JSON, bounded, and without anything secret."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from pydantic_core import to_jsonable_python

from core import events
from core.agent.values import Message
from core.events import Event, Log, Reasoning, Text, ToolCall
from core.secrets import Secret, redact

# Pieces and lines pass by; the whole reply and the tool's result are kept in their place.
LIVE = (Text, Reasoning, ToolCall, Log)
EVENT_CHARACTERS = 11_000_000  # of a chat, beyond which most pictures go, and then its oldest events
MESSAGE_CHARACTERS = 4_000_000  # of a chat, beyond which its oldest tool results are no longer kept
PICTURES = 20
PICTURES_LEFT = 3
PICTURE_CHARACTERS = 400 * 1024 * 4 // 3  # 400 KB, in base64
_SENT_PICTURES = 2  # as many as a model is ever sent again
_BODY_CHARACTERS = 600_000
_TEXT_CHARACTERS = 20_000
_DEEPEST = 40
_GONE = "[the picture is no longer kept]"
_UNKEPT = "[this result is no longer kept; call the tool again]"
# A bearer needs a digit, so that words about "bearer authentication" stay.
_BEARER = re.compile(r"(?i)\b(bearer\s+)(?=[a-z._~+/=-]*\d)[a-z0-9._~+/=-]{12,}")
_PAT = re.compile(r"github_pat_[A-Za-z0-9_]{20,}")


def clean(text: str, secrets: Iterable[Secret | None] = ()) -> str:
    """The text without the caller's secrets and without whatever has the shape of one."""
    return _PAT.sub("github_pat_…", _BEARER.sub(r"\1…", redact(text, *secrets)))


def cleaned(value: Any, secrets: tuple[Secret, ...], depth: int = 0) -> Any:
    """JSON with every text in it clean. Pictures are passed over: base64 has no shape of a secret."""
    if isinstance(value, str):
        return value if value.startswith("data:image/") else clean(value, secrets)
    if depth > _DEEPEST:
        return None
    if isinstance(value, Mapping):
        return {
            clean(str(name), secrets): one if name == "base64" and isinstance(one, str) else cleaned(one, secrets, depth + 1)
            for name, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [cleaned(one, secrets, depth + 1) for one in value]
    return value


def body_of(event: Event, secrets: tuple[Secret, ...]) -> dict[str, Any]:
    """An event as it is kept and told."""
    body = cleaned(to_jsonable_python(event.to_dict(), fallback=str), secrets)
    picture = body.get("picture")
    if picture and len(picture.get("base64", "")) > PICTURE_CHARACTERS:
        body |= {"picture": None, "text": f"{body.get('text', '')}\n[the picture is larger than 400 KB and is not kept]".strip()}
    for smaller in (_without_data, _cut):
        if len(json.dumps({**body, "picture": None})) <= _BODY_CHARACTERS:
            break
        body = smaller(body)
    return body


def revived(body: Mapping[str, Any]) -> Event | None:
    """The event a body was made of, with its number; None for a kind that is no longer known."""
    kind = getattr(events, str(body.get("event")), None)
    if not (isinstance(kind, type) and issubclass(kind, Event)):
        return None
    known = {one.name for one in fields(kind)}
    try:
        return kind(**{name: value for name, value in body.items() if name in known})
    except TypeError:
        return None  # it lacks what the class asks for today


def without_picture(body: str) -> str:
    """The body of an event whose picture goes because newer ones came."""
    found = json.loads(body)
    return json.dumps(found | {"picture": None, "text": f"{found.get('text', '')}\n{_GONE}".strip()})


def kept_messages(messages: list[Message], secrets: tuple[Secret, ...], known: dict[int, tuple[Message, Any, str]]) -> list[str]:
    """The messages as bodies to keep; `known` remembers those that did not change since, and is brought up to date."""
    pictures = [place for place, one in enumerate(messages) if _has_picture(one)]
    bodies: list[str] = []
    remembered: dict[int, tuple[Message, Any, str]] = {}
    for place, message in enumerate(messages):
        if place in pictures[:-_SENT_PICTURES]:
            bodies.append(json.dumps(cleaned(_unpictured(message), secrets)))
            continue
        seen = known.get(id(message))
        fresh = seen is None or seen[0] is not message or seen[1] is not message.get("content")
        body = json.dumps(cleaned(to_jsonable_python(message, fallback=str), secrets)) if fresh else seen[2]
        remembered[id(message)] = (message, message.get("content"), body)
        bodies.append(body)
    known.clear()
    known.update(remembered)
    return _within(bodies)


def _within(bodies: list[str]) -> list[str]:
    """The bodies with the oldest tool results taken out until all fit."""
    size = sum(map(len, bodies))
    for place, body in enumerate(bodies):
        if size <= MESSAGE_CHARACTERS:
            break
        message = json.loads(body)
        if message.get("role") == "tool":
            bodies[place] = json.dumps(message | {"content": _UNKEPT})
            size -= len(body) - len(bodies[place])
    return bodies


def _has_picture(message: Message) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in content)


def _unpictured(message: Message) -> Message:
    parts = [{"type": "text", "text": _GONE} if part.get("type") == "image_url" else part for part in message["content"]]
    return {**message, "content": parts}


def _without_data(body: dict[str, Any]) -> dict[str, Any]:
    return body | {name: None for name in ("data", "plan") if body.get(name) is not None}


def _cut(body: Any) -> Any:
    if isinstance(body, str):
        return body if len(body) <= _TEXT_CHARACTERS else f"{body[:_TEXT_CHARACTERS]}\n[cut: {len(body):,} characters]"
    if isinstance(body, dict):
        return {name: one if name in ("base64", "picture") else _cut(one) for name, one in body.items()}
    return [_cut(one) for one in body[:1_000]] if isinstance(body, list) else body
