"""How well a path fits words, and whether it is an example. Pure, with difflib alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache

# Words of folders and files that show how something is used, the most telling first.
EXAMPLE_WORDS = (
    "examples", "example", "scripts", "script", "tutorials", "tutorial", "notebooks", "notebook", "recipes", "recipe",
    "cookbook", "quickstart", "guides", "guide", "samples", "sample", "demos", "demo", "walkthrough", "howto",
    "getting", "started", "playground", "usecases", "showcase", "templates", "training", "finetuning", "projects", "lessons",
)  # fmt: skip
_PLACE = {word: place for place, word in enumerate(EXAMPLE_WORDS)}
_NO_TEXT = frozenset(
    "png jpg jpeg gif svg ico webp bmp pdf mp3 mp4 wav webm mov zip gz tar bin pt pth onnx npy npz parquet whl ttf woff woff2 lock".split()
)
_NEAR = 0.85  # two words that differ in a letter or an ending
_LONGEST = 300


def is_text(path: str) -> bool:
    """Whether the ending promises something to read."""
    return path.rpartition(".")[2].lower() not in _NO_TEXT


def tokens(text: str) -> list[str]:
    """The words of a path or a question in lower case; `SftTrainer_v2.py` is sft, trainer, v2, py."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text[:_LONGEST])
    return re.findall(r"[a-z0-9]+", parted.lower())


def example_place(path: str) -> int | None:
    """How telling the best example word among the path's words is, 0 the best; None where there is none."""
    return min((place for word in tokens(path) if (place := _word_place(word)) is not None), default=None)


@lru_cache(20_000)  # folders repeat the same few words
def _word_place(word: str) -> int | None:
    if word in _PLACE or len(word) <= 5:
        return _PLACE.get(word)
    near = get_close_matches(word, EXAMPLE_WORDS, n=1, cutoff=_NEAR)
    return _PLACE[near[0]] if near else None


def score(keyword: str, path: str) -> int:
    """0 to 100: how much of the keyword the path holds, as one piece or word by word, misspelled letters allowed."""
    wanted, have = tokens(keyword), tokens(path)
    if not wanted or not have:
        return 0
    by_words = sum(max(_near(word, other) for other in have) for word in wanted) / len(wanted)
    return round(100 * (by_words if by_words == 1.0 else max(by_words, _partial("".join(wanted), "".join(have)))))


@lru_cache(50_000)
def _near(word: str, other: str) -> float:
    if word == other:
        return 1.0
    matcher = SequenceMatcher(None, word, other, autojunk=False)
    if matcher.real_quick_ratio() < 0.6 or matcher.quick_ratio() < 0.6:
        return 0.0
    ratio = matcher.ratio()
    return ratio if ratio >= 0.6 else 0.0


def _partial(short: str, long: str) -> float:
    """The likeness of the short text to the piece of the long one that comes nearest."""
    if short in long:
        return 1.0 if len(short) > 2 else 0.5  # two letters are in nearly everything
    if len(short) >= len(long):
        return SequenceMatcher(None, short, long, autojunk=False).ratio()
    best = 0.0
    for block in SequenceMatcher(None, short, long, autojunk=False).get_matching_blocks():
        start = max(0, block.b - block.a)
        best = max(best, SequenceMatcher(None, short, long[start : start + len(short)], autojunk=False).ratio())
    return best


def nearest(path: str, known: Iterable[str], *, most: int = 10) -> list[str]:
    """The known paths that come nearest: the same file name elsewhere first, then similar ones."""
    name = path.rpartition("/")[2].lower()
    every = list(known)
    same = [one for one in every if one.rpartition("/")[2].lower() == name]
    names: dict[str, list[str]] = {}
    for one in every:
        names.setdefault(one.rpartition("/")[2].lower(), []).append(one)
    alike = [one for near in get_close_matches(name, names, n=most, cutoff=0.6) for one in names[near]]
    return list(dict.fromkeys((*sorted(same, key=len), *alike)))[:most]
