"""Ranking by meaning without a model: words, their stems, and groups of words that mean the same, weighed by BM25.

A query about "transcribe a podcast" finds "Speech recognition of long recordings" because both contain the same
concepts. Concepts come from `catalogue/synonyms.json`.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

SYNONYMS = Path(__file__).parent / "catalogue" / "synonyms.json"
# BM25's two constants, at the values of Robertson and Zaragoza (2009).
SATURATION = 1.2
LENGTH = 0.6
# One shared concept weighs as much as this share of the literal word.
CONCEPT = 0.8
QUERY_WORDS = 64
_WORD = re.compile(r"[^\W_]+")
_ENDINGS = (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ers", ""), ("ed", ""), ("er", ""), ("es", ""), ("s", ""), ("e", ""))


@dataclass(frozen=True)
class Document:
    """One thing to be found: texts with the weight each has."""

    id: str
    fields: tuple[tuple[str, float], ...]


class Index:
    """Documents in memory, ready to be ranked. Frozen once built."""

    def __init__(self, documents: Iterable[Document]):
        self._terms: dict[str, list[tuple[str, float]]] = {}
        self._lengths: dict[str, float] = {}
        for document in documents:
            weights: Counter[str] = Counter()
            for text, weight in document.fields:
                for term, share in terms(text).items():
                    weights[term] += weight * share
            self._lengths[document.id] = sum(weights.values())
            for term, weight in weights.items():
                self._terms.setdefault(term, []).append((document.id, weight))
        self._mean = sum(self._lengths.values()) / max(len(self._lengths), 1) or 1.0

    def __len__(self) -> int:
        return len(self._lengths)

    def rank(self, query: str) -> list[tuple[str, float]]:
        """Ids with a relevance in 0..1, best first; what shares nothing with the query is absent.

        The relevance is the share of what a document saturated with every term of the query would score,
        so it says how well the query is met, not only how documents compare.
        """
        wanted = terms(query, limit=QUERY_WORDS)
        scores: Counter[str] = Counter()
        best = 0.0
        for term, share in wanted.items():
            found = self._terms.get(term, ())
            rarity = share * math.log(1 + (len(self) - len(found) + 0.5) / (len(found) + 0.5))
            if not term.startswith("="):
                best += rarity
            for id, weight in found:
                size = 1 - LENGTH + LENGTH * self._lengths[id] / self._mean
                scores[id] += rarity * weight * (SATURATION + 1) / (weight + SATURATION * size)
        ceiling = (best or 1.0) * (SATURATION + 1)
        ranked = sorted(scores.items(), key=lambda pair: (-pair[1], pair[0]))
        return [(id, round(1 - math.exp(-2 * score / ceiling), 6)) for id, score in ranked if score > 0]


def terms(text: str, *, limit: int | None = None) -> Mapping[str, float]:
    """The stems of a text, and the concepts (`=name`) its words and phrases stand for, each with how often."""
    concepts, stop, longest = _lexicon()
    words = [stem(word) for word in _WORD.findall(text.lower())[:limit]]
    found: Counter[str] = Counter()
    met: Counter[str] = Counter()
    for position, word in enumerate(words):
        if word not in stop:
            found[word] += 1
        for size in range(min(longest, len(words) - position), 0, -1):
            for concept in concepts.get(tuple(words[position : position + size]), ()):
                met[concept] = max(met[concept], size)
    for concept, size in met.items():
        # A phrase of two words names its concept more surely than one word of it does.
        found[f"={concept}"] = CONCEPT * (1 + 0.5 * (min(size, 3) - 1))
    return found


@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """The word without its commonest English endings: `removing`, `removes` and `remover` become `remov`."""
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            base = word[: -len(ending)] + instead
            doubled = len(base) > 3 and base[-1] == base[-2] and base[-1] not in "lsz"
            base = base[:-1] if doubled else base
            return base.removesuffix("e") if len(base) > 3 else base
    return word


@cache
def _lexicon() -> tuple[dict[tuple[str, ...], tuple[str, ...]], frozenset[str], int]:
    """Phrase (as stems) → concepts; the stems that carry no meaning; words of the longest phrase."""
    data = json.loads(SYNONYMS.read_text("utf-8"))
    phrases: dict[tuple[str, ...], tuple[str, ...]] = {}
    for name, members in data["groups"].items():
        for member in (name, *members):
            key = tuple(stem(word) for word in _WORD.findall(member.lower()))
            phrases[key] = tuple(dict.fromkeys((*phrases.get(key, ()), name)))
    return phrases, frozenset(stem(word) for word in data["stop"]), max(map(len, phrases))
