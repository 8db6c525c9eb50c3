"""Marks at which an upstream may keep the beginning of a prompt, so that the next request of a conversation costs less.

Anthropic and Gemini keep only what is marked (a block with `cache_control`, four at most in one request); OpenAI, DeepSeek
and most others keep a common beginning by themselves and may refuse a field they do not know. So a provider's row says for
which models marks are sent, and nobody else gets any.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

_MARK = {"cache_control": {"type": "ephemeral"}}
_SYSTEM = ("system", "developer")
_SAID = ("user", "tool")


def takes_marks(models: Sequence[str], model: str) -> bool:
    """One of the patterns is the model's."""
    return any(fnmatchcase(model.lower(), pattern) for pattern in models)


def marked(body: dict[str, Any]) -> dict[str, Any]:
    """The body with three marks: behind the system text, the last tool and the newest words of a person or a tool."""
    messages = list(body.get("messages") or ())
    for roles in (_SYSTEM, _SAID):
        for place in range(len(messages) - 1, -1, -1):
            message = messages[place]
            if message.get("role") in roles and (content := _marked(message.get("content"))) is not None:
                messages[place] = {**message, "content": content}
                break
    body = {**body, "messages": messages}
    if body.get("tools"):
        *others, last = body["tools"]
        body["tools"] = [*others, {**last, **_MARK}]
    return body


def _marked(content: Any) -> list[Any] | None:
    """The content as parts, its last text with a mark; None where there is no text, because an empty block may carry none."""
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else list(content) if isinstance(content, list) else []
    for place in range(len(parts) - 1, -1, -1):
        part = parts[place]
        if isinstance(part, dict) and part.get("type") == "text" and str(part.get("text") or "").strip():
            parts[place] = {**part, **_MARK}
            return parts
    return None
