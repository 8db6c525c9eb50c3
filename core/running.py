"""Run an action for whoever calls it: audited, redacted, never a stack trace; whole, or as a stream of events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import nullcontext, suppress
from typing import Any

from pydantic_core import to_jsonable_python

from core.errors import SpacesError, Unexpected, where
from core.events import Cost, Done, Event, Failed, Reasoning, Text, ToolCall
from core.registry import Call, actions, invoke
from core.secrets import redact

log = logging.getLogger(__name__)

_MOST_WAITING = 1000
_WHOLE = (Text, Reasoning, ToolCall, Cost)


async def run_action(name: str, given: Mapping[str, Any], call: Call) -> Any:
    """Invoke, audit what changes something, and turn a defect of ours into `Unexpected` without its trace."""
    outcome = "ok"
    found = actions().get(name)
    changes = found is not None and found.risk != "read"
    try:
        with call.house.owners.at_work(call.caller.id) if changes else nullcontext():
            return to_jsonable_python(await invoke(name, given, call))
    except SpacesError as error:
        outcome = error.code
        raise
    except Exception as error:
        outcome = "unexpected"
        log.error("%s failed: %s; %s", name, where(error), redact(repr(error), *call.caller.secrets), exc_info=log.isEnabledFor(logging.DEBUG))
        raise Unexpected(f"{name} failed because of a defect ({type(error).__name__}).") from None
    finally:
        if changes:
            with suppress(SpacesError):
                await asyncio.to_thread(call.house.store.record, call.caller.id, call.caller.door, name, outcome)


async def follow_action(name: str, given: Mapping[str, Any], call: Call) -> AsyncGenerator[Event, None]:
    """The events of one action as they happen, ending with `Done` or `Failed`. Leaving early cancels the action.

    What it still tells while it is being cancelled, such as a receipt, goes to the call's own listener.
    """
    queue: asyncio.Queue[Event] = asyncio.Queue()
    left = False

    def listen(event: Event) -> None:
        if left:
            call.emit(event)
            return
        # A slow reader may miss lines of progress, but no piece of an answer and nothing of a chat's record; those have limits of their own.
        if queue.qsize() < _MOST_WAITING or isinstance(event, _WHOLE) or event.seq:
            queue.put_nowait(event)

    async def run() -> Event:
        try:
            return Done(result=await run_action(name, given, Call(call.caller, call.house, listen)))
        except SpacesError as error:
            return Failed(error=error.to_dict())

    task = asyncio.create_task(run())
    waiting: asyncio.Future[Event] | None = None
    try:
        while not task.done() or not queue.empty():
            waiting = asyncio.ensure_future(queue.get())
            await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                yield waiting.result()
            else:
                waiting.cancel()
        yield task.result()
    finally:
        left = True
        if waiting is not None:
            waiting.cancel()
        if not task.done():
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
