"""README front matter: reading it, and the checks of `validate-yaml`."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any

import yaml

from core.localhub.names import Kind
from core.localhub.repos import format_time

MAX_CARD_BYTES = 128_000
COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
SDKS = ("gradio", "docker", "static", "streamlit")
MAX_DESCRIPTION = 60
_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)(?:\r?\n)?^---[ \t]*$", re.DOTALL | re.MULTILINE)


class _Loader(yaml.SafeLoader):
    """Plain YAML; aliases are refused, since a few lines of them unfold into gigabytes."""

    def compose_node(self, parent, index):
        if self.check_event(yaml.events.AliasEvent):
            event = self.peek_event()
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed", event.start_mark)
        return super().compose_node(parent, index)


class CardProblem(Exception):
    """The front matter is not a YAML mapping; the message says where."""


def read_front_matter(text: str) -> dict[str, Any] | None:
    """The YAML at the head of a README as plain JSON values, or None when there is none. `CardProblem` when it is broken."""
    found = _FRONT_MATTER.match(text[:MAX_CARD_BYTES])
    if not found:
        return None
    try:
        loaded = yaml.load(found.group(1), _Loader)  # noqa: S506 - a SafeLoader
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise CardProblem(f"YAML error on line {line}: {error.problem or 'not valid'}") from None
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        raise CardProblem(f"YAML error: {type(error).__name__}") from None
    if loaded is None:
        return None
    if not isinstance(loaded, dict):
        raise CardProblem("The metadata must be a list of `key: value` lines")
    return _plain(loaded)


def card_of(text: str) -> dict[str, Any]:
    """The front matter, or {} where there is none that can be read."""
    try:
        return read_front_matter(text) or {}
    except CardProblem:
        return {}


def check_card(text: str, kind: Kind) -> tuple[list[str], list[str]]:
    """(errors, warnings) of a README for a kind of repository, as `validate-yaml` tells them."""
    try:
        card = read_front_matter(text)
    except CardProblem as problem:
        return [str(problem)], []
    if not card:
        return [], ["empty or missing yaml metadata in repo card"]
    rules = (*_EVERY_KIND, *(_SPACES if kind == "space" else ()))
    errors = [problem for rule in rules if (problem := rule(card))]
    unknown = [] if kind != "space" or card.get("app_file") or card.get("sdk") == "docker" else ["app_file"]
    return errors, [f'"{key}" is not set; the default file of the sdk is used' for key in unknown]


def _one_of(key: str, allowed: tuple[str, ...], *, required: bool = False):
    def rule(card: dict[str, Any]) -> str | None:
        value = card.get(key)
        if value is None:
            return f'"{key}" is required' if required else None
        return None if value in allowed else f'"{key}" must be one of [{", ".join(allowed)}]'

    return rule


def _text(key: str, longest: int):
    def rule(card: dict[str, Any]) -> str | None:
        value = card.get(key)
        if value is None or (isinstance(value, str) and len(value) <= longest):
            return None
        if isinstance(value, str):
            return f'"{key}" length must be less than or equal to {longest} characters long'
        return f'"{key}" must be a string'

    return rule


def _emoji(card: dict[str, Any]) -> str | None:
    value = card.get("emoji")
    if value is None:
        return None
    # An emoji may be a sequence (skin tones, flags, joined people), none of whose parts is a letter.
    fine = isinstance(value, str) and len(value) <= 16 and not any(c.isalpha() or c.isspace() for c in value)
    return None if fine and any(ord(c) > 0x2000 or c in "©®" for c in value) else '"emoji" must be one emoji'


def _strings(key: str):
    def rule(card: dict[str, Any]) -> str | None:
        value = card.get(key)
        fine = value is None or isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value))
        return None if fine else f'"{key}" must be a string or a list of strings'

    return rule


def _boolean(key: str):
    def rule(card: dict[str, Any]) -> str | None:
        return None if isinstance(card.get(key), bool | None) else f'"{key}" must be a boolean'

    return rule


_EVERY_KIND = (_strings("license"), _strings("tags"), _strings("language"), _strings("datasets"), _text("title", 200))
_SPACES = (
    _one_of("sdk", SDKS, required=True),
    _one_of("colorFrom", COLORS),
    _one_of("colorTo", COLORS),
    _emoji,
    _text("short_description", MAX_DESCRIPTION),
    _strings("models"),
    _boolean("pinned"),
    _boolean("hf_oauth"),
)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    return value if isinstance(value, str | int | bool | None) else str(value)
