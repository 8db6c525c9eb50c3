"""The first error put to a model, and its answer read: edits by search and replace, as JSON. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from core.agent import system_prompt
from core.build import Edit, apply_edits
from core.errors import InvalidInput
from core.repair.fixes.reading import Files, Unfit, main_file, place_of
from core.repair.values import Answer, Look

MOST_FILES = 3
MOST_CHARACTERS = 12_000  # of one file
_LOG_LINES = 40
_LOG_CHARACTERS = 6_000
_MOST_ANSWER = 400_000
# How installers say that they reach no index.
_OFFLINE = re.compile(
    r"requirements could not be installed.*"
    r"(?:dns|error sending request|failed to fetch|connect|timed? ?out|offline|name resolution|network is unreachable|proxy|tunnel)",
    re.IGNORECASE | re.DOTALL,
)


def conversation(look: Look, files: Files, tried: Sequence[str] = (), installed: Sequence[str] = ()) -> list[dict[str, Any]]:
    """The messages: what to do, and the error with the files it names. tried: what did not help before. installed: packages that
    are there without an index, which it is told when packages cannot be fetched."""
    shown = _named(look, files)
    parts = [f"The app fails at: {look.stage}", f"First error: {look.error[:1000]}"]
    if look.problems and look.problems != (look.error,):
        parts.append("The browser found: " + "; ".join(look.problems)[:1500])
    if look.steps:
        parts.append("Done on the page, in this order:\n" + "\n".join(f"- {one}" for one in look.steps)[:3000])
    log = "\n".join(look.log[-_LOG_LINES:])[-_LOG_CHARACTERS:]
    if log:
        parts.append(f"<log>\n{log.replace('</log', '< /log')}\n</log>")
    parts.append("Files: " + ", ".join(sorted(files))[:2000])
    parts += [_file(path, files[path], look) for path in shown]
    if installed and any(_OFFLINE.search(one) for one in (look.error if look.stage == "install" else "", *tried)):
        parts.append("Packages cannot be fetched here; use what is installed: " + ", ".join(installed)[:2500])
    if tried:
        parts.append("These did not help, and were taken back; try something else:\n" + "\n".join(f"- {one}" for one in tried[-6:]))
    return [{"role": "system", "content": system_prompt("repair")}, {"role": "user", "content": "\n\n".join(parts)}]


def _named(look: Look, files: Files) -> list[str]:
    """The files the error points at, then those its text names, then the one the app starts with."""
    found: list[str] = []
    try:
        found += [place_of(files, look)] if look.path else []
        found += [main_file(files)]
    except Unfit:
        pass
    said = " ".join((look.error, *look.problems, *look.log[-_LOG_LINES:]))
    named = [path for path in files if re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", said)]
    main = [path for path in ("index.html", "Dockerfile", "README.md") if path in files and (path != "README.md" or look.stage == "preflight")]
    if look.stage == "install" or re.search(r"requirements|No module named", said):
        found.insert(0, "requirements.txt")
    each = dict.fromkeys((*found[:1], *named, *found[1:], *main))
    return [path for path in each if path in files and _is_text(files[path])][:MOST_FILES]


def _file(path: str, data: bytes, look: Look) -> str:
    """A file whole, or the part around the error where it is long."""
    text = data.decode("utf-8-sig", "replace")
    if len(text) > MOST_CHARACTERS:
        lines = text.splitlines(keepends=True)
        middle = look.line if look.path.endswith(path) else 1
        start = max(0, middle - 120)
        text = f"(lines {start + 1} to {min(len(lines), start + 240)} of {len(lines)})\n" + "".join(lines[start : start + 240])[:MOST_CHARACTERS]
    return f'<file path="{path}">\n{text.replace("</file", "< /file")}\n</file>'


def _is_text(data: bytes) -> bool:
    return b"\0" not in data[:8000]


def answer_of(text: str, files: Files, *, tokens: int = 0, cost_usd: float | None = None) -> Answer:
    """The changes a model's answer comes to; `trouble` says why nothing of it can be used. Raises nothing."""
    told = _object(text[:_MOST_ANSWER])
    if told is None:
        return Answer(trouble="The answer held no JSON object with edits.", tokens=tokens, cost_usd=cost_usd)
    why = " ".join(str(told.get("why") or "").split())[:160]
    given = told.get("edits")
    if given == [] and why:
        why = " ".join(str(told["why"]).split())[:400]
        return Answer(why=why, trouble="It changed nothing, because it finds the app right.", tokens=tokens, cost_usd=cost_usd, declined=True)
    rows = [row for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    whole = {str(row.get("path")): row["file"].encode() for row in rows if isinstance(row.get("file"), str)}
    edits = [
        Edit(path=str(row.get("path") or ""), search=str(row.get("search") or ""), replace=str(row.get("replace") or ""), all=row.get("all") is True)
        for row in rows
        if not isinstance(row.get("file"), str)
    ]
    try:
        changes: Mapping[str, bytes] = {**whole, **(apply_edits({**files, **whole}, edits).changes if edits else {})}
    except (InvalidInput, UnicodeEncodeError) as error:
        return Answer(why=why, trouble=getattr(error, "message", "It is not valid Unicode."), tokens=tokens, cost_usd=cost_usd)
    real = {path: data for path, data in changes.items() if files.get(path) != data}
    return Answer(real, why, "" if real else "It changed nothing.", tokens, cost_usd)


def _object(text: str) -> dict[str, Any] | None:
    """The first JSON object that has edits, wherever it stands in the text."""
    decoder = json.JSONDecoder(strict=False)
    for found in list(re.finditer(r"\{", text))[:200]:
        try:
            value, _ = decoder.raw_decode(text, found.start())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict) and "edits" in value:
            return value
    return None
