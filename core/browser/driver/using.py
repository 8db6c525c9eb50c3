"""Use an app once without being told how: fill its empty fields, press its main button, and see whether it complains."""

from __future__ import annotations

import asyncio
import re
import time

from playwright.async_api import Error, Locator, Page

from core.browser.driver.accessibility import named, tree
from core.browser.driver.elements import StepFailed
from core.browser.driver.filling import put

SAMPLES = {"email": "ada@example.com", "url": "https://example.com/", "tel": "+44 20 7946 0000", "password": ""}
SAMPLE = "The quick brown fox jumps over the lazy dog."
MOST_FIELDS, MOST_BUTTONS = 3, 25
ACTS_MILLISECONDS = 3_000
# Buttons that end, undo or leave something, and those that frameworks put around an app.
_ASIDE = re.compile(
    r"clear|reset|cancel|close|delete|remove|stop|undo|settings|via api|logo|upload|drop file|share|flag|record|download|copy|fullscreen|theme|menu|expand|[▼▲▾▸]",
    re.IGNORECASE,
)
_MAIN = re.compile(
    r"submit|run|send|generate|\bgo\b|start|create|add|search|analy[sz]e|translate|count|calculate|convert|greet|ask|predict|classify|compare|show",
    re.IGNORECASE,
)
_COMPLAINTS = ".toast-body.error, .toast-wrap .error, [role=alert], .stException"


async def use(page: Page, *, seconds: float) -> str:
    """Returns what was done and whether the page changed; `StepFailed` when the app answers with an error message."""
    before = await tree(page, seconds=ACTS_MILLISECONDS / 1000)
    complained = await _complaint(page)
    filled = await _fill(page)
    pressed = await _press(page)
    if not filled and not pressed:
        return "there is nothing to fill or to press"
    deadline, after = time.monotonic() + seconds, before
    while time.monotonic() < deadline:
        await asyncio.sleep(0.3)
        complaint = await _complaint(page)
        if complaint and complaint != complained:
            raise StepFailed(f"The app answered with an error: {complaint[:300]}")
        now = await tree(page, seconds=ACTS_MILLISECONDS / 1000)
        if now == after and now != before:
            break
        after = now
    done = [f"filled {', '.join(filled)}"] if filled else []
    done += [f"pressed {pressed}"] if pressed else []
    return " and ".join(done) + ("; the page changed" if after != before else "; the page did not change")


async def _fill(page: Page) -> list[str]:
    fields = page.locator("textarea, input:not([type]), input[type=text], input[type=search], input[type=email], input[type=url], input[type=tel]").filter(visible=True)
    filled = []
    for place in range(min(await fields.count(), 4 * MOST_FIELDS)):
        field = fields.nth(place)
        try:
            free = await field.is_editable(timeout=ACTS_MILLISECONDS) and not await field.input_value(timeout=ACTS_MILLISECONDS)
            if free and await field.get_attribute("role") not in ("listbox", "combobox"):
                await put(field, SAMPLES.get(await field.get_attribute("type") or "", SAMPLE), milliseconds=ACTS_MILLISECONDS)
                filled.append(await _name(field))
        except Error:
            continue  # it went away, or cannot be filled after all
        if len(filled) == MOST_FIELDS:
            break
    return filled


async def _press(page: Page) -> str:
    """The button that says what an app does, else the first that is no aside."""
    buttons = page.get_by_role("button", disabled=False).filter(visible=True)
    chosen: tuple[Locator, str] | None = None
    for place in range(min(await buttons.count(), MOST_BUTTONS)):
        button = buttons.nth(place)
        try:
            name = await _name(button)
        except Error:
            continue
        if _ASIDE.search(name):
            continue
        if _MAIN.search(name):
            chosen = (button, name)
            break
        chosen = chosen or (button, name)
    if chosen is None:
        return ""
    await chosen[0].click(timeout=ACTS_MILLISECONDS)
    return chosen[1]


async def _name(element: Locator) -> str:
    found = named(await element.aria_snapshot(timeout=ACTS_MILLISECONDS))
    role, name = found[0] if found else ("element", "")
    return f"{role} {name[:60]!r}" if name else role


async def _complaint(page: Page) -> str:
    shown = page.locator(_COMPLAINTS).filter(visible=True)
    try:
        return (await shown.first.inner_text(timeout=300)).strip() if await shown.count() else ""
    except Error:
        return ""
