"""Text"""

import re
import unicodedata
from collections import Counter


def count_words(text: str) -> dict:
    """Count the words, characters, sentences and seconds of reading of a text.

    Args:
        text: the text, any length up to 200,000 characters.
    """
    words = re.findall(r"\w+(?:['’-]\w+)*", text[:200_000])
    sentences = [part for part in re.split(r"(?<![.!?…])[.!?…]++(?:\s|$)", text) if part.strip()]
    return {"words": len(words), "characters": len(text), "sentences": len(sentences), "reading_seconds": round(len(words) / 230 * 60)}


def make_slug(text: str = "Crème brûlée: the best recipe", longest: int = 60) -> str:
    """Turn a title into a name for an address: lower case, hyphens, ASCII only.

    Args:
        text: the title.
        longest: at most this many characters, 1 to 200.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[: max(1, min(longest, 200))].rstrip("-")


def top_words(text: str, most: int = 10) -> list:
    """List the most frequent words of four letters and more, with their counts.

    Args:
        text: the text.
        most: how many words, 1 to 100.
    """
    counts = Counter(re.findall(r"[^\W\d_]{4,}", text.lower()))
    return [{"word": word, "count": count} for word, count in counts.most_common(max(1, min(most, 100)))]
