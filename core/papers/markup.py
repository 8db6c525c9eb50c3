"""HTML as a row of starts, ends and texts, in time that grows with its length whatever it holds.

The standard library's `html.parser` looks for the end of an unfinished tag from each of its beginnings, so that a page of a few
hundred thousand characters can keep it busy for minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_LONGEST_TAG = 200_000  # the LaTeX of a large formula stands in one
_STRAY = 1_000  # brackets that begin no tag; each may cost a look at as many characters as a tag has
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:-]{0,40})((?:[^<>\"']|\"[^\"]*+\"|'[^']*+')*+)>")
_ATTRIBUTE = re.compile(r"(?<![\w:.-])(class|alttext|display)\s{0,20}=\s{0,20}(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>=]+))")
_RAW = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in ("script", "style")}


def pieces(html: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """`("start", tag, attributes)`, `("end", tag, {})` and `("text", text, {})` in their order; an element that closes itself is a
    start and an end. Of the attributes only class, alttext and display are read. What is no markup is text."""
    at, length, stray = 0, len(html), 0
    while at < length:
        opened = html.find("<", at)
        if opened < 0:
            opened = length
        if opened > at:
            yield "text", unescape(html[at:opened]), {}
        if opened == length:
            return
        if html.startswith(("<!", "<?"), opened):
            closing = "-->" if html.startswith("<!--", opened) else ">"
            end = html.find(closing, opened + 2)
            if end < 0:
                return  # it never ends, so nothing after it is meant to be seen
            at = end + len(closing)
            continue
        found = _TAG.match(html, opened, opened + _LONGEST_TAG)
        if not found:
            stray += 1
            if stray > _STRAY:
                return
            stop = next((index for index in range(opened + 1, min(opened + 2_000, length)) if html[index] != "<"), min(opened + 2_000, length))
            yield "text", html[opened:stop], {}
            at = stop
            continue
        ends, tag, written = found[1], found[2].lower(), found[3]
        at = found.end()
        if ends:
            yield "end", tag, {}
            continue
        yield "start", tag, {one[1]: unescape(one[2] or one[3] or one[4] or "") for one in _ATTRIBUTE.finditer(written)}
        if written.endswith("/"):
            yield "end", tag, {}
        elif tag in _RAW:
            end = _RAW[tag].search(html, at)
            if not end:
                return
            at = end.start()
