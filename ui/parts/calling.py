"""Calling a Space: its endpoints, a form with one field for each input, and what came back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from ui.parts.draw import draw

_SHOWN = 20_000  # characters of one output
_FILES = 20
_FIELDS = {"string": "text", "number": "number", "integer": "number", "boolean": "tick"}


def form(id: str, tools: Sequence[Mapping[str, Any]], chosen: str) -> str:
    """The endpoints of a Space as chips and the form of the chosen one; its fields hold the defaults, or an example where JSON is wanted."""
    tool = next((one for one in tools if one["name"] == chosen), None)
    return draw("calling", id=id, tools=tools, tool=tool, fields=[_field(one) for one in tool["inputs"]] if tool else [])


def values(tool: Mapping[str, Any], written: Mapping[str, Any]) -> dict[str, Any]:
    """What stands in the form's fields as values of the types of the inputs; an empty number, choice or JSON is left out.

    Raises InvalidInput for what is no number, no choice or no JSON.
    """
    found = {}
    for one in tool["inputs"]:
        text = written.get(one["name"])
        kind = _kind(one)
        if text is None or (text == "" and kind != "text"):
            continue
        found[one["name"]] = text if kind in ("text", "tick") else _value(one, kind, str(text))
    return found


def outputs(tool: Mapping[str, Any], came: Sequence[Any]) -> str:
    """What one endpoint answered: text as text, everything else as JSON, its files as links."""
    told = tool["outputs"]
    rows = [{"label": told[at]["label"] if at < len(told) else "", **_output(value)} for at, value in enumerate(came)]
    return draw("called", tool=tool["name"], rows=rows)


def _kind(one: Mapping[str, Any]) -> str:
    return "choice" if one.get("choices") else _FIELDS.get(one["type"], "json")


def _field(one: Mapping[str, Any]) -> dict[str, Any]:
    kind, value = _kind(one), one.get("default")
    if kind == "json":
        start = value if not one["required"] else one.get("example")
        value = "" if start is None else _json(start)
    choices = [{"text": str(choice), "on": choice == one.get("default")} for choice in one.get("choices") or ()]
    return {**one, "kind": kind, "value": "" if value is None else value, "choices": choices}


def _value(one: Mapping[str, Any], kind: str, text: str) -> Any:
    try:
        if kind == "choice":
            return dict(enumerate(one["choices"]))[int(text)]
        value = json.loads(text)
        if kind == "json" or (isinstance(value, int | float) and not isinstance(value, bool)):
            return value
    except (ValueError, KeyError, RecursionError):
        pass
    what = {"choice": "one of its choices", "number": "a number"}.get(kind, "JSON")
    raise InvalidInput(f"{one['label'] or one['name']} is not {what}.", "Correct the field and run it again.")


def _output(value: Any) -> dict[str, Any]:
    text = value if isinstance(value, str) else _json(value)
    return {"text": text[:_SHOWN], "cut": len(text) > _SHOWN, "files": _files(value)[:_FILES]}


def _files(value: Any) -> list[dict[str, str]]:
    """The files anywhere in an output, as name and address; where they are is the Space's word."""
    if isinstance(value, list):
        return [file for one in value[:_FILES] for file in _files(one)]
    if not isinstance(value, Mapping):
        return []
    if isinstance(address := value.get("url"), str) and address:
        path = value.get("path")
        return [{"url": address, "name": str(value.get("orig_name") or (path.rsplit("/", 1)[-1] if isinstance(path, str) else "") or address)}]
    return [file for one in list(value.values())[:_FILES] for file in _files(one)]


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)
