"""What an app needs so that ZeroGPU hosts it, as a pure change of its files."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

_IMPORT = "import spaces  # ZeroGPU: before every other import\n"
_FUNCTION = '''

@spaces.GPU
def _zerogpu() -> None:
    """ZeroGPU hosts a Space only if it has a GPU function; this app needs none, so nothing calls it."""


'''
_PYTHONS = ("3.10", "3.12")  # https://huggingface.co/docs/hub/spaces-zerogpu


def adapt(files: Mapping[str, bytes], app_file: str = "app.py") -> dict[str, bytes]:
    """The files that must change for ZeroGPU, and nothing else: empty when the app is ready for it.

    Args:
        files: the whole project.
        app_file: the Python file that is started.

    An app without a `@spaces.GPU` function gets `import spaces` as its first import and one such function that does
    nothing. A README asking for a Python that ZeroGPU does not have is moved to 3.12. requirements.txt stays: the
    Hub installs `spaces` itself, and a line pinning it goes.
    """
    changed: dict[str, bytes] = {}
    app = files.get(app_file)
    if app is not None and (text := _with_gpu_function(app)) is not None:
        changed[app_file] = text
    readme = files.get("README.md")
    if readme is not None and (text := _with_python(readme)) != readme:
        changed["README.md"] = text
    requirements = files.get("requirements.txt")
    if requirements is not None:
        kept = re.sub(rb"(?mi)^[ \t]*spaces[ \t]*(?:[=<>~!].*)?(?:\r?\n|\Z)", b"", requirements)
        if kept != requirements:
            changed["requirements.txt"] = kept
    return changed


def _with_gpu_function(app: bytes) -> bytes | None:
    try:
        source = app.decode("utf-8")
        tree = ast.parse(source)
    except (UnicodeDecodeError, SyntaxError, ValueError):
        return None  # it cannot run anyway; the checks before a deploy say so
    if any(_is_gpu(decorator) for node in ast.walk(tree) for decorator in getattr(node, "decorator_list", [])):
        return None
    lines = source.splitlines(keepends=True)
    top = _after_header(tree)
    last = _after_imports(tree, top)
    imported = any(
        isinstance(node, ast.Import) and (node.end_lineno or 0) <= last and any(a.name == "spaces" for a in node.names)
        for node in tree.body
    )
    if last and not lines[last - 1].endswith("\n"):
        lines[last - 1] += "\n"
    body = "".join(lines[top:last]) + _FUNCTION + "".join(lines[last:]).lstrip("\n")
    return ("".join(lines[:top]) + ("" if imported else _IMPORT) + body).encode()


def _is_gpu(decorator: ast.expr) -> bool:
    target = decorator.func if isinstance(decorator, ast.Call) else decorator
    return ast.unparse(target) in ("spaces.GPU", "GPU")


def _after_header(tree: ast.Module) -> int:
    """The line where imports may begin: after the docstring and `from __future__`."""
    end = 0
    for node in tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
        if not (future or (docstring and end == 0)):
            break
        end = node.end_lineno or end
    return end


def _after_imports(tree: ast.Module, top: int) -> int:
    end = top
    for node in tree.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            end = max(end, node.end_lineno or end)
        elif (node.end_lineno or 0) > top:
            break
    return end


def _with_python(readme: bytes) -> bytes:
    front = re.match(rb"---\r?\n.*?\r?\n---", readme, re.DOTALL)
    found = front and re.search(rb"(?m)^python_version:[ \t]*[\"']?(\d+\.\d+)[^\r\n]*", front[0])
    if not found or found[1].decode() in _PYTHONS:
        return readme
    return readme[: found.start()] + b'python_version: "3.12"' + readme[found.end() :]
