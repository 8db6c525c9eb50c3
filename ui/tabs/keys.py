"""The Keys tab: which keys ask models in which order, the models, who acts, how an agent connects.

A key never passes through a component of this page."""

from __future__ import annotations

import os
from dataclasses import dataclass

import gradio as gr

from ui.bind import QUIET, Bind, sign_in
from ui.desk import Desk, Updates, account_of, surroundings
from ui.live import live
from ui.parts import keys as drawn
from ui.tabs import connecting, models, ring

# What a Space with `hf_oauth: true` is given; Gradio's button raises without them.
_SIGN_IN_NEEDS = ("SPACE_ID", "OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")


@dataclass(frozen=True)
class Keys:
    """The tab's components."""

    tab: gr.Tab
    card: gr.HTML
    form: gr.HTML
    connect: connecting.Connecting
    ring: ring.Ring
    models: models.Models


def can_sign_in() -> bool:
    """Whether Gradio's sign-in works here; its button refuses to be built anywhere else."""
    return os.environ.get("SYSTEM") == "spaces" and all(os.environ.get(name) for name in _SIGN_IN_NEEDS)


def layout(bind: Bind, tab: gr.Tab) -> Keys:
    """The tab."""
    local = bind.house.local_hub is not None
    with gr.Row(elem_id="models-row"):
        with gr.Column(min_width=280):
            own = ring.layout()
        with gr.Column(min_width=280):
            picker = models.layout()
    with gr.Row(elem_id="keys-row"):
        with gr.Column(min_width=280):
            card = live("signed", elem_id="account-card", elem_classes="signed")
            if can_sign_in():
                gr.LoginButton("Sign in with Hugging Face", elem_id="sign-in")
            form = live("signed", value=drawn.token_form(local=local), elem_id="token-card")
            servers = connecting.layout_servers(bind)
        with gr.Column(min_width=280):
            connect = connecting.Connecting(connecting.layout_snippets(), servers)
    return Keys(tab, card, form, connect, own, picker)


async def account(bind: Bind, request: gr.Request) -> str:
    """The card of who acts now."""
    pasted = bind.pasted_token(request)
    found = await account_of(bind, request)
    source = "pasted" if pasted else "oauth" if sign_in(request) else "house" if found else "none"
    local = bind.house.local_hub is not None
    return drawn.account_card(found, source=source, hub=bind.house.hub.endpoint, local=local, last4=pasted.last4 if pasted else None, follows=await _follows(bind, request, source))


async def _follows(bind: Bind, request: gr.Request, source: str) -> bool | None:
    return (await bind.caller(request)).follows if bind.house.settings.public and source in ("pasted", "oauth") else None


def behave(bind: Bind, desk: Desk, own: Keys, spaces: gr.State) -> None:
    """Wire the tab; `spaces` are the board's, which belong to somebody else after another sign-in."""

    async def show(notes: dict, request: gr.Request) -> Updates:
        return {own.card: await account(bind, request)} | await ring.whole(bind, own.ring, notes, request)

    async def keys_now(notes: dict, request: gr.Request) -> Updates:
        return await ring.whole(bind, own.ring, notes, request)

    async def changed(project: str | None, preview: dict | None, request: gr.Request) -> Updates:
        return {own.card: await account(bind, request), spaces: None} | await surroundings(desk, bind, request, project, preview)

    column = [own.ring.cards, own.ring.management, own.ring.form, own.ring.spent]
    own.tab.select(show, own.ring.notes, [own.card, *column], **QUIET)
    changing = ring.behave(bind, own.ring)
    for part in (own.card, own.form):
        after = part.signed(changed, [desk.project, desk.preview], [own.card, spaces, desk.bar, desk.dock], **QUIET)
        changing.append(after.then(keys_now, own.ring.notes, column, **QUIET))  # an account is a key too
    connecting.behave(bind, own.connect, own.tab)
    models.behave(bind, desk, own.models, own.ring, own.tab, changing)
