"""What the browser says while a page is open: console, failed requests, dialogs, windows; bounded, in the app's own words."""

from __future__ import annotations

import re
import time
from typing import Any

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Error, Page, Request, Response, WebSocket

MOST_ENTRIES = 100
MOST_CHARACTERS = 600
MOST_DIALOGS = 20
LONG_POLL_SECONDS = 3.0  # a request open for longer is a stream; nobody waits for it
_LOADING = re.compile(r"^Failed to load resource")  # told a second time, with its reason, among the failed requests
_POLICY = re.compile(r"Content Security Policy", re.IGNORECASE)
_ADDRESS = re.compile(r"(?:https?|wss?)://[^\s'\"]+")
_LEVELS = {"warning": "warning", "error": "error", "assert": "error"}


class Notices:
    """Listens to one context. `address` is the app's own: it is left out of every text, so `/x` means the app's `/x`."""

    def __init__(self, context: BrowserContext, *, origin: str, mount: str):
        self.address, self._origin, self._mount = origin + mount, origin, mount
        self.console: list[dict[str, Any]] = []
        self.console_more = 0
        self.failed_requests: list[dict[str, Any]] = []
        self.refused: list[str] = []  # addresses outside the app that were asked for
        self.dialogs: list[dict[str, str]] = []
        self.windows = 0
        self.downloads = 0
        self.broke = 0.0  # when a script of the page last raised, or a request to the app failed that should not
        self.flooded = False  # the page opens dialogs without end
        self._open: dict[Request, float] = {}
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._on_uncaught(error.error))
        context.on("request", lambda request: self._open.__setitem__(request, time.monotonic()))
        context.on("requestfinished", lambda request: self._open.pop(request, None))
        context.on("requestfailed", self._on_failed)
        context.on("response", self._on_response)
        context.on("dialog", self._on_dialog)

    def watch(self, page: Page) -> None:
        """Listen to what only a page tells."""
        page.on("websocket", self._on_websocket)
        page.on("download", lambda _: setattr(self, "downloads", self.downloads + 1))

    def clean(self, text: str) -> str:
        """The text without the address of this visit, shortened."""
        text = text.replace(self.address, "").replace(self._origin, "").replace(self._mount, "")
        return text if len(text) <= MOST_CHARACTERS else text[:MOST_CHARACTERS] + " …"

    @property
    def busy(self) -> bool:
        """Whether a request is on its way that will end."""
        now = time.monotonic()
        self._open = {request: since for request, since in self._open.items() if now - since < LONG_POLL_SECONDS}
        return bool(self._open)

    def _say(self, level: str, text: str) -> None:
        if len(self.console) < MOST_ENTRIES:
            self.console.append({"level": level, "text": self.clean(text)})
        else:
            self.console_more += 1

    def _on_console(self, message: ConsoleMessage) -> None:
        text = message.text
        if _LOADING.match(text):
            return
        level = _LEVELS.get(message.type, "info")
        if level == "error" and _POLICY.search(text):
            level = "blocked"  # by the preview's own rules, not by a mistake in the app
            if address := _ADDRESS.search(text):
                self._fail(address[0])
        self._say(level, text)

    def _on_uncaught(self, error: Error) -> None:
        where = next((line.strip() for line in (error.stack or "").splitlines() if line.strip().startswith("at ")), "")
        self.broke = time.monotonic()
        self._say("uncaught", f"{error.name or 'Error'}: {error.message}" + (f" ({where})" if where else ""))

    def _fail(self, url: str, **what: Any) -> None:
        if not url.startswith(self.address):
            what = {"reason": "outside the preview"}
            if len(self.refused) < MOST_ENTRIES:
                self.refused.append(self.clean(url))
        entry = {"url": self.clean(url) or "/", **what}
        if len(self.failed_requests) < MOST_ENTRIES and entry not in self.failed_requests:
            self.failed_requests.append(entry)

    def _on_failed(self, request: Request) -> None:
        self._open.pop(request, None)
        reason = str(request.failure or "failed")
        if "ERR_ABORTED" not in reason:  # the page itself gave it up
            self.broke = time.monotonic() if request.url.startswith(self.address) else self.broke
            self._fail(request.url, reason=reason, **_method(request))

    def _on_response(self, response: Response) -> None:
        if response.headers.get("content-type", "").startswith("text/event-stream"):
            self._open.pop(response.request, None)
        if response.status >= 500 and response.url.startswith(self.address):
            self.broke = time.monotonic()
        if response.status >= 400:
            self._fail(response.url, status=response.status, **_method(response.request))

    async def _on_dialog(self, dialog: Dialog) -> None:
        if len(self.dialogs) < MOST_DIALOGS:
            self.dialogs.append({"type": dialog.type, "message": self.clean(dialog.message)})
        else:
            self.flooded = True
        await dialog.dismiss()

    def _on_websocket(self, socket: WebSocket) -> None:
        url = socket.url.replace("ws", "http", 1)
        socket.on("socketerror", lambda error: self._fail(url, reason=str(error) or "the WebSocket failed"))


def _method(request: Request) -> dict[str, str]:
    return {"method": request.method} if request.method != "GET" else {}
