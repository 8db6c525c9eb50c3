"""Large files by git-lfs: pointers in the repository, bytes beside it, addresses signed for a while."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import time
from dataclasses import dataclass
from pathlib import Path

from core.errors import Forbidden, InvalidInput
from core.git import Entry, GitStore

VALID_SECONDS = 3600
POINTER_MAX = 1024
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\n(?:ext-[^\n]*\n)*oid sha256:([0-9a-f]{64})\nsize (\d{1,15})\n"
)


@dataclass(frozen=True)
class Pointer:
    """The sha256 and size of the bytes a pointer file stands for."""

    oid: str
    size: int

    def to_bytes(self) -> bytes:
        return f"version https://git-lfs.github.com/spec/v1\noid sha256:{self.oid}\nsize {self.size}\n".encode()


def read_pointer(git: GitStore, entry: Entry) -> Pointer | None:
    """The pointer a file holds, if it is one."""
    if entry.kind != "file" or not 100 < entry.size < POINTER_MAX:
        return None
    found = _POINTER.fullmatch(git.blob(entry.oid))
    return Pointer(found[1].decode(), int(found[2])) if found else None


def object_path(repository: Path, oid: str) -> Path:
    """Where a repository keeps the bytes of an LFS object."""
    if not re.fullmatch(r"[0-9a-f]{64}", oid):
        raise InvalidInput("An LFS object id is 64 hex digits.")
    return repository / "lfs" / "objects" / oid[:2] / oid[2:4] / oid


def keep(incoming: Path, repository: Path, pointer: Pointer) -> None:
    """Put received bytes in their place, if they are what the pointer says; `InvalidInput` otherwise."""
    digest = hashlib.sha256()
    size = 0
    with incoming.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    if digest.hexdigest() != pointer.oid or size != pointer.size:
        raise InvalidInput("The uploaded bytes do not have the announced sha256 and size.", "Upload the file again.")
    target = object_path(repository, pointer.oid)
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(incoming, target)


def sign(key: bytes, action: str, repo: str, pointer: Pointer) -> str:
    """The query that lets its bearer up- or download one object of one repository for an hour."""
    until = int(time.time()) + VALID_SECONDS
    return f"size={pointer.size}&until={until}&sig={_signature(key, action, repo, pointer, until)}"


def check_signature(key: bytes, action: str, repo: str, pointer: Pointer, until: str, signature: str) -> None:
    """`Forbidden` unless the query was signed here for this object and is not past its time."""
    valid = until.isdigit() and len(until) < 13
    good = valid and hmac.compare_digest(_signature(key, action, repo, pointer, int(until)), signature)
    if not good or int(until) < time.time():
        raise Forbidden("This address is not valid, or no longer.", "Ask for a new one with an LFS batch request.")


def _signature(key: bytes, action: str, repo: str, pointer: Pointer, until: int) -> str:
    text = "\0".join((action, repo, pointer.oid, str(pointer.size), str(until)))
    return hmac.new(key, text.encode(), "sha256").hexdigest()
