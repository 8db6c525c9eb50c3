"""What the model is offered: the table of tools, an action as a tool, and arguments as models write them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.agent.own_tools import OWN, visible
from core.agent.schemas import compact
from core.agent.values import Tool, ToolRequest
from core.errors import InvalidInput
from core.registry import Action

# What an error says it says itself when it comes; nobody has to read of it with every request.
_RAISES = re.compile(r"\s+Raises \w+ [^\n]*(\n[^\n]+)*\Z")
_TABLE = Path(__file__).with_name("tools.yaml")


@dataclass(frozen=True)
class Offer:
    """tools.yaml; its comments say what each part is for."""

    offered: tuple[str, ...]
    seconds: float
    fills: Mapping[str, str]
    never_filled: frozenset[str]
    defaults: Mapping[str, Mapping[str, Any]]
    conceal: Mapping[str, Sequence[str]]
    leave_out: Mapping[str, Sequence[str]]
    missing: Mapping[str, str]
    makes_project: Mapping[str, Sequence[str]]
    told_elsewhere: Mapping[str, Sequence[str]]
    beside: frozenset[str]
    foreign_text: frozenset[str]
    own_text: frozenset[str]


@cache
def table() -> Offer:
    """tools.yaml as it is shipped."""
    raw = yaml.safe_load(_TABLE.read_text(encoding="utf-8"))
    return Offer(
        offered=tuple(name for group in raw["groups"].values() for name in group),
        seconds=float(raw["seconds"]),
        fills=raw["fills"],
        never_filled=frozenset(raw["never_filled"]),
        defaults=raw["defaults"],
        conceal=raw["conceal"],
        leave_out=raw["leave_out"],
        missing=raw["missing"],
        makes_project=raw["makes_project"],
        told_elsewhere=raw["told_elsewhere"],
        beside=frozenset(raw["beside"]),
        foreign_text=frozenset(raw["foreign_text"]),
        own_text=frozenset(raw["own_text"]),
    )


@cache
def offered(action: Action) -> Tool:
    """An action as a tool: what the chat knows itself is optional or not shown."""
    schema = json.loads(json.dumps(compact(action.schema, untyped=tuple(table().told_elsewhere.get(action.name, ())))))
    properties = schema.get("properties", {})
    if action.name not in OWN:
        for name in table().conceal.get(action.name, ()):
            properties.pop(name, None)
        filled = set() if action.name in table().never_filled else set(table().fills) & set(properties)
        for name in filled:
            about = "" if name == "project" else properties[name].get("description", "").rstrip(".")
            properties[name]["description"] = f"{about}; the chat's own when left out." if about else "its id; the chat's own when left out."
        for name, value in table().defaults.get(action.name, {}).items():
            properties[name]["default"] = value
        required = [name for name in schema.get("required", []) if name in properties and name not in filled]
        schema |= {"required": required}
        if not required:
            del schema["required"]
    beside = action.risk == "read" and action.name not in ("plan", "ask", "use_action") or action.name in table().beside
    return Tool(action.name, _RAISES.sub("", action.description), schema, title=action.title, reads=beside)


def unwrapped(request: ToolRequest) -> tuple[str, Mapping[str, Any]]:
    """What is called with what; of use_action the call inside of it."""
    if request.name != "use_action":
        return request.name, request.arguments
    given = OWN["use_action"].check(unstrung(OWN["use_action"], request.arguments))
    return given["name"], given["arguments"] or {}


def checked(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, validated; where one is missing that the chat would have filled in, the error says how to come by it."""
    try:
        return action.check(given)
    except InvalidInput as error:
        fills = {} if action.name in OWN else table().fills
        missing = next((how for key, how in fills.items() if key in action.arguments.model_fields and not given.get(key)), None)
        if missing is None or action.name in table().never_filled:
            raise
        raise InvalidInput(error.message, table().missing[missing]) from None


def unstrung(action: Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments with lists and objects that came as their JSON in a text; many models write them so."""
    return {key: _parsed(value, action.schema.get("properties", {}).get(key)) for key, value in given.items()}


def _parsed(value: Any, schema: Mapping[str, Any] | None) -> Any:
    if not isinstance(value, str) or not schema or value.lstrip()[:1] not in ("[", "{"):
        return value
    kinds = {schema.get("type"), *(one.get("type") for one in schema.get("anyOf", ()))}
    if "string" in kinds or not kinds & {"array", "object"}:
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def nearest(name: str) -> list[str]:
    """Up to four names like this one."""
    known = [*OWN, *visible()]
    return get_close_matches(name[:80], known, n=4, cutoff=0.4) or list(table().offered[:4])
