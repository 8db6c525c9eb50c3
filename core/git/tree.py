"""Editing a tree: only the folders that change are read and written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from dulwich.objects import Tree

from core.errors import InvalidInput, NotFound
from core.git.paths import check_tree_path
from core.git.values import Change, Copy, Delete, DeleteFolder, Put

FILE, FOLDER = 0o100644, 0o040000
Load = Callable[[str], Tree]


class Folder:
    """A folder under edit: names to (mode, oid) as stored, or to a `Folder` once it was opened."""

    def __init__(self, load: Load, oid: str | None):
        self._load = load
        self.entries: dict[str, tuple[int, str] | Folder] = {}
        if oid is not None:
            self.entries = {
                item.path.decode("utf-8", "surrogateescape"): (item.mode, item.sha.decode()) for item in load(oid).items()
            }

    def child(self, name: str, *, make: bool = False) -> Folder | None:
        found = self.entries.get(name)
        if isinstance(found, Folder):
            return found
        if found is None:
            if not make:
                return None
            opened = Folder(self._load, None)
        elif found[0] != FOLDER:
            return None
        else:
            opened = Folder(self._load, found[1])
        self.entries[name] = opened
        return opened

    def write(self, store: Callable[[bytes, bytes], str]) -> str | None:
        """Write what changed below and return the tree's oid; None when nothing is left in it."""
        tree = Tree()
        for name, value in self.entries.items():
            mode, oid = (FOLDER, value.write(store)) if isinstance(value, Folder) else value
            if oid is not None:
                tree.add(name.encode("utf-8", "surrogateescape"), mode, oid.encode())
        return store(b"tree", tree.as_raw_string()) if len(tree) else None


def checked(changes: Iterable[Change]) -> tuple[Change, ...]:
    """The changes, if every path can be used; `InvalidInput` otherwise."""
    changes = tuple(changes)
    for change in changes:
        check_tree_path(change.path.rstrip("/") if isinstance(change, DeleteFolder) else change.path)
    return changes


def edit(root: Folder, changes: tuple[Change, ...], blobs: Mapping[Put, str]) -> None:
    """Apply checked changes: deletions first, then copies and writes in the order given; `blobs` are already stored.

    Errors: `InvalidInput` where a file would have to be a folder, `NotFound` for what is to be deleted or copied and is not there.
    """
    copied = {change: _file(root, check_tree_path(change.source)) for change in changes if isinstance(change, Copy)}
    for change in changes:
        if isinstance(change, Delete | DeleteFolder):
            _delete(root, change)
    for change in changes:
        if isinstance(change, Copy):
            _put(root, change.path, *copied[change])
        elif isinstance(change, Put):
            before = _lookup(root, change.path)
            mode = before[0] if isinstance(before, tuple) and before[0] == 0o100755 else FILE
            _put(root, change.path, mode, blobs[change])


def _lookup(root: Folder, path: str) -> tuple[int, str] | Folder | None:
    *folders, name = path.split("/")
    at: Folder | None = root
    for part in folders:
        at = at.child(part) if at else None
    return at.entries.get(name) if at else None


def _file(root: Folder, path: str) -> tuple[int, str]:
    found = _lookup(root, path)
    if not isinstance(found, tuple) or found[0] == FOLDER:
        raise NotFound(f"There is no file {path!r} to copy.", "Check the path; names are case-sensitive.")
    return found


def _delete(root: Folder, change: Delete | DeleteFolder) -> None:
    path = change.path.rstrip("/") if isinstance(change, DeleteFolder) else change.path
    *folders, name = path.split("/")
    found = _lookup(root, path)
    is_folder = isinstance(found, Folder) or (found is not None and found[0] == FOLDER)
    if found is None or is_folder != isinstance(change, DeleteFolder):
        kind = "folder" if isinstance(change, DeleteFolder) else "file"
        raise NotFound(f"A {kind} with this name doesn't exist: {path}", "Check the path; names are case-sensitive.")
    at = root
    for part in folders:
        at = at.child(part)
    del at.entries[name]


def _put(root: Folder, path: str, mode: int, oid: str) -> None:
    *folders, name = path.split("/")
    at = root
    for depth, part in enumerate(folders):
        inner = at.child(part, make=True)
        if inner is None:
            taken = "/".join(folders[: depth + 1])
            raise InvalidInput(f"{path!r} cannot be written: {taken!r} is a file.", "Delete that file in the same commit.")
        at = inner
    if at.child(name) is not None and at.child(name).entries:
        raise InvalidInput(f"{path!r} cannot be written: it is a folder.", "Delete that folder in the same commit.")
    at.entries[name] = (mode, oid)
