"""A Jupyter notebook as markdown: its words and its code, without what it printed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

# Tags with which authors and their tools say that a cell is not for readers.
_HIDDEN = frozenset(
    ("hide", "hidden", "hide-cell", "hide_cell", "hide-input", "hide_input", "remove", "remove-cell", "remove_cell", "remove-input", "remove_input")
)
_CELLS = 5_000


@dataclass(frozen=True)
class Notebook:
    """markdown: the cells in their order. hidden: cells left out because their tags say so."""

    markdown: str
    cells: int
    hidden: int


def read_notebook(body: bytes) -> Notebook | None:
    """The notebook, or None when it is none."""
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    cells = data.get("cells") if isinstance(data, Mapping) else None
    if not isinstance(cells, list):
        return None
    language = _language(data)
    parts, hidden = [], 0
    for cell in cells[:_CELLS]:
        if not isinstance(cell, Mapping):
            continue
        if _tags(cell) & _HIDDEN:
            hidden += 1
            continue
        source = _source(cell).strip("\n")
        if not source.strip():
            continue
        if cell.get("cell_type") == "code":
            fence = "`" * max(3, _longest_run(source) + 1)
            parts.append(f"{fence}{language}\n{source}\n{fence}")
        else:
            parts.append(source)
    return Notebook("\n\n".join(parts) + "\n" if parts else "", len(cells), hidden)


def _language(data: Mapping[str, Any]) -> str:
    metadata = data.get("metadata")
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        inner = metadata.get(part) if isinstance(metadata, Mapping) else None
        named = inner.get(key) if isinstance(inner, Mapping) else None
        if isinstance(named, str) and named.isalnum():
            return named[:20].lower()
    return "python"


def _tags(cell: Mapping[str, Any]) -> set[str]:
    metadata = cell.get("metadata")
    tags = metadata.get("tags") if isinstance(metadata, Mapping) else None
    return {tag.lower() for tag in tags if isinstance(tag, str)} if isinstance(tags, list) else set()


def _source(cell: Mapping[str, Any]) -> str:
    source = cell.get("source")
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _longest_run(text: str) -> int:
    """The longest run of backticks, so that a fence can be longer."""
    longest = run = 0
    for letter in text:
        run = run + 1 if letter == "`" else 0
        longest = max(longest, run)
    return longest
