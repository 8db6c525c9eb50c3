"""What a person lets a chat do without asking again: one kind of step, at one repository, up to a price.

A grant is kept with the chat as `{repo, class, usd_per_hour}`. It is given by a yes to a call that offered it (`Asked.grant`),
and a no to such a call takes it back. Which steps can be trusted at all `policy.yaml` says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from core.events import ApprovalAsked, ApprovalGiven, Event

Kept = Mapping[str, Any]
_MOST = 100
_CENT = 1e-9


class Trust:
    """The grants of one chat as they are now: what is taken back counts at once, also for a turn that runs."""

    def __init__(self, grants: Callable[[], Iterable[Kept]]):
        self._grants = grants

    def covers(self, kind: str, repo: str, price: float | None) -> bool:
        """Whether this kind of step at this repository may run at that price; an unknown price never."""
        if price is None or price < 0:
            return False
        found = (one for one in self._grants() if _same(one, {"repo": repo, "class": kind}))
        return any(price <= float(one["usd_per_hour"]) + _CENT for one in found)


def given(row: Kept, ids: Iterable[str], usd_per_hour: float) -> dict[str, Any]:
    """What changes in a chat's row when the like of these calls, where it can be trusted at all, runs unasked up to that price."""
    offers, grants = row["state"].get("offers") or {}, _of(row)
    for offer in filter(None, map(offers.get, ids)):
        grants = with_grant(grants, offer, usd_per_hour)
    return {"settings": {**row["settings"], "trust": grants}}


def after(row: Kept, event: Event) -> dict[str, Any]:
    """What changes in a chat's row with an event: a call that can be trusted is remembered with what it is, a no to it takes such trust back."""
    offers = row["state"].get("offers") or {}
    if isinstance(event, ApprovalAsked) and event.grant:
        return {"state": {"offers": dict([*offers.items(), (event.id, event.grant)][-_MOST:])}}
    if isinstance(event, ApprovalGiven) and not event.approve and event.id in offers:
        return {"settings": {**row["settings"], "trust": without_grant(_of(row), offers[event.id])}}
    return {}


def with_grant(grants: Iterable[Kept], offer: Kept, usd_per_hour: float) -> list[dict[str, Any]]:
    """The grants with this one, which stands instead of an earlier one of the same step."""
    return [*without_grant(grants, offer), {"repo": offer["repo"], "class": offer["class"], "usd_per_hour": usd_per_hour}][-_MOST:]


def without_grant(grants: Iterable[Kept], offer: Kept) -> list[dict[str, Any]]:
    """The grants without the one of that step."""
    return [dict(one) for one in grants if not _same(one, offer)]


def _of(row: Kept) -> list[dict[str, Any]]:
    return list(row["settings"].get("trust") or ())


def _same(one: Kept, other: Kept) -> bool:
    return (str(one["repo"]).lower(), one["class"]) == (str(other["repo"]).lower(), other["class"])
