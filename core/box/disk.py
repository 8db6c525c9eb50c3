"""What a tree holds on disk: its workspace, and the files it has unlinked and still keeps open or mapped."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from core.box.workspace import open_folder

DEEPEST = 64  # folders inside folders; each level takes a descriptor while it is looked at


@dataclass
class Disk:
    """Bytes and entries (files, folders, links) below one directory, and how deep its folders nest."""

    bytes: int = 0
    entries: int = 0
    depth: int = 0


def measure(root: Path, *, most_bytes: int, most_entries: int) -> Disk:
    """Count what lies below `root`, no further than the first bound that is passed. Links are not followed."""
    found = Disk()

    def look(name: str, beside: int | None, depth: int) -> None:
        found.depth = max(found.depth, depth)
        if depth > DEEPEST:
            return
        try:
            here = open_folder(name, beside)
        except OSError:
            return
        folders = []
        try:
            with os.scandir(here) as entries:
                for entry in entries:
                    try:
                        info = entry.stat(follow_symlinks=False)
                    except OSError:
                        continue
                    found.bytes += max(info.st_blocks * 512, 512)
                    found.entries += 1
                    if found.bytes > most_bytes or found.entries > most_entries:
                        return
                    if stat.S_ISDIR(info.st_mode):
                        folders.append(entry.name)
            for folder in folders:
                look(folder, here, depth + 1)
                if found.bytes > most_bytes or found.entries > most_entries:
                    return
        except OSError:
            return
        finally:
            os.close(here)

    look(str(root), None, 0)
    return found


def unlinked_bytes(pids: Iterable[int], root: Path, *, most_file: int) -> int:
    """Bytes of files those processes keep alive without a name, each file once (Linux; elsewhere 0).

    Readable where the process is dumpable and runs as our user, or where we are root.

    Args:
        pids: the processes.
        root: the directory they may write below.
        most_file: what a file counts whose size cannot be told: mapped, its descriptor closed, and we are not root.
    """
    sizes: dict[tuple[int, int], int] = {}
    below = os.fsencode(root) + b"/"
    for pid in pids:
        try:
            for number in os.listdir(f"/proc/{pid}/fd"):
                _note(sizes, f"/proc/{pid}/fd/{number}")
            with open(f"/proc/{pid}/maps", "rb") as maps:
                for line in maps:
                    if line.endswith(b" (deleted)\n") and below in line:
                        _note_mapped(sizes, pid, line, most_file)
        except OSError:
            continue
    return sum(sizes.values())


def _note(sizes: dict[tuple[int, int], int], path: str) -> bool:
    try:
        if not os.readlink(path).endswith(" (deleted)"):
            return True
        info = os.stat(path)
    except OSError:
        return False
    if stat.S_ISREG(info.st_mode) and info.st_nlink == 0:
        sizes[info.st_dev, info.st_ino] = info.st_blocks * 512
    return True


def _note_mapped(sizes: dict[tuple[int, int], int], pid: int, line: bytes, most_file: int) -> None:
    span, _, _, device, inode, _ = line.split(None, 5)  # proc_pid_maps(5)
    major, minor = (int(part, 16) for part in device.split(b":"))
    key = os.makedev(major, minor), int(inode)
    if key not in sizes and not _note(sizes, f"/proc/{pid}/map_files/{span.decode()}"):
        sizes[key] = most_file


def free_bytes(place: Path) -> tuple[int, int]:
    """Bytes an ordinary user may still write on the file system of `place`, and its whole size."""
    info = os.statvfs(place)
    return info.f_bavail * info.f_frsize, info.f_blocks * info.f_frsize
