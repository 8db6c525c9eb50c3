"""The deploy panel: the plan as a receipt before the fact, one button, then the steps until the Space answers."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import gradio as gr

from core.errors import SpacesError
from core.events import Done, Failed
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, projects_of, surroundings
from ui.live import live
from ui.parts import plan as drawn
from ui.parts import steps
from ui.parts.notice import Button, notice, skeleton


_STOPPED = notice(
    "Stopped.",
    "A Space that was only just made is removed again; one that ran before keeps running.",
    tone="stopped",
    buttons=[Button("Deploy again", event="again", icon="reload")],
)


@dataclass(frozen=True)
class Panel:
    """The panel's components. `planned` is what the shown plan was made for: name, visibility, whether it exists."""

    open: gr.Button
    panel: gr.Column
    name: gr.Textbox
    visibility: gr.Radio
    plan: gr.HTML
    steps: gr.HTML
    outcome: gr.HTML
    confirm: gr.Button
    cancel: gr.Button
    close: gr.Button
    planned: gr.State


def layout(opener: gr.Button) -> Panel:
    """The panel; it stays closed until there is something to deploy and somebody asks."""
    with gr.Column(visible=False, elem_id="deploy-panel") as panel:
        with gr.Row(elem_id="deploy-head"):
            gr.HTML("<h2>Deploy</h2>", apply_default_css=False)
            close = gr.Button("Close", size="sm", scale=0, min_width=72, elem_id="deploy-close")
        name = gr.Textbox(label="Name of the Space", info="A name, or organization/name.", elem_id="deploy-name", max_length=200)
        visibility = gr.Radio([("Public", "public"), ("Private", "private")], value="public", label="Who sees it", elem_id="deploy-visibility")
        plan = gr.HTML("", elem_id="deploy-plan", apply_default_css=False)
        progress = gr.HTML("", elem_id="deploy-steps", apply_default_css=False)
        outcome = live("again", "rename", "board", elem_id="deploy-outcome")
        with gr.Row(elem_id="deploy-foot"):
            cancel = gr.Button("Stop", elem_id="deploy-cancel", visible=False)
            confirm = gr.Button("Deploy", variant="primary", elem_id="deploy-confirm")
    return Panel(opener, panel, name, visibility, plan, progress, outcome, confirm, cancel, close, gr.State(None))


def behave(bind: Bind, desk: Desk, own: Panel) -> None:
    """Wire the panel."""
    local = bind.house.local_hub is not None

    def wanted(project: str, name: str, visibility: str) -> dict:
        return {"project": project, "name": (name or "").strip() or None, "visibility": visibility or "public"}

    async def planning(project: str, name: str, visibility: str, request: gr.Request) -> Updates:
        """The plan drawn, and what it was made for; an error in its place when there is none."""
        try:
            made = await bind.ask("deploy_plan", wanted(project, name, visibility), request)
        except SpacesError as error:
            return {own.plan: "", own.planned: None, own.outcome: drawn.not_deployed(error.to_dict()), own.confirm: gr.Button(interactive=False)}
        label = "Deploy" if not made["exists"] else "Update the Space"
        return {
            own.plan: drawn.plan(made, local=local),
            own.visibility: gr.Radio(value=made["visibility"], interactive=not made["exists"]),  # of a Space that is there it stays as it is
            own.planned: {"name": (name or "").strip(), "visibility": made["visibility"], "exists": made["exists"], "repo": made["repo"]},
            own.outcome: "",
            own.confirm: gr.Button(label, variant="primary", interactive=True),
        }

    async def show(project: str | None, request: gr.Request) -> AsyncGenerator[Updates]:
        cleared: Updates = {own.panel: gr.Column(visible=True), own.steps: "", own.outcome: ""}
        found = next((one for one in await projects_of(bind, request) if one["id"] == project), None)
        if found is None:
            nothing = notice("There is nothing to deploy yet.", "Build an app first; you see it running before you publish it.", tone="warning", buttons=[Button("Describe an app", go="agent")])  # fmt: skip
            yield cleared | {own.plan: "", own.outcome: nothing, own.confirm: gr.Button(interactive=False)}
            return
        name = found["space"] or found["slug"]
        yield cleared | {own.name: name, own.plan: skeleton("lines", 6), own.confirm: gr.Button("Deploy", interactive=False, visible=True)}
        yield await planning(found["id"], name, "public", request)

    async def replan(project: str | None, name: str, visibility: str, planned: dict | None, request: gr.Request) -> Updates:
        known = planned and (planned["name"], planned["visibility"]) == ((name or "").strip(), visibility)
        if not project or known:
            return {own.planned: planned}
        made = await planning(project, name, visibility, request)
        # Pressing the button takes the focus from the name: by now the deploy may be drawing its steps here.
        return {own.planned: made[own.planned]} if bind.runs("deploy", request) else made

    async def deploy(project: str | None, name: str, visibility: str, planned: dict | None, request: gr.Request) -> AsyncGenerator[Updates]:
        if not project:
            return
        if not planned or (planned["name"], planned["visibility"]) != ((name or "").strip(), visibility):
            fresh = await planning(project, name, visibility, request)
            now = fresh[own.planned]
            yield fresh
            if now is None:
                return
            if not planned or (now["exists"] and planned["repo"] != now["repo"]):
                # Nobody has seen this plan, or it would touch a Space that the one they saw did not speak of.
                there = f"{now['repo']} exists already; this would update it." if now["exists"] else f"This makes {now['repo']}."
                yield {own.outcome: notice(there, "Look at the plan, then press the button again.", tone="warning")}
                return
        lines = steps.begin(steps.DEPLOY)
        yield {
            own.confirm: gr.Button(visible=False),
            own.cancel: gr.Button(visible=True),
            own.plan: "",
            own.outcome: "",
            own.steps: steps.step_list(lines),
        }
        async for batch in bind.follow("deploy_to_space", wanted(project, name, visibility), request, job="deploy"):
            lines = steps.advance(lines, batch)
            last = batch[-1] if batch else None
            if isinstance(last, Done):
                lines = steps.end(lines, "done")
                over = _over(own, lines, drawn.deployed(last.result))
                yield over | {own.confirm: gr.Button("Deploy again", variant="secondary", visible=True)}
            elif isinstance(last, Failed):
                cancelled = last.error["code"] == "cancelled"
                lines = steps.end(lines, "stopped" if cancelled else "failed")
                yield _over(own, lines, _STOPPED if cancelled else drawn.not_deployed(last.error))
            else:
                yield {own.steps: steps.step_list(lines)}

    async def stop(request: gr.Request) -> None:
        await bind.stop("deploy", request)

    async def after(project: str | None, preview: dict | None, request: gr.Request) -> Updates:
        return await surroundings(desk, bind, request, project, preview)

    def rename() -> Updates:
        return {own.outcome: "", own.name: gr.Textbox()}

    given = [desk.project, own.name, own.visibility, own.planned]
    parts = [own.panel, own.name, own.visibility, own.plan, own.steps, own.outcome, own.confirm, own.cancel, own.planned]
    own.open.click(show, desk.project, parts, **QUIET).then(None, None, None, js="() => { const box = document.querySelector('#deploy-name input, #deploy-name textarea'); box && box.focus({preventScroll: true}); }", **QUIET)  # fmt: skip
    for changed in (own.name.blur, own.name.submit, own.visibility.input):
        changed(replan, given, parts, **QUIET)
    running = [own.confirm.click(deploy, given, parts, **QUIET), own.outcome.again(deploy, given, parts, **QUIET)]
    for one in running:
        one.then(after, [desk.project, desk.preview], [desk.bar, desk.dock], **QUIET)
    own.cancel.click(stop, None, None, **QUIET)
    own.close.click(lambda: gr.Column(visible=False), None, own.panel, **QUIET)
    own.outcome.rename(rename, None, [own.outcome, own.name], **QUIET).then(None, None, None, js="() => document.querySelector('#deploy-name input, #deploy-name textarea')?.select()", **QUIET)  # fmt: skip
    own.outcome.board(lambda: (gr.Column(visible=False), gr.Tabs(selected="deploy")), None, [own.panel, desk.tabs], **QUIET)


def _over(own: Panel, lines: tuple, outcome: str) -> Updates:
    return {
        own.confirm: gr.Button("Deploy", visible=True, interactive=True),
        own.cancel: gr.Button(visible=False),
        own.plan: "",
        own.steps: steps.step_list(lines),
        own.outcome: outcome,
    }
