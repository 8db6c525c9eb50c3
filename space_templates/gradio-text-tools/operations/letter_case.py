"""The same text in another letter case."""

import re

from operations.result import Option, Result

TITLE = "Letter case"
ABOUT = "UPPER, lower, Title, Sentence, camelCase, snake_case and kebab-case."
SAMPLE = "the quick brown fox"
OPTIONS = {"style": Option("Style", "Title Case", ("UPPER CASE", "lower case", "Title Case", "Sentence case", "camelCase", "snake_case", "kebab-case"))}


def words(line: str) -> list[str]:
    return re.findall(r"[A-Z]?[^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|\d+|[^\W\d_]+", line)


STYLES = {
    "UPPER CASE": str.upper,
    "lower case": str.lower,
    "Title Case": lambda line: re.sub(r"[^\W\d_]+(?:['’][^\W\d_]+)?", lambda m: m[0][:1].upper() + m[0][1:].lower(), line),
    "Sentence case": lambda line: re.sub(r"(^|[.!?]\s+)([^\W\d_])", lambda m: m[1] + m[2].upper(), line.lower()),
    "camelCase": lambda line: "".join(w.lower() if i == 0 else w.capitalize() for i, w in enumerate(words(line))),
    "snake_case": lambda line: "_".join(w.lower() for w in words(line)),
    "kebab-case": lambda line: "-".join(w.lower() for w in words(line)),
}


def run(text: str, style: str = "Title Case") -> Result:
    turn = STYLES[style]
    return Result(text="\n".join(turn(line) for line in text.splitlines()), headers=("Style", "First line"), rows=tuple((name, change((text.splitlines() or [""])[0])) for name, change in STYLES.items()))
