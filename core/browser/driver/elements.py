"""Find the one element a step means; when there is none or more than one, say what is there."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import Any

from playwright.async_api import Error, Locator, Page

from core.browser.driver.accessibility import nearest, tree

# What can be meant where a step names no role.
ROLES: dict[str, tuple[str, ...]] = {
    "click": ("button", "link", "tab", "checkbox", "radio", "switch", "menuitem", "option"),
    "fill": ("textbox", "searchbox", "spinbutton", "combobox", "slider"),
    "select": ("combobox", "listbox", "radiogroup"),
    "check": ("checkbox", "switch", "radio"),
    "uncheck": ("checkbox", "switch"),
    "upload": ("button",),
    "press": ("textbox", "searchbox", "button"),
}
TAKES_INPUT = ("fill", "select", "check", "uncheck")  # a text beside a field is not the field
APPEARS_SECONDS = 5.0
_ROLE = re.compile(r"[a-z]{2,30}")
# The words above a block of Gradio. They name no field where a copy button stands first in the <label> (6.31), nor what is no field.
_ABOVE = "[data-testid=block-info], [data-testid=block-label]"
_NAMELESS = re.compile(r"^$")


class StepFailed(Exception):
    """A step could not be done; the message says why and what is there instead."""


async def find(page: Page, step: dict[str, Any], *, seconds: float = APPEARS_SECONDS, over: Callable[[], bool] = lambda: False) -> Locator:
    """The element, once it is there; `StepFailed` after so many seconds, or when `over` says that it will not come."""
    if step["role"] and not _ROLE.fullmatch(step["role"]):
        raise StepFailed(f"{step['role']!r} is not an ARIA role; roles are words like button, textbox, link.")
    deadline = time.monotonic() + seconds
    while True:
        found, count = await _look(page, step)
        if found is not None or time.monotonic() > deadline or over():
            break
        await asyncio.sleep(0.1)
    if found is None:
        raise StepFailed(await missing(page, step))
    if step["nth"] is not None:
        if step["nth"] >= count:
            raise StepFailed(f"There are {count} of {described(step)}, so there is no number {step['nth']}; count from 0.")
        return found.nth(step["nth"])
    if count > 1:
        raise StepFailed(f"{count} elements could be {described(step)}; say which one with nth, 0 to {count - 1}, or give its whole name.")
    return found


async def _look(page: Page, step: dict[str, Any]) -> tuple[Locator | None, int]:
    """The first way of reading the step that matches something, with how many it matches; one match is better than several."""
    several: tuple[Locator | None, int] = (None, 0)
    for locator in _readings(page, step):
        count = await locator.count()
        if count == 1 or (count and step["nth"] is not None and count > step["nth"]):
            return locator, count
        if count and several[0] is None:
            several = (locator, count)
    return several


def _readings(page: Page, step: dict[str, Any]):
    """Ways to read role and name, the most exact first."""
    role, name = step["role"], step["name"]
    if role:
        if name:
            yield page.get_by_role(role, name=name, exact=True)
            yield _block(page, name, exact=True).get_by_role(role, name=_NAMELESS)
        if not name or not step["exact"]:
            yield page.get_by_role(role, name=name or None)
        return
    for exact in (True,) if step["exact"] else (True, False):
        for each in ROLES.get(step["do"], ()):
            yield page.get_by_role(each, name=name, exact=exact)
        yield page.get_by_label(name, exact=exact).filter(visible=True)
        yield page.get_by_placeholder(name, exact=exact).filter(visible=True)
        if step["do"] in TAKES_INPUT:
            for each in ROLES[step["do"]]:
                yield _block(page, name, exact=exact).get_by_role(each, name=_NAMELESS)
            continue
        if step["do"] not in ROLES:
            yield _block(page, name, exact=exact)
        yield page.get_by_text(name, exact=exact).filter(visible=True)
    yield page.get_by_test_id(name)


def _block(page: Page, name: str, *, exact: bool) -> Locator:
    """The innermost blocks of Gradio with these words above them."""
    above = page.locator(_ABOVE).filter(has_text=re.compile(rf"^\s*{re.escape(name)}\s*$") if exact else name)
    return page.locator(".block").filter(has=above, has_not=page.locator(".block"), visible=True)


def described(step: dict[str, Any]) -> str:
    """The element in words: "button 'Send'"."""
    role = step["role"] or ("element" if step["do"] not in ROLES else ROLES[step["do"]][0])
    return f"{role} {step['name'][:80]!r}" if step["name"] else role


async def missing(page: Page, step: dict[str, Any]) -> str:
    """Why nothing was found, with the nearest of what is there."""
    try:
        text = await tree(page, seconds=3)
    except (Error, TimeoutError):
        return f"There is no {described(step)}: the page does not answer."
    roles = (step["role"],) if step["role"] else ROLES.get(step["do"], ())
    there = nearest(text, roles=roles, name=step["name"])
    if not there:
        there = nearest(text, roles=(), name=step["name"])
        none = f"no {step['role']} at all" if step["role"] else "nothing of that kind"
        return f"There is no {described(step)}: the page has {none}" + (f"; it has {', '.join(there)}." if there else ", it is blank.")
    return f"There is no {described(step)}; here: {', '.join(there)}."
