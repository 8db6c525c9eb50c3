"""What the columns of a dataset are, and which ways of training they fit. Pure: from features and rows, without asking anybody."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

VALUE_LENGTH = 150
_TYPE_LENGTH = 300
_NAMES = 20
_NESTED = 30
_DEPTH = 6
# Keys of one message: OpenAI's, and those of ShareGPT.
_STYLES = (("role", "content"), ("from", "value"))


@dataclass(frozen=True)
class Format:
    """A way of training. needs: groups of columns, any of which is enough; each column is a text or a conversation."""

    name: str
    needs: tuple[tuple[str, ...], ...]
    note: str = ""


# What TRL's trainers read: https://huggingface.co/docs/trl/dataset_formats.
FORMATS = (
    Format("SFT", (("messages",), ("prompt", "completion"), ("text",))),
    Format("DPO", (("prompt", "chosen", "rejected"), ("chosen", "rejected")), "Without prompt, it is taken from what chosen and rejected share."),
    Format("GRPO", (("prompt",),), "A reward function reads the other columns, such as a solution, by their names."),
    Format("KTO", (("prompt", "completion", "label"),)),
)
# Columns that often hold the same under another name; renaming them is all that is needed.
OTHER_NAMES = {
    "messages": ("conversations", "conversation", "dialog", "dialogue", "chat"),
    "prompt": ("instruction", "question", "query", "input", "problem"),
    "completion": ("output", "response", "answer", "solution", "target"),
    "chosen": ("preferred", "accepted", "chosen_response", "response_chosen"),
    "rejected": ("dispreferred", "rejected_response", "response_rejected"),
    "text": ("content", "body", "document"),
}
_TEXT, _TALK = "text", "conversation"
# What each column may hold; `label` may hold anything.
_HOLDS = {"messages": (_TALK,), "text": (_TEXT,)} | dict.fromkeys(("prompt", "completion", "chosen", "rejected"), (_TEXT, _TALK))


def type_name(feature: Any, depth: int = 0) -> str:
    """A feature of the datasets library as a short text: `string`, `class: a, b`, `list of {role: string, content: string}`."""
    if isinstance(feature, list):
        return f"list of {type_name(feature[0], depth + 1)}" if feature and depth < _DEPTH else "list"
    if not isinstance(feature, Mapping):
        return "unknown"
    kind = feature.get("_type")
    if kind == "Value" or kind is None and isinstance(feature.get("dtype"), str):
        return str(feature.get("dtype"))[:60]
    if kind == "ClassLabel":
        names = [name[:40] for name in feature["names"] if isinstance(name, str)] if isinstance(feature.get("names"), list) else []
        more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
        return f"class: {', '.join(names[:_NAMES])}{more}"
    if kind in ("Sequence", "List", "LargeList"):
        return f"list of {type_name(feature.get('feature'), depth + 1)}" if depth < _DEPTH else "list"
    if isinstance(kind, str):
        return kind.lower()[:60]
    if depth >= _DEPTH:
        return "object"
    inner = ", ".join(f"{str(name)[:60]}: {type_name(one, depth + 1)}" for name, one in list(feature.items())[:_NESTED])
    return f"{{{inner}}}"


def columns(features: Any) -> list[dict[str, str]]:
    """`{name, type}` of every column, from `/info` (an object) or `/first-rows` (a list)."""
    if isinstance(features, Mapping):
        pairs: Iterator[tuple[Any, Any]] = iter(features.items())
    else:
        listed = features if isinstance(features, list) else []
        pairs = ((one.get("name"), one.get("type")) for one in listed if isinstance(one, Mapping))
    return [{"name": str(name)[:200], "type": type_name(type)[:_TYPE_LENGTH]} for name, type in pairs if name is not None]


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row with its values cut: what is longer is text of 150 characters with an ellipsis."""
    return {str(name)[:200]: cut(value) for name, value in list(row.items())[:200]}


def cut(value: Any, length: int = VALUE_LENGTH) -> Any:
    """A value as it is when it is short, else the beginning of its text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    words = value if isinstance(value, str) else _written(value)
    if len(words) > length:
        return words[: length - 1] + "…"
    return words if isinstance(value, str) or words.startswith("(") else value


def conversations(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Every column that holds conversations: whose keys they use, who speaks, whether tools are called, one example."""
    names = list(dict.fromkeys(name for row in rows for name in row))[:200]
    return [told for name in names if (told := _conversation(name, [row.get(name) for row in rows]))]


def _conversation(name: str, values: Sequence[Any]) -> dict[str, Any] | None:
    read = [(messages, style, texted) for value in values for messages, style, texted in (_messages(value),) if messages]
    if not read:
        return None
    (role, content), texted = read[0][1], read[0][2]
    every = [message for messages, _, _ in read for message in messages]
    speakers = Counter(str(message.get(role))[:40] for message in every)
    example = [{"role": str(one.get(role))[:40], "content": cut(one.get(content), 100)} for one in read[0][0][:6]]
    return {
        "column": name[:200],
        "keys": sorted({str(key)[:60] for message in every for key in message})[:_NESTED],
        "style": f"{role}/{content}",
        "as_text": texted,
        "roles": dict(speakers.most_common(_NAMES)),
        "tool_calls": any(message.get("tool_calls") or message.get("function_call") for message in every),
        "ends_with": dict(Counter(str(messages[-1].get(role))[:40] for messages, _, _ in read).most_common(5)),
        "rows_seen": len(read),
        "example": example,
    }


def _messages(value: Any) -> tuple[list[Mapping[str, Any]], tuple[str, str], bool]:
    """The messages of one cell, whose keys they use, and whether they stand there as a JSON text."""
    texted = isinstance(value, str) and value.lstrip()[:2] in ("[{", "[ ", "[\n") and len(value) < 1_000_000
    if texted:
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            value = None
    if isinstance(value, list) and value and all(isinstance(one, Mapping) for one in value):
        for style in _STYLES:
            if all(style[0] in one for one in value) and any(style[1] in one for one in value):
                return value, style, texted
    return [], _STYLES[0], False


def formats(listed: Sequence[Mapping[str, str]], talks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Which ways of training fit: `{format, fits, columns, change, note}` each.

    columns: those it would read. change: what has to be done first, one sentence each; a dataset fits when there is nothing.
    """
    types = {one["name"]: one["type"] for one in listed}
    return [_fit(one, types, {talk["column"]: talk for talk in talks}) for one in FORMATS]


def _fit(format: Format, types: Mapping[str, str], talks: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    best: tuple[list[str], list[str]] | None = None
    for group in format.needs:
        found = _columns_for(group, types, talks)
        if found is not None and (best is None or len(found[1]) < len(best[1])):
            best = found
    if best is None:
        needs = " or ".join(" + ".join(group) for group in format.needs)
        return {"format": format.name, "fits": False, "columns": [], "change": [f"It needs {needs}."], "note": format.note}
    return {"format": format.name, "fits": not best[1], "columns": best[0], "change": best[1], "note": format.note}


def _columns_for(group: Sequence[str], types: Mapping[str, str], talks: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[str]] | None:
    """The columns that serve as the group's, and what has to change; None when one has nothing that could."""
    used, change = [], []
    for wanted in group:
        candidates = [wanted] if wanted in types else [name for name in OTHER_NAMES.get(wanted, ()) if name in types and name not in used]
        fitting = next((name for name in candidates if _holds(name, types, talks) in _HOLDS.get(wanted, (_holds(name, types, talks),))), None)
        if fitting is None:
            return None
        used.append(fitting)
        if fitting != wanted:
            change.append(f"Rename {fitting} to {wanted}.")
        talk = talks.get(fitting)
        if talk and talk["as_text"]:
            change.append(f"Read the JSON text in {fitting} into lists.")
        if talk and talk["style"] != "role/content":
            change.append(f"Write the messages of {fitting} as role and content ({talk['style']} now).")
    return used, change


def _holds(name: str, types: Mapping[str, str], talks: Mapping[str, Mapping[str, Any]]) -> str:
    if name in talks:
        return _TALK
    kind = types[name]
    if kind in ("string", "large_string"):
        return _TEXT
    keys = ("{role:", "{content: string, role:", "{from:", "{value: string, from:")
    return _TALK if kind.startswith(tuple(f"list of {key}" for key in keys)) else kind


def _written(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "(nested too deeply to show)"
