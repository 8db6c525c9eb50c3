"""The one list of actions. Name, schema, description and risk are read from the function itself.

    @action(risk="read", title="Search Spaces")
    async def hf_search_spaces(call: Call, query: str, limit: int = 10) -> dict: ...

The first parameter is the `Call`; the others are the arguments every door offers. The docstring's
text is the description, its `Args:` block describes the arguments. Nothing of this stands a second time.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from core.caller import Caller, Risk
from core.events import Event, ignore
from core.errors import Forbidden, InvalidInput, NotFound

if TYPE_CHECKING:
    from core.house import House


@dataclass(frozen=True)
class Call:
    """One call of an action: who asks, the house it runs in, where its events go."""

    caller: Caller
    house: House
    emit: Callable[[Event], None] = field(default=ignore)


@dataclass(frozen=True)
class Action:
    """One ability: the function, and what its signature and docstring say."""

    name: str
    run: Callable[..., Awaitable[Any]]
    risk: Risk
    title: str
    description: str
    idempotent: bool
    open_world: bool

    @cached_property
    def arguments(self) -> type[BaseModel]:
        """A pydantic model of the arguments: types, defaults and descriptions from signature and docstring."""
        hints = typing.get_type_hints(self.run, include_extras=True)
        described = _argument_descriptions(inspect.getdoc(self.run) or "")
        fields: dict[str, Any] = {}
        for parameter in list(inspect.signature(self.run).parameters.values())[1:]:
            default = ... if parameter.default is inspect.Parameter.empty else parameter.default
            note = Field(description=described.get(parameter.name, ""))
            fields[parameter.name] = (Annotated[hints[parameter.name], note], default)
        return create_model(self.name, __config__=ConfigDict(extra="forbid"), **fields)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, as an object."""
        schema = self.arguments.model_json_schema()
        schema.pop("title", None)
        for prop in schema.get("properties", {}).values():
            prop.pop("title", None)
        return schema

    @property
    def hints(self) -> dict[str, bool]:
        """The four MCP annotation hints."""
        return {
            "readOnlyHint": self.risk == "read",
            "destructiveHint": self.risk == "destructive",
            "idempotentHint": self.idempotent,
            "openWorldHint": self.open_world,
        }

    def check(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, validated; `InvalidInput` names the first wrong one and what it must be."""
        try:
            model = self.arguments.model_validate(dict(given))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"]) or "arguments"
            known = ", ".join(self.arguments.model_fields) or "none"
            raise InvalidInput(
                f"{self.name}: {where}: {first['msg'][:1].lower() + first['msg'][1:]}.",
                f"The arguments are: {known}.",
            ) from None
        return {name: getattr(model, name) for name in type(model).model_fields}


_actions: dict[str, Action] = {}


def action(*, risk: Risk, title: str, idempotent: bool = False, open_world: bool = True):
    """Put a coroutine function into the registry.

    Args:
        risk: read, write, destructive (cannot be undone) or spend (costs money).
        title: two or three words for a person.
        idempotent: calling twice with the same arguments changes nothing more; a read always is.
        open_world: reaches beyond this process (the Hub, the network).
    """

    def register(function):
        if function.__name__ in _actions:
            raise ValueError(f"the action {function.__name__} exists already")
        _actions[function.__name__] = described(function, risk=risk, title=title, idempotent=idempotent, open_world=open_world)
        return function

    return register


def described(function: Callable[..., Awaitable[Any]], *, risk: Risk, title: str, idempotent: bool = False, open_world: bool = True) -> Action:
    """What an action is, read from its function; it is not registered by that."""
    return Action(
        name=function.__name__,
        run=function,
        risk=risk,
        title=title,
        description=_description(inspect.getdoc(function) or ""),
        idempotent=idempotent or risk == "read",
        open_world=open_world,
    )


def actions() -> dict[str, Action]:
    """Every action by name, in the order of registration; importing `core.actions` registers them all."""
    return dict(_actions)


def find(name: str) -> Action:
    """The action of that name, or `NotFound`."""
    try:
        return actions()[name]
    except KeyError:
        raise NotFound(f"There is no action called {name!r}.", "GET /api/actions lists them all.") from None


async def invoke(name: str, arguments: Mapping[str, Any], call: Call) -> Any:
    """Check the arguments and the caller's approvals, then run the action. Raises `SpacesError` only for expected trouble."""
    chosen = find(name)
    values = chosen.check(arguments)
    if chosen.risk not in call.caller.approves:
        raise Forbidden(
            f"{name} can {'delete' if chosen.risk == 'destructive' else 'spend'}, and this caller has not approved that.",
            "Confirm it on the page, or call it with a write token of your own.",
        )
    return await chosen.run(call, **values)


_ARGS = re.compile(r"^Args:\s*$", re.MULTILINE)


def _description(doc: str) -> str:
    """The docstring without its Args block: what the tool does, returns and raises."""
    match = _ARGS.search(doc)
    if not match:
        return doc.strip()
    before, after = doc[: match.start()], doc[match.end() :]
    rest = re.search(r"^\S", after, re.MULTILINE)
    return (before.strip() + ("\n\n" + after[rest.start() :].strip() if rest else "")).strip()


def _argument_descriptions(doc: str) -> dict[str, str]:
    """Name → text of the `Args:` block; continuation lines are joined."""
    match = _ARGS.search(doc)
    if not match:
        return {}
    found: dict[str, str] = {}
    name = None
    for line in doc[match.end() :].splitlines():
        if line and not line.startswith(" "):
            break
        entry = re.match(r"^ {4}(\w+):\s*(.*)$", line)
        if entry:
            name = entry[1]
            found[name] = entry[2].strip()
        elif name and line.strip():
            found[name] += " " + line.strip()
    return found
