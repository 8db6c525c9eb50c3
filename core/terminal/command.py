"""One shell command in a box over a copy of files: what it wrote, how it ended, which files are different now."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.box import MB, Entry, Execution, Launch, Limits, Monitor, SandboxEngine, Seal, Workspace, environment, run, sealed_layers, workspace
from core.build import check_path
from core.errors import InvalidInput, NotFound, SpacesError, TooLarge

TIMEOUT_SECONDS = (1.0, 300.0)
MOST_COMMAND = 20_000
# Room for a linter or a test run over the largest project.
LIMITS = Limits(memory_bytes=1024 * MB, data_bytes=1024 * MB, workspace_bytes=256 * MB, file_bytes=64 * MB, files_written=10_000, open_files=256, processes=32, threads=128)  # fmt: skip
# Begins in the folder, and writes down where the command left it; its exit stays the command's.
_AROUND = """trap 'pwd -P > "$TMPDIR/.folder"' EXIT; cd -- "$1"; shift; eval "shift; $1" """
# What tools leave behind and no Space needs.
_LEFTOVERS = frozenset({"__pycache__", ".git", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".ipynb_checkpoints", "node_modules", ".venv", ".npm"})
_MOST_CHANGED = 50_000_000
_MOST_FILE = 10_000_000


@dataclass(frozen=True)
class Done:
    """How a command went, what it changed (None: deleted), what could not be taken over, each with its reason, and the folder it ended in."""

    execution: Execution
    changes: Mapping[str, bytes | None] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""


def execute_command(
    engine: SandboxEngine,
    root: Path,
    command: str,
    files: Mapping[str, bytes],
    *,
    monitor: Monitor,
    timeout: float,
    cancelled: threading.Event,
    wrote: Callable[[bytes], None],
    folder: str = "",
) -> Done:
    """Run `command` with bash (sh where there is none) in a fresh sealed box that holds `files`. Blocks.

    Args:
        engine, root, monitor, cancelled: as `core.box.execute` takes them.
        command: at most 20,000 characters.
        files: path → content; the box gets a copy.
        timeout: seconds of wall time, 1 to 300.
        wrote: called with each piece of output as it comes, standard error among it.
        folder: where it starts, relative; made when there is none; "" for the top.

    Raises Forbidden without a seal, InvalidInput for an empty command or what is no folder, TooLarge, Cancelled, AppFailed.
    """
    layers = sealed_layers(engine)
    if not command.strip():
        raise InvalidInput("There is no command to run.", "Write one, such as ls.")
    if len(command) > MOST_COMMAND or "\0" in command:
        raise TooLarge(f"The command has more than {MOST_COMMAND} characters, or a zero byte.", "Put it into a file and run that.")
    timeout = min(max(timeout, TIMEOUT_SECONDS[0]), TIMEOUT_SECONDS[1])
    bash = shutil.which("bash")
    shell = (bash, "--noprofile", "--norc", "-c", _AROUND, "bash") if bash else ("/bin/sh", "-c", _AROUND, "sh")
    if folder:
        check_path(folder)
    place = workspace.create(root / f"shell-{secrets.token_hex(6)}", files)
    try:
        start = _folder(place.app, folder)
        launch = Launch(
            id=place.root.name,
            python=Path(sys.executable),
            entry=Entry(command=(*shell, str(start), command), server=False),
            workspace=place,
            # Bytecode would be a change of every folder with Python in it.
            env={**environment(place), "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "TERM": "dumb"},
            limits=replace(LIMITS, cpu_seconds=int(timeout) + 1),
            seal=Seal(),
        )
        done = run(engine, launch, monitor=monitor, timeout=timeout, layers=layers, cancelled=cancelled, wrote=lambda _, data: wrote(data))
        changes, left_out = changed(place.app, files)
        return Done(done, changes, left_out, _ended_in(place, folder))
    finally:
        workspace.remove(place.root)


def _folder(root: Path, folder: str) -> Path:
    """The folder to start in; empty ones are not among the files, so it may have to be made."""
    found = root / folder
    try:
        found.mkdir(parents=True, exist_ok=True)
    except OSError:
        raise InvalidInput(f"“{folder[:80]}” is not a folder.", "Name a folder of the project, or none.") from None
    return found


def _ended_in(place: Workspace, before: str) -> str:
    """Where the command left its shell: a folder of the project, the top when it is outside, the old one when it was ended."""
    try:
        said = Path(workspace.read_file(place.temporary, ".folder", 10_000).decode().rstrip("\n"))
        found = said.relative_to(place.app.resolve()).as_posix()
        return "" if found == "." else check_path(found)
    except NotFound:
        return before
    except (SpacesError, OSError, ValueError):
        return ""


def changed(root: Path, before: Mapping[str, bytes]) -> tuple[dict[str, bytes | None], dict[str, str]]:
    """The plain files below `root` that differ from `before`, None for those that are gone; and what was left out, with why.

    Links, pipes, devices, names no project may hold, files over 10 MB and what would be more than 50 MB are left out.
    """
    found: dict[str, bytes | None] = {}
    left_out: dict[str, str] = {}
    there: set[str] = set()
    room = _MOST_CHANGED
    for path in _paths(root):
        there.add(path)
        try:
            check_path(path)
            content = workspace.read_file(root, path, _MOST_FILE)
        except (SpacesError, OSError) as error:
            if path not in before:
                left_out[_printable(path)] = str(error)[:200]
            continue
        if before.get(path) == content:
            continue
        room -= len(content)
        if room < 0:
            left_out[path] = f"The command changed more than {_MOST_CHANGED // 1_000_000} MB."
            continue
        found[path] = content
    gone = {path: None for path in before if path not in there and not _leftover(path)}
    return {**found, **gone}, left_out


def _paths(root: Path) -> list[str]:
    """Every file, sorted. Folders are not followed through links, and nothing is opened."""
    found: list[str] = []
    for here, folders, names in os.walk(root, followlinks=False):
        folders[:] = [name for name in folders if name not in _LEFTOVERS]
        at = os.path.relpath(here, root)
        # A link to a folder stands among the folders and is no folder.
        links = [name for name in folders if os.path.islink(os.path.join(here, name))]
        found += [name if at == "." else f"{at}/{name}" for name in (*names, *links) if not name.endswith(".pyc")]
        if len(found) > LIMITS.files_written:
            break
    return sorted(found)


def _leftover(path: str) -> bool:
    return path.endswith(".pyc") or any(part in _LEFTOVERS for part in path.split("/")[:-1])


def _printable(path: str) -> str:
    return path.encode("utf-8", "replace").decode("utf-8", "replace")[:200]
