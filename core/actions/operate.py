"""Keep Spaces alive: what is mine, what state it is in, what it says, stop, start, remove."""

from __future__ import annotations

from typing import Literal

from core.actions.deploy import deploy_project
from core.actions.projects import open_project
from core.actions.shapes import listing
from core.events import Log
from core.hub import control, delete_space, list_spaces, space_log_lines, status
from core.registry import Call, action


@action(risk="read", title="My Spaces")
async def space_list(call: Call) -> dict:
    """List the Spaces of the caller's account and of the organisations it may write to, newest change first; items as space_status gives."""
    call.caller.require_token("to list your Spaces")
    found = await list_spaces(call.house.hub, call.caller)
    return listing([one.to_dict() for one in found])


@action(risk="read", title="Space status")
async def space_status(call: Call, repo: str) -> dict:
    """Tell how a Space is: `{repo, title, stage, word, revision, hardware, sdk, host, url, serving, error, private, updated}`.

    `word` is the stage for a person, `serving` whether its address answers, `error` the first error of its log.

    Args:
        repo: owner/name.
    """
    return (await status(call.house.hub, call.caller, repo)).to_dict()


@action(risk="read", title="Space log")
async def space_logs(
    call: Call, repo: str, kind: Literal["build", "run"] = "run", follow: bool = False, limit: int = 200
) -> dict:
    """Read what a Space wrote, while it was built or while it runs; items are lines.

    Args:
        repo: owner/name.
        kind: build or run.
        follow: keep reading as lines come, as progress, until the stream ends.
        limit: the newest so many lines are returned, 1 to 2000.
    """
    kept: list[str] = []
    most = max(1, min(limit, 2000))
    async for line in space_log_lines(call.house.hub, call.caller, repo, build=kind == "build", follow=follow):
        kept.append(line)
        del kept[:-most]
        call.emit(Log(source=kind, text=line))
    return listing(kept, repo=repo, kind=kind)


@action(risk="write", title="Stop or restart a Space", idempotent=True)
async def space_control(call: Call, repo: str, command: Literal["pause", "restart", "factory_restart"]) -> dict:
    """Pause a Space, start it again, or rebuild it from nothing; gives what space_status does, right after.

    Args:
        repo: owner/name.
        command: pause stops it until a restart; factory_restart rebuilds without caches.
    """
    call.caller.require_token("to control a Space")
    return (await control(call.house.hub, call.caller, repo, command)).to_dict()


@action(risk="write", title="Update a Space", idempotent=True)
async def space_update(call: Call, repo: str, project: str) -> dict:
    """Make a Space's files equal to a project's, in one commit, and wait until it serves; gives what deploy_to_space does.

    Args:
        repo: owner/name of an existing Space.
        project: the project's id.
    """
    found = await open_project(call, project)
    await status(call.house.hub, call.caller, repo)  # an update never creates
    return await deploy_project(call, found, name=repo, visibility="public", hardware=None)


@action(risk="destructive", title="Delete a Space")
async def space_delete(call: Call, repo: str) -> dict:
    """Delete a Space, its files and its history. This cannot be undone. Gives `{repo, deleted}`.

    Args:
        repo: owner/name.
    """
    call.caller.require_token("to delete a Space")
    await delete_space(call.house.hub, call.caller, repo)
    return {"repo": repo, "deleted": True}
