"""Which of some texts fit some words, by how rare each word is among them. Small, in memory, without an index to keep."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDINGS = ("ing", "ies", "es", "ed", "s")
_COMMON = frozenset("a an and are as at be by do for from how i in is it of on or that the this to use what where which with".split())
_WORDS = 4_000
Fields = Sequence[tuple[str, float]]


def words(text: str) -> list[str]:
    """The words of a text in lower case without their endings; `createRepo` and `create_repo` are two words each."""
    found = (_stem(word) for word in _WORD.findall(_CAMEL.sub(" ", text[:60_000]).lower()) if word not in _COMMON)
    return [word for word in found if word][:_WORDS]


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)]
    return word.removesuffix("e").removesuffix("y") if len(word) > 3 else word


def rank(query: str, texts: Sequence[Fields]) -> list[tuple[int, float]]:
    """The places of the texts that hold at least one of the words, best first, each with its score.

    Args:
        texts: each as fields of (text, weight); what holds more of the query's words stands before what repeats one of them.
    """
    asked = list(dict.fromkeys(words(query)))[:40]
    counted = [[(Counter(words(text)), weight) for text, weight in fields] for fields in texts]
    rare = {word: math.log(1 + len(texts) / (1 + sum(any(word in field for field, _ in fields) for fields in counted))) for word in asked}
    scored = []
    for place, fields in enumerate(counted):
        score, held = 0.0, 0
        for word in asked:
            weight = sum(weight * count / (count + 1.2) for field, weight in fields if (count := field[word]))
            score += rare[word] * weight
            held += weight > 0
        if held:
            scored.append((place, round(score * held / len(asked), 4)))
    return sorted(scored, key=lambda one: (-one[1], one[0]))
