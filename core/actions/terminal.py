"""The terminal: run a command over a project's files, keep or discard what it changed."""

from __future__ import annotations

import asyncio
import codecs
from typing import Any

from core.actions.projects import announce, open_project
from core.errors import Unauthorized
from core.events import Log
from core.registry import Call, action
from core.terminal import Done, Held

_MOST_TOLD = 1_000_000  # bytes of output told as they come; the result holds its beginning and its end


@action(risk="write", title="Run a command", open_world=False)
async def project_run(call: Call, project: str, command: str, timeout: float = 60, folder: str = "") -> dict:
    """Run a shell command over a copy of a project's files, in a fresh sealed box without network.

    The project itself and a preview that runs are not touched: what the command changed is held, the next command
    starts from it, and `project_run_keep` makes it one change of the project. One command of a caller runs at a time.

    Args:
        project: the project's id.
        command: for bash, or sh where there is none, with nothing to read from.
        timeout: seconds of wall time, 1 to 300.
        folder: where it starts, a folder of the project; its top when empty, whatever an earlier command did.

    Returns `{project, command, output, exit, signal, killed_by, seconds, run, folder, changes, left_out, layers}`: output holds at
    most 256 KB, the beginning and the end, standard error among it; exit is null when a signal ended the command; killed_by
    is timeout, memory, disk, processes, output or null; changes is a list of `{path, status, size}` against the project,
    and `run` what to keep or discard them by, null when there are none; folder is where it ended. A command that fails is a result.
    """
    if call.caller.anonymous:
        raise Unauthorized("Commands are run for somebody with a session or a token only.")
    found = await open_project(call, project)
    revision = found.revision
    files = await asyncio.to_thread(found.snapshot, revision)
    done, held = await call.house.terminals.run(
        call.caller.id, project, revision, files, command, timeout=timeout, wrote=_telling(call), folder=folder
    )
    return {"project": project, "command": command} | _shape(done, held, files)


@action(risk="write", title="Keep what a command changed", open_world=False)
async def project_run_keep(call: Call, project: str, run: str) -> dict:
    """Make what commands changed one change of the project, which undo takes back.

    Args:
        project: the project's id.
        run: from `project_run`.

    Returns `{project, revision, changed}`. Raises outdated when one of the files was changed otherwise meanwhile.
    """
    found = await open_project(call, project)
    held = call.house.terminals.held(call.caller.id, project, run)
    before = found.revision
    now = {one.path for one in await asyncio.to_thread(found.files)}
    changes = {path: data for path, data in held.changes.items() if data is not None or path in now}
    revision = await asyncio.to_thread(found.write, changes, f"Terminal: {'; '.join(held.commands)}"[:200], base=held.base)
    call.house.terminals.forget(call.caller.id, project, run)
    return {"project": project, "revision": revision, "changed": await announce(call, found, before, revision)}


@action(risk="write", title="Discard what a command changed", open_world=False)
async def project_run_discard(call: Call, project: str, run: str) -> dict:
    """Forget what commands changed; the next command starts from the project's own files again. Gives `{project, discarded}`.

    Args:
        project: the project's id.
        run: from `project_run`.
    """
    await open_project(call, project)
    call.house.terminals.forget(call.caller.id, project, run)
    return {"project": project, "discarded": run}


def _telling(call: Call):
    """Tell output as it comes. The box is read in a thread, events belong to the loop."""
    loop, decoder, told = asyncio.get_running_loop(), codecs.getincrementaldecoder("utf-8")("replace"), 0

    def wrote(data: bytes) -> None:
        nonlocal told
        if told < _MOST_TOLD:
            told += len(data)
            loop.call_soon_threadsafe(call.emit, Log(source="terminal", text=decoder.decode(data)))

    return wrote


def _shape(done: Done, held: Held | None, files: dict[str, bytes]) -> dict[str, Any]:
    went = done.execution
    changes = [
        {"path": path, "status": "deleted" if data is None else "changed" if path in files else "added", "size": len(data or b"")}
        for path, data in sorted(done.changes.items())
    ]
    return {
        "output": went.stdout,
        "exit": went.exit,
        "signal": went.signal,
        "killed_by": went.killed_by,
        "seconds": round(went.wall_ms / 1000, 3),
        "run": held.id if held else None,
        "folder": done.folder,
        "changes": changes,
        "left_out": [{"path": path, "why": why} for path, why in done.left_out.items()],
        "layers": dict(went.layers),
    }
