"""One request or WebSocket of a visitor below a preview's address: to its app, to its files, or to a page that says why not.

What each side may see of the other stands in `headers`.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from urllib.parse import unquote

import anyio.to_thread
from starlette.types import Receive, Scope, Send

from core.preview import headers, pages, static
from core.preview.bridge import bridge
from core.preview.documents import Document, is_document
from core.preview.exchange import Exchange
from core.preview.forward import forward
from core.preview.preview import Preview


def path_below(scope: Scope, prefix: str) -> str | None:
    """The request's path below `prefix`, still escaped as it was sent, with "/" in front; None when it is not below it."""
    raw = scope.get("raw_path") or scope["path"].encode()
    path = raw.split(b"?", 1)[0].decode("latin-1")
    if path == prefix:
        return ""
    return path[len(prefix) :] if path.startswith(prefix + "/") else None


async def proxy(preview: Preview, scope: Scope, receive: Receive, send: Send, *, prefix: str, ancestors: str) -> None:
    """Bring one request or WebSocket to the app.

    Args:
        preview: where it goes; while it is not running the answer is a page that says so.
        prefix: the front part of the path that is ours and that the app does not see.
        ancestors: which pages may show the app in a frame, as in CSP's frame-ancestors.
    """
    below = path_below(scope, prefix)
    if scope["type"] == "websocket":
        if below is None or preview.address is None or preview.stage != "running":
            await send({"type": "websocket.close", "code": 1001})
            return
        await bridge(preview, scope, receive, send, path=below or "/")
        return
    exchange = Exchange(scope, send, ancestors=ancestors, mount=preview.mount, origins=preview.spec.origins)
    preview.touch()
    if below is None:
        await exchange.page(404, pages.NOT_FOUND)
    elif scope["method"] == "OPTIONS" and b"access-control-request-method" in exchange.given:
        await exchange.start(204, headers.preflight(scope["headers"]))
        await exchange.piece(b"", more=False)
    elif below == "":
        query = scope.get("query_string", b"")
        target = prefix.encode("latin-1") + b"/" + (b"?" + query if query else b"")
        await exchange.page(307, b"", (b"location", target))
    elif preview.stage in ("building", "starting"):
        await exchange.page(503, pages.STARTING, (b"retry-after", b"1"))
    elif preview.stage == "failed":
        await exchange.page(502, pages.page("The app does not run", (preview.error or {}).get("message", "Look at its log.")))
    elif preview.stage != "running":
        await exchange.page(404, pages.NOT_FOUND)
    elif preview.spec.sdk == "static":
        await _serve_file(preview, exchange, below)
    else:
        await forward(preview, exchange, receive, below)


async def _serve_file(preview: Preview, exchange: Exchange, below: str) -> None:
    method = exchange.scope["method"]
    if method not in ("GET", "HEAD"):
        await exchange.page(405, pages.NO_FILE, (b"allow", b"GET, HEAD"))
        return
    path = unquote(below)
    root = preview.workspace.app
    status, file = 200, await anyio.to_thread.run_sync(static.find, root, path, preview.spec.entry)
    if file is None:
        status, file = 404, await anyio.to_thread.run_sync(static.find, root, "404.html", preview.spec.entry)
    if file is None:
        await exchange.page(404, pages.NO_FILE)
        return
    try:
        document = is_document(file.content_type, exchange.given, "")
        given = {} if document or status == 404 else exchange.given
        found = static.answer(file, given)
        head = [pair for pair in found.headers if not document or pair[0] not in (b"content-length", b"etag", b"accept-ranges")]
        await exchange.start(found.status if status == 200 else status, head)
        pieces = static.read(file, found.first, 0 if method == "HEAD" else found.length)
        await _pour(exchange, pieces, Document(exchange.mount, absolute=True) if document and method == "GET" else None)
    finally:
        os.close(file.descriptor)


async def _pour(exchange: Exchange, pieces: AsyncIterator[bytes], document: Document | None) -> None:
    async for data in pieces:
        data = document.feed(data) if document else data
        if data:
            await exchange.piece(data)
    await exchange.piece(document.finish() if document else b"", more=False)
