"""Logs as numbered lines that say where they come from."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ui.parts.draw import draw

_COLOURS = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_TROUBLE = re.compile(r"\b(error|exception|traceback|fatal|critical)\b", re.IGNORECASE)
_LONGEST = 2000


def clean(text: str) -> str:
    """A line without terminal colours, control characters and direction overrides, cut at 2,000 characters."""
    plain = _CONTROLS.sub("", _COLOURS.sub("", text.rstrip("\r\n")))
    return plain if len(plain) <= _LONGEST else plain[: _LONGEST - 1] + "…"


def plain(text: str) -> str:
    """Many lines without terminal colours, control characters and direction overrides; what a carriage return wrote over is gone."""
    lines = (_CONTROLS.sub("", _COLOURS.sub("", line.rstrip("\r").rsplit("\r", 1)[-1])) for line in text.split("\n"))
    return "\n".join(lines)


def log_lines(lines: Sequence[dict[str, Any]], *, nothing: str = "Nothing has been written yet.") -> str:
    """Lines `{number, at, source, text}` as a log; the last 400 are shown."""
    shown = [{**line, "text": clean(str(line.get("text", ""))), "trouble": bool(_TROUBLE.search(str(line.get("text", ""))))} for line in lines[-400:]]
    return draw("logs", lines=shown, nothing=nothing)
