"""The sentences of a text that say most, in their own order. It picks, it does not write."""

import re
from collections import Counter

from operations.result import Option, Result

TITLE = "Summary"
ABOUT = "Picks the sentences that share most words with the rest of the text."
SAMPLE = (
    "Bees visit flowers for nectar. While they drink, pollen sticks to their legs. The pollen falls off at the next flower, and that flower can make seeds. "
    "Farmers know this well. Without bees, many fruit trees would carry little fruit. Some farmers therefore rent bees for a few weeks in spring."
)
OPTIONS = {"sentences": Option("Sentences to keep", 2)}


def run(text: str, sentences: int = 2) -> Result:
    parts = [part.strip() for part in re.split(r"(?<=[.!?…])\s+|\n+", text) if re.search(r"\w", part)]
    bags = [{word for word in re.findall(r"[^\W\d_]{4,}", part.lower())} for part in parts]
    frequency = Counter(word for bag in bags for word in bag)
    scores = [sum(frequency[word] - 1 for word in bag) / (len(bag) + 3) + (0.3 if place == 0 else 0) for place, bag in enumerate(bags)]
    keep = sorted(sorted(range(len(parts)), key=lambda place: -scores[place])[: max(1, int(sentences or 2))])
    kept = " ".join(parts[place] for place in keep)
    share = len(kept) / len(text) if text else 0
    return Result(
        numbers={"Sentences": f"{len(keep)} of {len(parts)}", "Length": f"{share:.0%} of the text"},
        text=kept,
        headers=("Sentence", "Weight"),
        rows=tuple((parts[place], round(scores[place], 2)) for place in sorted(range(len(parts)), key=lambda place: -scores[place])),
    )
