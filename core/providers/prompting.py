"""A prompt from what a person or a program sent: checked, bounded, complete."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput, TooLarge
from core.providers.values import Prompt

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_MOST_MESSAGES = 2_000
_MOST_CHARACTERS = 8_000_000
_MOST_TOOLS = 256
_LONGEST_SECONDS = 1_800.0
# What `extra` may not carry: it has an argument of its own, or it multiplies the cost behind the budget's back.
_NOT_EXTRA = frozenset(
    "model messages stream stream_options tools tool_choice temperature response_format n best_of max_tokens "
    "max_completion_tokens max_output_tokens max_new_tokens user usage".split()
)


def build_prompt(
    *,
    prompt: str | None = None,
    messages: Sequence[Mapping[str, Any]] | None = None,
    model: str | None = None,
    provider: str | None = None,
    prefer: Sequence[str] | str | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    extra: Mapping[str, Any] | None = None,
    so_far: str | None = None,
    **settings: Any,
) -> Prompt:
    """A `Prompt` with either one text or a list of messages; `InvalidInput` names what is wrong.

    Args:
        prompt: one text, asked as the user.
        messages: the conversation, in OpenAI's shape; comes before `prompt` when both are given.
        model: an upstream's model id; empty or "auto" takes each key's own first one.
        so_far: what came of an answer that broke off, to go on behind it.
        settings: the other fields of `Prompt`; None is left out.
    """
    said = [dict(message) for message in messages or ()]
    if prompt:
        said.append({"role": "user", "content": prompt})
    if not said:
        raise InvalidInput("There is nothing to ask.", "Give a prompt, or messages.")
    _check_messages(said)
    given = {name: value for name, value in settings.items() if value is not None}
    _number(given, "temperature", 0, 2)
    _number(given, "max_tokens", 1, 1_000_000)
    _number(given, "max_price", 0, 100_000)
    _number(given, "timeout", 1, _LONGEST_SECONDS)
    if tools and len(tools) > _MOST_TOOLS:
        raise TooLarge(f"A prompt has at most {_MOST_TOOLS} tools.")
    if wrong := _NOT_EXTRA & set(extra or ()):
        raise InvalidInput(f"extra may not hold {min(wrong)}.", "Give it as an argument of its own, or leave it out.")
    asked = Prompt(
        messages=tuple(said),
        model=None if not model or model == "auto" else _name(model, "model"),
        provider=_name(provider, "provider") if provider else None,
        prefer=prefer if isinstance(prefer, str) or prefer is None else tuple(_name(one, "prefer") for one in prefer),
        tools=tuple(dict(tool) for tool in tools or ()),
        extra=dict(extra or {}),
        **given,
    )
    if so_far and so_far.strip():
        asked = asked.continued(so_far)
        _check_messages(list(asked.messages))
    return asked


def _check_messages(messages: list[dict[str, Any]]) -> None:
    if len(messages) > _MOST_MESSAGES:
        raise TooLarge(f"A prompt has at most {_MOST_MESSAGES} messages.", "Leave the oldest out.")
    size = 0
    for number, message in enumerate(messages, 1):
        if message.get("role") not in _ROLES:
            raise InvalidInput(f"Message {number} has no known role.", f"The roles are: {', '.join(_ROLES)}.")
        content = message.get("content")
        if not isinstance(content, str | list) and not (message["role"] == "assistant" and content is None):
            raise InvalidInput(f"The content of message {number} is neither text nor a list of parts.", "Give it as text.")
        parts = [content] if isinstance(content, str) else content or []
        size += sum(len(part) if isinstance(part, str) else len(str(part)) for part in parts)
    if size > _MOST_CHARACTERS:
        raise TooLarge(f"A prompt has at most {_MOST_CHARACTERS // 1_000_000} million characters.", "Send less of it.")


def _name(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or not value.isprintable():
        raise InvalidInput(f"{what} is a name of up to 200 characters.", "provider_models lists the models and their providers.")
    return value.strip()


def _number(given: dict[str, Any], name: str, least: float, most: float) -> None:
    value = given.get(name)
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or not least <= value <= most:
        raise InvalidInput(f"{name} is a number from {least:g} to {most:g}.", f"Correct {name}, or leave it out.")
