"""Which packages a Gradio app imports that nothing installs: read from its files, never run."""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core.build.card import read_card
from core.build.finding import Finding
from core.errors import InvalidInput

_PATH = "requirements.txt"
_LARGEST = 1_000_000
# What a Gradio Space is built with beside Gradio itself: the Dockerfile shown in the build log of such a Space.
_STOCK = ("gradio[oauth,mcp]", "huggingface-hub", "spaces", "datasets", "hf-transfer", "protobuf", "click", "uvicorn", "websockets", "pip", "setuptools")


def undeclared(files: Mapping[str, bytes], package_of: Callable[[str], str]) -> list[Finding]:
    """A warning for each package that is imported and neither named nor brought by one that is.

    Args:
        files: the whole project, path to content.
        package_of: the package that brings a module, as an index calls it.

    Nothing is said of other sdks, of imports that may fail (`try`), or where requirements.txt names other files or places.
    """
    try:
        card = read_card(files)
        wanted = [Requirement(line.split(" --")[0]) for line in _lines(files)]
    except (InvalidInput, InvalidRequirement):
        return []
    if card is None or card.sdk != "gradio":
        return []
    there, found = _closure((*_STOCK, *map(str, wanted))), {}
    own = {part.removesuffix(".py") for path in files if path.endswith(".py") for part in path.split("/")}
    for path, data in sorted(files.items(), key=lambda one: (one[0].count("/"), one[0])):
        if path.endswith(".py") and len(data) <= _LARGEST and not path.startswith("tests/"):
            for module, line in _imported(data):
                packages = {canonicalize_name(name) for name in (module, package_of(module).split("[")[0], *_distributions().get(module, ()))}
                if module not in own and module not in sys.stdlib_module_names and not packages & there:
                    found.setdefault(package_of(module), (path, line))
    return [
        Finding(path, line, f"Imported, not in requirements.txt: {name}.", f"Add {name} to requirements.txt.", "warning")
        for name, (path, line) in found.items()
    ]  # fmt: skip


def _lines(files: Mapping[str, bytes]) -> list[str]:
    lines = (re.sub(r"(^|\s)#.*$", "", line).strip() for line in files.get(_PATH, b"").decode(errors="replace").removeprefix("\ufeff").splitlines())
    return [line for line in lines if line and not line.startswith("--")]


def _imported(data: bytes) -> Iterator[tuple[str, int]]:
    """Top names of the modules a file imports, with the line; not those it can do without."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            waiting: list[ast.AST] = [ast.parse(data)]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Try):
            waiting += [*node.orelse, *node.finalbody]
            continue
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name.split(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0], node.lineno
        waiting += ast.iter_child_nodes(node)


def _closure(lines: Iterable[str]) -> set[str]:
    """The names of these packages and of all they bring, as far as they are installed here and can be asked."""
    waiting, seen, names = [Requirement(line) for line in lines], set(), set()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        names.add(name)
        for line in _requires(name):
            needed = Requirement(line)
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in {*wanted.extras, ""}):
                waiting.append(needed)
    return names


@cache
def _requires(name: str) -> tuple[str, ...]:
    try:
        return tuple(requires(name) or ())
    except PackageNotFoundError:
        return ()


@cache
def _distributions() -> Mapping[str, list[str]]:
    return packages_distributions()
