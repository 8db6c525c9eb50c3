"""An app that runs and serves nothing, or serves where nobody asks: the line that starts it, its address, its Dockerfile's command."""

from __future__ import annotations

import ast
import json
import re

from core.repair.fixes.packages import PATH as REQUIREMENTS
from core.repair.fixes.reading import Cut, Files, Unfit, cut, dotted, main_file, source, span, text_of, tree_of
from core.repair.values import Look

_BLOCKS = {"Blocks", "Interface", "ChatInterface", "TabbedInterface"}
_ASGI = {"FastAPI", "Starlette", "Quart", "Litestar"}
_PORT = "7860"  # where a Space answers


def start_server(files: Files, look: Look) -> dict[str, bytes]:
    """The line at the end that was forgotten: `demo.launch()`, `uvicorn.run(app, …)`, or `streamlit run` in the Dockerfile."""
    path = main_file(files)
    text = text_of(files, path)
    tree = tree_of(text)
    if re.search(r"^\s*(?:import streamlit|from streamlit)", text, re.MULTILINE) and "Dockerfile" in files:
        return _commanded(files, ["streamlit", "run", path, "--server.port", _PORT, "--server.address", "0.0.0.0"])
    main = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "main"), None)
    if main is not None and not re.search(r"^(?:if __name__.*|    )?\s*main\(\)", text, re.MULTILINE) and re.search(r"launch\(|uvicorn\.run|\.run\(", text):
        return source(path, text, text.rstrip() + '\n\n\nif __name__ == "__main__":\n    main()\n')
    if re.search(r"\.launch\(|uvicorn\.run\(|\bapp\.run\(", text):
        return _launched_below(path, text, tree)
    name, kind = _app_of(tree)
    if kind in _BLOCKS:
        return source(path, text, text.rstrip() + f'\n\n\nif __name__ == "__main__":\n    {name}.launch()\n')
    if kind in _ASGI:
        run = f'    import uvicorn\n\n    uvicorn.run({name}, host="0.0.0.0", port={_PORT})\n'
    elif kind == "Flask":
        run = f'    {name}.run(host="0.0.0.0", port={_PORT})\n'
    else:
        raise Unfit
    return source(path, text, text.rstrip() + f'\n\n\nif __name__ == "__main__":\n{run}')


def _launched_below(path: str, text: str, tree: ast.Module) -> dict[str, bytes]:
    """A launch in a place nobody comes to: in the body of a function of no name we know, or behind a wrong guard."""
    for node in tree.body:
        if isinstance(node, ast.If) and "__name__" in ast.dump(node.test) and "__main__" not in ast.dump(node.test):
            return source(path, text, cut(text, [Cut(*span(text, node.test), '__name__ == "__main__"')]))
    raise Unfit


def _app_of(tree: ast.Module) -> tuple[str, str]:
    """The name the app has at the top of the file, and what it is."""
    for node in tree.body:
        if isinstance(node, ast.With):
            for item in node.items:
                kind = _kind(item.context_expr)
                if kind in _BLOCKS and isinstance(item.optional_vars, ast.Name):
                    return item.optional_vars.id, kind
    found = ("", "")
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and (kind := _kind(node.value)):
            found = (node.targets[0].id, kind)
    if not found[0]:
        raise Unfit
    return found


def _kind(node: ast.expr) -> str:
    name = dotted(node.func).rsplit(".", 1)[-1] if isinstance(node, ast.Call) else ""
    return name if name in _BLOCKS | _ASGI | {"Flask"} else ""


def asgi_target(files: Files, look: Look) -> dict[str, bytes]:
    """`module:name` in the Dockerfile's command, as they are called in the files."""
    command = _command(files)
    for path in [path for path in files if path.endswith(".py")]:
        try:
            name, kind = _app_of(tree_of(text_of(files, path)))
        except Unfit:
            continue
        if kind in _ASGI | {"Flask"}:
            target = f"{path.removesuffix('.py').replace('/', '.')}:{name}"
            new = [target if re.fullmatch(r"[\w.]+:[\w.]+", word) else word for word in command]
            return _commanded(files, new)
    raise Unfit


def right_script(files: Files, look: Look) -> dict[str, bytes]:
    """The file the Dockerfile's command starts, by the name it has."""
    command = _command(files)
    own = [path for path in files if path.endswith(".py")]
    new = []
    for word in command:
        plain = word.rsplit("/", 1)[-1]
        if word.endswith(".py") and plain not in own:
            alike = [path for path in own if path.lower() == plain.lower()] or ([main_file(files)] if own else [])
            if not alike:
                raise Unfit
            word = alike[0]
        new.append(word)
    return _commanded(files, new)


def listen_everywhere(files: Files, look: Look) -> dict[str, bytes]:
    """All addresses in place of the loopback, and a Space's port, in the Dockerfile's command and in the file it starts."""
    changes: dict[str, bytes] = {}
    if "Dockerfile" in files:
        words = _command(files)
        new = list(words)
        for at, word in enumerate(words[:-1]):
            if word in ("--host", "--server.address", "--bind", "-b") and words[at + 1].split(":")[0] in ("127.0.0.1", "localhost"):
                new[at + 1] = words[at + 1].replace("localhost", "0.0.0.0").replace("127.0.0.1", "0.0.0.0")
            if word in ("--port", "--server.port") and words[at + 1].isdigit():
                new[at + 1] = _PORT
        if new != words:
            changes |= _commanded(files, new)
    try:
        path = main_file(files)
        text = text_of(files, path)
        served = re.sub(r"""(\bhost\s*=\s*)(["'])(?:127\.0\.0\.1|localhost)\2""", r'\1"0.0.0.0"', text)
        served = re.sub(r"(\b(?:uvicorn\.run|app\.run)\([^)]*\bport\s*=\s*)\d+", rf"\g<1>{_PORT}", served)
        if served != text:
            changes |= source(path, text, served)
    except Unfit:
        pass
    if not changes:
        raise Unfit
    return changes


def drop_server_address(files: Files, look: Look) -> dict[str, bytes]:
    """`launch()` without a port, an address or a public tunnel of its own: the host decides those."""
    path = main_file(files)
    text = text_of(files, path)
    new = re.sub(r"(\blaunch\([^)]*?)\b(?:server_port|server_name|share|root_path)\s*=\s*[^,)]+,?\s*", r"\1", text)
    while new != (again := re.sub(r"(\blaunch\([^)]*?)\b(?:server_port|server_name|share|root_path)\s*=\s*[^,)]+,?\s*", r"\1", new)):
        new = again
    return source(path, text, re.sub(r"(\blaunch\([^)]*?),\s*\)", r"\1)", new))


def install_requirements(files: Files, look: Look) -> dict[str, bytes]:
    """The line of the Dockerfile that installs what requirements.txt asks for."""
    text = text_of(files, "Dockerfile")
    if REQUIREMENTS not in files or re.search(r"^\s*RUN\b.*\bpip3?\b.*install", text, re.MULTILINE):
        raise Unfit
    lines = text.splitlines()
    at = next((number for number, line in enumerate(lines) if line.strip().upper().startswith(("CMD", "ENTRYPOINT"))), len(lines))
    return {"Dockerfile": "\n".join([*lines[:at], f"RUN pip install --no-cache-dir -r {REQUIREMENTS}", *lines[at:], ""]).encode()}


def _command(files: Files) -> list[str]:
    found = re.search(r"^CMD\s+(\[.*\]|.+)$", text_of(files, "Dockerfile"), re.MULTILINE)
    if not found:
        raise Unfit
    try:
        words = json.loads(found[1])
    except ValueError:
        words = found[1].split()
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        raise Unfit
    return words


def _commanded(files: Files, words: list[str]) -> dict[str, bytes]:
    text = text_of(files, "Dockerfile")
    new = re.sub(r"^CMD\s+.+$", lambda _: f"CMD {json.dumps(words)}", text, flags=re.MULTILINE)
    return {"Dockerfile": new.encode()}


FIXES = (start_server, asgi_target, right_script, listen_everywhere, drop_server_address, install_requirements)
