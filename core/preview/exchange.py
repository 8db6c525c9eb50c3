"""One request of one visitor: what was asked, how it is answered, and how long either side may take."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from core.preview import headers

_LEAVING_SECONDS = 0.02
_HTML = (b"content-type", b"text/html; charset=utf-8")


class Exchange:
    """What was asked, and the answer's head with what every answer carries.

    ancestors: which pages may show the app in a frame. origins: what its pages may talk to besides their own address.
    """

    def __init__(self, scope: Scope, send: Send, *, ancestors: str, mount: str = "", origins: tuple[str, ...] = ()):
        self.scope, self._send = scope, send
        self.given: dict[bytes, bytes] = dict(scope["headers"])
        self.mount, self._sealed = mount, headers.sealed(self.given, ancestors=ancestors, origins=origins)

    async def start(self, status: int, head: list[tuple[bytes, bytes]]) -> None:
        """Send the head of the answer."""
        merged = [*head, *self._sealed]
        vary = [value for name, value in merged if name == b"vary"]
        if len(vary) > 1:
            merged = [pair for pair in merged if pair[0] != b"vary"]
            merged.append((b"vary", b", ".join(vary)))
        await self._send({"type": "http.response.start", "status": status, "headers": merged})

    async def piece(self, data: bytes, *, more: bool = True) -> None:
        """Send a piece of the body; returns once the visitor has taken enough of what came before."""
        await self._send({"type": "http.response.body", "body": data, "more_body": more})

    async def page(self, status: int, body: bytes, *extra: tuple[bytes, bytes]) -> None:
        """A whole page of ours."""
        head = [_HTML, (b"content-length", str(len(body)).encode()), (b"cache-control", b"no-store"), *extra]
        await self.start(status, head)
        await self.piece(b"" if self.scope["method"] == "HEAD" else body, more=False)


class BodyTooLarge(Exception):
    """The request is larger than the app may receive."""


class Patience:
    """The one deadline of an exchange, for whatever is awaited at the moment. A context: `TimeoutError` when it is over.

    `gone` says that it ended because the visitor left.
    """

    def __init__(self) -> None:
        self._scope = asyncio.timeout(None)
        self._now = asyncio.get_running_loop().time
        self._over = False
        self.gone = False

    async def __aenter__(self) -> Patience:
        await self._scope.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> bool | None:
        self._over = True
        return await self._scope.__aexit__(*error)

    def allow(self, seconds: float) -> None:
        """From now on that long."""
        if self._over or self.gone or self._scope.expired():
            return
        until, set_already = self._now() + seconds, self._scope.when()
        if set_already is None or abs(until - set_already) > seconds / 20:  # a timer for every piece would cost more than it
            self._scope.reschedule(until)

    def leave(self) -> None:
        """The visitor has left: end the wait at once."""
        self.allow(0)
        self.gone = True


class Upload:
    """The body of a request on its way to the app. Iterated once, by whoever sends it.

    most: bytes it may have. idle, answer: seconds a visitor may pause, and an app may take for a piece or its answer.
    """

    def __init__(self, receive: Receive, patience: Patience, *, most: int, idle: float, answer: float):
        self._receive, self._patience = receive, patience
        self._most, self._idle, self._answer = most, idle, answer
        self.whole = False
        self.too_large = False
        self.answered = False  # the app began to answer before it had everything
        self._size = 0
        self._watch: asyncio.Task[None] | asyncio.TimerHandle | None = None

    async def first(self) -> bytes | None:
        """The first piece; None when the visitor left instead."""
        self._patience.allow(self._idle)
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._patience.leave()
            return None
        return self._take(message)

    async def rest(self, first: bytes):
        """Every piece, beginning with one already there. The app's time begins anew with each of them."""
        yield first
        while not self.whole:
            self._patience.allow(self._idle)
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self._patience.leave()
                return
            piece = self._take(message)
            self._patience.allow(self._idle if self.answered else self._answer)
            if piece:
                yield piece

    def _take(self, message) -> bytes:
        piece = message.get("body", b"")
        self._size += len(piece)
        if self._size > self._most:
            self.too_large = True
            raise BodyTooLarge
        if not message.get("more_body"):
            self.end()
        return piece

    def end(self) -> None:
        """There is no more of it: from now on only wait for the visitor to leave."""
        self.whole = True
        # Most answers come before anybody can leave; only the others are worth a task.
        self._watch = asyncio.get_running_loop().call_later(_LEAVING_SECONDS, self._start_watching)

    def _start_watching(self) -> None:
        self._watch = asyncio.create_task(self._wait_for_leaving())

    async def _wait_for_leaving(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            continue
        self._patience.leave()

    def close(self) -> None:
        """Nobody waits for the visitor any more."""
        if self._watch is not None:
            self._watch.cancel()
