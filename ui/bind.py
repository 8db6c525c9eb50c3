"""From a request of the page to a call of an action, and its events at a pace a page can draw."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any

import gradio as gr

from core.caller import Call, Caller
from core.doors.run import follow_action, run_action
from core.doors.session import Sessions, identify, session_id
from core.errors import Unexpected
from core.events import Done, Event, Failed
from core.house import House
from core.secrets import Secret

BEAT_SECONDS = 1.0
PACE_SECONDS = 0.12
_WAITING_EVENTS = 500

# What every listener of the page gets. Private keeps it out of the API's and the MCP server's lists; own states
# replace Gradio's progress overlay; nobody waits for another visitor's event of the same kind.
QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}


@dataclass(frozen=True)
class Bind:
    """The page's way into the house: who asks is read from each request anew."""

    house: House
    sessions: Sessions

    def caller(self, request: gr.Request) -> Caller:
        """Who sits in front of the page: a pasted token, else Gradio's sign-in, else the session or the local run."""
        session = self.sessions.find(session_id(request.headers, request.cookies))
        signed_in = oauth_token(request)
        if signed_in and not (session and session.token):
            return self.house.caller("page", session=session.id if session else None, token=signed_in)
        return identify(self.house, self.sessions, "page", request.headers, request.cookies)

    def own_token(self, request: gr.Request) -> Secret | None:
        """The token this visitor brought, as opposed to the one the process acts with."""
        session = self.sessions.find(session_id(request.headers, request.cookies))
        return (session.token if session else None) or oauth_token(request)

    async def ask(self, name: str, given: Mapping[str, Any], request: gr.Request) -> Any:
        """Run one action to its end. Raises `SpacesError`."""
        return await run_action(name, given, Call(self.caller(request), self.house))

    async def follow(self, name: str, given: Mapping[str, Any], request: gr.Request) -> AsyncGenerator[tuple[Event, ...]]:
        """Run one action and yield what happened since the last yield.

        At most about eight times a second, and at least once a second, then with an empty tuple, so that a page
        that was closed is noticed. The last batch ends with `Done` or `Failed`. Leaving early cancels the action
        and waits until it has cleaned up.
        """
        queue: asyncio.Queue[Event] = asyncio.Queue(maxsize=_WAITING_EVENTS)
        call = Call(self.caller(request), self.house)

        async def pump() -> None:
            async with aclosing(follow_action(name, given, call)) as events:
                async for event in events:
                    await queue.put(event)

        task = asyncio.create_task(pump())
        drawn = 0.0
        try:
            while True:
                batch: list[Event] = []
                with suppress(TimeoutError):
                    batch.append(await asyncio.wait_for(queue.get(), BEAT_SECONDS))
                    await asyncio.sleep(max(0.0, drawn + PACE_SECONDS - time.monotonic()))
                while not queue.empty():
                    batch.append(queue.get_nowait())
                if not batch and task.done():
                    batch.append(Failed(error=Unexpected(f"{name} ended without an answer.").to_dict()))
                drawn = time.monotonic()
                yield tuple(batch)
                if batch and isinstance(batch[-1], Done | Failed):
                    return
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


def oauth_token(request: gr.Request) -> Secret | None:
    """The token of Gradio's own sign-in, when the request's session holds one that has not expired."""
    scope = getattr(request.request, "scope", None) or {}
    info = (scope.get("session") or {}).get("oauth_info") or {}
    token, expires = info.get("access_token"), info.get("expires_at")
    if not isinstance(token, str) or not token.strip() or (expires and expires < time.time()):
        return None
    return Secret(token)
