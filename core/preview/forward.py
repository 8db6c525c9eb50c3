"""One HTTP request to a running app and its answer back, both as streams, neither faster than the other side takes it."""

from __future__ import annotations

import aiohttp
from starlette.types import Receive

from core.preview import headers, pages
from core.preview.documents import Document, is_document
from core.preview.exchange import BodyTooLarge, Exchange, Patience, Upload
from core.preview.preview import Preview
from core.preview.upstream import Busy, upstream

_NOT_OF_A_DOCUMENT = (b"content-length", b"etag", b"accept-ranges")  # they are of the text before the shim


async def forward(preview: Preview, exchange: Exchange, receive: Receive, below: str) -> None:
    """Ask the app, stream its answer. Ends as soon as the visitor has gone, or either side has paused for too long."""
    limits, given = preview.spec.limits, exchange.given
    declared = given.get(b"content-length", b"")
    if declared.isdigit() and int(declared) > limits.body_bytes:
        await exchange.page(413, pages.TOO_LARGE)
        return
    passing = headers.to_app(exchange.scope["headers"], scheme=exchange.scope["scheme"])
    if headers.too_large(passing):
        await exchange.page(431, pages.TOO_MANY_HEADERS)
        return
    begun, failure = False, None
    response: aiohttp.ClientResponse | None = None
    patience = Patience()
    upload = Upload(
        receive, patience, most=limits.body_bytes, idle=limits.stream_idle_seconds, answer=limits.answer_seconds
    )
    try:
        async with patience:
            try:
                body = None
                if declared not in (b"", b"0") or b"transfer-encoding" in given:
                    first = await upload.first()
                    if first is None:
                        return
                    body = first if upload.whole else upload.rest(first)
                else:
                    upload.end()
                patience.allow(limits.answer_seconds)
                connections = upstream(preview)
                response = await connections.ask(
                    exchange.scope["method"],
                    below,
                    exchange.scope.get("query_string", b""),
                    headers=headers.as_text(passing),
                    body=body,
                )
                upload.answered = True
                patience.allow(limits.stream_idle_seconds)
                head, document = _head(preview, exchange, response, hosts=connections.target.hosts)
                begun = True
                await exchange.start(response.status, head)
                await _pour(preview, exchange, response, document, patience)
                return
            except (aiohttp.ClientError, OSError, BodyTooLarge, Busy) as error:
                failure = error
    except TimeoutError as error:
        failure = error
    finally:
        upload.close()
        if response is not None:
            response.close()
    if begun:
        # The app went away. An event stream simply ends; of anything else the missing last piece tells that it is cut.
        if response.content_type == "text/event-stream" and not isinstance(failure, TimeoutError):
            await exchange.piece(b"", more=False)
    elif not patience.gone:
        await _explain(exchange, failure, upload)


async def _explain(exchange: Exchange, failure: Exception, upload: Upload) -> None:
    if upload.too_large:
        await exchange.page(413, pages.TOO_LARGE)
    elif isinstance(failure, TimeoutError):
        await exchange.page(504, pages.TOO_SLOW)
    elif isinstance(failure, Busy):
        await exchange.page(503, pages.BUSY, (b"retry-after", b"5"))
    else:
        await exchange.page(502, pages.NO_ANSWER)


def _head(
    preview: Preview, exchange: Exchange, response: aiohttp.ClientResponse, *, hosts: tuple[str, ...]
) -> tuple[list[tuple[bytes, bytes]], Document | None]:
    """What of the answer's head the visitor gets, and what its body passes through when it is a page."""
    own = exchange.given.get(b"host", b"").decode("latin-1")
    head = headers.to_visitor(response.raw_headers, mount=exchange.mount, hosts=(own, *hosts))
    kind, encoding = response.headers.get("content-type", ""), response.headers.get("content-encoding", "")
    if exchange.scope["method"] != "GET" or response.status in (206, 304) or not is_document(kind, exchange.given, encoding):
        return head, None
    head = [pair for pair in head if pair[0] not in _NOT_OF_A_DOCUMENT]
    return head, Document(exchange.mount, absolute=preview.spec.sdk != "gradio")


async def _pour(
    preview: Preview, exchange: Exchange, response: aiohttp.ClientResponse, document: Document | None, patience: Patience
) -> None:
    """The body, piece by piece as it comes. The next piece is read once the visitor has taken the last."""
    idle = preview.spec.limits.stream_idle_seconds
    content = response.content
    while True:
        data = await content.readany()
        last = content.at_eof()
        if document is not None:
            data = document.feed(data)
            if last:
                data += document.finish()
        if data or last:
            patience.allow(idle)
            preview.touch()
            await exchange.piece(data, more=not last)
        if last:
            return
