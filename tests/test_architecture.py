"""Arrows point one way. The imports are read from the source, so a wrong one fails here before it hurts."""

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOUNDATIONS = {"errors", "failures", "exposition", "settings", "secrets", "caller", "events", "store", "git", "registry", "instance", "config", "loading", "addresses", "reading"}
ROOMS = {"hub", "build", "box", "browser", "preview", "deploy", "localhub", "providers", "query", "terminal", "agent", "papers", "github", "repair", "outside"}


def imports(path: Path):
    """Every absolute import of a file as a dotted name; imports for type checkers only do not run and do not count."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and "TYPE_CHECKING" in ast.dump(block.test)
        for node in ast.walk(block)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module


def sources(folder: str):
    return sorted((ROOT / folder).rglob("*.py"))


def test_core_knows_no_page():
    wrong = [(str(path), name) for path in sources("core") for name in imports(path) if name.split(".")[0] in ("gradio", "ui")]
    # The bootstrap that runs inside a preview patches the previewed app's own gradio; it is not part of this process.
    assert [pair for pair in wrong if "/box/runners/" not in pair[0]] == []


def test_rooms_use_each_other_by_the_front_door():
    for room in ROOMS:
        for path in sources(f"core/{room}"):
            for name in imports(path):
                parts = name.split(".")
                if parts[0] == "core" and len(parts) > 2 and parts[1] in ROOMS and parts[1] != room:
                    raise AssertionError(f"{path.relative_to(ROOT)} reaches into {name}")


def test_rooms_know_neither_doors_nor_actions_nor_the_house():
    for room in ROOMS:
        for path in sources(f"core/{room}"):
            for name in imports(path):
                assert not name.startswith(("core.doors", "core.actions", "core.house", "core.command")), f"{path}: {name}"


def test_foundations_stand_on_nothing_above_them():
    for name in FOUNDATIONS:
        files = [ROOT / "core" / f"{name}.py"] if (ROOT / "core" / f"{name}.py").exists() else sources(f"core/{name}")
        for path in files:
            for imported in imports(path):
                parts = imported.split(".")
                if parts[0] == "core" and len(parts) > 1:
                    assert parts[1] in FOUNDATIONS, f"{path}: {imported}"


def test_the_page_reaches_the_product_through_actions_and_doors_only():
    allowed = ("core.actions", "core.doors", "core.registry", "core.caller", "core.errors", "core.events", "core.secrets", "core.house", "core.settings")
    for path in sources("ui"):
        for name in imports(path):
            if name.startswith("core"):
                assert name.startswith(allowed), f"{path.relative_to(ROOT)} imports {name}"
            assert name.split(".")[0] not in ("httpx", "huggingface_hub", "requests", "aiohttp"), f"{path}: the page talks to no network"


def test_there_is_one_place_with_sql():
    wrong = [str(path) for path in sources("core") for name in imports(path) if name == "sqlite3"]
    assert {Path(path).name for path in wrong} <= {"store.py"}, wrong
