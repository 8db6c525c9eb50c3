"""Open a preview in a browser of our own and use it, so that a model or a person knows that it works."""

from __future__ import annotations

import time
from functools import partial

from core.actions.shapes import say
from core.browser import Check, Step, Viewport
from core.errors import Conflict, NotFound
from core.preview import Preview
from core.registry import Call, action


@action(risk="write", title="Check a preview", open_world=False)
async def preview_check(
    call: Call,
    preview_or_project: str,
    steps: list[Step] | None = None,
    path: str = "/",
    viewport: Viewport = "desktop",
    screenshot: bool = True,
    wait_seconds: float = 20,
) -> dict:
    """Open a running preview in a headless Chromium, use it by roles and names, and say whether it works.

    Without steps: does it answer, show something, and stay free of uncaught errors, console errors and failed requests.
    The browser has no cookies or keys of anybody and can reach nothing but this preview. Steps run in order; the first
    that fails ends them, and its error names the nearest elements that are there.

    Args:
        preview_or_project: id of a preview, or of a project whose preview runs.
        steps: at most 40; `use` fills the empty fields and presses the main button. An element is given by ARIA role and
            accessible name, as in `{"do": "click", "role": "button", "name": "Submit"}`; without role also by label,
            placeholder, test id or text. value is the text to fill or expect, the option, the key (Enter), or an uploaded
            file's text; nth counts from 0 among several; seconds (up to 60) is how long wait_for and expect_text wait.
            expect_text without an element reads the whole page, without what editable fields hold; name the field to read that.
        path: what to open below the app's address.
        viewport: desktop (1280 x 800) or phone (390 x 844, touch).
        screenshot: whether to take a picture of the window at the end.
        wait_seconds: patience for the page to load, and for each step that waits, 1 to 60 seconds.

    Returns `{preview, project, status, title, ready_ms, settled, console: [{level, text, times?}], failed_requests: [{url, method?,
    status | reason}], accessibility, screenshot: {mime, base64, bytes, width, height} | null, steps: [{step, do, target, ok, seconds,
    text?, error?, console?}], verdict: {ok, problems, notes, checks}}`; accessibility is the page as a tree of roles and names, at most
    12,000 characters. Raises not_found without a Chromium or preview, conflict when the preview does not run.
    """
    live = _preview(call, preview_or_project)
    await live.ready(timeout=min(max(wait_seconds, 1), 60))
    if live.stage != "running":
        raise Conflict("The preview does not run.", "Start it with preview_start, then check it.")
    say(call, "check", "Opening the app in a browser")
    began = time.monotonic()
    check = Check(tuple(steps or ()), path=path, viewport=viewport, screenshot=screenshot, wait_seconds=wait_seconds)
    app = partial(call.house.previews.proxy_to, live, prefix=live.mount)
    found = await call.house.browser.check(app, check, mount=live.mount, hide=(live.token,), strangers=call.house.settings.public, errors=partial(_errors, live))
    fine = found["verdict"]["ok"]
    say(call, "check", "The app works" if fine else "The app has problems", "done" if fine else "warning", time.monotonic() - began)
    return {"preview": live.id, "project": live.spec.label, **found}


def _errors(live: Preview) -> int:
    """How many tracebacks stand in its log."""
    return sum("Traceback (most recent call last)" in line.text for line in live.logs.lines() if line.source == "run")


def _preview(call: Call, id: str) -> Preview:
    """The caller's preview of that id, or the newest one of the project of that id."""
    mine = call.house.previews.list(call.caller.id)
    known = [live for live in mine if id in (live.id, live.spec.label)]
    if not known:
        raise NotFound(f"There is no preview of {id[:80]!r}.", "Start it with preview_start, then check it.")
    return next((live for live in reversed(known) if live.live), known[-1])
