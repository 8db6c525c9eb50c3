"""`/s/<subdomain>/…`: the address of a Space. The app answers while it runs; else a small page says what is going on."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from starlette.responses import HTMLResponse
from starlette.types import Receive, Scope, Send

from core.localhub.runtime import Spaces
from core.localhub.space import Space

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

# Stage → what a visitor reads, and whether waiting helps.
_WORDS: dict[str, tuple[str, str, bool]] = {
    "BUILDING": ("Building", "This Space is being built. The page opens by itself when it is ready.", True),
    "APP_STARTING": ("Starting", "This Space was built and is starting.", True),
    "SLEEPING": ("Waking up", "This Space was asleep, because nobody used it. It is being started for you.", True),
    "PAUSED": ("Paused", "The owner of this Space has paused it. Only they can start it again.", False),
    "STOPPED": ("Stopped", "This Space does not run at the moment. Its owner can restart it.", False),
    "NO_APP_FILE": ("No application yet", "This Space has no application file. It starts when one is added.", True),
    "CONFIG_ERROR": ("Configuration error", "The settings at the head of its README, or its Dockerfile, cannot be used.", False),
    "BUILD_ERROR": ("Build error", "This Space could not be built. Its owner finds the reason in the build log.", False),
    "RUNTIME_ERROR": ("Runtime error", "The app of this Space has stopped. Its owner finds the reason in the run log.", False),
}
_UNKNOWN = ("No such Space", "There is no Space at this address, or it has moved.", False)
_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">{refresh}
<title>{title}</title>
<style>
 :root {{ color-scheme: light dark; --ink: #1f2937; --soft: #6b7280; --paper: #fff; --line: #e5e7eb }}
 @media (prefers-color-scheme: dark) {{ :root {{ --ink: #f3f4f6; --soft: #9ca3af; --paper: #0b0f19; --line: #1f2937 }} }}
 body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; font: 16px/1.5 system-ui, sans-serif;
   color: var(--ink); background: var(--paper) }}
 main {{ max-width: 30rem; margin: 1rem; padding: 2rem; border: 1px solid var(--line); border-radius: 12px }}
 h1 {{ margin: 0 0 .5rem; font-size: 1.25rem }}
 p {{ margin: 0; color: var(--soft) }}
</style>
<main role="status"><h1>{title}</h1><p>{text}</p></main>
</html>
"""


class Door:
    """The ASGI application at `/s`."""

    def __init__(self, hub: LocalHub, spaces: Spaces):
        self._hub, self._spaces = hub, spaces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        place = _place(scope, self._hub.prefix)
        space = self._spaces.at(place)
        serving = space.serving.preview if space and space.serving else None
        if serving is not None and serving.stage == "running":
            await self._hub.previews.proxy_to(serving, scope, receive, send, prefix=f"{self._hub.prefix}/s/{place}")
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1013 if space else 1008})
        else:
            if space is not None:
                await self._spaces.wake(space)
            await _page(space)(scope, receive, send)


def _place(scope: Scope, prefix: str) -> str:
    raw = (scope.get("raw_path") or scope["path"].encode()).split(b"?", 1)[0].decode("latin-1")
    return raw.removeprefix(f"{prefix}/s/").split("/", 1)[0]


def _page(space: Space | None) -> HTMLResponse:
    """503 with the stage in words; 404 where there is no Space."""
    title, text, passing = _WORDS.get(space.stage.removeprefix("RUNNING_"), _WORDS["APP_STARTING"]) if space else _UNKNOWN
    refresh = '\n<meta http-equiv="refresh" content="2">' if passing else ""
    headers = {
        "Cache-Control": "no-store",
        # allow-scripts, of which default-src leaves none: without it a browser does not follow the page's refresh either.
        "Content-Security-Policy": "sandbox allow-scripts; default-src 'none'; style-src 'unsafe-inline'; form-action 'none'",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
    }
    if passing:
        headers["Retry-After"] = "2"
    return HTMLResponse(
        _PAGE.format(title=escape(title), text=escape(text), refresh=refresh), 503 if space else 404, headers=headers
    )
