"""Pulls e-mail addresses, links, numbers, dates or hashtags out of a text."""

import re

from operations.result import Option, Result

TITLE = "Extract"
ABOUT = "E-mail addresses, links, numbers, dates, phone numbers, hashtags."
SAMPLE = "Write to ada@example.org or see https://example.org/notes by 2026-03-01. Tickets are 12.50 each #sale, phone +44 20 7946 0958."
OPTIONS = {"what": Option("What to find", "everything", ("everything", "e-mail", "link", "date", "phone", "hashtag", "number")), "once": Option("Each one once", True)}
_SHAPES = {
    "e-mail": r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}",
    "link": r"https?://[^\s<>\"')]+[^\s<>\"').,;:!?]",
    "date": r"\b\d{4}-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./]\d{2,4}\b",
    "phone": r"(?<!\w)\+?\d{1,3}[ -](?:\(?\d{2,4}\)?[ -]){1,3}\d{3,4}\b",
    "hashtag": r"(?<!\w)#\w+",
    "number": r"(?<![\w.])[+-]?\d+(?:[.,]\d+)*(?![\w])",
}


def run(text: str, what: str = "everything", once: bool = True) -> Result:
    names = list(_SHAPES) if what == "everything" else [what]
    # One expression, so that the digits of a date are not found again as numbers.
    shape = "|".join(f"(?P<g{place}>{_SHAPES[name]})" for place, name in enumerate(names))
    found = [(names[int(match.lastgroup[1:])], match.group()) for match in re.finditer(shape, text)]
    if once:
        found = list(dict.fromkeys(found))
    counts = {name.capitalize(): sum(kind == name for kind, _ in found) for name in names}
    return Result(numbers={name: count for name, count in counts.items() if count} or {"Found": 0}, headers=("Kind", "Found"), rows=tuple(found), text="\n".join(value for _, value in found))
