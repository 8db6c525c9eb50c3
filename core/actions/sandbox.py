"""The box itself: what it is made of, and running a piece of code in it."""

from __future__ import annotations

import asyncio
from typing import Literal

from core.errors import Unauthorized
from core.registry import Call, action


@action(risk="read", title="The box", open_world=False)
async def sandbox_status(call: Call, retest: bool = False) -> dict:
    """Tell what separates an app from this machine, layer by layer.

    Args:
        retest: try the layers again instead of telling what was found at start.

    Returns `{engine, available, sealed, tier, selftest, layers, networks}`; sealed: a stranger's code reaches nothing but
    its own; layers: name → `{state: on|partial|off, detail}`; selftest: attacks from inside that were held against, "15/15".
    """
    status = await asyncio.to_thread(call.house.previews.status, retest=retest)
    return status.to_dict()


@action(risk="write", title="Execute code", open_world=False)
async def sandbox_execute(
    call: Call,
    code: str,
    runtime: Literal["python", "bash", "node"] = "python",
    timeout: float = 10,
    files: dict[str, str] | None = None,
    stdin: str | None = None,
) -> dict:
    """Run code once in a fresh sealed box: no network, no files of this machine or of a project, nothing kept afterwards.

    Args:
        code: the program, at most 1 MB.
        runtime: python (with the packages of this server), bash or node.
        timeout: seconds of wall time, 1 to 120.
        files: text files beside the program, by relative path; at most 200 and 8 MB.
        stdin: what the program reads from standard input; nothing unless given.

    Returns `{stdout, stderr, exit, signal, wall_ms, peak_bytes, killed_by, layers}`. stdout and stderr hold at most
    256 KB each, the beginning and the end; exit is null when a signal ended the program; killed_by is timeout, memory,
    disk, processes, output or null; layers says what separated it from this machine. A program that fails is a result.
    Raises forbidden where the box is not sealed, unauthorized without a session or token, rate_limited above two at once.
    """
    if call.caller.anonymous:
        raise Unauthorized("Code is executed for somebody with a session or a token only.")
    done = await call.house.executions.execute(
        call.caller.id,
        code,
        runtime=runtime,
        timeout=timeout,
        files={path: text.encode() for path, text in (files or {}).items()},
        stdin=None if stdin is None else stdin.encode(),
    )
    return done.to_dict()
