"""What is told of a search that found nothing: the block most like it, with its lines, and the first line that differs."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from core.build.alike import line_at, lines_of, stripped

NEAREST = 0.6  # how alike a block must be to be told as the nearest one
_PART = 0.45  # of a search within one line: what must stand there in one piece for the line to be told
_BEGINS_RIGHT = 0.15
_BY_CHARACTER = 4_000  # characters of a search; longer ones are compared by whole lines, because comparing letters is quadratic
_MOST_COMPARED = 2_000_000  # pairs of lines; above that no nearest block is looked for
_MOST_SEARCHED = 3_000  # lines a piece of one line is looked for in
_WORTH_SAYING = 10  # characters of a replacement that hardly stand in the file by chance
_SHOWN_LINES = 12
_SHOWN_CHARACTERS = 160


def nearest(text: str, search: str, replace: str) -> dict[str, Any]:
    """What is told of a search that found nothing: the block most like it, and the first line that differs."""
    lines, wanted = ([line.rstrip("\r\n") for line in lines_of(one)] for one in (text, search.strip("\r\n")))
    told: dict[str, Any] = {"lines_in_file": len(lines)}
    if len(replace.strip()) >= _WORTH_SAYING and replace in text:
        told["note"] = f"The replacement stands in the file already, at line {line_at(text, text.find(replace))}."
    if not wanted or len(lines) * len(wanted) > _MOST_COMPARED:
        return told
    keys, goal = [stripped(line) for line in lines], [stripped(line) for line in wanted]
    ratio, at = _closest(keys, goal)
    if ratio < NEAREST and len(goal) == 1 and goal[0]:
        ratio, at = _closest_part(keys, goal[0])
    elif ratio < NEAREST:
        return told
    if not ratio:
        return told
    shown = [f"{number}: {line[:_SHOWN_CHARACTERS]}" for number, line in enumerate(lines[at : at + len(goal)], start=at + 1)]
    told["nearest"] = {"from_line": at + 1, "alike": round(ratio, 2), "text": shown[:_SHOWN_LINES]}
    for offset, (here, there) in enumerate(zip(wanted, lines[at:], strict=False)):
        if stripped(here) != stripped(there):
            told["differs"] = {"line": at + offset + 1, "searched": here[:_SHOWN_CHARACTERS], "there": there[:_SHOWN_CHARACTERS]}
            break
    return told


def _closest(keys: Sequence[str], goal: Sequence[str]) -> tuple[float, int]:
    """The best ratio and where it stands; the places with most equal lines are compared in full."""
    size = min(len(goal), len(keys))
    if not size:
        return 0.0, 0
    counts = [(sum(a == b and a != "" for a, b in zip(keys[at : at + size], goal, strict=False)), at) for at in range(len(keys) - size + 1)]
    first = difflib.get_close_matches(goal[0], keys, n=3, cutoff=0.6) if len(keys) <= 5_000 else []
    likely = {at for _, at in sorted(counts, key=lambda one: (-one[0], one[1]))[:5]}
    likely |= {keys.index(line) for line in first if keys.index(line) <= len(keys) - size}
    by_character = sum(map(len, goal)) <= _BY_CHARACTER
    rated = {at: _ratio(keys[at : at + size], goal, by_character) for at in likely}
    # A block is known by its first line: of two that are about as alike, the one that begins right is meant.
    at = max(rated, key=lambda at: (rated[at] + (_BEGINS_RIGHT if keys[at] in (goal[0], *first) else 0), -at))
    return rated[at], at


def _closest_part(keys: Sequence[str], part: str) -> tuple[float, int]:
    """The line that holds the longest piece of a text within one line, and how much of it that is; (0.0, 0) when it is too little."""
    best = (0.0, 0)
    for at, line in enumerate(keys[:_MOST_SEARCHED]):
        piece = difflib.SequenceMatcher(None, line[:500], part[:500], autojunk=False).find_longest_match()
        best = max(best, (piece.size / len(part), at), key=lambda one: one[0])
    return best if best[0] >= _PART else (0.0, 0)


def _ratio(here: Sequence[str], there: Sequence[str], by_character: bool) -> float:
    a, b = ("\n".join(here)[: 2 * _BY_CHARACTER], "\n".join(there)) if by_character else (here, there)
    return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
