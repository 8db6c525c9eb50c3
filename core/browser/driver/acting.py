"""The verbs of a step, done to the page as a person's hands and eyes do them."""

from __future__ import annotations

import asyncio
import mimetypes
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from typing import Any

from playwright.async_api import Error, Locator, Page

from core.browser.driver.elements import APPEARS_SECONDS, StepFailed, described, find
from core.browser.driver.using import use

ACTS_MILLISECONDS = 5_000
MOST_READ = 4_000
_TEXT = """(root) => {
  const fields = [...root.querySelectorAll("input:not([type=hidden]):not([type=password]), textarea, select")];
  const own = root.matches("input, textarea, select") ? [root] : [];
  return [root.innerText ?? "", ...[...own, ...fields].map((field) => field.value)].join("\\n").slice(0, 1_000_000);
}"""

Verb = Callable[[Page, dict[str, Any], float], Awaitable[str | None]]


async def act(page: Page, step: dict[str, Any], *, patience: float) -> str | None:
    """Do one step; returns what was read, if anything. `StepFailed` says why it could not be done."""
    try:
        return await VERBS[step["do"]](page, step, step["seconds"] or patience)
    except Error as error:
        raise StepFailed(_why(step, error)) from None


async def _click(page: Page, step: dict[str, Any], patience: float) -> None:
    await (await find(page, step)).click(timeout=ACTS_MILLISECONDS)


async def _fill(page: Page, step: dict[str, Any], patience: float) -> None:
    await (await find(page, step)).fill(_words(step["value"]), timeout=ACTS_MILLISECONDS)


async def _select(page: Page, step: dict[str, Any], patience: float) -> None:
    """A <select>'s option; else the option or radio button of that name that the element opens or holds."""
    wanted = _words(step["value"])
    try:
        element = await find(page, step, seconds=APPEARS_SECONDS / 2)
    except StepFailed:
        radio = page.get_by_role("radio", name=wanted, exact=True)
        if await radio.count() != 1:
            raise
        await radio.check(timeout=ACTS_MILLISECONDS)  # a group of radio buttons often has no name of its own
        return
    if await element.evaluate("(element) => element.matches('select')"):
        options = await element.evaluate("(element) => [...element.options].map((option) => option.label)")
        if wanted not in options and not await element.locator(f"option[value={_quoted(wanted)}]").count():
            raise StepFailed(f"{described(step)} has no option {wanted!r}; it has {', '.join(map(repr, options[:12]))}.")
        await element.select_option(wanted, timeout=ACTS_MILLISECONDS)
        return
    inside = element.get_by_role("radio", name=wanted)
    if await inside.count():
        await inside.first.check(timeout=ACTS_MILLISECONDS)
        return
    await element.click(timeout=ACTS_MILLISECONDS)
    option = {**step, "do": "click", "role": "option", "name": wanted, "nth": None}
    await (await find(page, option)).click(timeout=ACTS_MILLISECONDS)


async def _check(page: Page, step: dict[str, Any], patience: float) -> None:
    await (await find(page, step)).set_checked(step["do"] == "check" and step["value"] is not False, timeout=ACTS_MILLISECONDS)


async def _upload(page: Page, step: dict[str, Any], patience: float) -> None:
    """Into the file input itself, or by the chooser that the element opens."""
    content = b64decode(step["base64"]) if step["base64"] else _words(step["value"]).encode()
    file = {"name": step["file"], "mimeType": _kind(step["file"]), "buffer": content}
    inputs: Locator | None = page.locator("input[type=file]") if not (step["role"] or step["name"]) else None
    if inputs is None:
        element = await find(page, step)
        if await element.evaluate("(element) => element.matches('input[type=file]')"):
            await element.set_input_files(file, timeout=ACTS_MILLISECONDS)
            return
        inputs = element.locator("input[type=file]")
        if not await inputs.count():
            async with page.expect_file_chooser(timeout=ACTS_MILLISECONDS) as chooser:
                await element.click(timeout=ACTS_MILLISECONDS)
            await (await chooser.value).set_files(file, timeout=ACTS_MILLISECONDS)
            return
    place = step["nth"] or 0
    if await inputs.count() <= place:
        raise StepFailed("There is no place to upload a file on this page.")
    await inputs.nth(place).set_input_files(file, timeout=ACTS_MILLISECONDS)


async def _press(page: Page, step: dict[str, Any], patience: float) -> None:
    if step["role"] or step["name"]:
        await (await find(page, step)).press(_words(step["value"]), timeout=ACTS_MILLISECONDS)
    else:
        await asyncio.wait_for(page.keyboard.press(_words(step["value"])), ACTS_MILLISECONDS / 1000)


async def _wait_for(page: Page, step: dict[str, Any], patience: float) -> None:
    if step["value"] not in ("", None):
        await _expect(page, step, patience)
    else:
        await find(page, step, seconds=patience)


async def _expect(page: Page, step: dict[str, Any], patience: float) -> None:
    """The text, in the element or anywhere on the page; what fields hold counts as text."""
    wanted, deadline, text = _words(step["value"]), time.monotonic() + patience, ""
    while True:
        text = await _text_of(page, step, seconds=max(0.2, min(APPEARS_SECONDS, deadline - time.monotonic())))
        if wanted in text:
            return
        if time.monotonic() > deadline:
            place = described(step) if step["role"] or step["name"] else "the page"
            raise StepFailed(f"{wanted[:200]!r} did not appear in {place} within {patience:g} s; it reads {text.strip()[:300]!r}.")
        await asyncio.sleep(0.15)


async def _read(page: Page, step: dict[str, Any], patience: float) -> str:
    text = (await _text_of(page, step, seconds=APPEARS_SECONDS)).strip()
    return text if len(text) <= MOST_READ else f"{text[:MOST_READ]} … cut: {MOST_READ} of {len(text)} characters"


async def _text_of(page: Page, step: dict[str, Any], *, seconds: float) -> str:
    element = await find(page, step, seconds=seconds) if step["role"] or step["name"] else page.locator("body")
    return await element.evaluate(_TEXT, timeout=ACTS_MILLISECONDS)


async def _use(page: Page, step: dict[str, Any], patience: float) -> str:
    return await use(page, seconds=min(patience, 10))


VERBS: dict[str, Verb] = {
    "click": _click,
    "fill": _fill,
    "select": _select,
    "check": _check,
    "uncheck": _check,
    "upload": _upload,
    "press": _press,
    "wait_for": _wait_for,
    "expect_text": _expect,
    "read": _read,
    "use": _use,
}


def _words(value: object) -> str:
    return str(value) if not isinstance(value, float) else f"{value:g}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _kind(file: str) -> str:
    return mimetypes.guess_type(file)[0] or "application/octet-stream"


# What Playwright's log says about an element, and what that means to whoever wrote the step.
_REASONS = (
    ("intercepts pointer events", "something else lies over it"),
    ("not enabled", "it is disabled"),
    ("not visible", "it is not visible"),
    ("not editable", "it cannot be edited"),
    ("not stable", "it keeps moving"),
    ("detached", "it was removed"),
    ("outside of the viewport", "it is outside the window"),
    ("not an <input>", "it takes no text"),
    ("Unknown key", "there is no such key"),
    ("crashed", "the page crashed"),
    ("Timeout", "the page did not react in time"),
)


def _why(step: dict[str, Any], error: Error) -> str:
    reason = next((words for sign, words in _REASONS if sign in error.message), error.message.splitlines()[0][:200])
    return f"{step['do']} on {described(step)} did not work: {reason}."
