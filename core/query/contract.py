"""Is this a program the runtime may start? Decided on the syntax tree, before anything is asked or run."""

from __future__ import annotations

import ast
import difflib

from core.errors import InvalidInput
from core.query.tables import HELPERS, REQUIRED, Helper

LONGEST_SOURCE = 64 * 1024  # a source of 1 MB was measured to end the sandbox's worker
_DEEPEST = 60
_LAST = "await solve(query, max_calls)"
SKELETON = f"async def solve(query, max_calls):\n    ...\n\n{_LAST}"
_LAST_NODE = ast.dump(ast.parse(_LAST, mode="eval").body)
_REFUSED = {"exec", "eval", "open", "compile", "input", "globals", "locals", "vars", "breakpoint", "__import__"}
_LITERALS = {"str": str, "int": int, "bool": bool, "list": list, "dict": dict}


def check(source: str) -> str:
    """The program, ready to run. `InvalidInput` shows the first line that breaks the contract and the right form."""
    if not isinstance(source, str) or not source.strip():
        raise InvalidInput("There is no program.", f"Send one of this form:\n{SKELETON}")
    if len(source.encode("utf-8", "surrogatepass")) > LONGEST_SOURCE:
        raise InvalidInput(f"The program is longer than {LONGEST_SOURCE // 1024} KB.", "Make it shorter; data comes from the helpers.")
    source = source.strip().replace("\r\n", "\n") + "\n"
    try:
        tree = ast.parse(source)
        source.encode()
    except SyntaxError as error:
        raise _wrong(source, error.lineno, f"this is not Python: {error.msg}", "Correct the line.") from None
    except (ValueError, RecursionError, MemoryError, UnicodeError):
        raise InvalidInput("The program cannot be read: it nests too deeply or has characters that are none.", "Write it plainly.") from None
    _refuse_deep(tree)
    _check_frame(tree, source)
    names = _Names(source)
    names.visit(tree)
    if not names.helpers:
        raise InvalidInput(
            "The program calls no helper, so its answer would not come from the Hub.", "Call one, such as await hf_repo_search(query=query)."
        )
    return source


def _check_frame(tree: ast.Module, source: str) -> None:
    solves = [node for node in tree.body if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef)) and node.name == "solve"]
    if len(solves) != 1 or not isinstance(solves[0], ast.AsyncFunctionDef):
        line = solves[0].lineno if solves else None
        raise _wrong(source, line, "the program defines async def solve(query, max_calls) exactly once", f"Use this form:\n{SKELETON}")
    given = solves[0].args
    plain = [argument.arg for argument in given.args] == ["query", "max_calls"] and not any(argument.annotation for argument in given.args)
    if not plain or given.posonlyargs or given.kwonlyargs or given.vararg or given.kwarg or given.defaults or solves[0].decorator_list:
        raise _wrong(source, solves[0].lineno, "solve takes exactly (query, max_calls), without defaults", "async def solve(query, max_calls):")
    last = tree.body[-1]
    if not isinstance(last, ast.Expr) or ast.dump(last.value) != _LAST_NODE:
        raise _wrong(source, last.lineno, "the last line calls solve with what the runtime gives", _LAST)


def _refuse_deep(tree: ast.Module) -> None:
    level, depth = [tree], 0
    while level:
        level, depth = [child for node in level for child in ast.iter_child_nodes(node)], depth + 1
        if depth > _DEEPEST:
            raise InvalidInput("The program nests too deeply.", "Split long expressions into several lines.")


def _wrong(source: str, line: int | None, what: str, right: str) -> InvalidInput:
    lines = source.splitlines()
    shown = f"\n  line {line}: {lines[line - 1].strip()[:160]}" if line and 0 < line <= len(lines) else ""
    return InvalidInput(f"The program breaks the contract: {what}.{shown}", right)


class _Names(ast.NodeVisitor):
    """Imports, refused names, loops without an end, and every call of a helper."""

    def __init__(self, source: str):
        self.source = source
        self.helpers: set[str] = set()

    def wrong(self, node: ast.AST, what: str, right: str) -> InvalidInput:
        return _wrong(self.source, getattr(node, "lineno", None), what, right)

    def visit_Import(self, node: ast.AST) -> None:
        raise self.wrong(node, "nothing is imported", "Remove the line; helpers, asyncio, json, re, math and datetime are there already.")

    visit_ImportFrom = visit_Import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if node.name in HELPERS:
            raise self.wrong(node, f"{node.name} is a helper and is not defined again", "Choose another name.")
        self.generic_visit(node)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Name(self, node: ast.Name) -> None:
        if node.id in HELPERS:
            if not isinstance(node.ctx, ast.Load):
                raise self.wrong(node, f"{node.id} is a helper and keeps its name", "Choose another name.")
            self.helpers.add(node.id)
        elif node.id.startswith("hf_") and isinstance(node.ctx, ast.Load):
            near = difflib.get_close_matches(node.id, HELPERS, 3, 0.5)
            raise self.wrong(node, f"there is no helper {node.id}", f"Use {' or '.join(near) or 'hf_runtime_capabilities to see them all'}.")
        elif node.id in _REFUSED or (node.id.startswith("__") and node.id != "__name__"):
            raise self.wrong(node, f"{node.id} is not used here", "Compute with the rows that helpers return.")

    def visit_While(self, node: ast.While) -> None:
        if isinstance(node.test, ast.Constant) and node.test.value:
            if not any(isinstance(inner, (ast.Break, ast.Return, ast.Raise)) for inner in ast.walk(node)):
                raise self.wrong(node, "this loop never ends", "for row in rows:")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and _called(node.value) in HELPERS:
            raise self.wrong(node, f"{_called(node.value)} is called and not awaited", f"result = {HELPERS[_called(node.value)].signature}")
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        if isinstance(node.value, ast.Call) and _called(node.value) in HELPERS:
            raise self.wrong(node, f"{_called(node.value)} is read before it is awaited", f"result = {HELPERS[_called(node.value)].signature}")
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        helper = HELPERS.get(_called(node) or "")
        if helper:
            self._check_call(node, helper)
        self.generic_visit(node)

    def _check_call(self, node: ast.Call, helper: Helper) -> None:
        spread = any(isinstance(argument, ast.Starred) for argument in node.args) or any(keyword.arg is None for keyword in node.keywords)
        if len(node.args) > len(helper.parameters):
            raise self.wrong(node, f"{helper.name} takes at most {len(helper.parameters)} arguments", helper.signature)
        given = {parameter.name: value for parameter, value in zip(helper.parameters, node.args, strict=False)}
        for keyword in node.keywords:
            if keyword.arg is None:
                continue
            parameter = helper.parameter(keyword.arg)
            if parameter is None:
                raise self.wrong(node, f"{helper.name} has no argument {keyword.arg}", helper.signature)
            if parameter.name in given:
                raise self.wrong(node, f"{helper.name} is given {parameter.name} twice", helper.signature)
            given[parameter.name] = keyword.value
        missing = [parameter.name for parameter in helper.parameters if parameter.default is REQUIRED and parameter.name not in given]
        if missing and not spread:
            raise self.wrong(node, f"{helper.name} needs {', '.join(missing)}", helper.signature)
        for name, value in given.items():
            wanted = next(parameter.type for parameter in helper.parameters if parameter.name == name)
            if _certainly_not(value, wanted):
                raise self.wrong(node, f"{name} of {helper.name} is {wanted}", helper.signature)
        endpoint = given.get("endpoint")
        if helper.name == "call_api" and isinstance(endpoint, ast.Constant) and str(endpoint.value).strip("/").split("/")[-1] in HELPERS:
            raise self.wrong(node, "helpers are not called through call_api", f"result = {HELPERS[str(endpoint.value).strip('/').split('/')[-1]].signature}")


def _called(node: ast.Call) -> str | None:
    return node.func.id if isinstance(node.func, ast.Name) else None


def _certainly_not(node: ast.expr, wanted: str) -> bool:
    """True for a literal of another type; what is computed is judged when it arrives."""
    if isinstance(node, ast.Constant):
        if node.value is None:
            return False
        if wanted == "int":
            return not isinstance(node.value, int) or isinstance(node.value, bool)
        if wanted == "list":
            return not isinstance(node.value, str)  # one value stands for a list of one
        return not isinstance(node.value, _LITERALS[wanted])
    shapes = {ast.List: "list", ast.Tuple: "list", ast.Set: "list", ast.ListComp: "list", ast.Dict: "dict", ast.DictComp: "dict", ast.JoinedStr: "str"}
    found = shapes.get(type(node))
    return found is not None and found != wanted and not (found == "str" and wanted == "list")
