"""The words and phrases a text is about, by how often they appear outside of filler words."""

import re
from collections import Counter

from operations.result import Option, Result

TITLE = "Keywords"
ABOUT = "The words and phrases that carry the text, most frequent first."
SAMPLE = "Solar panels turn light into power. A solar roof pays back faster where power is dear, and panels last for decades."
OPTIONS = {"most": Option("How many", 15), "phrases": Option("Phrases of two words too", True)}
_FILLERS = frozenset(
    "a about above after again all also an and any are as at be because been before being below between both but by can could did do does doing down during "
    "each few for from further had has have having he her here hers him his how i if in into is it its just like may me might more most much must my no nor not of "
    "off on once one only or other our out over own same she should so some such than that the their them then there these they this those through to too two under "
    "until up us very was we were what when where which while who whom why will with would you your yours said says".split()
)


def run(text: str, most: int = 15, phrases: bool = True) -> Result:
    counts: Counter = Counter()
    for sentence in re.split(r"[.!?;:,\n()]+", text.lower()):
        words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", sentence)
        counts.update(word for word in words if word not in _FILLERS and len(word) > 2)
        if phrases:
            pairs = zip(words, words[1:])
            counts.update(" ".join(pair) for pair in pairs if not _FILLERS & set(pair) and min(map(len, pair)) > 2)
    # A phrase seen once says no more than its two words.
    kept = [(word, count) for word, count in counts.items() if " " not in word or count > 1]
    kept.sort(key=lambda row: (-row[1] * (1.5 if " " in row[0] else 1), row[0]))
    total = sum(count for word, count in counts.items() if " " not in word) or 1
    rows = tuple((word, count, f"{count / total:.1%}") for word, count in kept[: max(1, int(most or 15))])
    return Result(numbers={"Different keywords": len(kept)}, headers=("Keyword", "Times", "Share"), rows=rows)
