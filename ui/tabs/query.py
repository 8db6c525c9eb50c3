"""The Query view of the Search tab: a question or a program over the Hub, its result with coverage, and a link to share."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import SpacesError
from core.events import Done, Failed, Step
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg, live
from ui.parts import query as drawn
from ui.parts.notice import Button, failure, notice, skeleton

_LINK = "() => [new URLSearchParams(location.search).get('query') || '']"
# What came of it stands under a program that may fill the screen.
_SHOW = "() => document.querySelector('#query-said .notice, #query-result section')?.scrollIntoView({block: 'nearest', behavior: 'smooth'})"
_START = "async def solve(query, max_calls):\n    return await hf_trending(limit=5)\n\n\nawait solve(query, max_calls)\n"


@dataclass(frozen=True)
class Asker:
    """The view's components. told: the last result with the program and question it belongs to, or None."""

    pane: gr.Tab
    panes: gr.Tabs
    question: gr.Textbox
    programs: gr.HTML
    code: gr.Code
    run: gr.Button
    stop: gr.Button
    share: gr.Button
    said: gr.HTML
    result: gr.HTML
    wanted: gr.Textbox
    told: gr.State
    gallery: gr.State


def layout(pane: gr.Tab, panes: gr.Tabs) -> Asker:
    """The view."""
    question = gr.Textbox(
        elem_id="query-question", show_label=False, container=False, max_length=4_000, label="Question about the Hub",
        placeholder="Ask anything of the Hub: a model writes the program.  Or begin with one of these:", submit_btn="Ask",
    )  # fmt: skip
    programs = live("program", value=skeleton("lines", 1), elem_id="query-programs")
    code = gr.Code(_START, language="python", show_label=False, container=False, interactive=True, elem_id="query-code", label="Program", lines=12, buttons=["copy"])
    with gr.Row(elem_id="query-row"):
        run = gr.Button("Run", variant="primary", elem_id="query-run", size="sm", min_width=80, scale=0)
        stop = gr.Button("Stop", elem_id="query-stop", size="sm", visible=False, min_width=80, scale=0)
        share = gr.Button("Keep and share", elem_id="query-share", size="sm", min_width=150, scale=0)
    said = live("close", elem_id="query-said")
    result = gr.HTML("", elem_id="query-result", apply_default_css=False)
    wanted = gr.Textbox(visible=False)
    return Asker(pane, panes, question, programs, code, run, stop, share, said, result, wanted, gr.State(None), gr.State([]))


def behave(bind: Bind, desk: Desk, own: Asker) -> None:
    """Wire the view."""

    async def first(known: list[dict], request: gr.Request) -> Updates:
        items = known or (await bind.ask("hf_query_gallery", {}, request))["items"]
        return {own.gallery: items, own.programs: drawn.programs(items)}

    def choose(known: list[dict], event: gr.EventData) -> Updates:
        one = next((item for item in known if item["id"] == arg(event)), None)
        if one is None:
            return {own.programs: drawn.programs(known)}
        return {
            own.programs: drawn.programs(known, one["id"]), own.code: one["code"], own.question: one["question"],
            own.said: "", own.result: "", own.told: None,
        }  # fmt: skip

    async def follow(name: str, given: dict[str, Any], request: gr.Request):
        yield {
            own.run: gr.Button(visible=False), own.stop: gr.Button(visible=True), own.result: skeleton("rows", 4),
            own.said: notice("The program runs." if "code" in given else "A model reads the question.", tone="working"), own.told: None,
        }  # fmt: skip
        idle = {own.run: gr.Button(visible=True), own.stop: gr.Button(visible=False)}
        async for batch in bind.follow(name, given, request, job="query"):
            last = batch[-1] if batch else None
            if isinstance(last, Done):
                told = last.result
                repairs = max(0, len(told.get("attempts") or ()) - 1)
                kept = {"code": told.get("code") or given.get("code"), "query": told.get("question") or given.get("query"), "result": told.get("result")}
                written = {own.code: told["code"]} if "code" in told else {}
                shown = await asyncio.to_thread(drawn.result, told, repairs=repairs)
                yield {**idle, **written, own.said: "", own.result: shown, own.told: kept}
            elif isinstance(last, Failed):
                why = last.error
                stopped = why["code"] == "cancelled"
                key = [Button("Add a key", go="keys", to="#key-value", icon="key", primary=True)] if name == "hf_hub_ask" and why["code"] == "unauthorized" else []
                yield {**idle, own.result: "", own.said: notice("Stopped.", tone="stopped") if stopped else _trouble(why, key)}
            elif step := next((one for one in reversed(batch) if isinstance(one, Step)), None):
                yield {own.said: notice(step.text, tone="working")}

    async def run(code: str, question: str, request: gr.Request):
        async for updates in follow("hf_hub_query_raw", {"code": code or "", "query": (question or "").strip() or "What does this program give?"}, request):
            yield updates

    async def ask(question: str, request: gr.Request):
        async for updates in follow("hf_hub_ask", {"question": question or ""}, request):
            yield updates

    async def stop(request: gr.Request) -> None:
        await bind.stop("query", request)

    async def share(code: str, question: str, told: dict | None, request: gr.Request) -> Updates:
        fits = told is not None and told["code"] == code
        given = {"code": code or "", "query": question or "", "result": told["result"] if fits and isinstance(told["result"], dict | list) else None}
        try:
            kept = await bind.ask("hf_query_save", given, request)
        except SpacesError as error:
            return {own.said: failure(error.to_dict())}
        link = f"{request.headers.get('origin') or ''}{kept['path']}"
        text = "Whoever has the link sees the program and its result, and cannot change them." if given["result"] else "Whoever has the link sees the program, and cannot change it."
        return {own.said: notice(link, text, tone="done", buttons=[Button("Copy the link", copy=link, icon="copy"), Button("Open", href=link, icon="open")])}

    async def opened(id: str, known: list[dict], request: gr.Request) -> Updates:
        if not id:
            return {own.wanted: ""}
        shown = {desk.tabs: gr.Tabs(selected="search"), own.panes: gr.Tabs(selected="query"), **await first(known, request)}
        try:
            kept = await bind.ask("hf_query_open", {"id": id}, request)
        except SpacesError as error:
            return shown | {own.said: failure(error.to_dict())}
        whose = "You kept this program." if kept["mine"] else "Somebody shared this program."
        told = {"result": kept["result"], "meta": {}} if kept.get("result") is not None else None
        return shown | {
            own.code: kept["code"],
            own.question: kept["query"],
            own.said: notice(whose, "Run it to see what it gives now; what you change here is yours alone.", tone="idle"),
            own.result: drawn.result(told) if told else "",
            own.told: None,
        }

    gallery = [own.gallery, own.programs]
    parts = [own.run, own.stop, own.said, own.result, own.told, own.code]
    own.pane.select(first, own.gallery, gallery, **QUIET)
    own.programs.program(choose, own.gallery, [*gallery[1:], own.code, own.question, own.said, own.result, own.told], **QUIET)
    running = [own.run.click(run, [own.code, own.question], parts, **QUIET), own.question.submit(ask, own.question, parts, **QUIET)]
    for one in running:
        one.then(None, None, None, js=_SHOW, **QUIET)
    own.stop.click(stop, None, None, **QUIET)
    own.share.click(share, [own.code, own.question, own.told], own.said, **QUIET)
    own.said.close(lambda: "", None, own.said, **QUIET)
    shown = [own.wanted, desk.tabs, own.panes, *gallery, own.code, own.question, own.said, own.result, own.told]
    desk.boot.ready(lambda id: id, own.wanted, own.wanted, js=_LINK, **QUIET).then(opened, [own.wanted, own.gallery], shown, **QUIET)


def _trouble(error: dict[str, Any], buttons: list[Button]) -> str:
    if buttons:
        return notice(error["message"], "Without a key, begin with one of the programs above and change it.", tone="failed", buttons=buttons)
    return failure(error)
