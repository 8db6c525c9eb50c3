"""What a Space's build and run wrote, line by line."""

from __future__ import annotations

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncIterator

import httpx

from core.caller import Caller
from core.errors import InvalidInput
from core.hub.client import Hub
from core.hub.errors import hub_errors
from core.hub.names import check_repo
from core.hub.transport import prepare
from core.secrets import redact

LINE_LENGTH = 4000
_STREAM_BYTES = 32_000_000
_QUIET_SECONDS = 1.5  # the Hub keeps the stream of a running Space open: after this silence its history was read
_FOLLOW_SECONDS = 120.0
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")


async def space_log_lines(
    hub: Hub, caller: Caller, repo: str, *, build: bool = False, follow: bool = False, limit: int = 500
) -> AsyncIterator[str]:
    """The lines of a Space's log, without colours, credentials cut out.

    Args:
        repo: namespace/name.
        build: the build log instead of the run log.
        follow: go on as lines come, until the Hub closes the stream or is silent for 120 s.
        limit: without follow, the newest so many lines, 1 to 10000.

    Raises NotFound, Forbidden, Unauthorized, HubUnavailable, TimedOut.
    """
    check_repo(repo)
    if not 1 <= limit <= 10_000:
        raise InvalidInput(f"limit is {limit}; it must be between 1 and 10000.")
    lines = _stream(hub, caller, repo, build=build, quiet=_FOLLOW_SECONDS if follow else _QUIET_SECONDS)
    try:
        if follow:
            async for line in lines:
                yield line
            return
        newest: deque[str] = deque(maxlen=limit)
        async for line in lines:
            newest.append(line)
        for line in newest:
            yield line
    finally:
        await lines.aclose()


async def _stream(hub: Hub, caller: Caller, repo: str, *, build: bool, quiet: float):
    """Read the event stream ourselves: the library's generator blocks a thread and cannot be cancelled."""
    doing = f"read the log of {repo}"
    await asyncio.to_thread(prepare)
    from huggingface_hub.utils import build_hf_headers, hf_raise_for_status

    url = f"{hub.endpoint}/api/spaces/{repo}/logs/{'build' if build else 'run'}"
    headers = build_hf_headers(token=caller.hub_token)
    received = 0
    with hub_errors(doing, caller.token):
        async with hub.web() as web, web.stream("GET", url, headers=headers) as response:
            if response.status_code != 200:
                await response.aread()
                hf_raise_for_status(response)
                return
            events = response.aiter_lines()
            while received < _STREAM_BYTES:
                try:
                    event = await asyncio.wait_for(anext(events), quiet)
                except (StopAsyncIteration, TimeoutError, httpx.ReadTimeout):
                    return
                received += len(event)
                for line in _lines(event):
                    yield redact(line, caller.token)


def _lines(event: str) -> list[str]:
    if not event.startswith("data: {"):
        return []
    try:
        text = json.loads(event.removeprefix("data: "))["data"]
    except (json.JSONDecodeError, KeyError, TypeError):
        return []
    plain = _ESCAPES.sub("", str(text)).replace("\r\n", "\n").rstrip("\n")
    return [line.rsplit("\r", 1)[-1][:LINE_LENGTH] for line in plain.split("\n")]


async def log_tail(hub: Hub, caller: Caller, repo: str, *, build: bool, limit: int = 200) -> list[str]:
    """The newest lines of a log as a list; see `space_log_lines`."""
    return [line async for line in space_log_lines(hub, caller, repo, build=build, limit=limit)]
