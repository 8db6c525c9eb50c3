"""The Hub's own description of its API: which request does what. Read once, searched by words."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from core.caller import ANONYMOUS, Caller
from core.errors import InvalidInput, NotFound, Unexpected
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.ranking import Fields, rank
from core.hub.rows import line, text

PATH = "/.well-known/openapi.json"
MOST_FOUND = 20
_REMEMBERED_SECONDS = 3_600
_OPERATIONS, _PARAMETERS, _RESPONSES, _FIELDS = 3_000, 30, 3, 40
_INSTEAD = "Read https://huggingface.co/docs/hub/api with fetch_hf_docs, or search the documentation with explore_hf_docs."
_METHODS = ("get", "post", "put", "patch", "delete", "head")
_NOBODY = Caller(id=ANONYMOUS)  # the description is public; nobody's token is shown for it


@dataclass(frozen=True)
class Operation:
    """One request of the API: what it is called, and what is searched."""

    tags: tuple[str, ...]
    fields: Fields
    told: Mapping[str, Any]


async def find_api(hub: Hub, query: str = "", *, tag: str | None = None, limit: int = MOST_FOUND) -> dict[str, Any]:
    """Requests of the Hub's API that fit some words.

    Args:
        query: what should be done, at most 250 characters; empty lists those of the tag, or the tags.
        tag: only those with this tag, as `tags` of an answer names them.
        limit: 1 to 20.

    Returns `{items: [{method, path, summary, operation, tags, deprecated, parameters, body, responses, curl}], tags, total, note}`.
    Raises InvalidInput, NotFound where the Hub publishes no description, RateLimited, HubUnavailable, TimedOut.
    """
    query = " ".join(query.split())
    if len(query) > 250:
        raise InvalidInput(f"A query has at most 250 characters; this one has {len(query)}.")
    if not 1 <= limit <= MOST_FOUND:
        raise InvalidInput(f"limit is {limit}; it must be from 1 to {MOST_FOUND}.")
    operations = await hub.remembered(_NOBODY, "openapi", _REMEMBERED_SECONDS, lambda: _described(hub))
    tags = sorted({tag for one in operations for tag in one.tags}, key=str.lower)
    if tag and tag.lower() not in (known.lower() for known in tags):
        raise InvalidInput(f"The API has no tag {tag[:60]!r}.", f"Use one of: {', '.join(tags[:60])}.")
    fitting = [one for one in operations if not tag or tag.lower() in (known.lower() for known in one.tags)]
    note = ""
    found = fitting if tag else []
    if query:
        ranked = await asyncio.to_thread(rank, query, [one.fields for one in fitting])
        found = [fitting[place] for place, _ in ranked]
        if not found:
            note = f"Nothing fits {query!r}" + (f" under the tag {tag}; all of the tag are listed." if tag else "; the tags show what there is.")
            found = fitting if tag else []
    elif not tag:
        note = "Give words of what should be done, or one of the tags."
    return {"items": [dict(one.told) for one in found[:limit]], "tags": tags[:200], "total": len(found), "note": note}


async def _described(hub: Hub) -> tuple[Operation, ...]:
    try:
        answer = await hub.wire.get(PATH, token=None, timeout=30)
    except NotFound:
        raise NotFound("This Hub publishes no description of its API.", _INSTEAD) from None
    except Unexpected as error:  # larger than the wire reads, or nothing a program can read
        raise Unexpected(error.message, _INSTEAD) from None
    if not isinstance(answer.data, Mapping) or not isinstance(answer.data.get("paths"), Mapping):
        raise nonsense("read the description of the API")
    return await asyncio.to_thread(lambda: tuple(_operations(hub.endpoint, answer.data)))


def _operations(endpoint: str, document: Mapping[str, Any]) -> Iterator[Operation]:
    count = 0
    for path, methods in document["paths"].items():
        if not isinstance(methods, Mapping) or not str(path).startswith("/"):
            continue
        shared = methods.get("parameters")
        for method in _METHODS:
            one = methods.get(method)
            if isinstance(one, Mapping) and count < _OPERATIONS:
                count += 1
                yield _operation(endpoint, document, str(path)[:500], method, one, shared)


def _operation(endpoint: str, document: Mapping[str, Any], path: str, method: str, one: Mapping[str, Any], shared: Any) -> Operation:
    given = [*_list(shared), *_list(one.get("parameters"))]
    parameters = [told for entry in given[:_PARAMETERS] if (told := _parameter(document, entry))]
    body = _body(document, one.get("requestBody"))
    tags = tuple(str(tag)[:80] for tag in _list(one.get("tags")) if isinstance(tag, str))
    summary, description, name = text(one.get("summary")) or "", text(one.get("description")) or "", text(one.get("operationId")) or ""
    told = {
        "method": method.upper(),
        "path": path,
        "summary": line(summary or description, 200),
        "description": line(description, 300),
        "operation": line(name, 120),
        "tags": list(tags),
        "deprecated": one.get("deprecated") is True,
        "parameters": parameters,
        "body": body,
        "responses": _responses(document, one.get("responses")),
        "curl": _curl(endpoint, method, path, parameters, body),
    }
    names = " ".join(each["name"] for each in (*parameters, *body))
    fields = ((summary, 3.0), (name, 2.0), (path, 2.0), (" ".join(tags), 1.5), (description, 1.0), (names, 1.0))
    return Operation(tags, fields, told)


def _parameter(document: Mapping[str, Any], entry: Any) -> dict[str, Any] | None:
    entry = _resolved(document, entry)
    if not text(entry.get("name")):
        return None
    schema = _resolved(document, entry.get("schema"))
    return {
        "name": line(entry["name"], 80),
        "in": str(entry.get("in"))[:20],
        "required": entry.get("required") is True,
        "type": _type(schema),
        "description": line(entry.get("description") or schema.get("description") or "", 200),
    }


def _body(document: Mapping[str, Any], body: Any) -> list[dict[str, Any]]:
    """The fields of a JSON body; empty where there is none."""
    content = _resolved(document, body).get("content")
    json = content.get("application/json") if isinstance(content, Mapping) else None
    schema = _resolved(document, json.get("schema") if isinstance(json, Mapping) else None)
    choices = next((schema[name] for name in ("anyOf", "oneOf", "allOf") if isinstance(schema.get(name), list)), [])
    every = [_resolved(document, one) for one in (schema, *choices[:6])]
    found: dict[str, dict[str, Any]] = {}
    for one in every:
        required = _list(one.get("required"))
        for name, kind in (one["properties"].items() if isinstance(one.get("properties"), Mapping) else ()):
            kind = _resolved(document, kind)
            told = {"name": line(name, 80), "required": name in required, "type": _type(kind), "description": line(kind.get("description") or "", 200)}
            found.setdefault(name, told)
    return list(found.values())[:_FIELDS]


def _responses(document: Mapping[str, Any], responses: Any) -> list[dict[str, Any]]:
    listed = list(responses.items())[:_RESPONSES] if isinstance(responses, Mapping) else []
    return [{"status": str(status)[:10], "description": line(_resolved(document, one).get("description") or "", 300)} for status, one in listed]


def _resolved(document: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    """The object itself where a reference inside the document stands for it."""
    for _ in range(5):
        if not isinstance(value, Mapping):
            return {}
        reference = value.get("$ref")
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return value
        value = document
        for part in reference[2:].split("/"):
            value = value.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(value, Mapping) else None
    return {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _type(schema: Mapping[str, Any], depth: int = 0) -> str:
    if isinstance(schema.get("enum"), list):
        return line("one of: " + ", ".join(str(one)[:60] for one in schema["enum"][:20]), 300)
    for name in ("anyOf", "oneOf"):
        if isinstance(schema.get(name), list) and depth < 4:
            kinds = [_type(one, depth + 1) for one in schema[name][:5] if isinstance(one, Mapping)]
            return line(" or ".join(dict.fromkeys(kinds)), 300)
    if "const" in schema:
        return line(repr(schema["const"]), 60)
    kind = schema.get("type")
    return " or ".join(str(one) for one in kind[:5]) if isinstance(kind, list) else str(kind or "any")[:40]


def _curl(endpoint: str, method: str, path: str, parameters: list[dict[str, Any]], body: list[dict[str, Any]]) -> str:
    """A line for a shell that reads the token from the environment; nobody's token stands in it."""
    needed = [one["name"] for one in parameters if one["in"] == "query" and one["required"]]
    query = "?" + "&".join(f"{name}={{{name}}}" for name in needed) if needed else ""
    parts = ["curl", "" if method == "get" else f"-X {method.upper()}", '-H "Authorization: Bearer $HF_TOKEN"']
    if body:
        fields = ", ".join(f'"{one["name"]}": …' for one in body if one["required"]) or "…"
        parts += ["-H 'Content-Type: application/json'", f"-d {shlex.quote('{' + fields + '}')}"]
    return " ".join(part for part in (*parts, shlex.quote(f"{endpoint}{path}{query}")) if part)
