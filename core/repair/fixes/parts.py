"""Files an app reads: JSON that does not parse, paths that are spelled in another way, references of a page that lead nowhere."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from html import escape

from core.repair.fixes.reading import Cut, Files, Unfit, cut, place_of, source, span, text_of, tree_of
from core.repair.values import Look

_REFERENCE = re.compile(r"""(?P<head>\b(?:src|href)\s*=\s*)(?P<quote>["'])(?P<target>[^"']+)(?P=quote)""")


def mend_json(files: Files, look: Look) -> dict[str, bytes]:
    """JSON files without their comments, trailing commas and byte order marks, where they then parse."""
    changes = {}
    for path, data in files.items():
        if not path.endswith(".json") or len(data) > 1_000_000:
            continue
        text = data.decode("utf-8-sig", "replace")
        if _parses(text) and not data.startswith(b"\xef\xbb\xbf"):
            continue
        for new in (text, _without_commas(text), _without_commas(_without_comments(text))):
            if _parses(new):
                changes[path] = new.encode()
                break
    if not changes:
        raise Unfit
    return changes


def _parses(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _without_commas(text: str) -> str:
    return re.sub(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', lambda found: found[1] or "", text)


def _without_comments(text: str) -> str:
    return re.sub(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', lambda found: found[1] or "", text, flags=re.DOTALL)


def right_path(files: Files, look: Look, *, path: str) -> dict[str, bytes]:
    """The project's own file in place of a path that names it in another case or folder."""
    wanted = path.replace("\\\\", "/").replace("\\", "/")
    named = place_of(files, look)
    text = text_of(files, named)
    base = wanted.rsplit("/", 1)[-1].lower()
    found = [name for name in files if name.rsplit("/", 1)[-1].lower() == base and name != wanted]
    if len(found) != 1:
        raise Unfit
    cuts = [Cut(*span(text, node), repr(found[0])) for node in ast.walk(tree_of(text)) if isinstance(node, ast.Constant) and node.value in (path, wanted)]
    return source(named, text, cut(text, cuts))


def right_reference(files: Files, look: Look, *, target: str) -> dict[str, bytes]:
    """What a page refers to, by the path it has here; a style, script or icon that is nowhere is left out."""
    wanted = target.split("?")[0].split("#")[0].lstrip("/")
    changes: dict[str, bytes] = {}
    for page in [path for path in files if path.endswith((".html", ".htm"))]:
        text = text_of(files, page)
        new = _REFERENCE.sub(lambda found, page=page: _pointed(files, page, wanted, found), text)
        if new == text:
            new = _left_out(text, wanted, files)
        if new != text:
            changes[page] = new.encode()
    if not changes:
        raise Unfit
    return changes


def _pointed(files: Files, page: str, wanted: str, found: re.Match[str]) -> str:
    target = found["target"]
    folder = page.rpartition("/")[0]
    plain = target.split("?")[0].split("#")[0]
    at = posixpath.normpath(plain.lstrip("/") if plain.startswith("/") else posixpath.join(folder, plain))
    if at != posixpath.normpath(wanted) or "://" in target or target.startswith(("data:", "#", "mailto:")):
        return found[0]
    if at in files:
        same = [at]  # it is here; only the way to it is wrong
    else:
        same = [path for path in files if path.lower() == at.lower()] or [path for path in files if path.rsplit("/", 1)[-1].lower() == at.rsplit("/", 1)[-1].lower()]
    if len(same) != 1:
        return found[0]
    return f"{found['head']}{found['quote']}{escape(posixpath.relpath(same[0], folder or '.'))}{found['quote']}"


def _left_out(text: str, wanted: str, files: Files) -> str:
    base = wanted.rsplit("/", 1)[-1]
    if any(path.rsplit("/", 1)[-1].lower() == base.lower() for path in files):
        return text
    name = re.escape(wanted)
    text = re.sub(rf"""[ \t]*<link\b[^>]*\bhref\s*=\s*["'](?:\./|/)?{name}(?:\?[^"']*)?["'][^>]*>[ \t]*\n?""", "", text, flags=re.IGNORECASE)
    return re.sub(rf"""[ \t]*<script\b[^>]*\bsrc\s*=\s*["'](?:\./|/)?{name}(?:\?[^"']*)?["'][^>]*>\s*</script>[ \t]*\n?""", "", text, flags=re.IGNORECASE)


def scripts_after_the_page(files: Files, look: Look) -> dict[str, bytes]:
    """`defer` for scripts in the head, so that what they look for is there; one written into the head moves to the end."""
    changes = {}
    for page in [path for path in files if path.endswith((".html", ".htm"))]:
        text = text_of(files, page)
        head, mark, body = text.partition("</head>")
        if not mark:
            continue
        new = re.sub(r"<script(?![^>]*\b(?:defer|async|type\s*=\s*[\"']module))([^>]*\bsrc\s*=)", r"<script defer\1", head)
        inline = re.findall(r"<script(?![^>]*\bsrc\s*=)(?![^>]*type\s*=)[^>]*>.*?</script>\s*", new, flags=re.DOTALL)
        for one in inline:
            new = new.replace(one, "", 1)
        tail = "".join(inline)
        whole = new + mark + (body.replace("</body>", f"{tail}</body>", 1) if "</body>" in body else body + tail)
        if whole != text:
            changes[page] = whole.encode()
    if not changes:
        raise Unfit
    return changes


FIXES = (mend_json, right_path, right_reference, scripts_after_the_page)
