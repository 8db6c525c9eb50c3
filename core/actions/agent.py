"""Chats with the agent: say something, follow, stop, decide, go back, copy, keep."""

from __future__ import annotations

from contextlib import aclosing
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from core.actions.shapes import listing
from core.agent import Chat, Decision, exported, fork, rewind, saved
from core.errors import Forbidden, InvalidInput
from core.registry import Call, action

_MOST_EVENTS = 2_000
_MOST_DECISIONS = 50

Dollars = Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)]


class Word(BaseModel):
    """A person's word about one call: its id, yes or no, and what they say besides."""

    id: str
    approve: bool
    feedback: str = ""


@action(risk="spend", title="Talk to the agent")
async def agent_chat(
    call: Call,
    message: str = "",
    chat: str | None = None,
    project: str | None = None,
    model: str | None = None,
    provider: str | None = None,
    limit_usd: Dollars | None = None,
    wait: bool = True,
) -> dict:
    """Tell the agent what to build or change; it plans, writes files, runs the app, uses it, repairs it, and says what it did.

    While it works, a message waits its turn. Where it waits for a yes or an answer, a message is the answer, and refuses
    what waited for a yes. Without a model key an app is made from a template by rules.

    Args:
        message: what to do, up to 100,000 characters; empty lets a turn that was stopped or interrupted go on.
        chat: the chat's id; a new chat when left out.
        project: id of the project to work on; the chat's own when left out.
        model: a model's id, for this chat from now on; chosen when left out.
        provider: which provider is asked first, for this chat from now on.
        limit_usd: the most the chat may spend on models in all, in USD; 1 unless the configuration says otherwise.
        wait: return when the turn has ended, telling what happens meanwhile; false returns at once.

    Returns `{chat, title, project, ending, text, pending, spent}`: ending is done, question, approval, stopped, iterations,
    tokens, money, time, stuck, failed, interrupted, running, or new before a chat's first turn; text what it said last in this
    turn, or why that ended; pending `[{id, name, kind}]` what waits for the person. Raises unauthorized for a caller nothing is
    kept for, rate_limited when eight chats work already.
    """
    _not_the_agent(call)
    found, before = await call.house.agents.send(
        call, message, chat=chat, project=project, model=model, provider=provider, limit_usd=limit_usd
    )
    if wait:
        await _told(call, found, before)
    return await _state(found)


@action(risk="read", title="List chats", open_world=False)
async def agent_chats(call: Call) -> dict:
    """List the caller's chats with the agent, the one that changed last first; items are `{id, title, project, status, created, updated,
    spent, model, limit_usd, trust}`, trust being what may run without asking, as `[{repo, class, usd_per_hour}]`."""
    rows = await call.house.agents.list(call)
    return listing([_row(row) for row in rows])


@action(risk="read", title="Open a chat", open_world=False)
async def agent_open(call: Call, chat: str, after: int = 0, limit: Annotated[int, Field(ge=1, le=_MOST_EVENTS)] = 500) -> dict:
    """Read a chat: what it is, what happened in it, and the reply that is being written.

    Args:
        chat: the chat's id.
        after: only events with a greater number, to page on.
        limit: events at most, 1 to 2000.

    Returns `{chat, about, events, live, last, more}`: chat its id; about with settings, pending, decided and waiting (what
    was written and is not read yet) besides what agent_chats tells; events oldest first, each with `event`, `seq` and its fields; live `{text, reasoning}` so far; last the newest number.
    """
    found = await call.house.agents.open(call, chat)
    events: list[dict[str, Any]] = []
    while len(events) < limit and (bodies := await found.events(events[-1]["seq"] if events else after, limit - len(events))):
        events += bodies
    state = found.row["state"]
    about = {
        **_row(found.row), "settings": found.row["settings"], "pending": found.pending, "decided": sorted(state.get("decided") or {}),
        "waiting": list(found.inbox),
    }  # fmt: skip
    more = bool(events) and events[-1]["seq"] < found.last
    return {"chat": found.id, "about": about, "events": events, "live": found.so_far(), "last": found.last, "more": more}


@action(risk="read", title="Follow a chat", open_world=False)
async def agent_follow(call: Call, chat: str, after: int = 0) -> dict:
    """Follow a chat until its turn ends, telling what happened after an event and what happens; any number may follow the same chat.

    Args:
        chat: the chat's id.
        after: the number of the event the caller has seen last.

    Returns the same as agent_chat.
    """
    found = await call.house.agents.open(call, chat)
    await _told(call, found, after)
    return await _state(found)


@action(risk="write", title="Stop the agent", idempotent=True, open_world=False)
async def agent_stop(call: Call, chat: str) -> dict:
    """Stop the turn that runs in a chat, within a second; files stay as they are then. Returns the same as agent_chat.

    Args:
        chat: the chat's id.
    """
    _not_the_agent(call)
    return await _state(await call.house.agents.stop(call, chat))


@action(risk="spend", title="Approve or refuse")
async def agent_decide(
    call: Call, chat: str, decisions: list[Word], trust_usd: Dollars | None = None, wait: bool = True
) -> dict:
    """Say yes or no to calls of the agent that wait for a person; when all have a word the agent goes on. Not for the agent itself.

    Args:
        chat: the chat's id.
        decisions: `[{id, approve, feedback}]`, ids from `pending`; feedback reaches the agent.
        trust_usd: from now on the like of the approved calls (their `grant`: the same kind of step at the same Space) runs without
            asking, on hardware up to so many USD per hour; what offered no grant is asked again. A no takes such trust back.
        wait: return when the turn has ended, telling what happens meanwhile; false returns at once.

    Returns the same as agent_chat. Raises forbidden for the agent, not_found for a call that does not wait.
    """
    _not_the_agent(call)
    if not 1 <= len(decisions) <= _MOST_DECISIONS:
        raise InvalidInput("There is nothing to decide.", f"Send 1 to {_MOST_DECISIONS} decisions.")
    words = {one.id: Decision(one.approve, one.feedback) for one in decisions}
    found, before = await call.house.agents.decide(call, chat, words, trust_usd=trust_usd)
    if wait:
        await _told(call, found, before)
    return await _state(found)


@action(risk="write", title="Take a chat back", open_world=False)
async def agent_rewind(call: Call, chat: str, seq: int) -> dict:
    """Take a chat and its project back to before a message of the person; the files' change can be undone, the conversation's cannot.

    Args:
        chat: the chat's id.
        seq: number of the UserSaid event.

    Returns `{chat, title, project, text, restored, note}`: what the message said, which files changed back, and what became
    of the project where it is not the chat's any more. Raises conflict while it works.
    """
    _not_the_agent(call)
    return await rewind(call.house.agents, call, chat, seq)


@action(risk="write", title="Copy a chat", open_world=False)
async def agent_fork(call: Call, chat: str, seq: int | None = None) -> dict:
    """Make a new chat of what happened so far, with a copy of the project, to try something else beside it.

    Args:
        chat: the chat's id.
        seq: number of a UserSaid event: only what was before it is copied, and the project as it was then.

    Returns the same as agent_chat, of the new chat.
    """
    _not_the_agent(call)
    return await _state(await fork(call.house.agents, call, chat, seq))


@action(risk="read", title="Export a chat", open_world=False)
async def agent_export(call: Call, chat: str, format: Literal["markdown", "json"] = "markdown") -> dict:
    """Export a chat as text: `{name, size, text}`.

    Args:
        chat: the chat's id.
        format: markdown to read, or json with everything.
    """
    whole, readable = await exported(await call.house.agents.open(call, chat))
    text = whole if format == "json" else readable
    return {"name": f"chat-{chat[:8]}.{'json' if format == 'json' else 'md'}", "size": len(text.encode()), "text": text}


@action(risk="write", title="Save a chat to my dataset")
async def agent_save(call: Call, chat: str) -> dict:
    """Put a chat, as JSON and Markdown, into the caller's own private dataset `spaces-os-chats`, made when missing.

    Args:
        chat: the chat's id.

    Returns `{repo, url, revision}`. Raises unauthorized without a Hub account, forbidden when that dataset is public.
    """
    _not_the_agent(call)
    return await saved(call.house.hub, call.caller, await call.house.agents.open(call, chat))


@action(risk="write", title="Change a chat", idempotent=True, open_world=False)
async def agent_set(
    call: Call,
    chat: str,
    title: str | None = None,
    model: str | None = None,
    provider: str | None = None,
    limit_usd: Dollars | None = None,
    trust_usd: Annotated[float, Field(ge=-1, le=-1)] | None = None,
) -> dict:
    """Change a chat's title, model, or limits; what is left out stays, and a running turn keeps what it began with.

    Args:
        chat: the chat's id.
        title: up to 60 characters.
        model: a model's id; empty lets it be chosen.
        provider: which provider is asked first; empty lets it be chosen.
        limit_usd: the most the chat may spend on models in all, in USD.
        trust_usd: -1 takes back all that may run without asking; such trust is given with a yes, by agent_decide.

    Returns the same as agent_chat.
    """
    _not_the_agent(call)
    settings: dict[str, Any] = {name: value or None for name, value in (("model", model), ("provider", provider)) if value is not None}
    if limit_usd is not None:
        settings["limit_usd"] = limit_usd
    if trust_usd is not None:
        settings["trust"] = []
    return await _state(await call.house.agents.set(call, chat, title=title, **settings))


@action(risk="destructive", title="Delete a chat", open_world=False)
async def agent_delete(call: Call, chat: str) -> dict:
    """Delete a chat with everything said in it; its project stays. Gives `{chat, deleted}`.

    Args:
        chat: the chat's id.
    """
    _not_the_agent(call)
    await call.house.agents.delete(call, chat)
    return {"chat": chat, "deleted": True}


def _not_the_agent(call: Call) -> None:
    """A chat is a person's; what a text made the agent call is not a person's word."""
    if call.caller.door == "agent":
        raise Forbidden("The agent may read chats, and nothing else of them.", "Ask the person.")


async def _told(call: Call, chat: Chat, after: int) -> None:
    """Pass on what happens until the turn ends. Leaving does not stop the turn."""
    async with aclosing(chat.follow(after)) as events:
        async for event in events:
            call.emit(event)


async def _state(chat: Chat) -> dict[str, Any]:
    last, stood, newest = None, None, max(chat.last - 200, 0)  # stood: what it had said when it was told of what is still open
    while bodies := await chat.events(newest):
        newest = bodies[-1]["seq"]
        for body in bodies:
            if body["event"] == "UserSaid":
                last = stood = None
            elif body["event"] == "Noticed" and body["kind"] == "verify":
                stood = last
            elif body["event"] == "ToolEnded" and body["name"] != "plan":
                stood = None
            elif _speaks(body):
                bare_tick = stood and body["event"] == "Said" and len(body["text"]) < len(stood["text"])
                last = stood if bare_tick else body
    row = _row(chat.row)
    if last and last["event"] == "TurnEnded" and row["status"] == "running":
        last = None  # that was the turn before
    text = last["text"] if last else ""
    return {
        "chat": row["id"], "title": row["title"], "project": row["project"], "ending": row["status"], "text": text,
        "pending": chat.pending, "spent": row["spent"],
    }  # fmt: skip


def _speaks(body: dict[str, Any]) -> bool:
    """It says something to the person: a question itself, rather than that one was asked."""
    if body["event"] == "TurnEnded" and body["ending"] == "question":
        return False
    return bool(body["event"] in ("Said", "Question", "TurnEnded") and not body.get("agent") and body["text"])


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "title", "project", "status", "created", "updated", "spent")} | {
        "model": row["settings"].get("model"), "limit_usd": row["settings"].get("limit_usd"), "trust": list(row["settings"].get("trust") or ()),
    }  # fmt: skip
