"""Finds words and replaces them, as many pairs as needed."""

import re

from operations.result import Option, Result

TITLE = "Find and replace"
ABOUT = "One pair a line, written as: old => new."
SAMPLE = "Dear Ms Smith, thank you for your order 1042. Yours, Bob"
OPTIONS = {"pairs": Option("old => new", "Smith => Jones\nBob => Alice", lines=4), "whole": Option("Whole words only", True), "match_case": Option("Upper and lower case matter", False)}


def run(text: str, pairs: str = "", whole: bool = True, match_case: bool = False) -> Result:
    rows = []
    for line in (pairs or "").splitlines():
        old, arrow, new = (part.strip() for part in line.partition("=>"))
        if not arrow or not old:
            continue
        shape = rf"(?<!\w){re.escape(old)}(?!\w)" if whole else re.escape(old)
        text, times = re.subn(shape, lambda _: new, text, flags=0 if match_case else re.IGNORECASE)
        rows.append((old, new, times))
    return Result(numbers={"Replaced": sum(times for *_, times in rows)}, text=text, headers=("Old", "New", "Times"), rows=tuple(rows), note="" if rows else "Write a pair such as: old => new")
