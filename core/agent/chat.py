"""One chat while it is in memory: what happened in it, what the model is told next, who follows, what it cost."""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

from core.agent import trust
from core.agent.guards import Work, after
from core.agent.keeping import LIVE, body_of, kept_messages, revived
from core.agent.passing import Passing
from core.agent.record import Record
from core.agent.spending import costs, spent_event
from core.agent.values import Ending, Message
from core.agent.wire import QUESTION, pending
from core.errors import RateLimited, SpacesError
from core.events import Cost, Event, Noticed, Said, ToolEnded, ToolStarted, TurnEnded, UserSaid, Waiting
from core.secrets import Secret
from core.store import Store

log = logging.getLogger(__name__)

_IN_MEMORY = 1_000
_MOST_FOLLOWERS = 50
_READ = 500
_ROLES = {"app_repair": "repair", "research": "research"}
_PACE_SECONDS = 0.05  # so that pieces reach a follower at most 20 times a second
MOST_WAITING = 20


class Chat:
    """Events go out in the order they happen, and into the store behind them. `load` makes one; it is used on one event loop.

    row: the chat as the store has it. messages: what the model is told next. inbox: what the person said while a turn runs
    and nobody has read yet.
    """

    def __init__(self, store: Store, row: dict[str, Any], bodies: list[str], last: int, size: int):
        self.id, self.owner = row["id"], row["owner"]
        self.row = row
        self.messages: list[Message] = [json.loads(body) for body in bodies]
        self.work = Work.of(row["state"].get("work") or {})
        self.inbox: deque[str] = deque(row["state"].get("inbox") or ())
        self.task: asyncio.Task[None] | None = None
        self.busy = False  # a turn is under way, or the next one begins without anybody's doing
        self.why = ""  # why the turn was cancelled
        self.secrets: tuple[Secret, ...] = ()  # of whoever the running turn is for
        self.role = "code"
        self.last = last
        self._recent: deque[dict[str, Any]] = deque(maxlen=_IN_MEMORY)
        self._passing = Passing()
        self._followers: set[asyncio.Event] = set()
        self._tools: dict[str, str] = {}
        self._known = _known(self.messages, bodies)
        self._record = Record(store, self.id, self._look, bodies=bodies, size=size)

    @classmethod
    def load(cls, store: Store, row: dict[str, Any]) -> Chat:
        """The chat of a row; blocks on the disk."""
        last, size = store.chat_size(row["id"])
        return cls(store, row, store.chat_messages(row["id"]), max(last, row["state"].get("last", 0)), size)

    @property
    def active(self) -> bool:
        """It cannot be dropped from memory now."""
        return bool(self.busy or self._followers or self._record.waits)

    @property
    def pending(self) -> list[dict[str, str]]:
        """Calls that wait for the person, as `{id, name, kind}`; kind is approval or question."""
        return self.row["state"].get("pending") or []

    def change(self, **fields: Any) -> None:
        """Change title, project, status or settings; `state` is merged."""
        if "state" in fields:
            fields["state"] = {**self.row["state"], **fields["state"]}
        self.row |= fields
        self._record.changed(*fields)

    def emit(self, event: Event) -> None:
        """It happened: followers are told, and what is kept is kept. To be called on the loop."""
        if isinstance(event, LIVE):
            self._passing.add(event, self.secrets)
            return self._wake()
        self.work = after(self.work, event)
        if changes := trust.after(self.row, event):
            self.change(**changes)
        if isinstance(event, ToolStarted | ToolEnded) and event.agent:
            pass  # its numbers are its own; who pays is the research
        elif isinstance(event, ToolStarted):
            self._tools[event.id] = event.name
        elif isinstance(event, ToolEnded):
            self._tools.pop(event.id, None)
        self._keep(body_of(event, self.secrets))
        if (isinstance(event, Said) or isinstance(event, Noticed) and event.kind == "retry") and not event.agent:
            self._passing.clear()  # the reply is whole, or begins anew
        if isinstance(event, Cost):
            self.row["spent"] = costs(self.row["spent"], event, self._payer())
            self._record.changed("spent")
            self._keep(body_of(spent_event(self.row["spent"], self.row["settings"].get("limit_usd")), ()))

    def wait(self, words: str) -> None:
        """The person wrote this while a turn runs."""
        self.inbox.append(words)
        self._waiting()

    def hear(self, revision: str, project: str) -> list[str]:
        """Take out what waits, as said now: the project stands at that revision. Whoever takes it puts it into the messages
        without a pause, so that what happened before it, the files and the conversation are of one moment."""
        taken = list(self.inbox)
        if taken:
            self.put_off()
            for words in taken:
                self.emit(UserSaid(text=words, revision=revision, project=project))
        return taken

    def put_off(self) -> None:
        """Nothing waits any more."""
        if self.inbox:
            self.inbox.clear()
            self._waiting()

    def _waiting(self) -> None:
        self.change(state={"inbox": list(self.inbox)})
        self.emit(Waiting(texts=tuple(self.inbox)))

    def put(self, body: dict[str, Any]) -> None:
        """Take over an event of another chat."""
        self._keep(dict(body))

    def begin(self) -> None:
        """A turn begins."""
        self.busy, self.why = True, ""
        self._tools.clear()
        self.change(status="running", state={"pending": [], "decided": {}})

    def end(self, ending: Ending, *, more: bool = False) -> None:
        """The turn is over; more: the next one follows at once."""
        self._passing.clear()
        if ending.kind == "done":
            self.work = replace(self.work, settled=True)
        names = {call.id: call.name for call in pending(self.messages)} if ending.pending else {}
        waiting = [{"id": id, "name": names.get(id, ""), "kind": "question" if names.get(id) == QUESTION else "approval"} for id in ending.pending]
        self.change(status="running" if more else ending.kind, state={"pending": waiting, "decided": {}, "work": self.work.to_dict()})
        self.busy = more
        self.emit(TurnEnded(ending=ending.kind, text=ending.text, error=dict(ending.error) if ending.error else None))

    def messages_changed(self) -> None:
        """What the model is told next is not what it was."""
        self._record.changed("messages")

    async def settle(self) -> None:
        """A turn's task is over: what is in memory is what is kept, and the caller's secrets are known here no longer."""
        try:
            self.messages_changed()
            await self.flush()
        except SpacesError as error:
            log.warning("a chat could not be kept: %s", error.message)
        bodies = kept_messages(self.messages, self.secrets, self._known)
        self.messages[:] = map(json.loads, bodies)
        self._known = _known(self.messages, bodies)
        if not self.busy:
            self.secrets = ()

    def messages_kept(self) -> list[Message]:
        """A copy of the messages as they are kept: clean, and with few pictures."""
        return [json.loads(body) for body in kept_messages(self.messages, self.secrets, dict(self._known))]

    def forget_work(self) -> None:
        """The plan and what was checked belong to what was taken back."""
        self.work = Work()
        self.change(state={"work": self.work.to_dict(), "left": None})

    async def follow(self, after: int = 0, *, stay: bool = False) -> AsyncGenerator[Event, None]:
        """What happened after that event, then what happens, until the turn ends; at once where none runs.

        Pieces of text that have not become a whole reply come without a number. stay: go on after the turn.
        Raises RateLimited when fifty follow already.
        """
        if len(self._followers) >= _MOST_FOLLOWERS:
            raise RateLimited(f"{_MOST_FOLLOWERS} readers follow this chat already.", "Close one of its pages.")
        wake, place = asyncio.Event(), self._passing.start()
        self._followers.add(wake)
        try:
            while True:
                wake.clear()
                over = not self.busy
                while bodies := await self.events(after):
                    for body in bodies:
                        after = body["seq"]
                        if event := revived(body):
                            yield event
                for event in self._passing.since(place):
                    yield event
                if over and not stay:
                    return
                if not wake.is_set():
                    await wake.wait()
                await asyncio.sleep(_PACE_SECONDS)
        finally:
            self._followers.discard(wake)

    async def events(self, after: int, limit: int = _READ) -> list[dict[str, Any]]:
        """Bodies of the events after that number, in order."""
        if after >= self.last:
            return []
        if self._recent and self._recent[0]["seq"] <= after + 1:
            return [body for body in self._recent if body["seq"] > after][:limit]
        return await self._record.events(after, limit)

    def so_far(self) -> dict[str, str]:
        """The reply under way, as far as it came."""
        return self._passing.so_far()

    async def cut(self, since: int) -> None:
        """Forget the events from that number on. Their numbers are not used again."""
        await self._record.cut(since)
        self._recent.clear()

    async def flush(self) -> None:
        """Return when everything is in the store; raises StorageFull when it did not get there."""
        await self._record.flush()

    def _keep(self, body: dict[str, Any]) -> None:
        self.last += 1
        body["seq"], self.row["updated"] = self.last, body["at"]
        self._recent.append(body)
        self._record.add(body)
        self._wake()

    def _payer(self) -> str:
        """The role of whoever asks a model while these tools run, where its receipt does not say it."""
        return next((_ROLES[name] for name in self._tools.values() if name in _ROLES), self.role)

    def _wake(self) -> None:
        for follower in self._followers:
            follower.set()

    def _look(self, changed: set[str]) -> tuple[dict[str, Any], list[str] | None]:
        """What of these the store shall have. The newest number is counted also when the event it was of is cut."""
        fields = {name: self.row[name] for name in changed - {"messages"}} | {"state": {**self.row["state"], "last": self.last}}
        return fields, kept_messages(self.messages, self.secrets, self._known) if "messages" in changed else None


def _known(messages: list[Message], bodies: list[str]) -> dict[int, tuple[Message, Any, str]]:
    """Messages with the bodies they have, so that only what changes is written out again."""
    return {id(one): (one, one.get("content"), body) for one, body in zip(messages, bodies, strict=True)}
