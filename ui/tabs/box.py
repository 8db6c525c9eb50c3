"""The box of the preview: what separates the app from this machine, tested again on request; its network."""

from __future__ import annotations

import gradio as gr

from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, preview_of, projects_of
from ui.live import arg
from ui.parts import box as drawn
from ui.tabs.preview import Stage


def behave(bind: Bind, desk: Desk, stage: Stage) -> None:
    """Wire the chip in the chrome and what it opens."""

    async def opened(project: str | None, request: gr.Request, *, said: dict | None = None) -> str:
        status = await bind.ask("sandbox_status", {}, request)
        mine = next((one for one in await projects_of(bind, request) if one["id"] == project), None)
        live = await preview_of(bind, request, project)
        return drawn.box(status, project=mine, stats=(live or {}).get("stats"), said=said)

    async def toggle(project: str | None, shown: str, request: gr.Request) -> str:
        return "" if shown else await opened(project, request)

    async def retest(project: str | None, request: gr.Request):
        yield await opened(project, request, said={"tone": "working", "message": "Testing the seal.", "fix": "A box is started and tries to get out."})
        try:
            status = await bind.ask("sandbox_status", {"retest": True}, request)
            state, word = drawn.seal(status)
            said = {"tone": state, "message": f"Tested just now: {word}, {status.get('selftest') or 'no'} attempts held.", "fix": ""}
        except SpacesError as error:
            said = {"tone": "failed", "message": error.message, "fix": error.fix}
        yield await opened(project, request, said=said)

    async def network(project: str | None, request: gr.Request, event: gr.EventData) -> Updates:
        profile, *hosts = arg(event).split()
        try:
            done = await bind.ask("project_network", {"project": project or "", "network": profile, "hosts": hosts}, request)
            said = {"tone": "done", "message": done["means"], "fix": "It counts from the next start.", "restart": True}
        except SpacesError as error:
            said = {"tone": "failed", "message": error.message, "fix": error.fix}
        return {stage.box: await opened(project, request, said=said)}

    stage.chrome.box(toggle, [desk.project, stage.box], stage.box, **QUIET)
    stage.box.retest(retest, desk.project, stage.box, **QUIET)
    stage.box.network(network, desk.project, stage.box, **QUIET)
    stage.box.close(lambda: "", None, stage.box, **QUIET)
