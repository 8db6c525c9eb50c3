"""One configuration file: YAML or JSON, read within bounds, with `${NAME}` replaced and the line of every key.

A variable may name further variables; a circle is an error. What is not set is empty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from core.errors import InvalidInput, TooLarge

MAX_BYTES = 256_000
_VALUE_LENGTH = 64_000
_DEPTH = 16
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(path: Path, env: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, int]]:
    """What the file says, and the line of every dotted key.

    Raises `InvalidInput` naming the file and the line, `TooLarge` over `MAX_BYTES`.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read ({error.strerror}).", "Name a file that can be read, or leave it out.") from None
    if len(data) > MAX_BYTES:
        raise TooLarge(f"{path} has more than {MAX_BYTES} bytes.", "A configuration is a page or two; name the right file.")
    try:
        text = data.decode("utf-8-sig")
        _refuse_what_multiplies(path, text)
        node = yaml.compose(text, Loader=_LOADER)  # JSON is YAML
        raw = yaml.load(text, Loader=_LOADER) or {}
        lines: dict[str, int] = {}
        if node is not None:
            _collect_lines(node, "", lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InvalidInput(f"{path}{line}: {getattr(error, 'problem', None) or 'not valid YAML'}.", "Correct the line.") from None
    except (UnicodeDecodeError, RecursionError, ValueError):
        raise InvalidInput(f"{path}: not a configuration that can be read.", "Write it as plain YAML in UTF-8.") from None
    if not isinstance(raw, dict):
        raise InvalidInput(f"{path}: the file must hold names with values.", "See agentic-config.example.yaml.")
    try:
        return {str(key): expand(value, env) for key, value in raw.items()}, lines
    except InvalidInput as error:
        raise InvalidInput(f"{path}: {error.message}", error.fix) from None


def expand(value: Any, env: Mapping[str, str]) -> Any:
    """The value with every `${NAME}` in its texts replaced. Raises `InvalidInput` for variables that name each other in a circle."""
    if isinstance(value, dict):
        return {key: expand(item, env) for key, item in value.items()}
    if isinstance(value, list):
        return [expand(item, env) for item in value]
    return _expand(value, env, ()) if isinstance(value, str) else value


def _expand(text: str, env: Mapping[str, str], inside: tuple[str, ...]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name in inside:
            circle = " → ".join((*inside[inside.index(name) :], name))
            raise InvalidInput(f"the variables {circle} name each other in a circle.", "Give one of them a value of its own.")
        return _expand(env.get(name, ""), env, (*inside, name))

    expanded = _VARIABLE.sub(value, text)
    if len(expanded) > _VALUE_LENGTH:
        raise TooLarge(f"a value is longer than {_VALUE_LENGTH} characters after its variables were replaced.", "Shorten it.")
    return expanded


def _refuse_what_multiplies(path: Path, text: str) -> None:
    """References and deep nesting make a small file large or a reader run out of stack; a configuration needs neither."""
    depth = 0
    for event in yaml.parse(text, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if isinstance(event, yaml.AliasEvent) or depth > _DEPTH:
            what = "references to other parts of the file are not read" if depth <= _DEPTH else "nested too deeply"
            raise InvalidInput(f"{path}, line {event.start_mark.line + 1}: {what}.", "Write it plainly, as in agentic-config.example.yaml.")


def _collect_lines(node: yaml.Node, prefix: str, into: dict[str, int]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            name = f"{prefix}{key.value}"
            into[name] = key.start_mark.line + 1
            _collect_lines(value, name + ".", into)
