"""Schemas of arguments as a model is sent them: what pydantic writes for programs is left out, for they go with every request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_OF_PROGRAMS = ("title", "additionalProperties", "$defs")
_DEEPEST = 8


def compact(schema: Mapping[str, Any], *, untyped: tuple[str, ...] = ()) -> dict[str, Any]:
    """The same schema without titles, without null where leaving out says it, and with each definition in its place.

    untyped: arguments whose items are told elsewhere; a list of objects is all that is said of them.
    """
    made = _compact(schema, schema.get("$defs") or {}, 0)
    for name in untyped:
        if name in made.get("properties", {}):
            made["properties"][name]["items"] = {"type": "object"}
    return made


def _compact(schema: Mapping[str, Any], defined: Mapping[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEEPEST:
        return {}  # a definition that holds itself
    if "$ref" in schema:
        inner = {key: one for key, one in defined[schema["$ref"].rsplit("/", 1)[-1]].items() if key != "description"}
        return _compact(inner | {key: one for key, one in schema.items() if key != "$ref"}, defined, depth + 1)
    made = {key: one for key, one in schema.items() if key not in _OF_PROGRAMS and not (key == "default" and one in (None, ""))}
    if "properties" in made:
        made["properties"] = {name: _compact(one, defined, depth + 1) for name, one in made["properties"].items()}
    if isinstance(made.get("items"), Mapping):
        made["items"] = _compact(made["items"], defined, depth + 1)
    if isinstance(schema.get("additionalProperties"), Mapping):
        made["additionalProperties"] = _compact(schema["additionalProperties"], defined, depth + 1)
    if "anyOf" in made:
        # null says "leave it out" where it is the default; elsewhere it is a value of its own, such as a file to delete.
        optional = "default" in schema and schema["default"] is None
        choices = [_compact(one, defined, depth + 1) for one in made.pop("anyOf") if not optional or one != {"type": "null"}]
        kinds = {one.get("type") for one in choices}
        choices = [one for one in choices if not (one == {"type": "integer"} and "number" in kinds)]
        made = choices[0] | made if len(choices) == 1 else {"anyOf": choices, **made}
    return made
