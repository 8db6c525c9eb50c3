"""The files of a project: list, read, compare, write, upload, rename, delete. Every change is a commit that can be undone."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from core.actions.editing import warnings_of
from core.actions.projects import announce, difference, open_project
from core.actions.shapes import listing
from core.build import Project, uploaded
from core.errors import InvalidInput
from core.registry import Call, action


@action(risk="read", title="List files", open_world=False)
async def project_files(call: Call, project: str) -> dict:
    """List a project's files; items are `{path, size, is_text}`, size in bytes.

    Args:
        project: the project's id.
    """
    found = await open_project(call, project)
    files = await asyncio.to_thread(found.files)
    items = [{"path": file.path, "size": file.size, "is_text": file.is_text} for file in files]
    return listing(items, project=project, revision=found.revision)


@action(risk="read", title="Read a file", open_world=False)
async def project_read(call: Call, project: str, path: str) -> dict:
    """Read one file of a project: `{path, size, revision, text}`, or `base64` instead of `text` where it is not UTF-8.

    Args:
        project: the project's id.
        path: the file's path inside the project.
    """
    found = await open_project(call, project)
    revision = found.revision
    data = await asyncio.to_thread(found.read, path)
    shape: dict[str, Any] = {"path": path, "size": len(data), "revision": revision}
    try:
        return shape | {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return shape | {"base64": base64.b64encode(data).decode()}


@action(risk="read", title="Compare before writing", open_world=False)
async def project_compare(call: Call, project: str, files: dict[str, str | None]) -> dict:
    """Show what `project_write` with the same files would change, as unified diffs; nothing is written.

    Args:
        project: the project's id.
        files: path → the whole new text, or null where the file would be deleted.

    Returns a list of `{path, status, added, removed, patch}`; files that would not change are left out.
    """
    found = await open_project(call, project)
    changes = await asyncio.to_thread(found.compare, _encoded(files))
    return listing([difference(one) for one in changes], revision=found.revision)


@action(risk="write", title="Write files", idempotent=True, open_world=False)
async def project_write(call: Call, project: str, files: dict[str, str | None], message: str = "", base: str = "") -> dict:
    """Create, replace or delete files in one change; every change can be undone.

    Args:
        project: the project's id.
        files: path → the whole new text, or null to delete that file.
        message: what the change is for, at most 200 characters; made up from the paths when empty.
        base: the revision the texts were made from; when one of the files changed since, nothing is written and the
            answer is `outdated` with the paths. Empty writes over whatever is there.

    Returns `{project, revision, changed, warnings: [{path, line, message, fix}]}`; writing what is already there changes nothing,
    warnings tell what would keep the app from starting.
    """
    wanted, data = message[:200] or _message(files), _encoded(files)
    done = await _changed(call, project, lambda found: found.write(data, wanted, base=base or None))
    return done | {"warnings": await warnings_of(await open_project(call, project), data)}


@action(risk="write", title="Upload files", open_world=False)
async def project_upload(call: Call, project: str, files: dict[str, str], folder: str = "", unpack: bool = True) -> dict:
    """Put uploaded files into a project in one change; refused whole when any name or archive is not safe.

    Args:
        project: the project's id.
        files: name or relative path → content in base64; at most 2000 files, 10 MB each, 50 MB together.
        folder: the folder they go into; the top of the project when empty.
        unpack: take zip and tar archives apart instead of keeping them as one file.

    Returns `{project, revision, changed}`. A file that is there already is replaced.
    """
    data = {name: _decoded(name, text) for name, text in files.items()}
    if not data:
        raise InvalidInput("There is nothing to upload.", "Choose at least one file.")
    wanted = f"Upload {_names(data)}"

    def put(found: Project) -> str:
        return found.write(uploaded(data, folder=folder.strip("/"), unpack=unpack), wanted)

    return await _changed(call, project, put)


@action(risk="write", title="Rename or move", open_world=False)
async def project_rename(call: Call, project: str, path: str, new_path: str) -> dict:
    """Rename or move a file of a project, or a folder with all in it; gives `{project, revision, changed: [path]}`.

    Args:
        project: the project's id.
        path: the file or folder as it is called now.
        new_path: its new path; must not exist yet.
    """
    return await _changed(call, project, lambda found: found.rename(path, new_path))


@action(risk="write", title="Delete a file", open_world=False)
async def project_remove(call: Call, project: str, path: str) -> dict:
    """Delete a file of a project, or a folder with all in it; undo brings it back. Gives `{project, revision, changed: [path]}`.

    Args:
        project: the project's id.
        path: the file or folder.
    """
    return await _changed(call, project, lambda found: found.remove(path))


async def _changed(call: Call, project: str, change: Callable[[Project], str]) -> dict:
    found = await open_project(call, project)
    before = found.revision
    revision = await asyncio.to_thread(change, found)
    return {"project": project, "revision": revision, "changed": await announce(call, found, before, revision)}


def _encoded(files: Mapping[str, str | None]) -> dict[str, bytes | None]:
    try:
        return {path: None if text is None else text.encode() for path, text in files.items()}
    except UnicodeEncodeError:
        raise InvalidInput("The text holds half of a surrogate pair, which no file can hold.", "Send valid Unicode.") from None


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"The content of “{name[:200]}” is not valid base64.", "Encode the whole file, without line breaks.") from None


def _message(files: Mapping[str, str | None]) -> str:
    return f"{'Delete' if all(text is None for text in files.values()) else 'Edit'} {_names(files)}"


def _names(files: Mapping[str, Any]) -> str:
    return ", ".join(list(files)[:3]) + (" …" if len(files) > 3 else "")
