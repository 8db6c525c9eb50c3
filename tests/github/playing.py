"""GitHub on loopback: its API and its raw files, answering by path in recorded shapes."""

from __future__ import annotations

import asyncio
import base64
import time
from contextlib import AsyncExitStack

from tests.hub_client.playing_hub import answer, playing

from core.github import GitHub
from core.reading import Reader
from core.secrets import Secret

TOKEN = Secret("ghp_ownersKeyAAAAAAAAAAAAAAAAAAAAAAAAAAA")
MISSING = answer({"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}, status=404)


def told(data, *, status=200, left=55, limit=60, resource="core", **headers):
    """An answer of the API with the numbers of its rate limit."""
    rate = {"X_RateLimit_Limit": str(limit), "X_RateLimit_Remaining": str(left), "X_RateLimit_Reset": str(int(time.time()) + 1_800), "X_RateLimit_Resource": resource}
    return answer(data, status=status, **rate, **headers)


def limited(status=403, **headers):
    """What the API says when the requests of the hour are used up."""
    return told({"message": "API rate limit exceeded for 127.0.0.1."}, status=status, left=0, **headers)


def content(body: bytes, path="x", **more):
    """A file as the contents API gives it."""
    encoded = base64.encodebytes(body).decode()
    return told({"type": "file", "encoding": "base64", "size": len(body), "name": path.rpartition("/")[2], "path": path, "content": encoded, "sha": "0" * 40} | more)


def about(branch="main"):
    return told({"full_name": "huggingface/trl", "default_branch": branch})


def tree(*paths, truncated=False):
    listed = [{"path": path, "type": "blob", "sha": "0" * 40, "size": 100 + place, "mode": "100644"} for place, path in enumerate(paths)]
    folders = {path.rpartition("/")[0] for path in paths} - {""}
    return told({"sha": "0" * 40, "tree": [{"path": path, "type": "tree"} for path in sorted(folders)] + listed, "truncated": truncated})


def play(ask, api, raw=None, *, token=None):
    """What `ask(github)` gives, and what the API and the raw host were asked; answers go by path, or by path and query."""

    def script(table):
        async def one(request):
            found = table.get(request.target, table.get(request.target.partition("?")[0], MISSING))
            found = found(request) if callable(found) else found
            return await found if asyncio.iscoroutine(found) else found

        return one

    async def whole():
        async with AsyncExitStack() as stack:
            first = await stack.enter_async_context(playing(script(api)))
            second = await stack.enter_async_context(playing(script(raw or {})))
            reader = Reader()
            try:
                return await ask(GitHub(reader, api=first.url, raw=second.url, token=token)), first.asked, second.asked
            finally:
                await reader.close()

    return asyncio.run(whole())
