"""What every fix needs of the files: the one an error points at, its text, its tree, edits by position."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from core.build import read_card
from core.errors import SpacesError
from core.repair.values import Look

Files = Mapping[str, bytes]
MOST_BYTES = 1_000_000  # a source file that is larger was not written by hand


class Unfit(Exception):
    """This fix does not apply here."""


@dataclass(frozen=True)
class Cut:
    """A piece of a source to replace: byte offsets into it, and the new text."""

    start: int
    end: int
    text: str = ""


def text_of(files: Files, path: str) -> str:
    """The file as text; `Unfit` when it is not there, too large or not UTF-8."""
    data = files.get(path)
    if data is None or len(data) > MOST_BYTES:
        raise Unfit
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unfit from None


def main_file(files: Files) -> str:
    """The Python file the app starts with."""
    try:
        card = read_card(files)
    except SpacesError:
        card = None
    named = [card.app_file] if card and card.app_file else []
    for path in (*named, "app.py", "main.py"):
        if path in files and path.endswith(".py"):
            return path
    own = [path for path in files if path.endswith(".py") and "/" not in path]
    if len(own) != 1:
        raise Unfit
    return own[0]


def place_of(files: Files, look: Look) -> str:
    """The project's file the error points at: the longest that ends the path it names, else the one the app starts with."""
    told = look.path.replace("\\", "/")
    found = [path for path in files if told == path or told.endswith("/" + path)]
    return max(found, key=len) if found else main_file(files)


def error_of(source: str | bytes) -> SyntaxError | None:
    """Why this Python cannot be parsed, or None."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "file", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error
    except (ValueError, RecursionError, MemoryError, OverflowError):
        return SyntaxError("not Python source", ("file", 0, 0, ""))
    return None


def parses_further(before: str | bytes, after: str | bytes) -> bool:
    """Whether the change helped the parser: no error any more, or one further down, or another one at the same place."""
    then, now = error_of(before), error_of(after)
    if now is None or then is None:
        return now is None
    return (now.lineno or 0) > (then.lineno or 0)


def source(path: str, before: str, after: str) -> dict[str, bytes]:
    """The change of one Python file; `Unfit` when nothing differs or it parses less far than before."""
    if after == before or (error_of(before) is None and error_of(after) is not None):
        raise Unfit
    return {path: after.encode()}


def tree_of(text: str) -> ast.Module:
    if error_of(text) is not None:
        raise Unfit
    return ast.parse(text)


def span(text: str, node: ast.expr | ast.keyword | ast.stmt) -> tuple[int, int]:
    """Byte offsets of a node in the text's UTF-8."""
    starts = [0]
    for line in text.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts[node.lineno - 1] + node.col_offset, starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)


def cut(text: str, cuts: Iterable[Cut]) -> str:
    """The text with these pieces replaced; of two that overlap the outer one wins."""
    data, edge = text.encode(), None
    for one in sorted(cuts, key=lambda one: (-one.start, one.end), reverse=False):
        if edge is not None and one.end > edge:
            continue
        data, edge = data[: one.start] + one.text.encode() + data[one.end :], one.start
    return data.decode()


def dotted(node: ast.expr) -> str:
    """`gr.inputs.Textbox` of such an expression, "" of any other."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return ""


def with_line_at_top(text: str, line: str) -> str:
    """The text with an import as its first statement, behind a docstring, comments and `from __future__`."""
    tree = tree_of(text)
    after = 0
    for index, node in enumerate(tree.body):
        docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if docstring or (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            after = node.end_lineno or 0
            continue
        break
    lines = text.splitlines(keepends=True)
    while after < len(lines) and after < 3 and lines[after].startswith("#"):
        after += 1
    end = "" if not after or lines[after - 1].endswith("\n") else "\n"
    return "".join(lines[:after]) + f"{end}{line}\n" + "".join(lines[after:])
