"""What happened and the button that mends it: errors, confirmations, good news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ui.parts.draw import draw


@dataclass(frozen=True)
class Button:
    """One button of a part: `event` is triggered with `arg`; `go` opens a tab instead, `to` leads to a field in it; `href` a page."""

    text: str
    event: str = ""
    arg: str = ""
    go: str = ""
    to: str = ""
    href: str = ""
    copy: str = ""
    icon: str = ""
    primary: bool = False


# The error's code → the button that mends it, whatever was tried.
_MENDS: dict[str, Button] = {
    "unauthorized": Button("Sign in", go="keys", to="#token-input", icon="key", primary=True),
    "forbidden": Button("Use another token", go="keys", to="#token-input", icon="key", primary=True),
}


def failure(error: Mapping[str, Any], *buttons: Button) -> str:
    """An error in its shape `{code, message, fix, retryable, …}`: its two sentences, and what to press.

    A code that has one cure brings its own button; `buttons` (try again, other name …) come after it.
    """
    mend = _MENDS.get(str(error.get("code", "")))
    details = error.get("details") or {}
    log = details.get("log") if isinstance(details.get("log"), list) else []
    return draw(
        "notice",
        tone="failed",
        heading=str(error.get("message") or "Something went wrong."),
        text=str(error.get("fix") or ""),
        log=[str(line) for line in log[-20:]],
        buttons=[*([mend] if mend else []), *buttons],
    )


def notice(heading: str, text: str = "", *, tone: str = "idle", buttons: Sequence[Button] = ()) -> str:
    """A sentence, what to do next, and the buttons for it; `tone` is a state: idle, done, warning, failed, working."""
    return draw("notice", tone=tone, heading=heading, text=text, log=[], buttons=list(buttons))


def empty(heading: str, text: str, *, icon: str = "box", buttons: Sequence[Button] = ()) -> str:
    """The state of a place where nothing is yet: what it is for, and the next action."""
    return draw("empty", heading=heading, text=text, icon_name=icon, buttons=list(buttons))


def skeleton(shape: str = "rows", count: int = 5) -> str:
    """Grey shapes where the result will be: `rows`, `frame` or `lines`."""
    return draw("skeleton", shape=shape, count=count)
