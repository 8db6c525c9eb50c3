"""Words of an idea: folded so that “Cafés” meets “cafe”, matched as whole words, turned into names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*(?:\+\+|#)?")
_SLUG_LENGTH = 60  # the Hub allows 96 for a repository name; the rest is room for a suffix


@lru_cache(maxsize=20_000)
def fold(word: str) -> str:
    """One word without case, accents, possessive and a plain English plural."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
    plain = re.sub(r"['’]s$", "", plain).replace("’", "'")
    if not plain.isascii() or len(plain) < 4:
        return plain
    if plain.endswith("ies") and len(plain) > 4:
        return plain[:-3] + "y"
    if plain.endswith(("sses", "shes", "ches", "xes")):
        return plain[:-2]
    if plain.endswith("s") and not plain.endswith(("ss", "us", "is")):
        return plain[:-1]
    return plain


def words_of(text: str) -> list[str]:
    """The folded words of a text, in order; hyphens separate."""
    return [fold(word) for word in _WORD.findall(unicodedata.normalize("NFC", text))]


def matched(phrases: Iterable[str], words: list[str]) -> list[str]:
    """Which of the phrases (one or more words) stand in the words, in the order given."""
    line = f" {' '.join(words)} "
    return [phrase for phrase in phrases if f" {_folded_phrase(phrase)} " in line]


@lru_cache(maxsize=5_000)
def _folded_phrase(phrase: str) -> str:
    return " ".join(words_of(phrase))


def slug_of(text: str) -> str:
    """A name the Hub accepts for a Space: ASCII letters, digits and single hyphens, at most 60 characters.

    A text with nothing of that (for instance in Chinese) becomes "my-space".
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", re.sub(r"['’]", "", plain)).strip("-")
    slug = slug[:_SLUG_LENGTH].rstrip("-")
    # The Hub refuses names that end in .git or .ipynb; without dots only the bare words are left to avoid.
    return slug if slug and slug not in ("git", "ipynb") else "my-space"
