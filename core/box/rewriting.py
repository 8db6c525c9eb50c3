"""Changed files reach a workspace that is in use: each whole or not at all, no folder replaced, no link followed."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from core.box.workspace import storage_error
from core.errors import Conflict, StorageFull

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def rewrite(root: Path, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
    """Bring the files of a running app from `before` to `after`; what the app wrote besides stays.

    Folders keep their inodes, which the app's seal is bound to. `Conflict` where the app put something else in the place
    of a folder or file, `StorageFull` when it cannot be written; files before that one are changed by then.

    Args:
        root: the folder with the project's files.
        before, after: whole projects by relative path; only what differs is touched.
    """
    for path, data in after.items():
        if before.get(path) != data:
            _write(root, path, data)
    for path in before.keys() - after.keys():
        _delete(root, path)


def _write(root: Path, path: str, data: bytes) -> None:
    *folders, name = path.split("/")
    temporary = f".{secrets.token_hex(8)}.new"
    here = None
    try:
        here = _open_folders(root, folders, make=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        file = os.open(temporary, flags, 0o700 if data.startswith(b"#!") else 0o600, dir_fd=here)
        try:
            _give_to_owner_of(here, file)
            with open(file, "wb", closefd=False) as writer:
                writer.write(data)
        finally:
            os.close(file)
        os.replace(temporary, name, src_dir_fd=here, dst_dir_fd=here)
    except (NotADirectoryError, IsADirectoryError):
        raise _in_the_way(path) from None
    except OSError as error:
        raise _trouble(error, path) from None
    finally:
        if here is not None:
            with suppress(OSError):
                os.unlink(temporary, dir_fd=here)
            os.close(here)


def _delete(root: Path, path: str) -> None:
    *folders, name = path.split("/")
    here = None
    try:
        here = _open_folders(root, folders, make=False)
        os.unlink(name, dir_fd=here)
    except (FileNotFoundError, NotADirectoryError):
        return  # the app was quicker
    except OSError as error:
        raise _trouble(error, path) from None
    finally:
        if here is not None:
            os.close(here)


def _open_folders(root: Path, folders: list[str], *, make: bool) -> int:
    here = os.open(root, _FOLDER)
    for folder in folders:
        above = here
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(folder, 0o700, dir_fd=above)
                    _give_to_owner_of(above, folder)
            here = os.open(folder, _FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return here


def _give_to_owner_of(folder: int, made: int | str) -> None:
    """A box may have a user of its own, to whom its folders belong."""
    owner = os.fstat(folder)
    if os.geteuid() != 0 or owner.st_uid == 0:
        return
    if isinstance(made, int):
        os.fchown(made, owner.st_uid, owner.st_gid)
    else:
        os.chown(made, owner.st_uid, owner.st_gid, dir_fd=folder, follow_symlinks=False)


def _in_the_way(path: str) -> Conflict:
    return Conflict(f"The running app put something else in the place of {path[:80]!r}.", "Stop the preview and start it again.")


def _trouble(error: OSError, path: str) -> Conflict | StorageFull:
    return _in_the_way(path) if error.errno in (errno.ELOOP, errno.ENOTEMPTY) else storage_error(error)
