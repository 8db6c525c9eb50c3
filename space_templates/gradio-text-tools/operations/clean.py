"""Tidies pasted text: spaces, blank lines, duplicates, order."""

import re

from operations.result import Option, Result

TITLE = "Clean up"
ABOUT = "Removes what copying and pasting left behind."
SAMPLE = "  apples   and  pears \n\n\n\nplums\nplums\n  cherries  "
OPTIONS = {
    "spaces": Option("Single spaces", True),
    "blank": Option("No blank lines", True),
    "duplicates": Option("Each line once", True),
    "order": Option("Order of lines", "as they are", ("as they are", "A to Z", "Z to A", "shortest first")),
}
_ORDERS = {"A to Z": (str.casefold, False), "Z to A": (str.casefold, True), "shortest first": (len, False)}


def run(text: str, spaces: bool = True, blank: bool = True, duplicates: bool = True, order: str = "as they are") -> Result:
    before = text.splitlines()
    lines = [re.sub(r"[ \t\u00a0\u200b]+", " ", line).strip() for line in before] if spaces else list(before)
    if blank:
        lines = [line for line in lines if line.strip()]
    if duplicates:
        seen: set[str] = set()
        lines = [line for line in lines if not line.strip() or not (line in seen or seen.add(line))]
    if order in _ORDERS:
        key, backwards = _ORDERS[order]
        lines.sort(key=key, reverse=backwards)
    after = "\n".join(lines)
    return Result(numbers={"Lines before": len(before), "Lines after": len(lines), "Characters saved": len(text) - len(after)}, text=after)
