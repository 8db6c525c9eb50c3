"""The deploy dialog's parts: the plan as a receipt before the fact, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ui.parts.draw import draw
from ui.parts.notice import Button, failure

_SHOWN_FILES = 40
# What a plan says of a file before it is done.
_WORDS = {"created": "new", "changed": "changed", "deleted": "deleted"}
_ORDER = {"created": 0, "changed": 1, "deleted": 2, "unchanged": 3}


def plan(data: Mapping[str, Any], *, local: bool) -> str:
    """What a deploy will do: the files, where, who sees it, on what hardware, what it costs and who pays.

    Args:
        data: what `deploy_plan` gave.
        local: the Local Hub is the target, so that nothing leaves this machine.
    """
    files = sorted(data.get("files") or [], key=lambda one: (_ORDER.get(str(one.get("change")), 9), str(one.get("path"))))
    changing = [one for one in files if one.get("change") != "unchanged"]
    return draw(
        "plan",
        plan=data,
        local=local,
        shown=changing[:_SHOWN_FILES],
        more=max(0, len(changing) - _SHOWN_FILES),
        unchanged=len(files) - len(changing),
        counts={word: sum(one.get("change") == change for one in files) for change, word in _WORDS.items()},
        cost=data.get("cost_per_hour") or 0,
    )


def deployed(result: Mapping[str, Any]) -> str:
    """The address of a Space that serves, to open and to copy."""
    return draw("deployed", space=result)


def not_deployed(error: Mapping[str, Any]) -> str:
    """Why a deploy ended, with the button that mends it: sign in, another name, or try again."""
    code = str(error.get("code") or "")
    buttons = [Button("Change the name", event="rename")] if code in ("conflict", "invalid_input") else []
    if code == "outdated":
        buttons.append(Button("Make a new plan", event="again", icon="reload", primary=True))
    elif code not in ("unauthorized", "forbidden", "invalid_input", "payment_required"):
        buttons.append(Button("Try again", event="again", icon="reload"))
    return failure(error, *buttons)
