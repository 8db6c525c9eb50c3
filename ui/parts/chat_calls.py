"""A call of the agent in a few words: what it really is, what it is about, and what came of it where that is not the call's own success."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.registry import actions

_LONGEST_SUMMARY = 90
# The argument that tells best what a call is about, by its name, in this order.
_TELLING = ("path", "query", "question", "task", "idea", "command", "code", "title", "repo", "space", "url", "message", "name", "id", "project")
_THROUGH = "Use an action"  # tells nothing of what is done
_LOOKS = ("app_verify", "app_repair", "preview_check")
# Where a look at an app stopped → what that means, in a few words.
_STAGES = {"preflight": "its files have errors", "start": "it does not start", "check": "its page has errors", "use": "it does not work when used"}


def inner(name: str, title: Any, arguments: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
    """What a call really is: name, title and arguments of the action that is called through `use_action`."""
    inside = actions().get(str(arguments.get("name"))) if name == "use_action" else None
    if inside is None:
        return name, str(title or name), arguments
    given = arguments.get("arguments")
    return inside.name, str(title) if title and title != _THROUGH else inside.title, given if isinstance(given, Mapping) else {}


def came_out(name: str, data: Any, arguments: Mapping[str, Any]) -> str:
    """In a few words what a look at the app found wrong, though the call itself went well; empty where nothing is."""
    verdict = data.get("verdict") if isinstance(data, Mapping) and name == "preview_check" else data
    if name not in _LOOKS or not isinstance(verdict, Mapping) or verdict.get("ok") is not False:
        return ""
    check = data if name == "preview_check" else data.get("check")
    steps = check.get("steps") if isinstance(check, Mapping) else None
    if isinstance(steps, list) and steps and (data.get("stage") in (None, "use")):
        wanted = arguments.get("steps")
        most = max(len(steps), len(wanted) if isinstance(wanted, list) else 0)
        return f"{sum(bool(one.get('ok')) for one in steps if isinstance(one, Mapping))} of {most} steps worked"
    return _STAGES.get(str(data.get("stage")), "has problems")


def summary(arguments: Mapping[str, Any]) -> str:
    """What a call is about, in a few words: its most telling argument."""
    edits = arguments.get("edits") or arguments.get("files")
    if isinstance(edits, list):
        paths = dict.fromkeys(str(one.get("path")) for one in edits if isinstance(one, Mapping) and one.get("path"))
        return _short(", ".join(paths))
    if isinstance(edits, Mapping):
        return _short(", ".join(str(path) for path in edits))
    for name in _TELLING:
        if isinstance(value := arguments.get(name), str | int | float) and str(value).strip():
            return _short(str(value))
    return ""


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_SUMMARY else line[: _LONGEST_SUMMARY - 1] + "…"
