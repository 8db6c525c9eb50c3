"""Run a piece of code once, in a fresh sealed box with a directory of its own, and tell how it went."""

from __future__ import annotations

import os
import secrets
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Literal

from core.box import workspace
from core.box.engine import Entry, Launch, SandboxEngine, Seal, Workspace
from core.box.limits import MB, Limits
from core.box.monitor import Monitor
from core.box.program import Execution, run
from core.errors import Forbidden, InvalidInput, TooLarge

Runtime = Literal["python", "bash", "node"]

LIMITS = Limits(
    memory_bytes=1024 * MB,
    data_bytes=1024 * MB,
    workspace_bytes=256 * MB,
    file_bytes=64 * MB,
    files_written=10_000,
    open_files=256,
    processes=32,
    threads=128,
)
MOST_CODE = 1 * MB
MOST_FILES, MOST_FILE_BYTES = 200, 8 * MB
TIMEOUT_SECONDS = (1.0, 120.0)
# The script's name and what runs it. Python: no environment variables, no packages of a user; modules beside it are found.
_PROGRAMS: dict[Runtime, tuple[str, tuple[str, ...]]] = {
    "python": ("main.py", (sys.executable, "-E", "-s", "main.py")),
    "bash": ("main.sh", ("bash", "--noprofile", "--norc", "main.sh")),
    "node": ("main.js", ("node", "main.js")),
}


def execute(
    engine: SandboxEngine,
    root: Path,
    code: str,
    *,
    monitor: Monitor,
    runtime: Runtime = "python",
    timeout: float = 10,
    files: Mapping[str, bytes] | None = None,
    stdin: bytes | None = None,
    limits: Limits = LIMITS,
    cancelled: threading.Event | None = None,
) -> Execution:
    """Run `code` to its end; box and directory are gone afterwards. Blocks.

    Args:
        engine: where; one that does not prove its seal is refused, unless it was made for a machine of one user who says so.
        root: the directory in which the box's own is made.
        code: the program, at most 1 MB.
        monitor: watches memory, disk and processes.
        runtime: python (this server's interpreter and packages), bash or node.
        timeout: seconds of wall time, 1 to 120; the processor time of one process is bounded one second above it.
        files: beside the program, by relative path; at most 200 and 8 MB.
        stdin: what it reads from standard input; nothing when None.
        limits: its bounds.
        cancelled: ends it when set, and `Cancelled` is raised.

    Raises `Forbidden` without a seal, `InvalidInput` or `TooLarge` for what cannot be run, `AppFailed` when the box
    cannot be started.
    """
    layers = sealed_layers(engine)
    timeout = min(max(timeout, TIMEOUT_SECONDS[0]), TIMEOUT_SECONDS[1])
    script, command, read = _program(runtime)
    place = workspace.create(root / f"run-{secrets.token_hex(6)}", _files(script, code, files or {}))
    try:
        if stdin is not None:
            given = place.temporary / "stdin"
            given.write_bytes(stdin)
            command = ("/bin/sh", "-c", 'exec "$@" < "$0"', str(given), *command)
        launch = Launch(
            id=place.root.name,
            python=Path(sys.executable),
            entry=Entry(command=command, server=False),
            workspace=place,
            env=environment(place),
            limits=replace(limits, cpu_seconds=int(timeout) + 1),
            seal=Seal(read=read),
            separate_errors=True,
        )
        return run(engine, launch, monitor=monitor, timeout=timeout, layers=layers, cancelled=cancelled)
    finally:
        workspace.remove(place.root)


def sealed_layers(engine: SandboxEngine) -> dict[str, str]:
    """The layers of an engine, each with its state; `Forbidden` where the seal is not proven and its owner wants it."""
    status = engine.probe()
    if not status.sealed and not getattr(engine, "unsealed", False):
        raise Forbidden(
            "No code is executed here, because this machine cannot seal a box.",
            "Run it on a Linux machine with Landlock or user namespaces; the self-test of the box says what is missing.",
        )
    return {name: layer.state for name, layer in status.layers.items()}


def environment(place: Workspace) -> dict[str, str]:
    """The whole environment of a program in that workspace."""
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": str(place.home),
        "TMPDIR": str(place.temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def _program(runtime: Runtime) -> tuple[str, tuple[str, ...], tuple[Path, ...]]:
    """The script's name, the command, and what the box has to let it read besides the system."""
    if runtime not in _PROGRAMS:
        raise InvalidInput(f"There is no runtime {runtime!r:.40}.", f"The runtimes are {', '.join(_PROGRAMS)}.")
    script, (name, *rest) = _PROGRAMS[runtime]
    found = shutil.which(name)
    if found is None:
        raise InvalidInput(f"{runtime} is not installed on this machine.", "Install it, or use another runtime.")
    if runtime == "python":
        return script, (found, *rest), ()
    place = Path(found).resolve().parent.parent
    return script, (found, *rest), () if place in (Path("/usr"), Path("/")) else (place,)


def _files(script: str, code: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    if len(code.encode()) > MOST_CODE:
        raise TooLarge(f"The code is larger than {MOST_CODE // MB} MB.")
    if len(files) > MOST_FILES or sum(map(len, files.values())) > MOST_FILE_BYTES:
        raise TooLarge(f"The files are more than {MOST_FILES} or larger than {MOST_FILE_BYTES // MB} MB.")
    for path in files:
        workspace.check_path(path)
        if path == script:
            raise InvalidInput(f"{script} is the program itself.", "Give that file another name.")
    return {**files, script: code.encode()}
