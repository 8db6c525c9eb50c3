"""The Agent tab's left pane: the chat above, the composer below; before there is a chat, the idea and the examples."""

from __future__ import annotations

from dataclasses import dataclass

import gradio as gr

from ui.live import live
from ui.parts import story

# What the buttons inside a transcript, settled or not, may ask for.
_ACTS = ("decide", "refuse_all", "answer", "rewind", "resend", "go_on", "earlier", "improve", "duplicate", "pick")
BEGIN = "An app that counts the words of a text and tells how readable it is"
GO_ON = "Say what to change, or ask"
ANSWER = "Your answer"


@dataclass(frozen=True)
class Story:
    """The left pane's components.

    steps, outcome: of a build without a model. plan, told, live: the transcript: checklist, what is settled, what changes.
    nudge: tells the browser, once each, what no part draws. chat: the open chat as `{id, title, project, working}` or None.
    choice: `{provider, model, limit}` for the next message. keyed: whether a model can be asked.
    """

    bar: gr.HTML
    meter: gr.HTML
    plan: gr.HTML
    told: gr.HTML
    live: gr.HTML
    said: gr.HTML
    queued: gr.HTML
    idea: gr.Textbox
    model: gr.HTML
    build: gr.Button
    stop: gr.Button
    picker: gr.Column
    query: gr.Textbox
    models: gr.HTML
    close: gr.Button
    keyless: gr.HTML
    examples: gr.HTML
    outcome: gr.HTML
    similar: gr.HTML
    steps: gr.HTML
    nudge: gr.HTML
    chat: gr.State
    choice: gr.State


def layout() -> Story:
    """The left pane."""
    with gr.Row(elem_id="chat-head"):
        bar = live("open", "fresh", "rename", "fork", "export", "save", "delete", "distrust", elem_id="chat-bar")
        meter = live("limit", elem_id="chat-meter")
    plan = gr.HTML("", elem_id="chat-plan", apply_default_css=False)
    with gr.Column(elem_id="chat-scroll"):
        told = live(*_ACTS, elem_id="chat-told")
        now = live(*_ACTS, elem_id="chat-live")
    gr.HTML("<h1>What do you want to build?</h1><p class='subtle'>From an idea to a Hugging Face Space. You use the app here before anybody else sees it.</p>", elem_classes="headline", apply_default_css=False)
    gr.HTML("<button type='button' class='btn btn-small' data-js='to-end' hidden></button>", elem_id="chat-pill", apply_default_css=False)
    said = live("close", elem_id="chat-said")
    queued = gr.HTML("", elem_id="chat-queued", apply_default_css=False)
    idea = gr.Textbox(
        elem_id="idea",
        label="Your idea",
        show_label=False,
        container=False,
        lines=3,
        max_lines=9,
        max_length=20_000,
        placeholder=BEGIN,
    )
    with gr.Row(elem_id="idea-row"):
        model = live("pick", elem_id="chat-model")
        gr.HTML("<span class='hint'><kbd>Ctrl</kbd> <kbd>Enter</kbd> starts, <kbd>Esc</kbd> stops</span>", elem_id="idea-hint", apply_default_css=False)
        build = gr.Button("Build", variant="primary", elem_id="build", size="md", min_width=96, scale=0)
        stop = gr.Button("Stop", elem_id="stop", size="md", visible=False, min_width=96, scale=0)
    with gr.Column(visible=False, elem_id="chat-picker") as picker:
        with gr.Row(elem_id="chat-picker-row"):
            query = gr.Textbox(elem_id="chat-model-query", show_label=False, container=False, max_length=200, label="Find a model", placeholder="Find a model", submit_btn="Search")
            close = gr.Button("Close", size="sm", scale=0, min_width=72, elem_id="chat-picker-close")
        models = live("choose", elem_id="chat-models")
    keyless = gr.HTML("", elem_id="keyless-line", apply_default_css=False)
    examples = live("example", value=story.examples(), elem_id="examples")
    outcome = live("template", "again", "keep", elem_id="outcome")
    similar = live("improve", "duplicate", elem_id="similar")
    progress = gr.HTML("", elem_id="steps", apply_default_css=False)
    nudge = live("touched", "look", elem_id="chat-nudge")
    return Story(
        bar, meter, plan, told, now, said, queued, idea, model, build, stop, picker, query, models, close, keyless, examples, outcome, similar,
        progress, nudge, gr.State(None), gr.State({}),
    )  # fmt: skip
