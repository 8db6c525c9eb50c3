"""The page as a screen reader has it: a tree of roles and names as text, and who in it could have been meant."""

from __future__ import annotations

import asyncio
import re
from difflib import SequenceMatcher

from playwright.async_api import Page

MOST_CHARACTERS = 12_000
MOST_ELEMENTS, MOST_TEXT = 20_000, 2_000_000  # a larger page would keep its process busy for minutes
_SIZE = "() => [document.getElementsByTagName('*').length, document.documentElement?.textContent.length ?? 0]"
_LINE = re.compile(r"""^\s*-\s'?(?P<role>[a-z]+)(?:\s"(?P<name>(?:[^"\\]|\\.)*)")?""")
_SILENT = ("text", "generic", "paragraph", "none", "presentation", "document")


async def tree(page: Page, *, seconds: float) -> str:
    """The whole tree, one line an element; of a page that is too large, one line that says so. `Error` when it does not answer in time."""
    elements, characters = await asyncio.wait_for(page.evaluate(_SIZE), seconds)
    if elements > MOST_ELEMENTS or characters > MOST_TEXT:
        return f"(too large to describe: {elements} elements, {characters} characters)"
    return await page.locator("body").aria_snapshot(timeout=seconds * 1000)


def bounded(text: str) -> str:
    """At most 12,000 characters, whole lines; a last line says how much was cut."""
    if len(text) <= MOST_CHARACTERS:
        return text
    kept = text[:MOST_CHARACTERS].rpartition("\n")[0] or text[:MOST_CHARACTERS]
    return f"{kept}\n… cut here: {len(kept)} of {len(text)} characters are shown"


def named(text: str) -> list[tuple[str, str]]:
    """Role and name of every element of a tree, in order."""
    found = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            found.append((match["role"], (match["name"] or "").replace('\\"', '"').replace("\\\\", "\\")))
    return found


def nearest(text: str, *, roles: tuple[str, ...], name: str, most: int = 8) -> list[str]:
    """The elements somebody could have meant, most similar first, as "button 'Submit'"."""
    listed = list(dict.fromkeys(pair for pair in named(text) if pair[0] not in _SILENT and (not roles or pair[0] in roles)))

    def unlike(pair: tuple[str, str]) -> float:
        return -SequenceMatcher(None, pair[1].lower(), name.lower()).ratio()

    return [f"{role} {label[:80]!r}" if label else f"{role} without a name" for role, label in sorted(listed, key=unlike)[:most]]
