"""A visitor's WebSocket joined to the app's."""

from __future__ import annotations

import anyio
from starlette.types import Receive, Scope, Send
from websockets.asyncio.client import ClientConnection, connect, unix_connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage

from core.preview import headers
from core.preview.preview import Preview

LARGEST_MESSAGE = 16 << 20


async def bridge(preview: Preview, scope: Scope, receive: Receive, send: Send, *, path: str) -> None:
    """Accept once the app has accepted, with the subprotocol it chose; then pass messages both ways until one side closes."""
    if (await receive())["type"] != "websocket.connect":
        return
    preview.touch()
    query = scope.get("query_string", b"").decode("latin-1")
    host = dict(scope["headers"]).get(b"host", b"127.0.0.1").decode("latin-1")
    given = {
        name.decode(): value.decode("latin-1")
        for name, value in headers.to_app(scope["headers"], scheme=scope["scheme"])
        if name not in (b"host", b"content-length", b"accept-encoding", b"user-agent")
    }
    options = {
        "origin": f"http://{host}",  # what the app's own page would have sent
        "subprotocols": scope.get("subprotocols") or None,
        "additional_headers": given,
        "user_agent_header": None,
        "max_size": LARGEST_MESSAGE,
        "compression": None,
        "open_timeout": preview.spec.limits.answer_seconds,
        "close_timeout": 2,
    }
    uri = f"ws://{host}{path}" + (f"?{query}" if query else "")
    address = preview.address
    try:
        if address.socket:
            app = await unix_connect(str(address.socket), uri, **options)
        else:
            app = await connect(uri, host="127.0.0.1", port=address.port, proxy=None, **options)
    except (OSError, InvalidHandshake, InvalidMessage, ConnectionClosed, TimeoutError, ValueError):
        await send({"type": "websocket.close", "code": 1011})
        return
    async with app, anyio.create_task_group() as group:
        await send({"type": "websocket.accept", "subprotocol": app.subprotocol})
        group.start_soon(_to_app, preview, receive, app, group)
        await _to_visitor(preview, send, app)
        group.cancel_scope.cancel()


async def _to_app(preview: Preview, receive: Receive, app: ClientConnection, group: anyio.abc.TaskGroup) -> None:
    try:
        while (message := await receive())["type"] == "websocket.receive":
            preview.touch()
            text = message.get("text")
            await app.send(text if text is not None else message.get("bytes", b""))
    except ConnectionClosed:
        return  # _to_visitor says so
    await app.close(_code(message.get("code")))
    group.cancel_scope.cancel()


async def _to_visitor(preview: Preview, send: Send, app: ClientConnection) -> None:
    try:
        async for data in app:
            preview.touch()
            await send({"type": "websocket.send", "text" if isinstance(data, str) else "bytes": data})
    except ConnectionClosed:
        pass
    code = 1011 if app.close_code in (None, 1006) else _code(app.close_code)  # it went away without a word
    await send({"type": "websocket.close", "code": code, "reason": app.close_reason or ""})


def _code(code: int | None) -> int:
    """A close code that may be sent: 1005 and 1006 only ever stand for one that was not (RFC 6455, 7.4.1)."""
    return code if code and (code in (1000, 1001, 1002, 1003) or 1007 <= code <= 1014 or 3000 <= code < 5000) else 1000
