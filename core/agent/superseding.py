"""Old looks at an app: what a newer one of the same app has replaced is kept as what it came to, since all of it would be read again with every request."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from core.agent.values import Message

LOOKS = frozenset(("app_verify", "preview_check"))
_NEWER = LOOKS | {"app_repair"}
_SHORT = 700  # characters; shorter ones stay
_OPENING = re.compile(r'<data source="[^"\n]*" trust="none">\n')
_ENDING = "[the rest is left out: a newer check of this app is below]"
_LONGEST = 600  # characters of the error that is kept


def supersede(messages: list[Message]) -> bool:
    """Shorten, in place, every look at an app that is not the newest of that app and was read once; True if any changed."""
    named = {call["id"]: call["function"] for one in messages for call in one.get("tool_calls") or ()}
    seen: set[str] = set()
    changed = read = False
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        read = read or message.get("role") == "assistant"  # what follows the newest reply nobody has read yet
        call = named.get(message.get("tool_call_id")) if message.get("role") == "tool" else None
        if call is None or call["name"] not in _NEWER or not (message.get("meta") or {}).get("ok", True):
            continue
        app = _app(call)
        if read and app in seen and call["name"] in LOOKS and (short := _shortened(str(message.get("content") or ""))):
            messages[place] = {**message, "content": short, "meta": {**(message.get("meta") or {}), "was": digest(message["content"])}}
            changed = True
        seen.add(app)
    return changed


def digest(text: str) -> str:
    """By which two results are the same, also when one of them was shortened since."""
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _app(call: Mapping[str, Any]) -> str:
    """Which app was looked at: the project or preview that was named, "" for the chat's own."""
    try:
        given = json.loads(call.get("arguments") or "{}")
    except ValueError:
        return ""
    return str(given.get("project") or given.get("preview_or_project") or "") if isinstance(given, dict) else ""


def _shortened(text: str) -> str | None:
    """What the look came to; None where it is short already, or not to be read."""
    if len(text) <= _SHORT or text.endswith(_ENDING):
        return None
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    try:
        told, _ = json.JSONDecoder().raw_decode(text, start)
    except ValueError:
        return None
    if not isinstance(told, dict):
        return None
    verdict = told.get("verdict") if isinstance(told.get("verdict"), dict) else {}
    error = told.get("first_error") or next(iter(verdict.get("problems") or ()), None)
    kept = {"ok": told.get("ok", verdict.get("ok")), "score": told.get("score"), "stage": told.get("stage"), "first_error": error and str(error)[:_LONGEST]}
    line = json.dumps({name: one for name, one in kept.items() if one is not None}, ensure_ascii=False, separators=(",", ":"))
    return f"{opening[0]}{line}\n</data>\n{_ENDING}" if opening else f"{line}\n{_ENDING}"
