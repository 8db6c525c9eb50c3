"""One visit: open the app, wait until it is at rest, do the steps, look at what is there. Always ends, always with an outcome."""

from __future__ import annotations

import asyncio
import re
import time
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.async_api import Browser, BrowserContext, Error, Page

from core.browser.driver import accessibility
from core.browser.driver.acting import act
from core.browser.driver.elements import StepFailed, described
from core.browser.driver.notices import Notices
from core.browser.driver.patience import Patience
from core.browser.driver.settling import settle

VIEWPORTS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "phone": {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True},
}
STEP_SETTLES_SECONDS = 3.0
LOOK_SECONDS = 5.0
SCREENSHOT_BYTES = 600_000
_BLANK = """() => {
  const seen = (element) => { const box = element.getBoundingClientRect(); return box.width > 1 && box.height > 1; };
  return !document.body?.innerText.trim() && ![...document.querySelectorAll("img, svg, canvas, video, audio, input, button, textarea, select, iframe")].some(seen);
}"""


WAITS = ("expect_text", "wait_for", "read")  # steps that do nothing to the page


async def visit(browser: Browser, order: dict[str, Any], raised: Callable[[], float] = lambda: 0.0) -> dict[str, Any]:
    """Carry one order out: `{url, origin, mount, check}`; returns what was found. raised: when the app last wrote an error, 0.0 before."""
    context = await browser.new_context(
        **VIEWPORTS[order["check"]["viewport"]],
        accept_downloads=False,
        service_workers="block",
        locale="en-US",
        reduced_motion="reduce",
    )
    try:
        return await Visit(context, order, raised).run()
    finally:
        with suppress(Error, TimeoutError):
            await asyncio.wait_for(context.close(), 5)


class Visit:
    """The state of one visit."""

    def __init__(self, context: BrowserContext, order: dict[str, Any], raised: Callable[[], float]):
        self.context, self.order, self.check, self._raised = context, order, order["check"], raised
        self.acted = time.monotonic()  # when the last step began that does something to the page
        self.notices = Notices(context, origin=order["origin"], mount=order["mount"])
        self.crashed = asyncio.Event()
        self.found: dict[str, Any] = {
            "status": None, "title": "", "ready_ms": None, "loaded": False, "settled": False, "blank": None,
            "left": None, "trouble": None, "accessibility": "", "screenshot": None, "steps": [],
        }  # fmt: skip

    async def run(self) -> dict[str, Any]:
        """Open, use, look; each with a limit of its own."""
        # The second line: the resolver's rules have already made every other address unreachable.
        elsewhere = re.compile(rf"^(?!{re.escape(self.order['origin'])}/|data:|blob:|about:)")
        await self.context.route(elsewhere, lambda route: route.abort("blockedbyclient"))
        page = await self.context.new_page()
        self.notices.watch(page)
        self.context.on("page", self._close_window)
        page.on("crash", lambda _: self.crashed.set())
        await self._unless_crashed(self._use(page), seconds=self.check["limit_seconds"], cut="The visit was cut off after {:g} s.")
        if not self.crashed.is_set() and self.found["status"] is not None:
            await self._unless_crashed(self._look(page), seconds=4 * LOOK_SECONDS, cut="The page no longer answers.")
        if self.crashed.is_set():
            self.found["trouble"] = "The page crashed."
        return self._outcome()

    async def _unless_crashed(self, work, *, seconds: float, cut: str) -> None:
        task, crash = asyncio.create_task(work), asyncio.create_task(self.crashed.wait())
        try:
            await asyncio.wait({task, crash}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            elif not self.crashed.is_set():
                self.found["trouble"] = self.found["trouble"] or cut.format(seconds)
        except Error as error:
            if not self.crashed.is_set():
                self.found["trouble"] = self.notices.clean(error.message.splitlines()[0])
        finally:
            for each in (task, crash):
                each.cancel()
            await asyncio.wait({task, crash}, timeout=5)

    def _close_window(self, page: Page) -> None:
        self.notices.windows += 1
        closing = asyncio.ensure_future(page.close())
        closing.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def _use(self, page: Page) -> None:
        if await self._open(page):
            for number, step in enumerate(self.check["steps"], 1):
                if not await self._step(page, number, step):
                    return

    async def _open(self, page: Page) -> bool:
        began = time.monotonic()
        patience = self.check["wait_seconds"]
        deadline = began + patience
        try:
            response = await page.goto(self.order["url"], wait_until="commit", timeout=patience * 1000)
        except Error as error:
            if "ERR_ABORTED" in error.message and not self.notices.downloads:
                # A process that dies on the way is told the same way as a download; which it was is heard a moment later.
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.crashed.wait(), 1)
            self.found["trouble"] = _no_page(error, patience)
            return False
        self.found["status"] = response.status if response else None
        try:
            await page.wait_for_load_state("load", timeout=max(1, (deadline - time.monotonic()) * 1000))
            self.found["loaded"] = True
            self.found["ready_ms"] = round((time.monotonic() - began) * 1000)
        except Error:
            return not self.crashed.is_set()
        if await settle(page, self.notices, seconds=max(0.5, min(deadline - time.monotonic(), 10))):
            self.found["settled"] = True
            self.found["ready_ms"] = round((time.monotonic() - began) * 1000)
        return True

    async def _step(self, page: Page, number: int, step: dict[str, Any]) -> bool:
        began, heard = time.monotonic(), len(self.notices.console)
        done: dict[str, Any] = {"step": number, "do": step["do"], "target": described(step) if step["role"] or step["name"] else "the page", "ok": True}
        self.found["steps"].append(done)
        if step["do"] not in WAITS:
            self.acted = began
        try:
            read = await act(page, step, patience=Patience(step["seconds"] or self.check["wait_seconds"], self._broke))
            if read is not None:
                done["text"] = self.notices.clean(read) if len(read) < 600 else read
        except StepFailed as failed:
            done.update(ok=False, error=str(failed))
        except TimeoutError:
            done.update(ok=False, error="The page did not react in time.")
        await settle(page, self.notices, seconds=STEP_SETTLES_SECONDS)
        done["seconds"] = round(time.monotonic() - began, 2)
        errors = [entry for entry in self.notices.console[heard:] if entry["level"] in ("error", "uncaught")]
        if errors:
            done["console"] = errors[:10]
        return done["ok"]

    def _broke(self) -> tuple[float, str] | None:
        """What broke since the last step that did something: then what a step waits for will hardly come."""
        heard = ((self._raised(), "the app wrote an error"), (self.notices.broke, "the page had an error"))
        return min((one for one in heard if one[0] >= self.acted), default=None)

    async def _look(self, page: Page) -> None:
        """Title, blankness, tree and picture; a page that does not answer at all is asked once."""
        if not page.url.startswith(self.notices.address):
            self.found["left"] = self.notices.clean(page.url)
        for name, look in (("title", page.title), ("blank", lambda: page.evaluate(_BLANK)), ("accessibility", lambda: self._tree(page)), ("screenshot", lambda: self._picture(page))):  # fmt: skip
            try:
                with suppress(Error):
                    self.found[name] = await asyncio.wait_for(look(), LOOK_SECONDS)
            except TimeoutError:
                self.found["trouble"] = self.found["trouble"] or "The page does not answer: a script of it never ends."
                return

    async def _tree(self, page: Page) -> str:
        text = await accessibility.tree(page, seconds=LOOK_SECONDS - 1)
        return accessibility.bounded(text.replace(self.notices.address, "").replace(self.order["mount"], ""))

    async def _picture(self, page: Page) -> dict[str, Any] | None:
        """The window as PNG; as JPEG where that is too large."""
        if not self.check["screenshot"]:
            return None
        kind, data = "image/png", await page.screenshot(type="png", animations="disabled", timeout=LOOK_SECONDS * 900)
        for quality in (70, 35):
            if len(data) > SCREENSHOT_BYTES:
                kind, data = "image/jpeg", await page.screenshot(type="jpeg", quality=quality, timeout=LOOK_SECONDS * 900)
        size = page.viewport_size or {}
        return {"mime": kind, "base64": b64encode(data).decode(), "bytes": len(data), **size} if len(data) <= SCREENSHOT_BYTES else None

    def _outcome(self) -> dict[str, Any]:
        notices = self.notices
        heard = {"console": notices.console, "console_more": notices.console_more, "failed_requests": notices.failed_requests, "refused": notices.refused}
        seen = {"dialogs": notices.dialogs, "windows": notices.windows, "downloads": notices.downloads, "dialog_flood": notices.flooded}
        return {**self.found, "title": notices.clean(self.found["title"]), **heard, **seen}


def _no_page(error: Error, patience: float) -> str:
    text = error.message
    known = (
        ("TOO_MANY_REDIRECTS", "The app redirects in a circle."),
        ("Timeout", f"The app did not answer within {patience:g} s."),
        ("ERR_ABORTED", "The address leads to a download, not to a page."),
        ("Download is starting", "The address leads to a download, not to a page."),
        ("EMPTY_RESPONSE", "The app closed the connection without an answer."),
        ("NAME_NOT_RESOLVED", "The app leads to an address outside the preview."),
        ("BLOCKED_BY_CLIENT", "The app leads to an address outside the preview."),
    )
    return next((words for sign, words in known if sign in text), "The app could not be opened: " + text.splitlines()[0][:200])
