"""Lines of a text, and what may differ between two that are meant to be the same."""

from __future__ import annotations

import unicodedata

# One character for one, so that places in the text stay what they are.
LIKE = str.maketrans(dict(zip("‘’‚‛′“”„‟″«»‐‑‒–—―−\u00a0\u2007\u202f\u2009", "'''''\"\"\"\"\"\"\"-------    ", strict=True)))


def trailing(line: str) -> str:
    """The line without blanks at its end."""
    return line.rstrip()


def alike(line: str) -> str:
    """The line without blanks at its end, with plain quotes, dashes and blanks."""
    return unicodedata.normalize("NFC", line).translate(LIKE).rstrip()


def stripped(line: str) -> str:
    """The same without its indentation too."""
    return alike(line).strip()


def lines_of(text: str) -> list[str]:
    """The lines with their ends; only a line feed ends one, unlike for `splitlines`."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def line_at(text: str, at: int) -> int:
    """The number, from 1, of the line a character stands in."""
    return text.count("\n", 0, at) + 1
