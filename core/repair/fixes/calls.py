"""Calls of Gradio in the words of older versions: arguments that were renamed or removed, methods that are gone.

The table was read from the signatures of gradio 6.31; what it does not name and Gradio refuses is left out of the call,
which is what those arguments do there: nothing.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.repair.fixes.reading import Cut, Files, cut, dotted, place_of, source, span, text_of, tree_of
from core.repair.values import Look

_TABLE = Path(__file__).parent / "gradio.yaml"


@cache
def _table() -> dict[str, Any]:
    return yaml.safe_load(_TABLE.read_text())


def gradio_argument(files: Files, look: Look, *, argument: str, called: str = "") -> dict[str, bytes]:
    """An argument Gradio no longer takes, by its new name, or left out, in all calls of that kind."""
    path = place_of(files, look)
    text = text_of(files, path)
    cuts = [_replaced(text, call, keyword, called) for call, keyword in _uses(text, argument, look)]
    return source(path, text, cut(text, cuts))


def _uses(text: str, argument: str, look: Look) -> Iterator[tuple[ast.Call, ast.keyword]]:
    tree = tree_of(text)
    ours = _gradio_names(tree)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    having = [(call, word) for call in calls for word in call.keywords if word.arg == argument and _is_gradios(call, ours)]
    failing = {_last(call) for call, _ in having if look.path and call.lineno <= look.line <= (call.end_lineno or 0)}
    yield from (pair for pair in having if not failing or _last(pair[0]) in failing)


def _gradio_names(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname or one.name for one in node.names if one.name == "gradio"}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "gradio":
            found |= {one.asname or one.name for one in node.names}
    return found


def _is_gradios(call: ast.Call, ours: set[str]) -> bool:
    return dotted(call.func).split(".")[0] in ours or (isinstance(call.func, ast.Attribute) and call.func.attr in _table()["methods"])


def _last(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else dotted(call.func)


def _replaced(text: str, call: ast.Call, keyword: ast.keyword, called: str) -> Cut:
    table = _table()["arguments"]
    rows = table.get(f"{_last(call)}.{keyword.arg}", table.get(keyword.arg))
    value = ast.get_source_segment(text, keyword.value) or ""
    new = rows.get(value, rows.get("*")) if isinstance(rows, dict) else rows
    taken = {word.arg for word in call.keywords}
    if new and new.split("=")[0] not in taken:
        return Cut(*span(text, keyword), new.replace("VALUE", value))
    return _left_out(text, keyword)


def _left_out(text: str, keyword: ast.keyword) -> Cut:
    start, end = span(text, keyword)
    data = text.encode()
    behind = re.match(rb"\s*,[ \t]*", data[end:])
    if behind:
        return Cut(start, end + behind.end())
    before = re.search(rb",\s*$", data[:start])
    return Cut(before.start() if before else start, end)


def drop_method(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """`gr.Textbox().style(…)` without the `.style(…)`, everywhere."""
    path = place_of(files, look)
    text = text_of(files, path)
    for _ in range(200):  # one may stand inside another
        found = next((n for n in ast.walk(tree_of(text)) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute) and n.func.attr == name), None)
        if found is None:
            break
        assert isinstance(found.func, ast.Attribute)
        text = cut(text, [Cut(*span(text, found), ast.get_source_segment(text, found.func.value) or "None")])
    return source(path, text_of(files, path), text)


def update_of_the_class(files: Files, look: Look) -> dict[str, bytes]:
    """`gr.Textbox.update(…)` as `gr.update(…)`."""
    path = place_of(files, look)
    text = text_of(files, path)
    cuts = []
    for node in ast.walk(tree_of(text)):
        if isinstance(node, ast.Attribute) and node.attr == "update" and isinstance(node.value, ast.Attribute) and dotted(node.value.value) in ("gr", "gradio"):
            cuts.append(Cut(*span(text, node), f"{dotted(node.value.value)}.update"))
    return source(path, text, cut(text, cuts))


def argument_value(files: Files, look: Look, *, argument: str, old: str, new: str) -> dict[str, bytes]:
    """Another value for an argument whose old one is refused."""
    path = place_of(files, look)
    text = text_of(files, path)
    cuts = [Cut(*span(text, word.value), repr(new)) for _, word in _uses(text, argument, look) if isinstance(word.value, ast.Constant) and word.value.value == old]
    return source(path, text, cut(text, cuts))


FIXES = (gradio_argument, drop_method, update_of_the_class, argument_value)
