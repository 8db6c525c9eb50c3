"""HTML documents on their way to a visitor: the compatibility shim first in <head>, absolute addresses below the mount."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

_HEAD = re.compile(rb"<head(?:\s[^>]*)?>", re.IGNORECASE)
_START = re.compile(rb"<html(?:\s[^>]*)?>|<!doctype[^>]*>", re.IGNORECASE)
_ABSOLUTE = re.compile(rb"""(<[a-zA-Z][^<>]*?\s(?:src|href|action|poster)\s*=\s*["'])/(?!/)([^"'>]*)""")
_LOOSE = re.compile(r"\s*([=+!|&?:;,{}()<>]+)\s*")  # space around signs; no text of the shim holds any of them
SEARCHED = 64 * 1024  # bytes in which a document's <head> is expected


@lru_cache(maxsize=1)
def _source() -> str:
    text = (Path(__file__).parent / "shim.js").read_text()
    lines = (line.strip() for line in text.splitlines())
    code = "\n".join(line for line in lines if line and not line.startswith("//"))
    return _LOOSE.sub(r"\1", code)


@lru_cache(maxsize=64)
def shim(mount: str, *, absolute: bool) -> bytes:
    """The script element; with `absolute` also an import map, for module imports that begin with "/"."""
    script = _source().replace('"%MOUNT%"', json.dumps(mount).replace("<", "\\u003c"))
    imports = ""
    if absolute:
        table = json.dumps({"imports": {"/": f"{mount}/", f"{mount}/": f"{mount}/"}}, separators=(",", ":")).replace("<", "\\u003c")
        imports = f'<script type="importmap">{table}</script>'
    return f"<script>{script}</script>{imports}".encode()


class Document:
    """One document passing by: `feed` each piece, then `finish`. Holds back at most 64 KB and one unfinished tag.

    absolute: also bring src, href and action that begin with "/" below the mount. Gradio needs none of that.
    """

    def __init__(self, mount: str, *, absolute: bool):
        self._mount, self._absolute = mount.encode(), absolute
        self._shim = shim(mount, absolute=absolute)
        self._held = b""
        self._injected = False

    def feed(self, piece: bytes) -> bytes:
        self._held += piece
        if not self._injected:
            match = _HEAD.search(self._held)
            if match is None and len(self._held) < SEARCHED:
                return b""
            self._inject(match)
        cut = self._held.rfind(b">") + 1 if self._absolute else len(self._held)
        if len(self._held) - cut > SEARCHED:
            cut = len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        return self._rewritten(ready)

    def finish(self) -> bytes:
        if not self._injected:
            self._inject(_HEAD.search(self._held))
        ready, self._held = self._held, b""
        return self._rewritten(ready)

    def _inject(self, match: re.Match[bytes] | None) -> None:
        match = match or _START.search(self._held[:SEARCHED])
        place = match.end() if match else 0
        self._held = self._held[:place] + self._shim + self._held[place:]
        self._injected = True

    def _rewritten(self, data: bytes) -> bytes:
        if not self._absolute:
            return data
        inside = self._mount.lstrip(b"/") + b"/"

        def below(match: re.Match[bytes]) -> bytes:
            path = match[2]
            return match[0] if path.startswith(inside) else match[1] + b"/" + inside + path

        return _ABSOLUTE.sub(below, data)


def is_document(content_type: str, request: dict[bytes, bytes], encoding: str) -> bool:
    """Whether this answer is a page somebody opens, rather than a piece that a script fetched."""
    if not content_type.lower().startswith(("text/html", "application/xhtml")) or encoding not in ("", "identity"):
        return False
    wanted = request.get(b"sec-fetch-dest")
    if wanted is not None:
        return wanted in (b"document", b"iframe", b"frame", b"embed", b"object")
    return b"text/html" in request.get(b"accept", b"")
