"""Names a program uses and does not have: imports that were forgotten, names that moved or were spelled in another way."""

from __future__ import annotations

import ast
import builtins
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from core.repair.fixes.packages import add_requirement
from core.repair.fixes.reading import Cut, Files, Unfit, cut, dotted, place_of, source, span, text_of, tree_of, with_line_at_top
from core.repair.values import Look

_TABLES = Path(__file__).parent / "names.yaml"


@cache
def _tables() -> dict[str, Any]:
    return yaml.safe_load(_TABLES.read_text())


def import_name(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """The import everybody writes for this name."""
    path = place_of(files, look)
    text = text_of(files, path)
    line = _tables()["imports"].get(name)
    if name == "datetime":
        line = "from datetime import datetime" if re.search(r"\bdatetime\.(?:now|utcnow|today|strptime|fromisoformat|fromtimestamp)\(", text) else "import datetime"
    if not line:
        raise Unfit
    return source(path, text, with_line_at_top(text, line))


def python_word(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """True, False and None where another language's words stand."""
    word = {"true": "True", "false": "False", "null": "None", "undefined": "None", "none": "None", "TRUE": "True", "FALSE": "False"}.get(name)
    path = place_of(files, look)
    text = text_of(files, path)
    if not word:
        raise Unfit
    cuts = [Cut(*span(text, node), word) for node in ast.walk(tree_of(text)) if isinstance(node, ast.Name) and node.id == name]
    return source(path, text, cut(text, cuts))


def main_guard(files: Files, look: Look) -> dict[str, bytes]:
    """The underscores of `if __name__ == "__main__"` that Markdown took away."""
    path = place_of(files, look)
    text = text_of(files, path)
    return source(path, text, re.sub(r"^if (?:_?name_?|\*\*name\*\*) *== *(['\"])(?:_?main_?|\*\*main\*\*)\1 *:", 'if __name__ == "__main__":', text, flags=re.MULTILINE))


def moved_attribute(files: Files, look: Look, *, module: str, name: str) -> dict[str, bytes]:
    """What `module.name` is called today."""
    new = _tables()["attributes"].get(module, {}).get(name)
    if new is None:
        raise Unfit
    path = place_of(files, look)
    text = text_of(files, path)
    tree = tree_of(text)
    aliases = _aliases(tree, module)
    cuts, needs = [], set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == name and dotted(node.value) in aliases:
            root = dotted(node.value)
            # "=x" is a whole expression of its own, "" leaves the name out, anything else stands behind the same module
            text_of_it = new[1:] if new.startswith("=") else f"{root}.{new}" if new else root
            if new.startswith("=") and "." in new:
                needs.add(new[1:].rsplit(".", 1)[0])
            cuts.append(Cut(*span(text, node), text_of_it))
    after = cut(text, cuts)
    for wanted in sorted(needs):
        if not re.search(rf"^\s*import {re.escape(wanted)}\b", after, re.MULTILINE):
            after = with_line_at_top(after, f"import {wanted}")
    return source(path, text, after)


def suggested_attribute(files: Files, look: Look, *, module: str, name: str, meant: str) -> dict[str, bytes]:
    """The name Python itself says was meant, wherever the file takes the other from that module."""
    path = place_of(files, look)
    text = text_of(files, path)
    tree = tree_of(text)
    aliases = _aliases(tree, module)
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr == name and dotted(node.value) in aliases]
    return source(path, text, cut(text, [Cut(*span(text, node), f"{dotted(node.value)}.{meant}") for node in nodes]))


def moved_import(files: Files, look: Look, *, module: str, name: str) -> dict[str, bytes]:
    """`from module import name`, from where that name lives today."""
    new = _tables()["moved"].get(module, {}).get(name)
    if new is None:
        raise Unfit
    path = place_of(files, look)
    text = text_of(files, path)
    cuts: list[Cut] = []
    for node in ast.walk(tree_of(text)):
        if isinstance(node, ast.ImportFrom) and node.module == module and any(one.name == name for one in node.names):
            margin = " " * node.col_offset
            rest = [one for one in node.names if one.name != name]
            moved = [one for one in node.names if one.name == name]
            home, _, called = new.partition(":")
            renamed = [f"{called or name} as {one.asname or name}" if called or one.asname else name for one in moved]
            line = f"import {', '.join(renamed)}" if home == name else f"from {home} import {', '.join(renamed)}"
            kept = [f"from {module} import " + ", ".join(one.name + (f" as {one.asname}" if one.asname else "") for one in rest)] if rest else []
            cuts.append(Cut(*span(text, node), f"\n{margin}".join([*kept, line])))
    changes = source(path, text, cut(text, cuts))
    try:
        return {**add_requirement(files, look, module=new.split(":")[0]), **changes} if new.split(".")[0] in _tables()["separate"] else changes
    except Unfit:
        return changes


def meant_name(files: Files, look: Look, *, name: str, module: str = "") -> dict[str, bytes]:
    """The one name that is there and differs in case or in one letter: of Gradio, of this file, or of Python itself."""
    path = place_of(files, look)
    text = text_of(files, path)
    tree = tree_of(text)
    if module and module != "gradio":
        raise Unfit
    known = set(_tables()["gradio"]) if module else _bound(tree) | set(dir(builtins))
    meant = [one for one in known if one != name and _close(name, one)]
    same = [one for one in meant if one.lower() == name.lower()] or meant
    if len(same) != 1:
        raise Unfit
    cuts = []
    for node in ast.walk(tree):
        if module and isinstance(node, ast.Attribute) and node.attr == name and dotted(node.value) in _aliases(tree, module):
            cuts.append(Cut(*span(text, node), f"{dotted(node.value)}.{same[0]}"))
        elif not module and isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load):
            cuts.append(Cut(*span(text, node), same[0]))
    return source(path, text, cut(text, cuts))


def _bound(tree: ast.Module) -> set[str]:
    """Every name this file gives to something."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            found |= {(one.asname or one.name).split(".")[0] for one in node.names}
    return found


def renamed_method(files: Files, look: Look, *, name: str) -> dict[str, bytes]:
    """A method of Python 2 or of old pandas by today's name, in the line of the error."""
    new = _tables()["methods"].get(name)
    path = place_of(files, look)
    text = text_of(files, path)
    lines = text.split("\n")
    if new is None or not 0 < look.line <= len(lines):
        raise Unfit
    lines[look.line - 1] = re.sub(rf"\.{name}\(", f".{new}(", lines[look.line - 1])
    return source(path, text, "\n".join(lines))


def _aliases(tree: ast.Module, module: str) -> set[str]:
    found = {module}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {one.asname or one.name for one in node.names if one.name == module}
        elif isinstance(node, ast.ImportFrom) and node.module and module.startswith(node.module + "."):
            found |= {one.asname or one.name for one in node.names if f"{node.module}.{one.name}" == module}
    return found


def _close(one: str, other: str) -> bool:
    if one.lower() == other.lower():
        return True
    if abs(len(one) - len(other)) > 1 or len(one) < 4:
        return False
    head = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[head + 1 :] == other[head + 1 :] or one[head:] == other[head + 1 :] or one[head + 1 :] == other[head:]


FIXES = (import_name, python_word, main_guard, moved_attribute, suggested_attribute, moved_import, meant_name, renamed_method)
