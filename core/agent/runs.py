"""Turns of a chat in a task of their own: one after the other while words wait, and an ending whatever happens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING

from core.agent.chat import Chat
from core.agent.meanwhile import left_off
from core.agent.turns import place_of, turn
from core.agent.values import Decision, Ending, EndingKind
from core.agent.wire import pending, said, waiting
from core.errors import SpacesError, Unexpected, where
from core.events import ApprovalGiven
from core.registry import Call

if TYPE_CHECKING:
    from core.settings import Agent

log = logging.getLogger(__name__)

# Why a turn was cancelled → how it ended.
ENDED: dict[str, tuple[EndingKind, str]] = {
    "stopped": ("stopped", "You stopped it. Write what to do differently, or let it go on."),
    "interrupted": ("interrupted", "The server was stopped while it worked. Let it go on where it was."),
    "deleted": ("stopped", "The chat was deleted."),
}


def answered(chat: Chat, words: str) -> dict[str, Decision]:
    """Put a person's words into the conversation: a question takes them as its answer, and what waited is refused by them.

    Gives the decisions that were made already; the loop does the rest.
    """
    decided = {id: Decision(**one) for id, one in (chat.row["state"].get("decided") or {}).items()}
    for one in chat.pending:
        if one["kind"] == "approval" and one["id"] not in decided:
            chat.emit(ApprovalGiven(id=one["id"], approve=False, by="message"))
    chat.messages.append(said(words, opened=[call.id for call in pending(chat.messages) if call.id in waiting(chat.messages)]))
    chat.messages_changed()
    return decided


def hear(chat: Chat, revision: str, project: str) -> dict[str, Decision]:
    """Put all that waits into the conversation; see `answered`."""
    decided: dict[str, Decision] = {}
    for words in chat.hear(revision, project):
        decided |= answered(chat, words)
    return decided


def start(chat: Chat, call: Call, settings: Agent, decisions: Mapping[str, Decision]) -> None:
    """Begin a turn. Its task holds the caller with their keys, and nothing else does."""
    before, chat.secrets = chat.task, call.caller.secrets
    chat.begin()
    chat.task = asyncio.get_running_loop().create_task(_run(chat, Call(call.caller, call.house), settings, decisions, before))
    chat.task.add_done_callback(lambda task: _ended(chat, task))


async def cancel(chat: Chat, why: str, seconds: float) -> None:
    """End the turn that runs, if any; returns when it has ended, or after so many seconds."""
    task = chat.task
    if chat.busy and task and not task.done():
        if not chat.why:
            chat.why = why
            task.cancel()
        await asyncio.wait({task}, timeout=seconds)


async def _run(chat: Chat, call: Call, settings: Agent, decisions: Mapping[str, Decision], before: asyncio.Task[None] | None) -> None:
    """It never raises: how it ended is an event."""
    if before:
        await asyncio.wait({before})
    more = True
    while more:
        ending = await _once(chat, call, settings, decisions)
        await left_off(chat, call, ending.kind)
        more = bool(chat.inbox) and ending.kind in ("done", "question", "approval")
        chat.end(ending, more=more)
        decisions = {}
    await chat.settle()


async def _once(chat: Chat, call: Call, settings: Agent, decisions: Mapping[str, Decision]) -> Ending:
    try:
        if chat.inbox and not decisions:  # a person's yes is carried out before anything else is read
            decisions = hear(chat, *await place_of(chat, call))
            chat.change(state={"pending": []})
        return await turn(chat, call, decisions, settings)
    except asyncio.CancelledError:
        return Ending(*ENDED[chat.why or "interrupted"])
    except SpacesError as error:
        return Ending("failed", f"{error.message} {error.fix}", error=error.to_dict())
    except Exception as error:
        log.error("a turn failed: %s", where(error), exc_info=log.isEnabledFor(logging.DEBUG))
        wrong = Unexpected(f"The turn failed because of a defect ({type(error).__name__}).", "Let it go on, or write what to do.")
        return Ending("failed", f"{wrong.message} {wrong.fix}", error=wrong.to_dict())


def _ended(chat: Chat, task: asyncio.Task[None]) -> None:
    """A turn that was cancelled before its first step has said nothing itself."""
    if chat.task is task and chat.busy:
        chat.end(Ending(*ENDED[chat.why or "interrupted"]))
        chat.secrets = ()
