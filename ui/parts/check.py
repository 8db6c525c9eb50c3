"""The line under the app that says whether it works, as a browser of our own has found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ui.parts.draw import draw

_PICTURE = re.compile(r"[A-Za-z0-9+/=]*")
_MIMES = ("image/png", "image/jpeg")


def check(*, running: bool, working: bool = False, found: Mapping[str, Any] | None = None, error: Mapping[str, Any] | None = None) -> str:
    """The button and, once it was pressed, what was found; empty text while no app runs.

    Args:
        running: an app runs that can be checked.
        working: it is being checked.
        found: the result of `preview_check`.
        error: why it could not be checked, in the shape of an error.
    """
    if not running:
        return ""
    verdict = (found or {}).get("verdict") or {}
    used = [one for one in (found or {}).get("steps") or [] if one.get("text")]
    return draw("check", working=working, found=found, verdict=verdict, used=used, error=error, picture=_picture((found or {}).get("screenshot")))


def _picture(shot: Mapping[str, Any] | None) -> str:
    """The screenshot as an address of its own bytes; nothing when it is not plainly one."""
    data, mime = (shot or {}).get("base64") or "", (shot or {}).get("mime")
    return f"data:{mime};base64,{data}" if data and mime in _MIMES and _PICTURE.fullmatch(data) else ""
