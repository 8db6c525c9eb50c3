"""From our port to an app's socket: HTTP both ways as streams. What each side may see of the other is in `headers`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from http.cookiejar import CookieJar, DefaultCookiePolicy

import anyio
import httpx
from starlette.types import Receive, Scope, Send

from core.preview import headers, pages, static
from core.preview.bridge import bridge
from core.preview.documents import Document, is_document
from core.preview.preview import Preview

MOST_CONNECTIONS = 64  # per app; Gradio holds two open for every visitor
HTML = (b"content-type", b"text/html; charset=utf-8")


class BodyTooLarge(Exception):
    """The request is larger than the app may receive."""


class Exchange:
    """One request of one visitor: what was asked, and the answer's head with what every answer carries."""

    def __init__(self, scope: Scope, send: Send, *, ancestors: str, mount: str = ""):
        self.scope, self._send = scope, send
        self.given: dict[bytes, bytes] = dict(scope["headers"])
        self.mount, self._sealed = mount, headers.sealed(scope["headers"], ancestors=ancestors)

    async def start(self, status: int, head: list[tuple[bytes, bytes]]) -> None:
        vary = [value for name, value in [*head, *self._sealed] if name == b"vary"]
        merged = [pair for pair in [*head, *self._sealed] if pair[0] != b"vary"]
        if vary:
            merged.append((b"vary", b", ".join(vary)))
        await self._send({"type": "http.response.start", "status": status, "headers": merged})

    async def piece(self, data: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def page(self, status: int, body: bytes, *extra: tuple[bytes, bytes]) -> None:
        """A whole page of ours."""
        head = [HTML, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"), *extra]
        await self.start(status, head)
        await self.piece(b"" if self.scope["method"] == "HEAD" else body, more=False)


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
    exchange = Exchange(scope, send, ancestors=ancestors, mount=preview.mount)
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
        await _forward(preview, exchange, receive, below)


async def _serve_file(preview: Preview, exchange: Exchange, below: str) -> None:
    method = exchange.scope["method"]
    if method not in ("GET", "HEAD"):
        await exchange.page(405, pages.NO_FILE, (b"allow", b"GET, HEAD"))
        return
    path = httpx.URL("http://app" + below).path
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


async def _pour(exchange: Exchange, pieces: AsyncIterator[bytes], document: Document | None, touch=lambda: None) -> None:
    async for data in pieces:
        touch()
        data = document.feed(data) if document else data
        if data:
            await exchange.piece(data)
    await exchange.piece(document.finish() if document else b"", more=False)


async def _forward(preview: Preview, exchange: Exchange, receive: Receive, below: str) -> None:
    """Ask the app, stream its answer. Leaves as soon as the visitor has gone."""
    limits = preview.spec.limits
    declared = exchange.given.get(b"content-length", b"0")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        await exchange.page(413, pages.TOO_LARGE)
        return
    async with anyio.create_task_group() as group:
        whole = anyio.Event()

        async def body() -> AsyncIterator[bytes]:
            total = 0
            while not whole.is_set():
                message = await receive()
                if message["type"] == "http.disconnect":
                    group.cancel_scope.cancel()
                    return
                if not message.get("more_body"):
                    whole.set()
                total += len(message.get("body", b""))
                if total > limits.body_bytes:
                    raise BodyTooLarge
                preview.touch()
                yield message.get("body", b"")

        async def watch_for_leaving() -> None:
            await whole.wait()
            while (await receive())["type"] != "http.disconnect":
                continue
            group.cancel_scope.cancel()

        group.start_soon(watch_for_leaving)
        try:
            await _answer(preview, exchange, below, body(), whole)
        finally:
            group.cancel_scope.cancel()


async def _answer(preview: Preview, exchange: Exchange, below: str, body: AsyncIterator[bytes], whole: anyio.Event) -> None:
    scope, limits = exchange.scope, preview.spec.limits
    has_body = b"content-length" in exchange.given or b"transfer-encoding" in exchange.given
    if not has_body:
        whole.set()
    patience = anyio.CancelScope()

    async def patiently() -> AsyncIterator[bytes]:
        async for piece in body:
            patience.deadline = anyio.current_time() + limits.answer_seconds  # the app's time begins once it has everything
            yield piece

    request = httpx.Request(
        scope["method"],
        _target(preview, below, scope.get("query_string", b"")),
        headers=headers.to_app(scope["headers"], scheme=scope["scheme"]),
        content=patiently() if has_body else None,
        extensions={"timeout": httpx.Timeout(limits.stream_idle_seconds, connect=5, pool=5).as_dict()},
    )
    try:
        patience.deadline = anyio.current_time() + limits.answer_seconds
        with patience:
            response = await client(preview).send(request, stream=True)
            patience.deadline = float("inf")
        if patience.cancelled_caught:
            raise TimeoutError
    except BodyTooLarge:
        await exchange.page(413, pages.TOO_LARGE)
        return
    except (TimeoutError, httpx.TimeoutException):
        await exchange.page(504, pages.TOO_SLOW)
        return
    except httpx.HTTPError:
        await exchange.page(502, pages.NO_ANSWER)
        return
    try:
        host = exchange.given.get(b"host", b"").decode("latin-1")
        head = headers.to_visitor(response.headers.raw, mount=exchange.mount, host=host)
        kind, encoding = response.headers.get("content-type", ""), response.headers.get("content-encoding", "")
        document = None
        if is_document(kind, exchange.given, encoding) and scope["method"] == "GET" and response.status_code != 206:
            document = Document(exchange.mount, absolute=preview.spec.sdk != "gradio")
            head = [pair for pair in head if pair[0] not in (b"content-length", b"etag", b"accept-ranges")]
        await exchange.start(response.status_code, head)
        await _pour(exchange, response.aiter_raw(), document, preview.touch)
    except httpx.HTTPError:
        # The app went away. An event stream simply ends; of anything else the missing last piece tells that it is cut.
        if kind.startswith("text/event-stream"):
            await exchange.piece(b"", more=False)
    finally:
        with anyio.CancelScope(shield=True):
            await response.aclose()


def _target(preview: Preview, below: str, query: bytes) -> httpx.URL:
    """The app's own address of that path, byte for byte as the visitor sent it."""
    raw = below.encode("latin-1") + (b"?" + query if query else b"")
    return httpx.URL(scheme="http", host="127.0.0.1", port=preview.address.port or 7860).copy_with(raw_path=raw)


def client(preview: Preview) -> httpx.AsyncClient:
    """The client of that app alone, one per event loop: its connections and cookies are never another's."""
    loop = asyncio.get_running_loop()
    for other in [key for key in preview.clients if key.is_closed()]:
        del preview.clients[other]
    if loop not in preview.clients:
        socket = preview.address.socket
        preview.clients[loop] = httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(
                uds=str(socket) if socket else None,
                verify=False,  # plain HTTP: loading certificates would only cost time
                limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=8, keepalive_expiry=4),
            ),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            follow_redirects=False,
            trust_env=False,
        )
    return preview.clients[loop]
