"""From a request of the page to a call of an action, and its events at a pace a page can draw."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import gradio as gr

from core.caller import Caller
from core.registry import Call
from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify, session_id
from core.errors import Cancelled, SpacesError, Unexpected
from core.events import Done, Event, Failed
from core.house import House
from core.secrets import Secret

if TYPE_CHECKING:
    from core.providers import Keyring

BEAT_SECONDS = 1.0
PACE_SECONDS = 0.12
_WAITING_EVENTS = 500

# What every listener of the page gets. Private keeps it out of the API's and the MCP server's lists; own states
# replace Gradio's progress overlay; nobody waits for another visitor's event of the same kind.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}


@dataclass(frozen=True)
class Bind:
    """The page's way into the house: who asks is read from each request anew.

    _jobs: what runs for an open page and can be stopped there, by the page's id and the job's name.
    """

    house: House
    sessions: Sessions
    _jobs: dict[tuple[str, str], asyncio.Task[None]] = field(default_factory=dict, init=False, repr=False)

    async def caller(self, request: gr.Request) -> Caller:
        """Who sits in front of the page: a pasted token, else Gradio's sign-in, else the session or the local run."""
        session = self.sessions.find(session_id(request.headers, request.cookies))
        if session:  # the other doors do not see Gradio's sign-in, so the session tells them
            session.signed_in = sign_in(request)
        return await identify(self.house, self.sessions, "page", request.headers, request.cookies)

    def keyring(self, request: gr.Request) -> Keyring | None:
        """The keys of this visitor's session."""
        session = self.sessions.find(session_id(request.headers, request.cookies))
        return session.keys if session else None

    def pasted_token(self, request: gr.Request) -> Secret | None:
        """The token this visitor pasted, as opposed to a sign-in or the one the process acts with."""
        session = self.sessions.find(session_id(request.headers, request.cookies))
        return session.token if session else None

    async def ask(self, name: str, given: Mapping[str, Any], request: gr.Request) -> Any:
        """Run one action to its end. Raises `SpacesError`."""
        return await run_action(name, given, Call(await self.caller(request), self.house))

    async def follow(
        self, name: str, given: Mapping[str, Any], request: gr.Request, *, job: str = ""
    ) -> AsyncGenerator[tuple[Event, ...]]:
        """Run one action and yield what happened since the last yield.

        At most about eight times a second, and at least once a second, then with an empty tuple, so that a page
        that was closed is noticed. The last batch ends with `Done` or `Failed`. Leaving early cancels the action
        and waits until it has cleaned up.

        Args:
            job: a word under which `stop` ends it, such as build; a job of the same word in this page is ended first.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=_WAITING_EVENTS)
        late: deque[Event] = deque(maxlen=_WAITING_EVENTS)  # what a stopped action still tells: its receipt
        call = Call(await self.caller(request), self.house, late.append)

        async def pump() -> None:
            async with aclosing(follow_action(name, given, call)) as events:
                async for event in events:
                    await queue.put(event)

        await self.stop(job, request)
        task = asyncio.create_task(pump())
        key = (request.session_hash or "", job)
        if job:
            self._jobs[key] = task
        drawn = 0.0
        try:
            while True:
                batch = await _next(queue, task)
                if batch:
                    await asyncio.sleep(max(0.0, drawn + PACE_SECONDS - time.monotonic()))
                    batch += [queue.get_nowait() for _ in range(queue.qsize())]
                elif task.done():
                    batch = [*late, Failed(error=_why_it_ended(name, task).to_dict())]
                drawn = time.monotonic()
                yield tuple(batch)
                if batch and isinstance(batch[-1], Done | Failed):
                    return
        finally:
            if self._jobs.get(key) is task:
                del self._jobs[key]
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task

    async def stop(self, job: str, request: gr.Request) -> None:
        """Cancel this page's job of that name, if it runs, and wait until it has cleaned up; its follower gets `Failed`, cancelled."""
        task = self._jobs.pop((request.session_hash or "", job), None) if job else None
        if task:
            task.cancel()
            await asyncio.wait({task})

    def runs(self, job: str, request: gr.Request) -> bool:
        """Whether this page's job of that name is running."""
        return (request.session_hash or "", job) in self._jobs


async def _next(queue: asyncio.Queue[Event], task: asyncio.Task[None]) -> list[Event]:
    """The next event, or nothing when a beat has passed or the task ended first."""
    getting = asyncio.ensure_future(queue.get())
    try:
        await asyncio.wait({getting, task}, timeout=BEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        return [getting.result()] if getting.done() else []
    finally:
        getting.cancel()


def _why_it_ended(name: str, task: asyncio.Task[None]) -> SpacesError:
    if task.cancelled():
        return Cancelled("Stopped.")
    return Unexpected(f"{name} ended without an answer.")


def sign_in(request: gr.Request) -> tuple[Secret, float] | None:
    """The token of Gradio's own sign-in and until when it counts (epoch seconds), when the request's session holds one that has not expired."""
    scope = getattr(request.request, "scope", None) or {}
    info = (scope.get("session") or {}).get("oauth_info") or {}
    token, expires = info.get("access_token"), info.get("expires_at")
    until = float(expires) if expires else float("inf")
    if not isinstance(token, str) or not token.strip() or until < time.time():
        return None
    return Secret(token), until
