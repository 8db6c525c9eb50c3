"""The running app: its chrome, its frame, and what stands there while nothing runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ui.parts.draw import draw
from ui.parts.header import PREVIEW

# A previewed app gets an opaque origin: never add allow-same-origin, it would open the page's cookies and API.
SANDBOX = "allow-scripts allow-forms allow-modals allow-popups allow-downloads"
_PATH = re.compile(r"/p/[A-Za-z0-9_.~-]+/")


def safe_path(path: str | None) -> str | None:
    """The preview's path when it is one of ours; None for anything else, which is never framed."""
    return path if path and _PATH.fullmatch(path) else None


def chrome(preview: Mapping[str, Any] | None) -> str:
    """The line above the frame: that what follows is an untrusted preview, how long it took, what it uses."""
    stage = str((preview or {}).get("stage") or "none")
    return draw("chrome", stage=PREVIEW.get(stage, PREVIEW["none"]), live=preview is not None, ready=(preview or {}).get("ready_seconds"), stats=(preview or {}).get("stats") or {})  # fmt: skip


def tools(preview: Mapping[str, Any] | None) -> str:
    """The buttons of the frame: reload, width, own tab, restart, stop."""
    path = safe_path((preview or {}).get("path"))
    return draw("tools", path=path, id=(preview or {}).get("id") or "", running=(preview or {}).get("stage") == "running")


def frame(preview: Mapping[str, Any] | None, title: str = "") -> str:
    """The sandboxed frame of a running preview; empty text while none runs."""
    path = safe_path((preview or {}).get("path"))
    if path is None or (preview or {}).get("stage") != "running":
        return ""
    return draw("frame", path=path, sandbox=SANDBOX, title=title or "the app")
