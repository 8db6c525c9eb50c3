"""Model keys: cards in the order they are tried, the form that adds one, what was spent. A key itself is never here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ui.parts.draw import draw

# A key's state → its word, its tone, its icon.
_STATES = {
    "ready": ("ready", "done", "check"),
    "cooling": ("resting", "warning", "clock"),
    "rejected": ("refused", "failed", "cross"),
    "paused": ("paused", "stopped", "pause"),
}
# The provider the form begins with, also after another was added, which then comes first in the list.
_USUAL = "huggingface"
# A limit's name → how it is said.
_LIMITS = {"session": "in this session", "day": "today", "visitor": "today by the owner's keys", "visitors": "today by all visitors"}


@dataclass(frozen=True)
class Asked:
    """What stands under a card: the question before it is removed, or the form for its new key."""

    id: str
    about: Literal["remove", "rotate"]


def cards(
    keys: Sequence[Mapping[str, Any]],
    *,
    movable: Sequence[str] = (),
    kept: bool = False,
    notes: Mapping[str, Mapping[str, str]] | None = None,
    used: Mapping[str, float] | None = None,
    asked: Asked | None = None,
    said: str = "",
    trouble: Mapping[str, Any] | None = None,
) -> str:
    """The cards, or what to do when there is none.

    Args:
        keys: items of `provider_manage_keys`, in the order they are tried.
        movable: ids of the visitor's own keys, the only ones that can be moved, changed or removed.
        kept: the browser has copies of keys. notes: id → `{text, tone}`: what the last test said. used: id → when it was last asked, epoch seconds.
        said: one sentence for who listens, such as what was moved where. trouble: an error that stands above.
    """
    rows = []
    for number, key in enumerate(keys, 1):
        word, tone, mark = _STATES["paused" if key.get("disabled") else str(key.get("state"))] if _known(key) else _STATES["ready"]
        place = list(movable).index(key["id"]) if key["id"] in movable else None
        rows.append(
            {
                **key, "number": number, "word": word, "tone": tone, "mark": mark, "own": place is not None,
                "first": place == 0, "last": place == len(movable) - 1,
                "note": (notes or {}).get(key["id"]), "used": (used or {}).get(key["id"]),
                "asked": asked.about if asked and asked.id == key["id"] else None,
            }
        )  # fmt: skip
    return draw("ring", rows=rows, kept=kept, said=said, trouble=trouble)


def add_form(providers: Sequence[Mapping[str, Any]]) -> str:
    """A plain form; its script posts to the session's own route, and no Gradio component ever sees the key.

    providers: `{provider, title}` each, as `GET /api/providers` names them.
    """
    return draw("key_form", providers=providers, usual=_USUAL)


def spent(budget: Mapping[str, Mapping[str, Any]]) -> str:
    """One line: what was spent of each limit; and the form for one's own limits.

    budget: `{name: {limit, spent, left}}` in USD; a limit of None is none.
    """
    lines = [{"words": words, **budget[name]} for name, words in _LIMITS.items() if name in budget]
    for line in lines:
        line["short"] = line["limit"] is not None and line["left"] is not None and line["left"] <= 0.1 * line["limit"]
    return draw("spent", lines=lines, call=(budget.get("call") or {}).get("limit"))


def _known(key: Mapping[str, Any]) -> bool:
    return bool(key.get("disabled")) or str(key.get("state")) in _STATES
