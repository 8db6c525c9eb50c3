"""The files of one box on disk: written in whole, read without being led astray, removed."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from core.box.engine import Workspace
from core.errors import InvalidInput, NotFound, StorageFull, TooLarge

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


def check_path(path: str) -> None:
    """Refuse what is not a relative path inside a project: `InvalidInput`."""
    parts = path.split("/")
    bad = any(part in ("", ".", "..") or len(part.encode("utf-8", "replace")) > 255 for part in parts)
    if bad or "\\" in path or not path.isprintable() or len(path) > 1024:
        raise InvalidInput(
            f"{path[:80]!r} is not a path inside the project.", "Use relative paths with /, without '.' and '..'."
        )


def storage_error(error: OSError) -> StorageFull:
    """The same trouble in our words."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return StorageFull("There is no room on the disk for this preview.")
    reason = os.strerror(error.errno).lower() if error.errno in _NO_ROOM else error.strerror or "unknown reason"
    return StorageFull(f"The preview's files cannot be written: {reason}.", "Check the data directory and try again.")


def remove(root: Path) -> None:
    """Delete the directory, whatever an app made of it: nested without end, full, or closed even to its owner.

    A folder inside a folder is first moved up to the root, so nothing is ever deep and nothing recurses. Symbolic
    links are not followed; what cannot be deleted is left.
    """
    try:
        top = open_folder(str(root))
    except OSError:
        return
    try:
        _empty(top)
    finally:
        os.close(top)
    with suppress(OSError):
        root.rmdir()


def _empty(top: int) -> None:
    number, stuck = 0, set()
    while folders := _unlink_files(top) - stuck:
        for name in folders:
            try:
                here = open_folder(name, top)
                try:
                    for inner in _unlink_files(here):
                        number += 1
                        _open_up(inner, here)  # a folder that is moved has its ".." written to
                        os.rename(inner, f".leaving-{number}-{os.getpid()}", src_dir_fd=here, dst_dir_fd=top)
                finally:
                    os.close(here)
                os.rmdir(name, dir_fd=top)
            except OSError:
                stuck.add(name)


def _unlink_files(folder: int) -> set[str]:
    """Unlink everything that is not a folder; returns the names of the folders."""
    folders = set()
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                folders.add(entry.name)
            else:
                with suppress(OSError):
                    os.unlink(entry.name, dir_fd=folder)
    return folders


def open_folder(name: str, beside: int | None = None) -> int:
    """A folder, opened without following a link; one that is closed to its owner is opened up first."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(name, flags, dir_fd=beside)
    except PermissionError:
        _open_up(name, beside)
        return os.open(name, flags, dir_fd=beside)


def _open_up(name: str, beside: int | None) -> None:
    """Give the owner every right to a folder."""
    if not hasattr(os, "O_PATH"):
        os.chmod(name, 0o700, dir_fd=beside, follow_symlinks=False)
        return
    place = os.open(name, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=beside)
    try:
        os.chmod(f"/proc/self/fd/{place}", 0o700)
    finally:
        os.close(place)


def open_file(root: Path, parts: Sequence[str]) -> int:
    """A descriptor of the regular file at root/part/part, opened so that an app that changes its files meanwhile leads nowhere.

    Step by step, no symbolic link followed, no waiting for a pipe, and no second name elsewhere (a hard link).
    Raises `NotFound` for all else.
    """
    if not parts or any(part in ("", ".", "..") or "/" in part or "\0" in part for part in parts):
        raise NotFound(f"There is no file {'/'.join(parts)[:80]!r} here.")
    here = None
    try:
        here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        for part in parts[:-1]:
            below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=here)
            os.close(here)
            here = below
        file = os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC, dir_fd=here)
    except (OSError, UnicodeEncodeError):
        raise NotFound(f"There is no file {'/'.join(parts)[:80]!r} here.") from None
    finally:
        if here is not None:
            os.close(here)
    info = os.fstat(file)
    if not stat.S_ISREG(info.st_mode) or info.st_nlink > 1:
        os.close(file)
        raise NotFound(f"{'/'.join(parts)[:80]!r} is not a plain file.")
    return file


def read_file(root: Path, path: str, most: int) -> bytes:
    """The content of one file of an app, by its path below `root` with "/".

    Args:
        root: the directory that is not left.
        path: relative; no "." and "..".
        most: bytes; a larger file raises `TooLarge`, also when it grows while it is read.

    Raises `NotFound` when there is no plain file: a folder, a link, a pipe and a device are none.
    """
    with open(open_file(root, path.split("/")), "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"{path[:80]!r} is larger than {most} bytes.")
    return data
