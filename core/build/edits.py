"""Search-and-replace edits of text files: exact where it can be, tolerant where that is safe, and all or none.

A model copies the text it wants replaced from memory, so blanks, quotes, line ends and indentation are often a little off.
Those four are forgiven, in this order; anything less alike is only told, with its lines and what differs, never applied.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from core.build.alike import LIKE, alike, line_at, lines_of, stripped, trailing
from core.build.nearest import nearest
from core.build.paths import check_path
from core.errors import InvalidInput

MOST_EDITS = 100
MOST_CHARACTERS = 2_000_000
_TAB = 4


@dataclass(frozen=True)
class Edit:
    """Replace `search` by `replace` in one file. An empty search makes a new file. all: every place, not the only one."""

    path: str
    search: str
    replace: str
    all: bool = False


@dataclass(frozen=True)
class Applied:
    """Where an edit was made: line counts from 1; how: exact, line endings, trailing blanks, quotes, indentation or created."""

    path: str
    line: int
    how: str
    places: int = 1

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Edited:
    """changes: path → the whole new content of each file that differs."""

    changes: dict[str, bytes]
    applied: tuple[Applied, ...]


@dataclass(frozen=True)
class _Place:
    """From character to character, and what comes there."""

    start: int
    end: int
    text: str


class _Failed(Exception):
    def __init__(self, problem: str, **details: Any):
        super().__init__(problem)
        self.problem, self.details = problem, details


def apply_edits(files: Mapping[str, bytes], edits: Sequence[Edit]) -> Edited:
    """The files after these edits, made one after the other.

    Args:
        files: path → content of every file there is.
        edits: 1 to 100, at most 2 million characters together.

    Raises InvalidInput when any of them cannot be made; `details["edits"]` then has `{edit, path, problem, …}` for each such one
    (edit counts from 1), with the lines of several matches, or the nearest block and what differs. Nothing is half-made: the
    files given are never changed.
    """
    if not 1 <= len(edits) <= MOST_EDITS:
        raise InvalidInput(f"One call takes 1 to {MOST_EDITS} edits; these are {len(edits)}.")
    if sum(len(edit.search) + len(edit.replace) for edit in edits) > MOST_CHARACTERS:
        raise InvalidInput(f"The edits are longer than {MOST_CHARACTERS:,} characters together.", "Make them in several calls.")
    now: dict[str, bytes] = dict(files)
    applied: list[Applied] = []
    failures: list[dict[str, Any]] = []
    for number, edit in enumerate(edits, start=1):
        try:
            now[edit.path], done = _made(now, edit)
            applied.append(done)
        except _Failed as failed:
            failures.append({"edit": number, "path": edit.path[:200], "problem": failed.problem, **failed.details})
    if failures:
        first = failures[0]
        more = f" and {len(failures) - 1} more" if len(failures) > 1 else ""
        raise InvalidInput(
            f"Edit {first['edit']} of {len(edits)} ({first['path']}){more} could not be made, so none was: {first['problem']}",
            "Copy the search text from the file as it stands now, and send all edits again.",
            edits=failures[:20],
        )
    return Edited({path: data for path, data in now.items() if files.get(path) != data}, tuple(applied))


def _made(files: Mapping[str, bytes], edit: Edit) -> tuple[bytes, Applied]:
    try:
        check_path(edit.path)
        replace = edit.replace.encode()
    except InvalidInput as error:
        raise _Failed(error.message) from None
    except UnicodeEncodeError:
        raise _Failed("The text holds half of a surrogate pair, which no file can hold.") from None
    data = files.get(edit.path)
    if data is None:
        if edit.search:
            near = difflib.get_close_matches(edit.path, files, n=3, cutoff=0.5)
            raise _Failed("There is no such file.", nearest_paths=near)
        return replace, Applied(edit.path, 1, "created")
    if not edit.search:
        if data.strip():
            raise _Failed("The file exists, and an empty search makes new files only; give the text to replace, or replace the whole file with project_write.")
        return replace, Applied(edit.path, 1, "created")
    try:
        text = data.decode()
    except UnicodeDecodeError:
        raise _Failed("The file is not text.") from None
    if edit.search == edit.replace:
        raise _Failed("Search and replace are the same, so nothing would change.")
    if "\r\n" in text:
        edit = Edit(edit.path, edit.search, edit.replace.replace("\r\n", "\n").replace("\n", "\r\n"), edit.all)
    places, how = _found(text, edit)
    if len(places) > 1 and not edit.all:
        lines = [line_at(text, place.start) for place in places]
        raise _Failed(
            f"The search text stands {len(places)} times, at the lines {', '.join(map(str, lines[:10]))}; give more of what stands around it, or all: true.",
            lines=lines[:50],
        )
    line = line_at(text, places[0].start)
    for place in reversed(places):
        text = text[: place.start] + place.text + text[place.end :]
    return text.encode(), Applied(edit.path, line, how, len(places))


def _found(text: str, edit: Edit) -> tuple[list[_Place], str]:
    for how, look in _WAYS:
        places = list(look(text, edit))
        if places:
            return places, how
    raise _Failed("The search text does not stand in the file.", **nearest(text, edit.search, edit.replace))


def _exactly(text: str, edit: Edit) -> Iterator[_Place]:
    yield from _occurrences(text, edit.search, edit.replace)


def _other_line_ends(text: str, edit: Edit) -> Iterator[_Place]:
    end = "\r\n" if "\r\n" in text else "\n"
    search = edit.search.replace("\r\n", "\n").replace("\n", end)
    if search != edit.search:
        yield from _occurrences(text, search, edit.replace)


def _other_quotes(text: str, edit: Edit) -> Iterator[_Place]:
    yield from _occurrences(text.translate(LIKE), edit.search.translate(LIKE), edit.replace)


def _occurrences(text: str, search: str, replace: str) -> Iterator[_Place]:
    at = text.find(search)
    while at >= 0:
        yield _Place(at, at + len(search), replace)
        at = text.find(search, at + len(search))


def _by_lines(same: Callable[[str], str], shifted: bool = False) -> Callable[[str, Edit], Iterator[_Place]]:
    """Whole lines that are alike once `same` took out what does not count; shifted: all indented a little more or less."""

    def look(text: str, edit: Edit) -> Iterator[_Place]:
        lines = lines_of(text)
        wanted = edit.search.replace("\r\n", "\n").split("\n")
        while wanted and not wanted[-1].strip():
            wanted.pop()
        before = 0
        while before < len(wanted) and not wanted[before].strip():
            before += 1
        wanted = wanted[before:]
        if not wanted:
            return
        keys, goal = [same(line) for line in lines], [same(line) for line in wanted]
        starts = _starts(lines)
        at = 0
        while at <= len(lines) - len(goal):
            window = lines[at : at + len(goal)]
            if keys[at] != goal[0] or keys[at : at + len(goal)] != goal or (shifted and _shift(window, wanted) is None):
                at += 1
                continue
            new = _reindented(edit.replace, window, wanted) if shifted else edit.replace
            yield _Place(starts[at], starts[at + len(goal)], _fitted(new, window, before))
            at += len(goal)

    return look


def _fitted(replace: str, window: Sequence[str], blank: int) -> str:
    """The replacement with the line ends of what it replaces; `blank` empty lines the search began with are not put in again."""
    end = "\r\n" if window[0].endswith("\r\n") else "\n"
    lines = replace.replace("\r\n", "\n").split("\n")
    while blank and lines and not lines[0].strip():
        lines, blank = lines[1:], blank - 1
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        return ""
    return end.join(lines) + (end if window[-1].endswith("\n") else "")


def _shift(window: Sequence[str], wanted: Sequence[str]) -> int | None:
    """How many columns further in the file's lines stand than the wanted ones; None when not all by the same."""
    shifts = {_indent(there) - _indent(here) for there, here in zip(window, wanted, strict=True) if here.strip()}
    return shifts.pop() if len(shifts) == 1 else None


def _reindented(replace: str, window: Sequence[str], wanted: Sequence[str]) -> str:
    shift = _shift(window, wanted) or 0
    tabs = any(line.startswith("\t") for line in window)
    made = []
    for line in replace.replace("\r\n", "\n").split("\n"):
        width = max(_indent(line) + shift, 0)
        blanks = "\t" * (width // _TAB) + " " * (width % _TAB) if tabs else " " * width
        made.append(blanks + line.lstrip(" \t") if line.strip() else "")
    return "\n".join(made)


def _indent(line: str) -> int:
    plain = line.rstrip("\r\n")
    return len(plain[: len(plain) - len(plain.lstrip(" \t"))].expandtabs(_TAB))


_WAYS: tuple[tuple[str, Callable[[str, Edit], Iterator[_Place]]], ...] = (
    ("exact", _exactly),
    ("line endings", _other_line_ends),
    ("trailing blanks", _by_lines(trailing)),
    ("quotes", _other_quotes),
    ("quotes", _by_lines(alike)),
    ("indentation", _by_lines(stripped, shifted=True)),
)


def _starts(lines: Sequence[str]) -> list[int]:
    """The character each line begins at, and the end."""
    found = [0]
    for line in lines:
        found.append(found[-1] + len(line))
    return found
