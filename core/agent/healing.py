"""Arguments as models write them, read into an object where it is plain what was meant, and refused in a sentence where it is not.

What is healed loses nothing: fences, single quotes, Python's words, commas too many, braces missing at the end, an object
given twice or inside a text. A text that is cut in its middle is refused, because half a file must never be written.
"""

from __future__ import annotations

import difflib
import json
import re
import secrets
import string
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from core.agent.tolerant import Unreadable, read_value
from core.agent.values import Tool, ToolRequest
from core.agent.wire import clean

MOST_CHARACTERS = 1_000_000
_IDS = re.compile(r"[A-Za-z0-9_-]{1,64}")
_LETTERS = string.ascii_letters + "_"  # of the language a fence names
_NAMES = re.compile(r"[^a-z0-9]")
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")


def requests(calls: Iterable[Mapping[str, Any]], tools: Sequence[Tool]) -> tuple[ToolRequest, ...]:
    """The calls of a reply (OpenAI's shape, arguments as text) as requests: read, healed, names set right, ids made unique."""
    names = [tool.name for tool in tools]
    made = []
    for call in calls:
        function = call.get("function") or {}
        given = str(function.get("name") or "")
        name = _STRANGE.sub("_", _meant(given, names))[:64]  # no upstream takes another one back in a history
        arguments, problem = read_arguments(function.get("arguments"), name)
        if not name:
            problem = "A call names no tool. Give the name of one of the tools."
        made.append(ToolRequest(str(call.get("id") or ""), name or "unnamed", arguments, problem))
    return unique(made, ())


def unique(calls: Iterable[ToolRequest], taken: Collection[str]) -> tuple[ToolRequest, ...]:
    """The requests with ids nobody has yet; one that is missing, taken or strange is replaced (nine characters: Mistral takes no others)."""
    used = set(taken)
    made = []
    for call in calls:
        id = call.id
        while not _IDS.fullmatch(id) or id in used:
            id = secrets.token_hex(5)[:9]
        used.add(id)
        made.append(call if id == call.id else replace(call, id=id))
    return tuple(made)


def read_arguments(given: Any, name: str) -> tuple[dict[str, Any], str | None]:
    """The arguments as an object, or `{}` and why not, in sentences for the model."""
    if isinstance(given, Mapping):
        return _cleaned(dict(given)), None
    text = given if isinstance(given, str) else ""
    if len(text) > MOST_CHARACTERS:
        return {}, (
            f"The arguments of {name} have {len(text)} characters, more than {MOST_CHARACTERS}, and were not read. "
            "Send less at once: several calls, or a part of the file each."
        )
    try:
        value = _read(text)
    except Unreadable as why:
        return {}, f"The arguments of {name} could not be read: {why}. Nothing was done. Send them again as one JSON object."
    if not isinstance(value, dict):
        return {}, f"The arguments of {name} are {_kind(value)}, not an object. Nothing was done. Send one JSON object with named values."
    return _cleaned(value), None


def how_exactly(tool: Tool | None, name: str) -> str:
    """What to tell a model whose arguments could not be read twice in a row."""
    shape = {} if tool is None else tool.schema.get("properties") or {}
    wanted = [one for one in (tool.schema.get("required") if tool else None) or list(shape)[:3] if one in shape]
    example = json.dumps({one: _sample(shape[one]) for one in wanted}, ensure_ascii=False)
    return (
        f"The arguments of {name} could not be read two times in a row. They are ONE JSON object: double quotes around names and texts, "
        f"line breaks inside a text written as \\n, quotes inside a text as \\\", no comments, nothing before or behind. "
        f"For example: {example}. If the text is long, send it in several smaller calls."
    )


def unknown(name: str, names: Iterable[str]) -> str:
    """What to tell a model that called a tool there is not."""
    listed = list(names)
    nearest = difflib.get_close_matches(name, listed, n=3, cutoff=0.5) or [one for one in listed if set(one.split("_")) & set(name.split("_"))][:3]
    return f"There is no tool called {name[:80]!r}. " + (f"The nearest are: {', '.join(nearest)}." if nearest else "Use the tools you were given.")


def _meant(given: str, names: Sequence[str]) -> str:
    """The name as it is written in the list where only its writing differs (`functions.Read-File`); else as it came."""
    if given in names:
        return given
    plain = {_NAMES.sub("", name.lower()): name for name in names}
    last = given.strip().rpartition(".")[2].rpartition(":")[2]
    return plain.get(_NAMES.sub("", last.lower()), given.strip())


def _read(text: str, *, inside: bool = False) -> Any:
    stripped = text.strip()
    if not stripped or stripped in ("null", "None"):
        return {}
    try:
        value = json.loads(stripped, strict=False, parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        if stripped.startswith("```") and stripped.endswith("```") and not inside:
            return _read(stripped[3:-3].lstrip(_LETTERS), inside=True)
        value = _first_object(stripped)
    if isinstance(value, str) and not inside and value.lstrip()[:1] in ("{", "`"):
        return _read(value, inside=True)
    return value


def _first_object(text: str) -> Any:
    """The object a text holds, when it holds one, or the same one several times."""
    start = text.find("{")
    if start < 0:
        raise Unreadable("there is no { in them")
    value, end = read_value(text, start)
    while (again := text.find("{", end)) >= 0:
        other, end = read_value(text, again)
        if value and other and other != value:
            raise Unreadable("they hold two different objects")
        value = value or other
    return value


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(str(name)): _cleaned(one) for name, one in value.items()}
    return [_cleaned(one) for one in value] if isinstance(value, list) else value


def _kind(value: Any) -> str:
    return {list: "a list", str: "a text", bool: "true or false", int: "a number", float: "a number"}.get(type(value), "something else")


def _sample(schema: Any) -> Any:
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    return {"integer": 1, "number": 1.0, "boolean": True, "array": [], "object": {}}.get(kind, "…")
