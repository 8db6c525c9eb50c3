"""A chat's place in the store: what is new is written behind what happens, in one task, in order, within the chat's size."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from core.agent.keeping import EVENT_CHARACTERS, PICTURES, PICTURES_LEFT, without_picture
from core.errors import SpacesError
from core.store import Store

# Of the names that changed: their values, and where the messages are among them, their bodies.
Look = Callable[[set[str]], tuple[dict[str, Any], list[str] | None]]


class Record:
    """look: what is to be written, asked for when it is. bodies: the messages as they are in the store; size: characters of its events."""

    def __init__(self, store: Store, id: str, look: Look, *, bodies: list[str], size: int):
        self._store, self._id, self._look = store, id, look
        self._bodies, self._size = bodies, size
        self._events: list[dict[str, Any]] = []
        self._changed: set[str] = set()
        self._writing: asyncio.Task[None] | None = None
        self._trouble: SpacesError | None = None

    @property
    def waits(self) -> bool:
        """Something is not in the store yet."""
        return bool(self._writing or self._events or self._changed)

    def add(self, body: dict[str, Any]) -> None:
        """One more event."""
        self._events.append(body)
        self._soon()

    def changed(self, *names: str) -> None:
        """These fields, or the messages, are not what they were."""
        self._changed.update(names)
        self._soon()

    async def events(self, after: int, limit: int) -> list[dict[str, Any]]:
        """Bodies of the events after that number, in order."""
        await self.flush()
        return [json.loads(body) for body in await asyncio.to_thread(self._store.chat_events, self._id, after=after, limit=limit)]

    async def cut(self, since: int) -> None:
        """Forget the events from that number on."""
        await self.flush()
        await asyncio.to_thread(self._store.cut_chat_events, self._id, since=since)

    async def flush(self) -> None:
        """Return when everything is in the store; raises StorageFull when it did not get there."""
        while self.waits:
            self._soon()
            if self._writing:
                await asyncio.shield(self._writing)
        if trouble := self._trouble:
            self._trouble = None
            raise trouble

    def _soon(self) -> None:
        if self._writing is None and (self._events or self._changed):
            self._writing = asyncio.get_running_loop().create_task(self._write())

    async def _write(self) -> None:
        try:
            while self._events or self._changed:
                events, self._events = self._events, []
                changed, self._changed = self._changed, set()
                fields, bodies = self._look(changed)
                try:
                    await asyncio.to_thread(self._save, events, fields, bodies)
                except SpacesError as error:
                    self._trouble = error
        finally:
            self._writing = None

    def _save(self, events: list[dict[str, Any]], fields: dict[str, Any], bodies: list[str] | None) -> None:
        rows = [(one["seq"], one["at"], bool(one.get("picture")), json.dumps(one)) for one in events]
        with self._store.batch():
            self._store.add_chat_events(self._id, rows)
            self._size += sum(len(body) for *_, body in rows)
            if any(picture for _, _, picture, _ in rows):
                self._drop_pictures(PICTURES)
            if self._size > EVENT_CHARACTERS:
                self._drop_pictures(PICTURES_LEFT)
            if self._size > EVENT_CHARACTERS:
                self._store.cut_chat_events(self._id, characters=EVENT_CHARACTERS * 3 // 4)
                self._size = self._store.chat_size(self._id)[1]
            if bodies is not None:
                same = [old == new for old, new in zip(self._bodies, bodies, strict=False)]
                since = same.index(False) if False in same else len(same)
                self._store.keep_chat_messages(self._id, since, bodies[since:])
            self._store.change_chat(self._id, **fields)
        if bodies is not None:
            self._bodies = bodies

    def _drop_pictures(self, most: int) -> None:
        old = self._store.chat_pictures(self._id)[most:]
        if old:
            self._store.add_chat_events(self._id, [(seq, json.loads(body)["at"], False, without_picture(body)) for seq, body in old])
            self._size = self._store.chat_size(self._id)[1]
