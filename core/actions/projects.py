"""A project is the files of a Space under work, with history: list, look back, undo, check, export, delete."""

from __future__ import annotations

import asyncio
import base64
import binascii
from typing import Any

from core.actions.shapes import listing
from core.build import Project, preflight
from core.errors import InvalidInput
from core.events import FileChanged
from core.git import FileDiff
from core.registry import Call, action


@action(risk="read", title="List projects", open_world=False)
async def project_list(call: Call) -> dict:
    """List the caller's projects, newest first; items are `{id, title, slug, sdk, template, space, revision, created_at, network, hosts}`."""
    found = [] if call.caller.anonymous else await asyncio.to_thread(call.house.projects.list, call.caller.id)
    return listing([summary(project) for project in found])


@action(risk="read", title="History", open_world=False)
async def project_history(call: Call, project: str, limit: int = 50) -> dict:
    """List the changes of a project, newest first; items are `{revision, message, at}`.

    Args:
        project: the project's id.
        limit: 1 to 200.
    """
    found = await open_project(call, project)
    changes = await asyncio.to_thread(found.history, max(1, min(limit, 200)))
    return listing([{"revision": one.oid, "message": one.message.strip(), "at": one.at.isoformat()} for one in changes])


@action(risk="read", title="Diff", open_world=False)
async def project_diff(call: Call, project: str, old: str = "", new: str = "") -> dict:
    """Compare two revisions of a project; items are `{path, status, added, removed, patch}`, patch being a unified diff.

    Args:
        project: the project's id.
        old: the older revision; the one before `new` when empty.
        new: the newer revision; the newest when empty.
    """
    found = await open_project(call, project)
    newer = new or found.revision
    older: str | None = old or None
    if not old:
        known = [one.oid for one in await asyncio.to_thread(found.history, 200)]
        place = known.index(newer) if newer in known else -1
        older = known[place + 1] if 0 <= place < len(known) - 1 else None
    changes = await asyncio.to_thread(found.diff, older, newer)
    return listing([difference(one) for one in changes], old=older, new=newer)


@action(risk="write", title="Undo", open_world=False)
async def project_undo(call: Call, project: str) -> dict:
    """Take the last change of a project back; the undo is itself a change, so nothing is ever lost.

    Args:
        project: the project's id.

    Returns `{project, revision, undone, changed}`; undone is what the change had been called. Raises conflict when there is none.
    """
    found = await open_project(call, project)
    before = found.revision
    revision = await asyncio.to_thread(found.undo)
    changed = await announce(call, found, before, revision)
    return {"project": project, "revision": revision, "undone": await _called(found), "changed": changed}


@action(risk="write", title="Redo", open_world=False)
async def project_redo(call: Call, project: str) -> dict:
    """Bring back the change that was undone last; an ordinary change in between ends that possibility.

    Args:
        project: the project's id.

    Returns `{project, revision, redone, changed}`; redone is what the change had been called. Raises conflict when nothing was undone.
    """
    found = await open_project(call, project)
    before = found.revision
    revision = await asyncio.to_thread(found.redo)
    changed = await announce(call, found, before, revision)
    return {"project": project, "revision": revision, "redone": await _called(found), "changed": changed}


@action(risk="write", title="Restore a revision", idempotent=True, open_world=False)
async def project_restore(call: Call, project: str, revision: str) -> dict:
    """Make a project's files what they were at an earlier revision; one new change that undo takes back.

    Args:
        project: the project's id.
        revision: a revision from `project_history`, 7 to 40 hex digits.

    Returns `{project, revision, changed}`.
    """
    found = await open_project(call, project)
    before = found.revision
    now = await asyncio.to_thread(found.restore, revision)
    return {"project": project, "revision": now, "changed": await announce(call, found, before, now)}


@action(risk="read", title="Check a project", open_world=False)
async def project_check(call: Call, project: str) -> dict:
    """Look for what would make the Hub or the app refuse: syntax, card, missing app file, credentials, unsafe paths.

    Args:
        project: the project's id.

    Returns findings: path, line, message, fix, severity (error or warning).
    """
    found = await open_project(call, project)
    files = await asyncio.to_thread(found.snapshot)
    findings = await asyncio.to_thread(preflight, files)
    items = [{"path": one.path, "line": one.line, "message": one.message, "fix": one.fix, "severity": one.severity} for one in findings]
    return listing(items)


@action(risk="read", title="Export as zip", open_world=False)
async def project_export(call: Call, project: str) -> dict:
    """Export a project as a zip: `{name, size, base64}`.

    Args:
        project: the project's id.
    """
    found = await open_project(call, project)
    data = await asyncio.to_thread(found.export_zip)
    return {"name": f"{found.slug}.zip", "size": len(data), "base64": base64.b64encode(data).decode()}


@action(risk="write", title="Import a zip", open_world=False)
async def project_import(call: Call, data: str, title: str = "") -> dict:
    """Make a project from a zip of a Space's files; refused whole when it holds anything unsafe.

    Gives `{id, title, slug, sdk, template, space, revision, created_at, network, hosts}`.

    Args:
        data: the zip, base64.
        title: what to call the project; taken from its card when empty.
    """
    try:
        raw = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput("The zip is not valid base64.", "Encode the whole file, without line breaks.") from None
    made = await asyncio.to_thread(call.house.projects.import_zip, call.caller.id, raw, title=title or None)
    return summary(made)


@action(risk="destructive", title="Delete a project", open_world=False)
async def project_delete(call: Call, project: str) -> dict:
    """Delete a project with its history; a deployed Space stays where it is. Gives `{project, deleted}`.

    Args:
        project: the project's id.
    """
    for live in call.house.previews.list(call.caller.id):
        if live.spec.label == project:
            await call.house.previews.stop(live.id)
    call.house.terminals.forget(call.caller.id, project)
    await asyncio.to_thread(call.house.projects.delete, project, call.caller.id)
    return {"project": project, "deleted": True}


async def open_project(call: Call, project: str) -> Project:
    """The caller's project of that id; `NotFound` also for somebody else's."""
    return await asyncio.to_thread(call.house.projects.get, project, call.caller.id)


async def _called(project: Project) -> str:
    """What the change had been called that the newest one undid or redid."""
    newest = (await asyncio.to_thread(project.history, 1))[0]
    return newest.message.strip().split("\n", 1)[0].partition(": ")[2]


def summary(project: Project) -> dict[str, Any]:
    """A project in one line."""
    return {
        "id": project.id,
        "title": project.title,
        "slug": project.slug,
        "sdk": project.sdk,
        "template": project.template,
        "space": project.space,
        "revision": project.revision,
        "created_at": project.facts.created_at,
        "network": project.facts.network,
        "hosts": list(project.facts.hosts),
    }


def difference(one: FileDiff) -> dict[str, Any]:
    """One file's change as data; `patch` is a unified diff, empty where the file is not text."""
    return {"path": one.path, "status": one.status, "added": one.added, "removed": one.removed, "patch": one.patch}


async def announce(call: Call, project: Project, before: str, after: str) -> list[str]:
    """Say which files a change touched; their paths."""
    if before == after:
        return []
    changes = await asyncio.to_thread(project.diff, before, after)
    for one in changes:
        call.emit(FileChanged(project=project.id, path=one.path, added=one.added, removed=one.removed))
    return [one.path for one in changes]
