"""The page: a bar that always tells the state, and four tabs in the order people use them.

Ids other programs (tests, scripts, styles) may rely on:

    idea            the idea box (`#idea textarea`)        build, stop      its buttons
    preview-frame   the app's iframe                       account          the account chip in the bar
    deploy-open     opens the deploy panel                 deploy-name      the Space's name (`#deploy-name input`)
    deploy-confirm  deploys                                space-address    the link to the Space that answers
    search-query    the search box (`#search-query input`) token-input, token-save   the token form
    tabs            the four tabs                          steps, outcome   the build's steps and how it ended
    key-provider, key-value, key-save  the form that adds a model key      model-keys   the cards, in order
    openrouter-connect, openrouter-code  signing in at OpenRouter        management-keys   keys that make others
    query-question, query-code, query-run, query-share   the Query view        query-result   what its program gave
    chat-told, chat-live   the transcript: settled, and what changes      chat-plan   the checklist
    chats-open, chat-spent, chat-model-chip   the menu of chats, the meter, the model that answers
    model-query, models   the picker's search box and rows model-prompt, model-ask, model-stop, model-answer   a prompt
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr

from core.doors.session import Sessions
from core.errors import SpacesError
from core.house import House
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, preview_of, projects_of, surroundings
from ui.live import arg, live
from ui.parts import header
from ui.parts.notice import failure
from ui.tabs import agent, box, calling, chats, checking, connecting, deploying, editing, files, filing, keys, preview, query, receipts, search, spaces, story, terminal
from ui.tabs.drafts import Drafts
from ui.theme import theme

_ASSETS = Path(__file__).parent / "assets"
_STYLES = ("page.css", "parts.css", "workbench.css", "chat.css", "check.css", "files.css", "terminal.css", "box.css", "lists.css", "search.css", "calling.css", "models.css", "keys.css", "connect.css", "narrow.css")
_SCRIPTS = ("session.js", "page.js", "chat.js", "frame.js", "keys.js", "connect.js", "drag.js", "files.js", "terminal.js", "box.js", "calling.js")
_CACHE_SECONDS = 3600


def _read(names: tuple[str, ...]) -> str:
    return "\n".join((_ASSETS / name).read_text(encoding="utf-8") for name in names)


# What `demo.launch` takes of the page's look; everything is inline, nothing comes from elsewhere.
LAUNCH: dict[str, Any] = {"theme": theme(), "css": _read(_STYLES), "head": f"<script>{_read(_SCRIPTS)}</script>"}


def build_page(house: House, sessions: Sessions) -> gr.Blocks:
    """The whole page as Blocks, to be launched with `LAUNCH`."""
    bind = Bind(house, sessions)
    with gr.Blocks(title="Spaces OS", fill_width=True, analytics_enabled=False, delete_cache=(_CACHE_SECONDS, _CACHE_SECONDS)) as demo:
        first_bar = header.header(projects=[], project=None, hub=house.hub.endpoint, local=house.local_hub is not None, account=None)
        bar = live("project", value=first_bar, elem_id="bar")
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Agent", id="agent") as tab_agent, gr.Row(elem_id="workbench"):
                with gr.Column(elem_id="story", min_width=300):
                    left = story.layout()
                with gr.Column(elem_id="stage", min_width=300):
                    opener = gr.Button("Deploy", variant="primary", elem_id="deploy-open", size="sm")
                    checked = checking.layout()
                    stage, shelf, shell = _stage(checked)
                panel = deploying.layout(opener)
            with gr.Tab("Search", id="search") as tab_search:
                with gr.Tabs(elem_id="search-panes") as search_panes:
                    with gr.Tab("Find", id="find"):
                        finder = search.layout(tab_search)
                    with gr.Tab("Query", id="query") as pane_query:
                        asker = query.layout(pane_query, search_panes)
            with gr.Tab("Deploy", id="deploy") as tab_deploy:
                board = spaces.layout(tab_deploy)
            with gr.Tab("Keys", id="keys") as tab_keys:
                key_cards = keys.layout(bind, tab_keys)
        dock = gr.HTML(header.dock(stage="none", title=None), elem_id="dock", apply_default_css=False)
        boot = gr.HTML("", js_on_load="window.spaces.boot((name, data) => trigger('ready', data))", elem_id="boot", apply_default_css=False)
        desk = Desk(tabs, bar, dock, boot, left.idea, gr.State(None), gr.State(None), gr.State(None), gr.State(None))
        agent.behave(bind, desk, left, stage, shelf)
        preview.behave(bind, desk, stage)
        checking.behave(bind, desk, checked)
        box.behave(bind, desk, stage)
        editing.behave(bind, desk, shelf, stage)
        filing.behave(bind, desk, shelf, stage)
        terminal.behave(bind, desk, shell, shelf, stage)
        deploying.behave(bind, desk, panel)
        search.behave(bind, desk, finder)
        calling.behave(bind, finder.calling, finder.details, finder.opened)
        query.behave(bind, desk, asker)
        spaces.behave(bind, desk, board)
        keys.behave(bind, desk, key_cards, board.spaces)
        _behave(bind, desk, left, stage, shelf, key_cards, tab_agent)
        for part in (key_cards.card, key_cards.form):  # a plan belongs to the account it was made for
            part.signed(lambda: gr.Column(visible=False), None, panel.panel, **QUIET)
    for function in demo.fns.values():
        function.api_visibility = "private"  # also the handlers Gradio adds by itself, such as the sign-in button's
    return demo


def _stage(checked: gr.HTML) -> tuple[preview.Stage, files.Shelf, terminal.Terminal]:
    with gr.Tabs(elem_id="panes") as panes:
        with gr.Tab("Preview", id="preview") as pane_preview:
            chrome, tools, boxed, shown, slot = preview.layout_preview()
            checked.render()
        with gr.Tab("Files", id="files") as pane_files:
            receipt_part = live("ask_remove", "remove", "leave", value=receipts.no_receipt(), render=False, elem_id="receipt")
            shelf = files.layout(receipt_part)
        with gr.Tab("Terminal", id="terminal") as pane_terminal:
            shell = terminal.layout()
        with gr.Tab("Logs", id="logs") as pane_logs:
            log = preview.layout_log()
        with gr.Tab("Receipt", id="receipt") as pane_receipt:
            receipt_part.render()
    pulse = live("figures", "tail", elem_id="pulse")
    panes_of = (panes, pane_preview, pane_files, pane_terminal, pane_logs, pane_receipt)
    return preview.Stage(*panes_of, chrome, tools, boxed, shown, slot, log, pulse, gr.State([]), gr.State(0)), shelf, shell


def _behave(bind: Bind, desk: Desk, left: story.Story, stage: preview.Stage, shelf: files.Shelf, cards: keys.Keys, tab: gr.Tab) -> None:
    """Wire what concerns the whole page: its first moment, and the project chooser."""

    async def open_project(project: str | None, request: gr.Request, drafts: Drafts | None = None) -> Updates:
        await chats.leave(bind, request)
        live_now = await preview_of(bind, request, project)
        running = live_now is not None and live_now["stage"] == "running"
        title = next((one["title"] for one in await projects_of(bind, request) if one["id"] == project), "the app")
        shown = preview.showing(desk, stage, live_now, title) if running else preview.nothing(desk, stage, None, project=project)
        opened = await files.opening(bind, request, desk, shelf, project, drafts=drafts)
        around = await surroundings(desk, bind, request, project, live_now)
        spoken = await chats.opening(bind, request, left, project)
        return {desk.project: project, shelf.receipt: await receipts.receipt_of(bind, request, project, None)} | shown | opened | around | spoken

    async def ready(request: gr.Request, event: gr.EventData) -> Updates:
        known = await projects_of(bind, request)
        opened = await open_project(known[0]["id"] if known else None, request)
        return opened | {cards.card: await keys.account(bind, request), cards.connect.snippets: connecting.shown(bind, arg(event))}

    async def choose(drafts: Drafts, request: gr.Request, event: gr.EventData) -> Updates:
        return await open_project(arg(event) or None, request, drafts) | {left.steps: "", left.outcome: ""}

    async def remove(project: str | None, request: gr.Request) -> Updates:
        try:
            await bind.ask("project_delete", {"project": project or ""}, request)
        except SpacesError as error:
            return {shelf.receipt: failure(error.to_dict())}
        known = await projects_of(bind, request)
        opened = await open_project(known[0]["id"] if known else None, request)
        return opened | {left.steps: "", left.outcome: "", stage.panes: gr.Tabs(selected="preview")}

    async def signed(project: str | None, chat: dict | None, request: gr.Request) -> Updates:
        """Another acts now: what is open stays where it is theirs too, else the newest of theirs is opened."""
        known = await projects_of(bind, request)
        spoken = [one["id"] for one in await chats.chats_of(bind, request)] if chat and not project else []
        if project in [one["id"] for one in known] or (chat and chat["id"] in spoken):
            return {desk.project: project}
        opened = await open_project(known[0]["id"] if known else None, request)
        return opened | {left.steps: "", left.outcome: ""}

    async def keys_changed(chat: dict | None, project: str | None, request: gr.Request) -> Updates:
        return {left.said: gr.skip()} if chat else await chats.empty(bind, request, left, project)

    spoken = chats.drawn_by(desk, left)
    drawn = list(dict.fromkeys([desk.bar, *spoken, *preview.outputs(desk, stage), *files.outputs(desk, shelf)]))
    opening = [desk.boot.ready(ready, None, [*drawn, cards.card, cards.connect.snippets], **QUIET)]
    tab.select(keys_changed, [left.chat, desk.project], spoken, **QUIET)
    around = [*drawn, left.steps, left.outcome]
    opening += [desk.bar.project(choose, shelf.drafts, around, **QUIET), shelf.receipt.remove(remove, desk.project, around, **QUIET)]
    opening += [part.signed(signed, [desk.project, left.chat], around, **QUIET) for part in (cards.card, cards.form)]
    chats.then_follow(bind, desk, left, *opening)  # a turn may run there that another page, or this one before, began
    shelf.bring.upload(lambda: ("", ""), None, [left.steps, left.outcome], **QUIET)  # they tell of another project
