"""Which paths and ref names a repository accepts."""

from __future__ import annotations

import re
import unicodedata

from dulwich.refs import check_ref_format

from core.errors import InvalidInput

MAX_PATH_BYTES = 4000
MAX_SEGMENT_BYTES = 255


def check_tree_path(path: str) -> str:
    """The path, if git and every file system can hold it: relative, POSIX, no `.`/`..`/`.git` part.

    Args:
        path: at most 4000 bytes of UTF-8, each part at most 255 bytes.

    Errors: `InvalidInput` with the reason.
    """
    reason = _wrong_with(path)
    if reason:
        shown = path if len(path) <= 120 else path[:117] + "…"
        raise InvalidInput(f"The path {shown!r} cannot be used: {reason}.", "Use a relative path such as src/app.py.")
    return path


def _wrong_with(path: str) -> str | None:
    if not path:
        return "it is empty"
    try:
        encoded = path.encode()
    except UnicodeEncodeError:
        return "it is not valid Unicode"
    if len(encoded) > MAX_PATH_BYTES:
        return f"it is longer than {MAX_PATH_BYTES} bytes"
    if path.startswith("/"):
        return "it is absolute"
    if "\\" in path:
        return "it contains a backslash"
    if any(unicodedata.category(c) == "Cc" for c in path):
        return "it contains a control character"
    for part in path.split("/"):
        if part == "":
            return "it has an empty part"
        if part in (".", ".."):
            return f"it contains {part!r}"
        if part.lower() == ".git":
            return "it contains .git"
        if len(part.encode()) > MAX_SEGMENT_BYTES:
            return f"one of its names is longer than {MAX_SEGMENT_BYTES} bytes"
    return None


def check_ref(name: str) -> str:
    """The full ref name (`refs/heads/main`), if git accepts it; `InvalidInput` otherwise."""
    try:
        fine = len(name) <= 250 and bool(re.match(r"refs/[^/]+/", name)) and check_ref_format(name.encode())
    except UnicodeEncodeError:
        fine = False
    # A branch whose name looks like a commit hides that commit from every lookup by revision.
    if not fine or re.fullmatch(r"[0-9a-f]{40}", name.rsplit("/", 1)[-1]):
        raise InvalidInput(f"{name[:120]!r} is not a valid ref name.", "Use letters, digits, '-', '_', '.' and '/'.")
    return name
