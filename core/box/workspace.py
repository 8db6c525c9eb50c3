"""The files of one preview on disk: written in whole, measured, removed."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

from core.errors import InvalidInput, StorageFull
from core.box.engine import Workspace

# What the system says when there is no room, a quota is reached, or the place cannot be written at all.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR}


def create(root: Path, files: Mapping[str, bytes]) -> Workspace:
    """Write the project into a new directory; `StorageFull` when that fails, with nothing left behind."""
    workspace = Workspace(root)
    try:
        root.mkdir(mode=0o700, parents=True)
        for directory in (workspace.app, workspace.home, workspace.temporary):
            directory.mkdir(mode=0o700)
        for path, data in files.items():
            target = workspace.app / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with open(target, "xb") as file:
                file.write(data)
            if data.startswith(b"#!"):
                target.chmod(0o700)
    except FileExistsError as error:
        remove(root)
        name = os.path.relpath(str(error.filename), workspace.app)
        raise InvalidInput(
            f"{name} is both a file and a folder, or there twice on this disk.", "Rename one of them."
        ) from None
    except OSError as error:
        remove(root)
        raise storage_error(error) from None
    return workspace


def storage_error(error: OSError) -> StorageFull:
    """The same trouble in our words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull("There is no room on the disk for this preview.")
    reason = os.strerror(error.errno).lower() if error.errno in _NO_ROOM else error.strerror or "unknown reason"
    return StorageFull(f"The preview's files cannot be written: {reason}.", "Check the data directory and try again.")


def remove(root: Path) -> None:
    """Delete the directory, also where the app took away its own right to; symbolic links are not followed."""
    shutil.rmtree(root, ignore_errors=True)
    if not root.is_dir():
        return
    root.chmod(0o700)
    for here, folders, _ in os.walk(root):
        for name in folders:
            path = os.path.join(here, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    shutil.rmtree(root, ignore_errors=True)


def size(root: Path, *, most: int) -> int:
    """Bytes on disk below `root`; stops counting once above `most`. Links are not followed."""
    total = 0
    todo = [str(root)]
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    try:
                        info = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    total += max(info.st_blocks * 512, 512)
                    if stat.S_ISDIR(info.st_mode):
                        todo.append(entry.path)
                    if total > most:
                        return total
        except OSError:
            continue
    return total
