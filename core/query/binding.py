"""From a call in the program to the values of a helper: names of both generations, defaults, types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.errors import InvalidInput
from core.query.tables import REQUIRED, Helper, Parameter

_LONGEST_TEXT = 1_000
_LONGEST_LIST = 1_000


def bind(helper: Helper, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Every parameter's value. `InvalidInput` names the wrong argument and shows the signature."""
    if len(arguments) > len(helper.parameters):
        raise InvalidInput(f"{helper.name} takes at most {len(helper.parameters)} arguments.", helper.signature)
    given = {parameter.name: value for parameter, value in zip(helper.parameters, arguments, strict=False)}
    for name, value in keywords.items():
        parameter = helper.parameter(name)
        if parameter is None:
            raise InvalidInput(f"{helper.name} has no argument {name}; it has {', '.join(helper.accepted) or 'none'}.", helper.signature)
        if parameter.name in given:
            raise InvalidInput(f"{helper.name} is given {parameter.name} twice.", helper.signature)
        given[parameter.name] = value
    values = {}
    for parameter in helper.parameters:
        value = given.get(parameter.name)
        if value is None:
            if parameter.default is REQUIRED:
                raise InvalidInput(f"{helper.name} needs {parameter.name}.", helper.signature)
            value = parameter.default
        else:
            value = _typed(helper, parameter, value)
        values[parameter.name] = value
    return values


def _typed(helper: Helper, parameter: Parameter, value: Any) -> Any:
    wrong = InvalidInput(f"{parameter.name} of {helper.name} is {parameter.type}, and {type(value).__name__} was given.", helper.signature)
    if parameter.type == "str":
        if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
            raise wrong
        if parameter.default is REQUIRED and not value.strip():
            raise InvalidInput(f"{parameter.name} of {helper.name} is empty.", helper.signature)
        return value.strip()
    if parameter.type == "bool":
        if not isinstance(value, bool):
            raise wrong
        return value
    if parameter.type == "int":
        if isinstance(value, bool) or not isinstance(value, int):
            raise wrong
        return value
    if parameter.type == "dict":
        if not isinstance(value, dict) or len(value) > _LONGEST_LIST:
            raise wrong
        return value
    if parameter.type == "list":
        if isinstance(value, str) and parameter.name != "fields":
            value = [value]
        if not isinstance(value, (list, tuple, set, frozenset)) or len(value) > _LONGEST_LIST:
            raise wrong
        return list(value)
    return value
