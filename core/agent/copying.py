"""What was said and done in a chat, as its copy has it: it names the copy of the project, never the original."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

_PREVIEW = re.compile(r"/p/([a-z0-9]{6,})-")
Rename = Callable[[dict[str, Any]], dict[str, Any]]


def renamed(before: str | None, now: str | None, messages: Sequence[Mapping[str, Any]]) -> Rename:
    """Turns a message, or the body of an event, of the chat into one of its copy.

    before: the project's id; now: the copy's. messages: of the conversation; a preview they name is the original's, and is not
    named in the copy. A message of the person about another project, or about one that could not
    be copied, loses its place: going back to it must change nobody's files but the copy's.
    """

    names = {found[1]: "gone" for one in messages for found in _PREVIEW.finditer(json.dumps(one))}
    if before and now:
        names[before] = now

    def rename(one: dict[str, Any]) -> dict[str, Any]:
        text = json.dumps(one)
        for old, new in names.items():  # so many random digits stand for nothing else
            text = text.replace(old, new)
        one = json.loads(text)
        if one.get("event") == "UserSaid" and (one.get("project") or now) != now:
            one = one | {"project": "", "revision": ""}
        return one

    return rename
