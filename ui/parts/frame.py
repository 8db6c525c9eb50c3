"""The running app: its chrome, its frame, and what stands there while nothing runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.box import curve
from ui.parts.draw import draw
from ui.parts.header import PREVIEW

# A previewed app gets an opaque origin: never add allow-same-origin, it would open the page's cookies and API.
SANDBOX = "allow-scripts allow-forms allow-modals allow-popups allow-downloads"
_PATH = re.compile(r"/p/[A-Za-z0-9_.~-]+/")


def safe_path(path: str | None) -> str | None:
    """The preview's path when it is one of ours; None for anything else, which is never framed."""
    return path if path and _PATH.fullmatch(path) else None


def chrome(preview: Mapping[str, Any] | None, trail: Sequence[Mapping[str, Any]] = (), seal: tuple[str, str] | None = None) -> str:
    """The line above the frame: that what follows is an untrusted preview, how sealed it is, what it uses.

    Args:
        preview: as the actions shape it, with its `stats`.
        trail: the last figures, oldest first, for the small curve.
        seal: state and word of the box; a static page has no process and needs none.
    """
    known, stats = preview or {}, (preview or {}).get("stats") or {}
    stage = PREVIEW.get(str(known.get("stage") or "none"), PREVIEW["none"])
    if stats.get("frozen"):
        stage = PREVIEW["resting"]
    points = curve([float(one.get("cpu_percent") or 0) for one in trail])
    return draw("chrome", stage=stage, live=preview is not None, ready=known.get("ready_seconds"), stats=stats, curve=points, seal=seal or known.get("seal") or ("working", "testing the seal"))


def tools(preview: Mapping[str, Any] | None) -> str:
    """The buttons of the frame: reload, width, own tab, restart, stop."""
    path = safe_path((preview or {}).get("path"))
    return draw("tools", path=path, id=(preview or {}).get("id") or "", running=(preview or {}).get("stage") == "running")


def frame(preview: Mapping[str, Any] | None, title: str = "", *, version: str = "") -> str:
    """The sandboxed frame of a running preview; empty text while none runs. With another `version` the app's page is loaded again."""
    path = safe_path((preview or {}).get("path"))
    if path is None or (preview or {}).get("stage") != "running":
        return ""
    return draw("frame", path=path, sandbox=SANDBOX, title=title or "the app", version=version)
