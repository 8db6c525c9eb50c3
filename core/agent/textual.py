"""Tools for models that take none: described in words, called in a fenced block, answered in the next message of the user."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from core.agent.tolerant import Unreadable, read_value
from core.agent.values import Message, Tool

# Where a call begins: our own fence, and what models of several families write by their training instead.
_OPENS = re.compile(
    r"```(?:tool|tool_call|tool_code|json)\s*(?=\{)|<\|?tool_call\|?>\s*(?=[{<])|<function=(?P<name>[\w.-]+)>\s*|\[TOOL_CALLS\]\s*(?=\[)|<\|python_tag\|>\s*(?=\{)"
)
_CLOSES = re.compile(r"\s*(?:```|</?\|?/?tool_call\|?>|</function>(?:\s*</tool_call>)?|<\|eom_id\|>)?")
_PARAMETER = re.compile(r"<parameter=([\w.-]+)>\n?")
# The beginnings a reader may not see half of: a piece that ends like one waits for the next.
_MARKS = ("```tool", "```json", "<tool_call", "<|tool_call", "<function=", "[TOOL_CALLS]", "<|python_tag|>")
_NATIVE_MARKS = _MARKS[2:]
_SHORT = 300
# Each mark may be looked at to the end of the text, so their number is bounded.
_MOST_CALLS, _MOST_MISSES = 64, 16


def describe(tools: Sequence[Tool]) -> str:
    """The tools and how to call them, for the end of the system's text."""
    rows = "\n".join(f"- {tool.name}({_signature(tool)}): {' '.join(tool.description.split())[:_SHORT]}" for tool in tools)
    return (
        "<Calling>\nYou call a tool by writing a block exactly like this, and nothing behind it:\n"
        '```tool\n{"name": "tool_name", "arguments": {"argument": "value"}}\n```\n'
        "The arguments are one JSON object; line breaks inside a text are written \\n. Several blocks in one reply are several calls. "
        "Then stop: the results come in the next message, as <tool_result>. Never write a result yourself. "
        f"Without a block your reply is the end of your work.\nThe tools (? marks what may be left out):\n{rows}\n</Calling>"
    )


def to_wire(messages: Iterable[Message]) -> list[Message]:
    """History without calls and results: calls as blocks in the reply's text, results as messages of the user."""
    told: list[Message] = []
    for message in messages:
        if message["role"] == "assistant" and message.get("tool_calls"):
            blocks = [_block(call["function"]["name"], call["function"].get("arguments") or "{}") for call in message["tool_calls"]]
            told.append({"role": "assistant", "content": "\n".join(filter(None, [message.get("content"), *blocks]))})
        elif message["role"] == "tool":
            name = message.get("name") or "tool"
            # What a tool read may hold our own marks; they must not end the result early.
            inner = str(message.get("content") or "(nothing)").replace("</tool_result", "<\\/tool_result")
            told.append({"role": "user", "content": f'<tool_result name="{name}">\n{inner}\n</tool_result>'})
        else:
            told.append(message)
    return told


def read(text: str, names: Collection[str], *, native: bool = False) -> tuple[str, list[dict[str, Any]]]:
    """The text without its calls, and the calls in OpenAI's shape with arguments as text.

    Args:
        names: of the tools there are; a `json` block counts only when it names one.
        native: the model takes tools natively and wrote a call into its text all the same; then fences are never calls.
    """
    calls: list[dict[str, Any]] = []
    kept: list[str] = []
    at = 0
    made_up = -1 if native else text.find("<tool_result")
    if made_up >= 0:
        text = text[:made_up]  # the model went on with results it made up itself, and with what follows from them
    misses = 0
    while len(calls) < _MOST_CALLS and misses < _MOST_MISSES and (match := _OPENS.search(text, at)):
        found, end = _call(text, match, names)
        if native and match[0].startswith("```"):
            found = []
        if not found:
            misses += 1
            kept.append(text[at : match.end()])
            at = match.end()
            continue
        kept.append(text[at : match.start()])
        calls += found
        at = _CLOSES.match(text, end).end()  # type: ignore[union-attr]
    if not calls:
        return text, []
    kept.append(text[at:])
    return "".join(kept).strip(), calls


class Curtain:
    """Lets through what a person should read of a reply while it comes: the text up to where a call begins."""

    def __init__(self, *, native: bool):
        self._marks = _NATIVE_MARKS if native else _MARKS
        self._held = ""
        self._down = False

    def pass_on(self, piece: str) -> str:
        """What may be shown now."""
        if self._down:
            return ""
        self._held += piece
        at = min((place for mark in self._marks if (place := self._held.find(mark)) >= 0), default=-1)
        if at >= 0:
            self._down, shown = True, self._held[:at]
            return shown
        tail = max((size for mark in self._marks for size in range(1, len(mark)) if self._held.endswith(mark[:size])), default=0)
        shown, self._held = self._held[: len(self._held) - tail], self._held[len(self._held) - tail :]
        return shown


def _call(text: str, match: re.Match[str], names: Collection[str]) -> tuple[list[dict[str, Any]], int]:
    """The calls that begin at a mark, and where they end; none when it is none after all."""
    start = match.end()
    if match["name"]:
        return _function(text, match["name"], start)
    inner = re.compile(r"<function=([\w.-]+)>\s*").match(text, start)
    if inner:
        return _function(text, inner[1], inner.end())
    if start >= len(text) or text[start] not in "{[":
        return [], start
    try:
        value, end = read_value(text, start)
    except Unreadable:
        return _unreadable(text, match, start)
    made = [call for one in (value if isinstance(value, list) else [value]) if (call := _shaped(one))]
    if "json" in match[0] and not all(call["function"]["name"] in names for call in made):
        return [], start
    return made, end


def _function(text: str, name: str, start: int) -> tuple[list[dict[str, Any]], int]:
    """`<function=name>{…}</function>`, or with `<parameter=…>` inside."""
    end = text.find("</function>", start)
    inner = text[start : end if end >= 0 else len(text)]
    given: dict[str, Any] = {}
    at = 0
    while (one := _PARAMETER.search(inner, at)) and (at := inner.find("</parameter>", one.end())) >= 0:
        given[one[1]] = _literal(inner[one.end() : at].removesuffix("\n"))
    arguments = json.dumps(given, ensure_ascii=False) if given or not inner.strip() else inner.strip()
    return [_made(name, arguments)], end if end >= 0 else len(text)


def _unreadable(text: str, match: re.Match[str], start: int) -> tuple[list[dict[str, Any]], int]:
    """A block whose object cannot be read is a call all the same when it tells its tool: its arguments are then refused in words."""
    end = re.compile(r"\n```|</tool_call>|\Z").search(text, start).start()  # type: ignore[union-attr]
    name = re.search(r"""["']?name["']?\s*:\s*["']([\w.-]+)["']""", text[start:end])
    if name is None or "json" in match[0]:
        return [], start
    behind = re.search(r"""["']?arguments["']?\s*:\s*""", text[start:end])
    return [_made(name[1], text[start + behind.end() : end] if behind else text[start:end])], end


def _shaped(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, Mapping):
        return None
    function = value.get("function")
    row = function if isinstance(function, Mapping) else value
    name = next((row[key] for key in ("name", "tool", "tool_name", "function") if isinstance(row.get(key), str)), None)
    if name is None:
        return None
    given = next((row[key] for key in ("arguments", "parameters", "args", "input") if key in row), {})
    return _made(name, given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))


def _made(name: str, arguments: str) -> dict[str, Any]:
    return {"id": "", "type": "function", "function": {"name": name, "arguments": arguments}}


def _literal(text: str) -> Any:
    """A parameter's value: JSON where it is a number, a list, an object or a word of JSON; else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _block(name: str, arguments: str) -> str:
    return f'```tool\n{{"name": {json.dumps(name)}, "arguments": {arguments}}}\n```'


def _signature(tool: Tool) -> str:
    required = tool.schema.get("required") or ()
    return ", ".join(
        f"{name}{'' if name in required else '?'}: {_type(shape)}" for name, shape in (tool.schema.get("properties") or {}).items()
    )  # fmt: skip


def _type(shape: Any) -> str:
    if not isinstance(shape, Mapping):
        return "any"
    if "enum" in shape:
        return "|".join(map(str, shape["enum"][:12]))
    if shape.get("anyOf"):
        return " or ".join(dict.fromkeys(_type(one) for one in shape["anyOf"] if one.get("type") != "null"))
    if shape.get("type") == "array":
        return f"[{_type(shape.get('items'))}]"
    return str(shape.get("type") or "object")
