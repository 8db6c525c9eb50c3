"""What the tabs of one page share: the bar above them, what is open, and the components several of them redraw."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import SpacesError, Unauthorized
from ui.bind import Bind
from ui.parts import header
from ui.parts.box import seal

_PATIENCE_SECONDS = 4  # nothing of the page waits longer than this for a Hub that is silent

Preview = Mapping[str, Any]
Updates = dict[Any, Any]


@dataclass(frozen=True)
class Desk:
    """Components and session values used by more than one tab.

    project: the open project's id or None. preview: its preview as the actions shape it, or None. built: result and
    steps of this visit's build. path: the open file, or the open folder with a slash at its end, or None. All of them are ids and words, never keys.
    """

    tabs: gr.Tabs
    bar: gr.HTML
    dock: gr.HTML
    boot: gr.HTML
    idea: gr.Textbox
    project: gr.State
    preview: gr.State
    built: gr.State
    path: gr.State


async def account_of(bind: Bind, request: gr.Request) -> dict[str, Any] | None:
    """The account that acts; None when nobody is signed in; `{name: "", trouble}` when the Hub does not tell soon enough."""
    try:
        return await asyncio.wait_for(bind.ask("hf_whoami", {}, request), _PATIENCE_SECONDS)
    except Unauthorized:
        return None
    except SpacesError as error:
        return {"name": "", "trouble": error.message}
    except TimeoutError:
        return {"name": "", "trouble": "The Hub has not said yet whose token acts."}


async def projects_of(bind: Bind, request: gr.Request) -> list[dict[str, Any]]:
    """The caller's projects, newest first."""
    return (await bind.ask("project_list", {}, request))["items"]


async def budget_of(bind: Bind, request: gr.Request) -> dict[str, Any]:
    """Each limit of what models may cost with what was spent of it; the one ledger of every part."""
    return (await bind.ask("provider_receipts", {"limit": 1}, request))["meta"]["budget"]


async def preview_of(bind: Bind, request: gr.Request, project: str | None) -> dict[str, Any] | None:
    """The newest preview of a project with its figures and the state of its box, or None."""
    if not project:
        return None
    found = (await bind.ask("preview_list", {}, request))["items"]
    mine = next((one for one in reversed(found) if one["project"] == project), None)
    return mine and mine | {"seal": seal(await bind.ask("sandbox_status", {}, request))}


async def surroundings(desk: Desk, bind: Bind, request: gr.Request, project: str | None, preview: Preview | None) -> Updates:
    """The bar and the dock as they are now."""
    projects, account, budget = await asyncio.gather(projects_of(bind, request), account_of(bind, request), budget_of(bind, request))
    stage = str((preview or {}).get("stage") or "none")
    if stage == "running" and ((preview or {}).get("stats") or {}).get("frozen"):
        stage = "resting"
    title = next((one["title"] for one in projects if one["id"] == project), None)
    bar = header.header(
        projects=projects,
        project=project if title else None,
        hub=bind.house.hub.endpoint,
        local=bind.house.local_hub is not None,
        account=account,
        stage=stage,
        budget=budget,
    )
    return {desk.bar: bar, desk.dock: header.dock(stage=stage, title=title)}
