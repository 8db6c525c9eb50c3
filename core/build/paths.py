"""Which file names a project may hold: those that mean the same file on every system, in git and in a zip."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from core.build.limits import PATH_BYTES, PATH_PART_BYTES, PROJECT_FILES
from core.errors import InvalidInput, TooLarge

# Names Windows reserves for devices, with or without an extension.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{device}{number}" for device in ("com", "lpt") for number in "123456789¹²³"}
)
_FIX = "Use a relative path such as app.py or data/sample.csv."


def check_path(path: str) -> str:
    """The path itself, when it is safe.

    Args:
        path: relative POSIX path of a file, at most 255 bytes a part and 1000 bytes in all.

    Raises InvalidInput naming the path for anything absolute, with `..`, `.` or empty parts, backslashes,
    control characters, drive letters, characters or names Windows forbids, a `.git` folder in any
    spelling, or a part that ends in a dot or a space.
    """
    if not isinstance(path, str) or not path:
        raise InvalidInput("A file needs a name, and this one is empty.", _FIX)
    reason = _fault(path)
    if reason:
        raise InvalidInput(f"The file name {_shown(path)} {reason}.", _FIX, path=_shown(path, quote=False))
    return path


def check_set(paths: Iterable[str]) -> list[str]:
    """The paths, each checked, when they can stand beside each other.

    Args:
        paths: all files of one project, at most 2000.

    Raises InvalidInput when two names differ only by case or Unicode form, or one is a folder of another.
    """
    checked = [check_path(path) for path in paths]
    if len(checked) > PROJECT_FILES:
        raise TooLarge(f"{len(checked)} files are more than the {PROJECT_FILES} a project may hold.")
    seen: dict[str, str] = {}
    for path in checked:
        folded = _folded(path)
        if folded in seen:
            other = seen[folded]
            what = "stands there twice" if other == path else f"and {_shown(other)} are one file on some systems"
            raise InvalidInput(f"The file name {_shown(path)} {what}.", "Rename or remove one of them.", path=path)
        seen[folded] = path
    spelled: dict[str, str] = {}
    for path in checked:
        parts = path.split("/")
        for end in range(1, len(parts)):
            folder = "/".join(parts[:end])
            if _folded(folder) in seen:
                raise InvalidInput(f"{_shown(folder)} is both a file and a folder.", "Rename one of them.", path=path)
            if spelled.setdefault(_folded(folder), folder) != folder:
                raise InvalidInput(
                    f"The folders {_shown(folder)} and {_shown(spelled[_folded(folder)])} are one folder on some systems.",
                    "Spell them the same way.",
                    path=path,
                )
    return checked


def within(path: str, paths: Iterable[str]) -> list[str]:
    """The file of that name, or the files below the folder of that name, by path; none when there is neither."""
    wanted = check_path(path.rstrip("/"))
    return sorted(one for one in paths if one == wanted or one.startswith(f"{wanted}/"))


def _folded(path: str) -> str:
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def _fault(path: str) -> str | None:
    try:
        size = len(path.encode())
    except UnicodeEncodeError:
        return "is not valid Unicode"
    if size > PATH_BYTES:
        return f"is longer than {PATH_BYTES} bytes"
    if any(unicodedata.category(c) in ("Cc", "Zl", "Zp") or c in "\u202a\u202b\u202d\u202e\u2066\u2067\u2068" for c in path):
        return "holds a control character"
    if "\\" in path:
        return "holds a backslash"
    if path.startswith("/"):
        return "is absolute"
    for part in path.split("/"):
        reason = _part_fault(part)
        if reason:
            return reason
    return None


def _part_fault(part: str) -> str | None:
    if part == "..":
        return "points outside the project"
    if part in ("", "."):
        return "holds an empty part"
    if len(part.encode()) > PATH_PART_BYTES:
        return f"has a part longer than {PATH_PART_BYTES} bytes"
    if any(c in '<>:"|?*' for c in part):
        return "holds a character some systems forbid"
    if part[-1] in ". " or part[0] == " ":
        return "has a part that ends in a dot, or begins or ends with a space"
    # HFS+ ignores zero-width characters, NTFS knows .git as git~1: both have been used to write into .git.
    plain = "".join(c for c in unicodedata.normalize("NFKC", part) if unicodedata.category(c) != "Cf").casefold()
    if plain.rstrip(". ") in (".git", "git~1"):
        return "would change the project's own history"
    if plain.split(".")[0].rstrip(" ") in _DEVICES:
        return "is reserved by Windows"
    return None


def _shown(path: str, *, quote: bool = True) -> str:
    short = path if len(path) <= 80 else path[:77] + "…"
    printable = "".join(c if c.isprintable() else "\ufffd" for c in short).encode(errors="replace").decode()
    return f"“{printable}”" if quote else printable
