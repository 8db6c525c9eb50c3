"""The Agent tab's left pane: the idea, the build as it happens, and what came of it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import gradio as gr

from core.events import Done, Failed
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, surroundings
from ui.live import arg, live
from ui.parts import header, steps, story
from ui.parts.notice import notice, skeleton
from ui.tabs import files, preview


@dataclass(frozen=True)
class Story:
    """The left pane's components."""

    idea: gr.Textbox
    build: gr.Button
    stop: gr.Button
    examples: gr.HTML
    steps: gr.HTML
    outcome: gr.HTML


def layout() -> Story:
    """The left pane."""
    gr.HTML("<h1>What do you want to build?</h1>", elem_classes="headline", apply_default_css=False)
    idea = gr.Textbox(
        elem_id="idea",
        label="Your idea",
        show_label=False,
        container=False,
        lines=3,
        max_lines=9,
        max_length=20_000,
        placeholder="An app that counts the words of a text and tells how readable it is",
    )
    with gr.Row(elem_id="idea-row"):
        gr.HTML("<span class='hint'><kbd>Ctrl</kbd> <kbd>Enter</kbd> builds, <kbd>Esc</kbd> stops</span>", apply_default_css=False)
        build = gr.Button("Build", variant="primary", elem_id="build", size="md", min_width=96, scale=0)
        stop = gr.Button("Stop", elem_id="stop", size="md", visible=False, min_width=96, scale=0)
    examples = live("example", value=story.examples(), elem_id="examples")
    outcome = live("template", "again", "keep", elem_id="outcome")
    progress = gr.HTML("", elem_id="steps", apply_default_css=False)
    return Story(idea=idea, build=build, stop=stop, examples=examples, steps=progress, outcome=outcome)


def behave(bind: Bind, desk: Desk, own: Story, stage: preview.Stage, shelf: files.Shelf) -> None:
    """Wire the left pane: every way to start a build runs the same generator; the stop button ends it."""

    async def build(idea: str, template: str | None, request: gr.Request) -> AsyncGenerator[Updates]:
        lines = steps.begin(steps.BUILD)
        given = {"idea": idea or "", **({"template": template} if template else {})}
        yield {
            own.build: gr.Button(visible=False),
            own.stop: gr.Button(visible=True),
            own.steps: steps.step_list(lines),
            own.outcome: "",
            desk.dock: header.dock(stage="working", title="Reading the idea"),
            **preview.waiting(stage, skeleton("frame", 1)),
        }
        async for batch in bind.follow("build_space", given, request, job="build"):
            lines = steps.advance(lines, batch)
            last = batch[-1] if batch else None
            if isinstance(last, Done):
                lines = steps.end(lines, "done")
                result = last.result
                project, live_now = result["project"]["id"], {**result["preview"], "stats": {}}
                made = {"result": result, "lines": lines}
                yield {
                    own.build: gr.Button(visible=True),
                    own.stop: gr.Button(visible=False),
                    own.steps: steps.step_list(lines),
                            own.outcome: story.built(result),
                    desk.project: project,
                    desk.built: made,
                    **preview.showing(desk, stage, live_now, result["project"]["title"]),
                    **await files.opening(bind, request, desk, shelf, project),
                    **await surroundings(desk, bind, request, project, live_now),
                }
            elif isinstance(last, Failed):
                ended = "stopped" if last.error["code"] == "cancelled" else "failed"
                lines = steps.end(lines, ended)
                yield await (stopped(lines, request) if ended == "stopped" else failed(last.error, lines, request))
            else:
                now = steps.working(lines)
                dock = {desk.dock: header.dock(stage="working", title=now.text)} if now and batch else {}
                yield {own.steps: steps.step_list(lines), **dock}

    async def failed(error: dict, lines: tuple, request: gr.Request) -> Updates:
        project = (error.get("details") or {}).get("project")
        updates: Updates = {
            own.build: gr.Button(visible=True),
            own.stop: gr.Button(visible=False),
            own.steps: steps.step_list(lines),
            own.outcome: story.not_built(error),
            **preview.nothing(desk, stage, error),
        }
        if project:
            updates |= {desk.project: project, **await files.opening(bind, request, desk, shelf, project)}
        return updates | await surroundings(desk, bind, request, project, None)

    async def from_box(idea: str, request: gr.Request):
        async for updates in build(idea, None, request):
            yield updates

    async def from_example(request: gr.Request, event: gr.EventData):
        yield {own.idea: arg(event)}
        async for updates in build(arg(event), None, request):
            yield updates

    async def from_template(idea: str, request: gr.Request, event: gr.EventData):
        async for updates in build(idea, arg(event), request):
            yield updates

    async def keep(request: gr.Request, event: gr.EventData) -> Updates:
        opened = await files.opening(bind, request, desk, shelf, arg(event))
        return {desk.project: arg(event), stage.panes: gr.Tabs(selected="files"), **opened}

    async def stop(request: gr.Request) -> None:
        await bind.stop("build", request)

    async def stopped(lines: tuple, request: gr.Request) -> Updates:
        kept = any(line.name == "write" and line.state == "done" for line in lines)
        project = None
        if kept:
            found = (await bind.ask("project_list", {}, request))["items"]
            project = found[0]["id"] if found else None
        updates: Updates = {
            own.build: gr.Button(visible=True),
            own.stop: gr.Button(visible=False),
            own.steps: steps.step_list(lines),
            own.outcome: notice(
                "Stopped.", "The files are kept; start the app when you like." if kept else "Nothing was made.", tone="stopped"
            ),
            **preview.nothing(desk, stage, None, project=project),
        }
        if project:
            updates |= {desk.project: project, **await files.opening(bind, request, desk, shelf, project)}
        return updates | await surroundings(desk, bind, request, project, None)

    outputs = [
        own.idea, own.build, own.stop, own.steps, own.outcome, desk.bar, desk.dock,
        desk.project, desk.built, *preview.outputs(desk, stage), *files.outputs(desk, shelf),
    ]  # fmt: skip
    for start in (own.build.click, own.idea.submit, own.outcome.again):
        start(from_box, own.idea, outputs, **QUIET)
    own.examples.example(from_example, None, outputs, **QUIET)
    own.outcome.template(from_template, own.idea, outputs, **QUIET)
    own.outcome.keep(keep, None, [desk.project, stage.panes, *files.outputs(desk, shelf)], **QUIET)
    own.stop.click(stop, None, None, **QUIET)
