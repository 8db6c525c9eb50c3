"""What was typed and is not saved: kept per project and file, with the text and revision it was made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from core.errors import Conflict

MOST = 20  # edited files at once

# project → path → {text, base}; base is what the editor was filled with: {path, text, revision}.
Drafts = Mapping[str, Mapping[str, Mapping[str, Any]]]


def draft_of(drafts: Drafts, project: str, path: str) -> Mapping[str, Any] | None:
    """What was typed into that file, or None."""
    return drafts.get(project, {}).get(path)


def stash(drafts: Drafts, project: str | None, loaded: Mapping[str, Any] | None, text: str | None) -> Drafts:
    """The drafts with what stands in the editor now: added where it differs from what was loaded, else taken off.

    Raises Conflict when that would be more than 20 files.
    """
    if not project or not loaded:
        return drafts
    path, typed = loaded["path"], _whole(text, loaded["text"])
    mine = {name: draft for name, draft in drafts.get(project, {}).items() if name != path}
    if _plain(typed) != _plain(loaded["text"]):
        if len(mine) >= MOST:
            raise Conflict(f"{MOST} files are edited and not saved.", "Save them before you edit another one.")
        mine[path] = {"text": typed, "base": dict(loaded)}
    return {**drafts, project: mine}


def without(drafts: Drafts, project: str, *paths: str) -> Drafts:
    """The drafts without those files, or without those folders' files."""
    left = {name: draft for name, draft in drafts.get(project, {}).items() if not any(_below(name, path) for path in paths)}
    return {**drafts, project: left}


def moved(drafts: Drafts, project: str, old: str, new: str, revision: str) -> Drafts:
    """The drafts after a file or folder was renamed; they are based on the revision that renamed it."""
    old, new, found = old.rstrip("/"), new.rstrip("/"), {}
    for name, draft in drafts.get(project, {}).items():
        if _below(name, old):
            name = new + name[len(old) :]
            draft = {**draft, "base": {**draft["base"], "path": name, "revision": revision}}
        found[name] = draft
    return {**drafts, project: found}


def _below(name: str, path: str) -> bool:
    return name == path or name.startswith(path.rstrip("/") + "/")


def _whole(text: str | None, loaded: str) -> str:
    """What was typed, with the blank ends of what was loaded: gr.Code takes them off when it is filled."""
    start = len(loaded) - len(loaded.lstrip()) if loaded.strip() else 0
    return loaded[:start] + _plain(text) + loaded[len(loaded.rstrip()) :]


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n")
