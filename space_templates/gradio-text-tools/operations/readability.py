"""How hard a text is to read: Flesch reading ease and Flesch-Kincaid grade (English)."""

import re

from operations.result import Result

TITLE = "Readability"
ABOUT = "Flesch reading ease, the school grade it needs, and the longest sentences."
SAMPLE = "Plain words help. The implementation of comprehensive organisational transformation initiatives necessitates considerable interdepartmental collaboration."
OPTIONS = {}
_LEVELS = ((90, "very easy"), (80, "easy"), (70, "fairly easy"), (60, "plain"), (50, "fairly hard"), (30, "hard"))


def syllables(word: str) -> int:
    groups = len(re.findall(r"[aeiouy]+", word.lower()))
    silent = word.lower().endswith("e") and not word.lower().endswith(("le", "ee"))
    return max(1, groups - (1 if silent and groups > 1 else 0))


def run(text: str) -> Result:
    sentences = [part.strip() for part in re.split(r"(?<=[.!?…])\s+|\n+", text) if re.search(r"\w", part)]
    words = re.findall(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", text)
    if not words:
        return Result(note="Type a few sentences first.")
    per_sentence = len(words) / len(sentences)
    per_word = sum(map(syllables, words)) / len(words)
    ease = 206.835 - 1.015 * per_sentence - 84.6 * per_word
    grade = 0.39 * per_sentence + 11.8 * per_word - 15.59
    level = next((name for least, name in _LEVELS if ease >= least), "very hard")
    longest = sorted(sentences, key=lambda sentence: -len(sentence.split()))[:5]
    return Result(
        numbers={
            "Reading ease": f"{ease:.0f} of 100",
            "Level": level,
            "School grade": f"{max(0, grade):.1f}",
            "Words a sentence": f"{per_sentence:.1f}",
            "Syllables a word": f"{per_word:.2f}",
        },
        headers=("Longest sentences", "Words"),
        rows=tuple((sentence, len(sentence.split())) for sentence in longest),
    )
