"""The bar that always says: which project, which Hub, whose account, is it running."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ui.parts.draw import draw
from ui.parts.words import ago

# A preview's stage → state, word and what to say on hover.
PREVIEW: dict[str, tuple[str, str, str]] = {
    "none": ("idle", "no preview", "Nothing runs here yet. Describe an app, or choose a project."),
    "building": ("working", "preparing", "The project's requirements are being installed."),
    "starting": ("working", "starting", "The app has been started and does not answer yet."),
    "reloading": ("working", "reloading", "The app starts anew with the changed files; the one before serves until it answers."),
    "running": ("done", "running", "The app runs here, in its own process, seen only by you."),
    "resting": ("idle", "resting", "Nobody used the app for a while, so it stands still. The next request wakes it."),
    "failed": ("failed", "failed", "The app did not start. The log has its first error."),
    "stopped": ("stopped", "stopped", "The app is stopped. Start it again in the preview."),
}


def header(
    *,
    projects: Sequence[Mapping[str, Any]],
    project: str | None,
    hub: str,
    local: bool,
    account: Mapping[str, Any] | None,
    stage: str = "none",
    budget: Mapping[str, Mapping[str, Any]] | None = None,
) -> str:
    """The header: product name, project chooser, and one chip each for Hub, account, preview and what was spent.

    Args:
        projects: `{id, title, created_at}` each, newest first.
        project: the id of the open one, or None.
        hub: the Hub's endpoint. local: whether it is the embedded one.
        account: what `hf_whoami` gave, or None when nobody is signed in.
        stage: the open preview's stage, or `none`.
        budget: what models cost, `{session: {limit, spent, left}, …}` in USD; None leaves the chip out.
    """
    titles = [one["title"] for one in projects]
    named = [{**one, "title": f"{one['title']} · {ago(one['created_at'])}" if titles.count(one["title"]) > 1 else one["title"]} for one in projects]
    return draw("header", projects=named, project=project, hub=hub, local=local, account=account, preview=PREVIEW.get(stage, PREVIEW["none"]), spent=_spent(budget))


def _spent(budget: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Any] | None:
    """The session's sum and limit, and whether little of it is left."""
    session = (budget or {}).get("session")
    if session is None:
        return None
    limit, left = session["limit"], session["left"]
    return {**session, "short": limit is not None and left is not None and left <= 0.1 * limit}


def dock(*, stage: str, title: str | None) -> str:
    """The bar of a narrow screen: the state, what it is about, and the next action; `working` is a build that can be stopped."""
    shown = ("working", "working", "") if stage == "working" else PREVIEW.get(stage, PREVIEW["none"])
    return draw("dock", preview=shown, stage=stage, title=title)
