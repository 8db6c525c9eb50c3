"""Management keys: what they made, the form that makes another. Neither they nor a child's key is ever here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw


def management(
    keys: Sequence[Mapping[str, Any]],
    *,
    resets: Sequence[str],
    page: int,
    opened: str = "",
    children: Sequence[Mapping[str, Any]] | None = None,
    start: int = 0,
    asked: str = "",
    removing: str = "",
    said: str = "",
    trouble: Mapping[str, Any] | None = None,
) -> str:
    """The cards of the management keys; empty text where there is none.

    Args:
        keys: what is shown of each. resets: how often a limit may start anew. page: how many children are listed at most.
        opened: id of the one whose children stand below. children: them from number `start` on, or None while they are not known.
        asked: hash of the child before it is revoked. removing: id of the management key before it is removed.
        said: one sentence for who listens. trouble: an error that stands in the opened one.
    """
    if not keys:
        return ""
    return draw(
        "management", keys=keys, resets=resets, page=page, opened=opened, children=children, start=start, asked=asked, removing=removing,
        said=said, trouble=trouble,
    )  # fmt: skip
