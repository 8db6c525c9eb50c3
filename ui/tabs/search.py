"""The Search tab: one box, chips, rows of one shape, details beside them, and from a find to an idea."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import gradio as gr

from core.errors import SpacesError
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates
from ui.live import arg, live
from ui.parts import results as drawn
from ui.parts.notice import Button, failure, skeleton
from ui.parts.results import Ask
from ui.tabs import calling

_PAGE = 20
# Once the idea stands in its box, the build begins as if its button had been pressed.
_BUILD = "() => setTimeout(() => document.querySelector('#build')?.click(), 200)"
_MOST = 200


@dataclass(frozen=True)
class Finder:
    """The tab's components. `found` holds the rows shown, the cursor of the next page and the query they answer; `opened` kind and details of what is open."""

    tab: gr.Tab
    query: gr.Textbox
    chips: gr.HTML
    rows: gr.HTML
    details: gr.HTML
    ask: gr.State
    found: gr.State
    opened: gr.State
    calling: calling.Calling


def layout(tab: gr.Tab) -> Finder:
    """The tab."""
    query = gr.Textbox(
        elem_id="search-query", show_label=False, container=False, max_length=500, label="Search the Hub",
        placeholder="What should it do?  Try: remove the background of a photo", submit_btn="Search",
    )  # fmt: skip
    chips = live("kind", "filter", "sort", value=drawn.chips(Ask()), elem_id="search-chips")
    with gr.Row(elem_id="search-row"):
        rows = live("more", "details", "use", "clear_filters", "build_query", "again", value=skeleton("rows", 6), elem_id="search-results")
        with gr.Column(elem_id="search-aside", scale=0, min_width=0):
            called = calling.layout()
            details = live("use", "close", "details", "filter", "images", "call", elem_id="search-details")
    return Finder(tab, query, chips, rows, details, gr.State(Ask()), gr.State(None), gr.State(None), called)


def behave(bind: Bind, desk: Desk, own: Finder) -> None:
    """Wire the tab."""

    async def page(query: str, ask: Ask, before: dict | None, request: gr.Request) -> Updates:
        given = {"query": query, "limit": _PAGE, **ask.given()}
        if before and before["next"]:
            given["cursor"] = before["next"]
        try:
            answer = await bind.ask(drawn.KINDS[ask.kind]["search"], given, request)
        except SpacesError as error:
            return {own.rows: failure(error.to_dict(), Button("Try again", event="again", icon="reload")), own.found: None}
        items = [*(before or {}).get("items", []), *answer["items"]][:_MOST]
        found = {"items": items, "next": answer["meta"].get("next"), "query": query, "sample": bool(answer["meta"].get("sample"))}
        return {own.rows: _rows(found, ask), own.found: found}

    async def look(query: str, ask: Ask, request: gr.Request):
        yield {own.chips: drawn.chips(ask), own.ask: ask, own.rows: skeleton("rows", 6), own.details: "", own.opened: None}
        yield await page((query or "").strip(), ask, None, request)

    async def first(query: str, ask: Ask, found: dict | None, request: gr.Request):
        if found is None:
            async for updates in look(query, ask, request):
                yield updates

    async def of_kind(query: str, ask: Ask, request: gr.Request, event: gr.EventData):
        async for updates in look(query, ask.of(arg(event)), request):
            yield updates

    async def filtered(query: str, ask: Ask, request: gr.Request, event: gr.EventData):
        async for updates in look(query, ask.toggle(arg(event)), request):
            yield updates

    async def ordered(query: str, ask: Ask, request: gr.Request, event: gr.EventData):
        async for updates in look(query, ask.sorted_by(arg(event)), request):
            yield updates

    async def unfiltered(query: str, ask: Ask, request: gr.Request):
        async for updates in look(query, Ask(ask.kind, (), ask.sort), request):
            yield updates

    async def more(ask: Ask, found: dict | None, request: gr.Request) -> Updates:
        if not found or not found["next"]:
            return {own.found: found}
        return await page(found["query"], ask, found, request)

    async def filtered_by(query: str, ask: Ask, opened: dict | None, request: gr.Request, event: gr.EventData):
        kind = (opened or {}).get("kind", ask.kind)
        async for updates in look("" if kind != ask.kind else query, ask.of(kind).toggle(arg(event)), request):
            yield updates

    async def details(ask: Ask, found: dict | None, request: gr.Request, event: gr.EventData):
        kind, _, id = arg(event).partition("|")
        if kind not in drawn.KINDS:
            return
        yield {own.details: skeleton("lines", 7), own.rows: _rows(found, ask, id), own.opened: None}
        try:
            item = await bind.ask(drawn.KINDS[kind]["details"], {"id": id}, request)
            yield {own.details: await asyncio.to_thread(drawn.details, kind, item), own.opened: {"kind": kind, "item": item}}
        except SpacesError as error:
            yield {own.details: failure(error.to_dict(), Button("Close", event="close"))}

    async def images(opened: dict | None) -> Updates:
        if not opened:
            return {own.details: ""}
        return {own.details: await asyncio.to_thread(drawn.details, opened["kind"], opened["item"], images=True)}

    def close(ask: Ask, found: dict | None) -> Updates:
        return {own.details: "", own.rows: _rows(found, ask), own.opened: None}

    def use(found: dict | None, opened: dict | None, event: gr.EventData) -> Updates:
        kind, _, id = arg(event).partition("|")
        known = [(opened or {}).get("item") or {}, *(found or {}).get("items", [])]
        one = next((item for item in known if item.get("id") == id), {})
        idea = drawn.idea_for(kind, id, one.get("title") or id, one.get("summary") or "")
        return {desk.idea: idea, desk.tabs: gr.Tabs(selected="agent")}

    def build_query(query: str) -> Updates:
        return {desk.idea: query, desk.tabs: gr.Tabs(selected="agent")}

    given = [own.query, own.ask]
    parts = [own.chips, own.ask, own.rows, own.details, own.found, own.opened]
    own.tab.select(first, [*given, own.found], parts, **QUIET)
    own.query.submit(look, given, parts, **QUIET)
    own.rows.again(look, given, parts, **QUIET)
    own.chips.kind(of_kind, given, parts, **QUIET)
    own.chips.filter(filtered, given, parts, **QUIET)
    own.chips.sort(ordered, given, parts, **QUIET)
    own.rows.clear_filters(unfiltered, given, parts, **QUIET)
    own.rows.more(more, [own.ask, own.found], [own.rows, own.found], **QUIET)
    seen = [own.rows, own.details, own.opened]
    own.details.filter(filtered_by, [*given, own.opened], parts, **QUIET)
    own.details.close(close, [own.ask, own.found], seen, **QUIET)
    own.details.images(images, own.opened, own.details, **QUIET)
    for part in (own.rows, own.details):
        part.details(details, [own.ask, own.found], seen, **QUIET)
        part.use(use, [own.found, own.opened], [desk.idea, desk.tabs], **QUIET).then(None, js=_BUILD, **QUIET)
    own.rows.build_query(build_query, own.query, [desk.idea, desk.tabs], **QUIET)


def _rows(found: dict | None, ask: Ask, opened: str | None = None) -> str:
    known = found or {"items": [], "next": None, "query": "", "sample": False}
    more = bool(known["next"]) and len(known["items"]) < _MOST
    return drawn.results(known["items"], ask, query=known["query"], sample=known["sample"], more=more, opened=opened)
