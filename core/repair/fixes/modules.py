"""Modules of the project itself that are asked for by a name they do not have."""

from __future__ import annotations

import ast
import re

from core.repair.fixes.reading import Cut, Files, Unfit, cut, place_of, source, span, text_of, tree_of
from core.repair.values import Look


def own_module(files: Files, look: Look, *, module: str) -> dict[str, bytes]:
    """The import of a module of this project in its own case, or from the folder it lies in beside the file that asks."""
    path = place_of(files, look)
    folder = path.rpartition("/")[0]
    inside = [name.removesuffix(".py")[len(folder) + 1 if folder else 0 :] for name in files if name.endswith(".py") and name.startswith(folder) and name != path]
    top = module.split(".")[-1].lower()
    found = [name for name in inside if name.rsplit("/", 1)[-1].lower() == top or name.removesuffix("/__init__").rsplit("/", 1)[-1].lower() == top]
    if len(found) != 1:
        raise Unfit
    right = found[0].removesuffix("/__init__").replace("/", ".")
    if right == module or not re.fullmatch(r"[\w.]+", right):
        raise Unfit
    text = text_of(files, path)
    cuts = []
    for node in ast.walk(tree_of(text)):
        if isinstance(node, ast.ImportFrom) and node.module == module and not node.level:
            names = (ast.get_source_segment(text, node) or "").partition("import")[2]
            cuts.append(Cut(*span(text, node), f"from {right} import{names}"))
        elif isinstance(node, ast.Import) and any(one.name == module for one in node.names):
            cuts.append(Cut(*span(text, node), ", ".join(f"import {right} as {one.asname or module}" if one.name == module else f"import {one.name}" for one in node.names).replace(", import", "; import")))
    return source(path, text, cut(text, cuts))


FIXES = (own_module,)
