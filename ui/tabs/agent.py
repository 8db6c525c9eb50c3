"""The Agent tab at work: with a key what is said goes to the agent, without one an idea is built from templates."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator

import gradio as gr

from core.errors import SpacesError
from core.events import Done, Failed
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, preview_of, surroundings
from ui.live import arg
from ui.parts import frame, header, steps, story, transcript
from ui.parts.notice import failure, notice, skeleton
from ui.tabs import chat_acts, chats, files, preview
from ui.tabs.drafts import Drafts
from ui.tabs.story import Story


_PATIENCE_SECONDS = 4  # for what is only nice to know


def behave(bind: Bind, desk: Desk, own: Story, stage: preview.Stage, shelf: files.Shelf) -> None:
    """Wire the left pane: every way to begin leads to the agent or, without a key, to the same build; the stop button ends either."""

    async def build(idea: str, template: str | None, request: gr.Request) -> AsyncGenerator[Updates]:
        lines = steps.begin(steps.BUILD)
        given = {"idea": idea or "", **({"template": template} if template else {})}
        yield {
            own.build: gr.Button(visible=False),
            own.stop: gr.Button(visible=True),
            own.steps: steps.step_list(lines),
            own.outcome: "",
            own.similar: "",
            desk.dock: header.dock(stage="working", title="Reading the idea"),
            **preview.waiting(stage, skeleton("frame", 1)),
        }
        looking = asyncio.create_task(similar(idea or "", request))
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
                    own.similar: await looking,
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

    async def similar(idea: str, request: gr.Request) -> str:
        """Spaces that may do it already, drawn; empty when there are none, or nobody can tell soon."""
        try:
            found = await asyncio.wait_for(bind.ask("find_similar_spaces", {"idea": idea}, request), _PATIENCE_SECONDS)
        except (SpacesError, TimeoutError):
            return ""
        return transcript.similar(found["items"])

    async def begin(idea: str, chat: dict | None, project: str | None, choice: dict, request: gr.Request) -> AsyncGenerator[Updates]:
        """To the agent where there is a chat or a key; else the build without a model."""
        if not chat and not await chats.keyed(bind, request):
            async for updates in build(idea, None, request):
                yield updates
        elif not (idea or "").strip():
            yield {own.said: notice("There is nothing to send.", "Write what the agent should do.", tone="warning")}
        else:
            yield {own.steps: "", own.outcome: "", own.similar: ""}
            async for updates in chats.sending(bind, own, request, idea, chat=chat, project=project, choice=choice):
                yield updates

    async def from_example(choice: dict, request: gr.Request, event: gr.EventData):
        yield {own.idea: arg(event)}
        async for updates in begin(arg(event), None, None, choice, request):
            yield updates

    async def again(idea: str, request: gr.Request):
        async for updates in build(idea, None, request):
            yield updates

    async def from_template(idea: str, request: gr.Request, event: gr.EventData):
        async for updates in build(idea, arg(event), request):
            yield updates

    async def keep(request: gr.Request, event: gr.EventData) -> Updates:
        opened = await files.opening(bind, request, desk, shelf, arg(event))
        return {desk.project: arg(event), stage.panes: gr.Tabs(selected="files"), **opened}

    async def stop(chat: dict | None, request: gr.Request) -> Updates:
        await bind.stop("build", request)
        if not chat:
            return {own.said: ""}
        try:
            await bind.ask("agent_stop", {"chat": chat["id"]}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return {own.said: ""}

    async def touched(project: str | None, path: str | None, drafts: Drafts, known: dict | None, request: gr.Request, event: gr.EventData) -> Updates:
        """The right side again, after the agent changed what it shows."""
        words = set(arg(event).split())
        now = await preview_of(bind, request, project)
        updates: Updates = {}
        if "restored" in words and (now or {}).get("stage") == "running":  # the app is what the files are again
            words.add("preview")
            try:
                await bind.ask("preview_update", {"project": project}, request)
            except SpacesError as error:
                updates[own.said] = notice("The app shows an older state of the files.", f"{error.message} {error.fix}", tone="warning")
            now = await preview_of(bind, request, project)
        if "files" in words:
            updates |= await files.opening(bind, request, desk, shelf, project, path, drafts=drafts)
        if words & {"preview", "show"}:
            runs = (now or {}).get("stage") == "running"
            same = runs and known is not None and known["id"] == now["id"]
            if same and "preview" not in words:
                updates |= {stage.chrome: frame.chrome(now)}
            elif runs:
                updates |= preview.showing(desk, stage, now, "the app")
                if same:  # the same address with other files: its page is loaded again
                    updates |= {stage.frame: frame.frame(now, "the app", version=str(time.time()))}
            else:
                updates |= preview.nothing(desk, stage, (now or {}).get("error"), project=project)
        return updates | await surroundings(desk, bind, request, project, now)

    async def improve(request: gr.Request, event: gr.EventData) -> Updates:
        try:
            made = await bind.ask("project_from_space", {"repo": arg(event)}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        project = made["project"]["id"] if isinstance(made["project"], dict) else made["project"]
        opened = await files.opening(bind, request, desk, shelf, project)
        around = await surroundings(desk, bind, request, project, None)
        said = notice(f"{arg(event)} is a project of yours now.", "Start it, change its files, or say below what should be better.", tone="done")
        return {desk.project: project, own.said: said, own.similar: "", **preview.nothing(desk, stage, None, project=project), **opened, **around}

    async def duplicate(request: gr.Request, event: gr.EventData) -> Updates:
        try:
            made = await bind.ask("space_duplicate", {"repo": arg(event), "visibility": "private"}, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        return {own.said: notice(f"{made['repo']} is yours now, and private.", "It is on the Deploy tab.", tone="done")}

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
        *chats.drawn_by(desk, own), own.steps, own.outcome, own.similar, desk.bar, desk.built, *preview.outputs(desk, stage), *files.outputs(desk, shelf),
    ]  # fmt: skip
    said = [own.idea, own.chat, desk.project, own.choice]
    begun = [start(begin, said, outputs, **QUIET) for start in (own.build.click, own.idea.submit)]
    begun.append(own.examples.example(from_example, own.choice, outputs, **QUIET))
    chats.then_follow(bind, desk, own, *begun)
    own.outcome.again(again, own.idea, outputs, **QUIET)
    own.outcome.template(from_template, own.idea, outputs, **QUIET)
    own.outcome.keep(keep, None, [desk.project, stage.panes, *files.outputs(desk, shelf)], **QUIET)
    own.stop.click(stop, own.chat, own.said, **QUIET)
    own.nudge.touched(touched, [desk.project, desk.path, shelf.drafts, desk.preview], [own.said, desk.bar, desk.dock, *preview.outputs(desk, stage), *files.outputs(desk, shelf)], trigger_mode="multiple", **QUIET)
    for part in (own.similar, own.told, own.live):
        part.improve(improve, None, outputs, **QUIET)
        part.duplicate(duplicate, None, own.said, **QUIET)
    chat_acts.behave(bind, desk, own)
