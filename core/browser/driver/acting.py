"""The verbs of a step, done to the page as a person's hands and eyes do them."""

from __future__ import annotations

import asyncio
import mimetypes
import time
from base64 import b64decode
from collections.abc import Awaitable, Callable
from difflib import SequenceMatcher
from typing import Any

from playwright.async_api import Error, Locator, Page

from core.browser.driver.elements import APPEARS_SECONDS, StepFailed, described, find
from core.browser.driver.filling import put
from core.browser.driver.patience import Patience
from core.browser.driver.using import use

ACTS_MILLISECONDS = 5_000
MOST_READ = 4_000
_MOST_COMPARED = 20_000
_SHOWN = 400  # characters of a page that a failed expectation shows
# [text, what editable fields hold]; the fields of an element that was named belong to its text.
_TEXT = """(root, named) => {
  const inside = [...root.querySelectorAll("input:not([type=hidden]):not([type=password]), textarea, select")];
  const fields = root.matches("input, textarea, select") ? [root, ...inside] : inside;
  const typed = (field) => !named && !field.readOnly && !field.disabled && !field.matches("select, [type=button], [type=submit], [type=reset]");
  const held = (chosen) => chosen.map((field) => field.value).join("\\n").slice(0, 1_000_000);
  const text = [root.innerText ?? "", held(fields.filter((field) => !typed(field)))].join("\\n").slice(0, 1_000_000);
  return [text, held(fields.filter(typed))];
}"""

# The words beside a file input: the first line of the largest block around it that holds no other field.
_NAMES_OF_FILES = """(inputs) => inputs.map((input) => {
  let block = input;
  const alone = (one) => one.querySelectorAll("input, textarea, select").length === 1 && (one.innerText ?? "").length < 300;
  while (block.parentElement && block.parentElement !== document.body && alone(block.parentElement)) block = block.parentElement;
  return input.labels?.[0]?.innerText.trim() || (block.innerText ?? "").trim().split("\\n")[0] || input.getAttribute("aria-label") || "";
})"""

Verb = Callable[[Page, dict[str, Any], Patience], Awaitable[str | None]]


async def act(page: Page, step: dict[str, Any], *, patience: Patience) -> str | None:
    """Do one step; returns what was read, if anything. `StepFailed` says why it could not be done."""
    try:
        return await VERBS[step["do"]](page, step, patience)
    except Error as error:
        raise StepFailed(_why(step, error)) from None


async def _click(page: Page, step: dict[str, Any], patience: Patience) -> None:
    await (await find(page, step)).click(timeout=ACTS_MILLISECONDS)


async def _fill(page: Page, step: dict[str, Any], patience: Patience) -> None:
    await put(await find(page, step), _words(step["value"]), milliseconds=ACTS_MILLISECONDS)


async def _select(page: Page, step: dict[str, Any], patience: Patience) -> None:
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


async def _check(page: Page, step: dict[str, Any], patience: Patience) -> None:
    await (await find(page, step)).set_checked(step["do"] == "check" and step["value"] is not False, timeout=ACTS_MILLISECONDS)


async def _upload(page: Page, step: dict[str, Any], patience: Patience) -> None:
    """Into the file input that is meant, or by the chooser that the element opens."""
    content = b64decode(step["base64"]) if step["base64"] else _words(step["value"]).encode()
    file = {"name": step["file"], "mimeType": _kind(step["file"]), "buffer": content}
    everywhere = page.locator("input[type=file]")
    if not (step["role"] or step["name"]):
        place = step["nth"] or 0
        if await everywhere.count() <= place:
            raise StepFailed("There is no place to upload a file on this page.")
        await everywhere.nth(place).set_input_files(file, timeout=ACTS_MILLISECONDS)
        return
    try:
        element = await find(page, step)
    except StepFailed as failed:
        raise StepFailed(f"{failed} {await _places(everywhere)}") from None
    inputs = await _inputs_of(element)
    if inputs is None:
        try:
            async with page.expect_file_chooser(timeout=ACTS_MILLISECONDS) as chooser:
                await element.click(timeout=ACTS_MILLISECONDS)
            await (await chooser.value).set_files(file, timeout=ACTS_MILLISECONDS)
        except Error as error:
            raise StepFailed(f"{_why(step, error)} {await _places(everywhere)}") from None
        return
    await inputs.set_input_files(file, timeout=ACTS_MILLISECONDS)


async def _inputs_of(element: Locator) -> Locator | None:
    """The one file input that an element is, holds, or stands beside: a label and the drop zone it names share a block."""
    if await element.evaluate("(element) => element.matches('input[type=file]')"):
        return element
    inside = element.locator("input[type=file]")
    beside = element.locator("xpath=ancestor::*[not(self::body or self::html)][.//input[@type='file']][1]//input[@type='file']")
    for inputs in (inside, beside):
        if await inputs.count():
            return inputs.first if inputs is inside or await inputs.count() == 1 else None
    return None


async def _places(inputs: Locator) -> str:
    """The places for files, by the words beside them."""
    names = await inputs.evaluate_all(_NAMES_OF_FILES)
    told = ", ".join(f"{number}: {name[:60]!r}" if name else f"{number}: without a name" for number, name in enumerate(names[:8]))
    return f"Places for a file, by nth without a name: {told}." if names else "The page has no place for a file."


async def _press(page: Page, step: dict[str, Any], patience: Patience) -> None:
    if step["role"] or step["name"]:
        await (await find(page, step)).press(_words(step["value"]), timeout=ACTS_MILLISECONDS)
    else:
        await asyncio.wait_for(page.keyboard.press(_words(step["value"])), ACTS_MILLISECONDS / 1000)


async def _wait_for(page: Page, step: dict[str, Any], patience: Patience) -> None:
    if step["value"] not in ("", None):
        await _expect(page, step, patience)
    else:
        await find(page, step, seconds=patience.seconds, over=lambda: patience.over)


async def _expect(page: Page, step: dict[str, Any], patience: Patience) -> None:
    """The text, in the element or anywhere on the page. What a named field holds counts as its text; on the whole page what can be
    edited does not: that is what somebody typed, not what came of it."""
    wanted, deadline = _words(step["value"]), patience.began + patience.seconds
    while True:
        text, typed = await _text_of(page, step, seconds=max(0.2, min(APPEARS_SECONDS, deadline - time.monotonic())))
        if wanted in text:
            return
        if patience.over:
            place = described(step) if step["role"] or step["name"] else "the page"
            hint = " A field that can be edited holds it; to read that one, name it with role and name." if wanted in typed else ""
            raise StepFailed(f"{wanted[:200]!r} did not appear in {place} {patience.told}; it reads: {around(text, wanted)}{hint}")
        await asyncio.sleep(0.15)


def around(text: str, wanted: str) -> str:
    """What stands nearest to the wanted text, else the beginning and the end; one line."""
    plain = " ".join(text.split())
    if len(plain) <= _SHOWN:
        return plain or "(nothing)"
    looked, sought = plain[:_MOST_COMPARED].lower(), " ".join(wanted.split())[:200].lower()
    found = SequenceMatcher(None, sought, looked, autojunk=False).find_longest_match()
    if found.size >= max(4, len(sought) // 2):
        start = max(0, found.b - found.a - 120)
        end = start + _SHOWN
        return ("… " if start else "") + plain[start:end] + (" …" if end < len(plain) else "")
    return f"{plain[: _SHOWN // 2]} … {plain[-_SHOWN // 2 :]}"


async def _read(page: Page, step: dict[str, Any], patience: Patience) -> str:
    text = "\n".join(await _text_of(page, step, seconds=APPEARS_SECONDS)).strip()
    return text if len(text) <= MOST_READ else f"{text[:MOST_READ]} … cut: {MOST_READ} of {len(text)} characters"


async def _text_of(page: Page, step: dict[str, Any], *, seconds: float) -> tuple[str, str]:
    """Its text, and what its editable fields hold where the step names no element."""
    named = bool(step["role"] or step["name"])
    element = await find(page, step, seconds=seconds) if named else page.locator("body")
    text, typed = await element.evaluate(_TEXT, named, timeout=ACTS_MILLISECONDS)
    return text, typed


async def _use(page: Page, step: dict[str, Any], patience: Patience) -> str:
    return await use(page, seconds=min(patience.seconds, 10))


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
