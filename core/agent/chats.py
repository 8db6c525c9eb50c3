"""All chats of one process: begun, gone on with, followed, taken back, kept. Their turns run here, whoever's page closes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing, suppress
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from core.agent.chat import MOST_WAITING, Chat
from core.agent.copying import Rename
from core.agent.keeping import clean
from core.agent.runs import ENDED, answered, cancel, hear, start
from core.agent.trust import given as trusted
from core.agent.turns import place_of, revision_of
from core.agent.values import Decision
from core.agent.wire import note
from core.errors import Conflict, Forbidden, InvalidInput, NotFound, RateLimited, SpacesError, Unauthorized
from core.events import ApprovalGiven, Event, TurnEnded, UserSaid, Waiting
from core.registry import Call
from core.store import Store

if TYPE_CHECKING:
    from core.settings import Agent

MOST_LIVE = 200
MOST_RUNNING = 8
_LONGEST = 100_000
_TITLE = 60
_STOP_SECONDS = 0.9
_CLOSE_SECONDS = 3.0


class Agents:
    """The chats of every caller.

    store: where they outlive the process. settings: the most a turn may take, and what a chat may spend unless told otherwise.
    """

    def __init__(self, store: Store, settings: Agent):
        self._store = store
        self._settings = settings
        self._live: dict[str, Chat] = {}
        for id in store.running_chats():
            self._interrupted(id)

    async def send(
        self,
        call: Call,
        text: str,
        *,
        chat: str | None = None,
        project: str | None = None,
        model: str | None = None,
        provider: str | None = None,
        limit_usd: float | None = None,
    ) -> tuple[Chat, int]:
        """Say something in a chat, a new one where none is named; the chat, and the number of its newest event before that.

        While a turn runs the words wait for it; where calls wait for the person they are refused by it, and a question is
        answered. Without words a turn that did not come to its end goes on. Raises Unauthorized for a caller nothing is
        kept for, NotFound, InvalidInput, Conflict (twenty wait already), RateLimited (eight chats work already).
        """
        words = _words(text, call)
        given = {name: value for name, value in (("model", model), ("provider", provider), ("limit_usd", limit_usd)) if value is not None}
        if project:
            await revision_of(call, project)
        found = await self.open(call, chat) if chat else await self._make(call, words, project, given)
        if chat and given:
            found.change(settings={**found.row["settings"], **given})
        if project and project != found.row["project"]:
            found.change(project=project)
        place = await place_of(found, call)
        before = found.last
        if found.busy:
            if not words:
                raise Conflict("It is working already.", "Follow it, stop it, or write what to do.")
            if len(found.inbox) >= MOST_WAITING:
                raise Conflict(f"{MOST_WAITING} messages wait for it already.", "Wait until it has read them, or stop it.")
            found.wait(words)
            return found, before
        self._may_run(found, call)
        if words or found.inbox:
            found.secrets = call.caller.secrets
            decided = hear(found, *place)  # what waited when the last turn was ended comes first
            if words:
                revision, at = place
                found.emit(UserSaid(text=words, revision=revision, project=at))
                decided |= answered(found, words)
            start(found, call, self._settings, decided)
        else:
            self._go_on(found, call)
        return found, before

    async def decide(self, call: Call, chat: str, decisions: Mapping[str, Decision], *, trust_usd: float | None = None) -> tuple[Chat, int]:
        """A person's word about calls that wait for it; when all of them have one, the turn goes on.

        trust_usd: from now on the like of the approved calls, at the same Space, runs unasked up to so many USD per hour.
        Raises Forbidden for the agent itself, NotFound for a call that does not wait, Conflict while a turn runs.
        """
        if call.caller.door == "agent":
            raise Forbidden("Only a person may say yes to what waits for a person.", "Ask them.")
        found = await self.open(call, chat)
        if found.busy:
            raise Conflict("It is working; nothing waits for you.", "Look again when its turn has ended.")
        waiting = {one["id"] for one in found.pending if one["kind"] == "approval"}
        decided = dict(found.row["state"].get("decided") or {})
        if strange := set(decisions) - (waiting - set(decided)):
            raise NotFound(f"No call {sorted(strange)[0][:80]!r} waits for you.", "agent_open tells what waits.")
        before = found.last
        complete = waiting == set(decided) | set(decisions) and len(waiting) == len(found.pending)
        if complete:
            self._may_run(found, call)
        if trust_usd is not None:
            found.change(**trusted(found.row, [id for id, word in decisions.items() if word.approve], trust_usd))
        found.secrets = call.caller.secrets
        for id, word in decisions.items():
            feedback = clean(word.feedback[:10_000], call.caller.secrets)
            decided[id] = asdict(Decision(word.approve, feedback))
            found.emit(ApprovalGiven(id=id, approve=word.approve, feedback=feedback))
        found.change(state={"decided": decided})
        found.secrets = ()
        if complete:
            start(found, call, self._settings, {id: Decision(**one) for id, one in decided.items()})
        return found, before

    async def stop(self, call: Call, chat: str) -> Chat:
        """End the turn that runs, if any; returns within a second."""
        found = await self.open(call, chat)
        await cancel(found, "stopped", _STOP_SECONDS)
        return found

    async def open(self, call: Call, chat: str) -> Chat:
        """The caller's chat of that id; NotFound also for somebody else's, Unauthorized for a caller nothing is kept for."""
        _named(call)
        found = self._live.get(chat)
        if found is None:
            row = await asyncio.to_thread(self._store.chat, chat) if isinstance(chat, str) else None
            if row and row["owner"] == call.caller.id:
                loaded = await asyncio.to_thread(Chat.load, self._store, row)
                found = self._live.get(chat) or self._held(loaded)
        if found is None or found.owner != call.caller.id:
            raise NotFound("There is no such chat.", "agent_chats lists yours.")
        self._live[chat] = self._live.pop(chat, found)  # used last
        return found

    async def list(self, call: Call) -> list[dict[str, Any]]:
        """The caller's chats as rows of the store, the one that changed last first."""
        _named(call)
        rows = await asyncio.to_thread(self._store.chats, call.caller.id)
        return [self._live[row["id"]].row | {"updated": row["updated"]} if row["id"] in self._live else row for row in rows]

    async def follow(self, call: Call, chat: str, after: int = 0, *, stay: bool = False) -> AsyncGenerator[Event, None]:
        """See `Chat.follow`."""
        found = await self.open(call, chat)
        async with aclosing(found.follow(after, stay=stay)) as events:
            async for event in events:
                yield event

    async def set(self, call: Call, chat: str, *, title: str | None = None, **settings: Any) -> Chat:
        """Change the title, or model, provider, limit_usd, trust; the running turn keeps what it began with."""
        found = await self.open(call, chat)
        if title is not None:
            found.change(title=_title(clean(title, call.caller.secrets)))
        if settings:
            found.change(settings={**found.row["settings"], **settings})
        await found.flush()
        return found

    async def delete(self, call: Call, chat: str) -> None:
        """Forget a chat with everything in it; its project stays."""
        found = await self.open(call, chat)
        await cancel(found, "deleted", _STOP_SECONDS)
        with suppress(SpacesError):
            await found.flush()
        self._live.pop(chat, None)
        await asyncio.to_thread(self._store.drop_chat, chat)

    def busy(self, owner: str) -> bool:
        """Whether a turn of one of the owner's chats is under way."""
        return any(chat.busy for chat in self._live.values() if chat.owner == owner)

    async def hand_over(self, source: str, target: str, staying: Collection[str] = ()) -> None:
        """Make the chats of one owner another's, but for those about projects that stay. Who follows one goes on."""
        for chat in self._live.values():
            if chat.owner == source and chat.row["project"] not in staying:
                chat.owner = chat.row["owner"] = target
        await asyncio.to_thread(self._store.hand_over_chats, source, target, staying)

    def forget(self, owner: str) -> None:
        """Forget every chat of a caller whose session has ended, and end their turns. May be called on any thread."""
        for chat in [chat for chat in self._live.copy().values() if chat.owner == owner]:
            if chat.task and not chat.task.done():
                chat.why = chat.why or "deleted"
                chat.task.get_loop().call_soon_threadsafe(chat.task.cancel)
            self._live.pop(chat.id, None)
        self._store.drop_chats_of(owner)

    async def copy(self, call: Call, title: str, project: str | None, source: Chat, messages: list[dict[str, Any]], until: int, rename: Rename) -> Chat:
        """A new chat with these messages and the events of another before that number, by the copy's names."""
        settings = {name: value for name, value in source.row["settings"].items() if name != "trust"}
        made = await self._make(call, title, project, settings)
        after = 0
        while bodies := [body for body in await source.events(after) if body["seq"] < until]:
            for body in bodies:
                made.put(rename(body))
            after = bodies[-1]["seq"]
        if source.inbox:
            made.emit(Waiting(texts=()))
        made.messages[:] = messages
        made.change(state={"looked": True})
        made.messages_changed()
        await made.flush()
        return made

    async def close(self) -> None:
        """End every turn; each can be gone on with after the next start."""
        chats = list(self._live.values())
        await asyncio.gather(*(cancel(chat, "interrupted", _CLOSE_SECONDS) for chat in chats))
        for chat in chats:
            with suppress(SpacesError):
                await chat.flush()
        self._live.clear()

    async def _make(self, call: Call, words: str, project: str | None, given: Mapping[str, Any]) -> Chat:
        _named(call)
        if not words:
            raise InvalidInput("There is nothing to do yet.", "Say what to build.")
        settings = {"limit_usd": self._settings.usd, **given}
        id = await asyncio.to_thread(self._store.make_chat, call.caller.id, _title(words), project, settings)
        return self._held(await asyncio.to_thread(lambda: Chat.load(self._store, self._store.chat(id))))

    def _held(self, chat: Chat) -> Chat:
        """Keep it in memory; the ones that were used longest ago and do nothing make room."""
        for id, one in list(self._live.items()):
            if len(self._live) < MOST_LIVE:
                break
            if not one.active:
                del self._live[id]
        if len(self._live) >= MOST_LIVE:
            raise RateLimited(f"{MOST_LIVE} chats are open here already.", "Try again when some of them have ended.", retry_after=10)
        self._live[chat.id] = chat
        return chat

    def _may_run(self, chat: Chat, call: Call) -> None:
        running = sum(one.busy for one in self._live.values() if one.owner in (chat.owner, call.caller.session))
        if running >= MOST_RUNNING:
            raise RateLimited(f"{MOST_RUNNING} of your chats work already.", "Wait until one has ended, or stop one.", retry_after=10)

    def _go_on(self, chat: Chat, call: Call) -> None:
        if chat.pending:
            raise Conflict("It waits for your word.", "Approve or refuse what it asks, answer it, or write something else.")
        if chat.row["status"] in ("new", "done"):
            raise InvalidInput("There is nothing to go on with.", "Write what to do next.")
        chat.messages.append(note("Go on where you stopped."))
        chat.messages_changed()
        start(chat, call, self._settings, {})

    def _interrupted(self, id: str) -> None:
        """Say of a chat whose process ended during a turn that it was interrupted."""
        row = self._store.chat(id)
        seq = max(self._store.chat_size(id)[0], row["state"].get("last", 0)) + 1
        kind, text = ENDED["interrupted"]
        event = TurnEnded(ending=kind, text=text, seq=seq)
        self._store.add_chat_events(id, [(seq, event.at, False, json.dumps(event.to_dict()))])
        self._store.change_chat(id, status=kind, state={**row["state"], "last": seq, "pending": [], "decided": {}})


def _named(call: Call) -> None:
    if call.caller.anonymous:
        raise Unauthorized(
            "Nothing tells you from other visitors, so no chat can be kept for you.", "Open the page, POST /api/session first, or send a Hub token."
        )


def _words(text: str, call: Call) -> str:
    if len(text) > _LONGEST:
        raise InvalidInput(f"The message has {len(text):,} characters; at most {_LONGEST:,} are read.", "Put long texts into a file of the project.")
    return clean(text.strip(), call.caller.secrets)


def _title(words: str) -> str:
    line = " ".join(words.split()) or "Untitled"
    return line if len(line) <= _TITLE else line[:_TITLE].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
