"""Models on the Keys tab: find one, try a prompt on it, see the answer as it comes and the receipt."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.errors import SpacesError
from core.events import Cost, Done, Failed, Reasoning, Text
from ui.bind import QUIET, Bind
from ui.desk import Desk, Updates, surroundings
from ui.live import arg, live
from ui.parts import models as drawn
from ui.parts.notice import failure, skeleton
from ui.tabs import ring

_ROWS = 30
_ANSWER_TOKENS = 2_000
Chosen = tuple[str, str]  # provider, model


@dataclass(frozen=True)
class Models:
    """The components. chosen: the model a prompt goes to, or None. task: the chip that is pressed, or None.

    broken: the last answer that did not come to its end, as `{prompt, chosen, so_far}`, or None.
    """

    query: gr.Textbox
    tasks: gr.HTML
    rows: gr.HTML
    asking: gr.HTML
    prompt: gr.Textbox
    ask: gr.Button
    stop: gr.Button
    answer: gr.HTML
    chosen: gr.State
    task: gr.State
    broken: gr.State


def layout() -> Models:
    """The right column: the picker, the prompt, the answer."""
    gr.HTML("<h2>Models</h2>", apply_default_css=False)
    query = gr.Textbox(
        elem_id="model-query", show_label=False, container=False, max_length=200, label="Find a model",
        placeholder="Find a model by name or provider", submit_btn="Search",
    )  # fmt: skip
    tasks = live("task", value=drawn.tasks(None), elem_id="model-tasks")
    rows = live("choose", elem_id="models")
    asking = gr.HTML(drawn.asking(None), elem_id="model-asking", apply_default_css=False)
    prompt = gr.Textbox(
        elem_id="model-prompt", show_label=False, container=False, lines=2, max_lines=8, max_length=20_000, label="Prompt",
        placeholder="Say in one sentence what you are good at.",
    )  # fmt: skip
    with gr.Row(elem_id="model-ask-row"):
        gr.HTML("<span class='hint'><kbd>Ctrl</kbd> <kbd>Enter</kbd> asks, <kbd>Esc</kbd> stops</span>", apply_default_css=False)
        ask = gr.Button("Ask", variant="primary", elem_id="model-ask", size="md", min_width=96, scale=0)
        stop = gr.Button("Stop", elem_id="model-stop", size="md", visible=False, min_width=96, scale=0)
    answer = live("again", "go_on", elem_id="model-answer")
    return Models(query, tasks, rows, asking, prompt, ask, stop, answer, gr.State(None), gr.State(None), gr.State(None))


def behave(bind: Bind, desk: Desk, own: Models, keys: ring.Ring, tab: gr.Tab, changing: list[Any]) -> None:
    """Wire the column; after the events in `changing` other models can be asked than before."""

    async def found(query: str, task: str | None, chosen: Chosen | None, request: gr.Request) -> str:
        try:
            answer = await bind.ask("provider_models", {"query": query or "", "task": task, "limit": _ROWS}, request)
        except SpacesError as error:
            return failure(error.to_dict())
        meta = answer["meta"]
        anyone = bool((await bind.ask("provider_manage_keys", {}, request))["items"])
        return drawn.models(answer["items"], total=meta["total"], sources=meta["sources"], query=query or "", chosen=_pair(chosen), keys=anyone, task=task, note=meta["note"])

    async def choose(query: str, task: str | None, request: gr.Request, event: gr.EventData) -> Updates:
        chosen = _read(arg(event))
        return {own.chosen: chosen, own.asking: drawn.asking(chosen), own.rows: await found(query, task, chosen, request)}

    async def recommend(query: str, task: str | None, chosen: Chosen | None, request: gr.Request, event: gr.EventData) -> Updates:
        pressed = arg(event) if arg(event) in drawn.TASKS and arg(event) != task else None
        return {own.task: pressed, own.tasks: drawn.tasks(pressed), own.rows: await found(query, pressed, chosen, request)}

    async def open_tab(query: str, task: str | None, chosen: Chosen | None, request: gr.Request):
        yield skeleton("rows", 3)
        yield await found(query, task, chosen, request)

    async def ask(prompt: str, chosen: Chosen | None, notes: dict, request: gr.Request):
        async for updates in answering(prompt or "", _pair(chosen), "", notes, request):
            yield updates

    async def go_on(broken: dict | None, prompt: str, chosen: Chosen | None, notes: dict, request: gr.Request):
        left = broken or {"prompt": prompt or "", "chosen": _pair(chosen), "so_far": ""}
        async for updates in answering(left["prompt"], _pair(left["chosen"]), left["so_far"], notes, request):
            yield updates

    async def answering(prompt: str, chosen: Chosen | None, so_far: str, notes: dict, request: gr.Request):
        pieces = [so_far] if so_far else []
        thoughts: list[str] = []
        receipt: dict[str, Any] | None = None
        state, error = "working", None
        yield {own.ask: gr.Button(visible=False), own.stop: gr.Button(visible=True), own.answer: drawn.answer(state, pieces)}
        given: dict[str, Any] = {"prompt": prompt, "stream": True, "max_tokens": _ANSWER_TOKENS}
        if so_far:
            given["so_far"] = so_far
        if chosen:
            given |= {"provider": chosen[0], "model": chosen[1]}
        async for batch in bind.follow("provider_route_request", given, request, job="ask"):
            fresh = "".join(event.text for event in batch if isinstance(event, Text))
            if fresh:
                pieces.append(fresh)
            thoughts += [event.text for event in batch if isinstance(event, Reasoning)]
            for event in batch:
                if isinstance(event, Cost):
                    receipt = event.receipt
                elif isinstance(event, Done):
                    state = "done"
                elif isinstance(event, Failed):
                    error = event.error
                    state = "stopped" if error["code"] == "cancelled" else "failed"
                    receipt = receipt or (error.get("details") or {}).get("receipt")
            if batch:
                yield {own.answer: drawn.answer(state, pieces, thoughts="".join(thoughts), receipt=receipt, error=error)}
        ended = state == "done"
        yield {
            own.broken: None if ended else {"prompt": prompt, "chosen": chosen, "so_far": "".join(pieces)},
            own.ask: gr.Button(visible=True), own.stop: gr.Button(visible=False),
            keys.cards: await ring.draw(bind, request, notes), keys.spent: await ring.spent(bind, request),
        }  # fmt: skip

    async def spent_now(project: str | None, preview: dict | None, request: gr.Request) -> Updates:
        return await surroundings(desk, bind, request, project, preview)

    async def stop(request: gr.Request) -> None:
        await bind.stop("ask", request)

    looked = [own.query, own.task, own.chosen]
    tab.select(open_tab, looked, own.rows, **QUIET)
    own.query.submit(found, looked, own.rows, **QUIET)
    for event in changing:
        event.then(found, looked, own.rows, **QUIET)
    own.tasks.task(recommend, looked, [own.task, own.tasks, own.rows], **QUIET)
    own.rows.choose(choose, [own.query, own.task], [own.chosen, own.asking, own.rows], **QUIET)
    answered = [own.ask, own.stop, own.answer, own.broken, keys.cards, keys.spent]
    asked = [own.prompt, own.chosen, keys.notes]
    costly = [start(ask, asked, answered, **QUIET) for start in (own.ask.click, own.answer.again)]
    costly.append(own.answer.go_on(go_on, [own.broken, *asked], answered, **QUIET))
    for after in (*(one.then for one in costly), keys.spent.limited):
        after(spent_now, [desk.project, desk.preview], [desk.bar, desk.dock], **QUIET)
    own.stop.click(stop, None, None, **QUIET)


def _pair(chosen: Any) -> Chosen | None:
    return (str(chosen[0]), str(chosen[1])) if chosen else None


def _read(text: str) -> Chosen | None:
    """The provider and model a row stands for; None when the browser sent something else."""
    try:
        given = json.loads(text)
    except ValueError:
        return None
    ok = isinstance(given, list) and len(given) == 2 and all(isinstance(part, str) for part in given)
    return (given[0], given[1]) if ok else None
