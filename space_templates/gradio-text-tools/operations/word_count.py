"""Counts words, characters and sentences, and says how long it takes to read."""

import re
from collections import Counter

from operations.result import Option, Result

TITLE = "Word count"
ABOUT = "Words, characters, sentences, paragraphs and the time to read them."
SAMPLE = "The lighthouse keeper counted the waves. Forty a minute, he said, on a calm day.\n\nOn a stormy day nobody counts."
OPTIONS = {"speed": Option("Words a minute", 230)}


def run(text: str, speed: int = 230) -> Result:
    words = re.findall(r"\w+(?:['’-]\w+)*", text)
    sentences = [part for part in re.split(r"(?<![.!?…])[.!?…]++(?:\s|$)", text) if part.strip()]
    paragraphs = [part for part in re.split(r"\n\s*\n", text) if part.strip()]
    seconds = round(len(words) / max(1, speed or 230) * 60)
    lengths = Counter(len(word) for word in words)
    return Result(
        numbers={
            "Words": len(words),
            "Characters": len(text),
            "Without spaces": len(re.sub(r"\s", "", text)),
            "Sentences": len(sentences),
            "Paragraphs": len(paragraphs),
            "Reading time": f"{seconds // 60} min {seconds % 60} s" if seconds >= 60 else f"{seconds} s",
            "Different words": len({word.lower() for word in words}),
        },
        headers=("Letters in a word", "Words"),
        rows=tuple(sorted(lengths.items())),
    )
