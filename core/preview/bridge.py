"""A visitor's WebSocket joined to the app's."""

from __future__ import annotations

import asyncio

import aiohttp
from aiohttp import WSMsgType
from starlette.types import Receive, Scope, Send

from core.preview import headers
from core.preview.preview import Preview
from core.preview.upstream import Busy, upstream

_NOT_OF_A_SOCKET = (b"content-length", b"accept-encoding")
_GOING_AWAY, _FAILED, _TRY_LATER = 1001, 1011, 1013  # RFC 6455, 7.4.1


async def bridge(preview: Preview, scope: Scope, receive: Receive, send: Send, *, path: str) -> None:
    """Accept once the app has accepted, with the subprotocol it chose; then pass messages both ways until one side closes.

    A message is passed on when the one before it was taken, so neither side can fill our memory.
    """
    if (await receive())["type"] != "websocket.connect":
        return
    preview.touch()
    passing = headers.to_app(scope["headers"], scheme=scope["scheme"])
    host = dict(scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
    connections = upstream(preview)
    try:
        if headers.too_large(passing):
            raise ValueError
        async with asyncio.timeout(preview.spec.limits.answer_seconds):
            app = await connections.connect(
                path,
                scope.get("query_string", b""),
                headers=headers.as_text(pair for pair in passing if pair[0] not in _NOT_OF_A_SOCKET),
                origin=f"http://{host}",  # what the app's own page would have sent
                protocols=scope.get("subprotocols") or (),
            )
    except Busy:
        await send({"type": "websocket.close", "code": _TRY_LATER})
        return
    except (aiohttp.ClientError, OSError, ValueError):
        await send({"type": "websocket.close", "code": _FAILED})
        return
    goodbye = [_GOING_AWAY, ""]
    try:
        await send({"type": "websocket.accept", "subprotocol": app.protocol})
        async with asyncio.TaskGroup() as both:
            down = both.create_task(_to_visitor(preview, send, app))
            up = both.create_task(_to_app(preview, receive, app, goodbye, down))
            down.add_done_callback(lambda _: up.cancel())
    finally:
        await connections.hang_up(app, *goodbye)


async def _to_app(
    preview: Preview, receive: Receive, app: aiohttp.ClientWebSocketResponse, goodbye: list, down: asyncio.Task[None]
) -> None:
    """Until the visitor leaves; their last words stand in `goodbye` then."""
    while (message := await receive())["type"] == "websocket.receive":
        preview.touch()
        text = message.get("text")
        try:
            if text is not None:
                await app.send_str(text)
            else:
                await app.send_bytes(message.get("bytes") or b"")
        except (OSError, aiohttp.ClientError):
            return  # the app is gone, which _to_visitor says
    goodbye[:] = _code(message.get("code")), message.get("reason") or ""
    down.cancel()


async def _to_visitor(preview: Preview, send: Send, app: aiohttp.ClientWebSocketResponse) -> None:
    """Until the app closes, or goes away without a word; the visitor is told which."""
    try:
        while (message := await app.receive()).type in (WSMsgType.TEXT, WSMsgType.BINARY):
            preview.touch()
            await send({"type": "websocket.send", "text" if message.type is WSMsgType.TEXT else "bytes": message.data})
        code = _FAILED if app.close_code in (None, 1006) else _code(app.close_code)
        reason = message.extra if message.type is WSMsgType.CLOSE else ""
        await send({"type": "websocket.close", "code": code, "reason": reason or ""})
    except OSError:
        return  # the visitor is gone, which _to_app hears


def _code(code: int | None) -> int:
    """A close code that may be sent: 1005 and 1006 only ever stand for one that was not (RFC 6455, 7.4.1)."""
    return code if code and (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000) else 1000
