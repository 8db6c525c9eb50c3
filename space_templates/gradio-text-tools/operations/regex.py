"""Tries a regular expression on a text and lists every match with its groups."""

import multiprocessing
import re

from operations.result import Option, Result

TITLE = "Regex tester"
ABOUT = "Every match with its position and groups, and the text after a replacement."
SAMPLE = "Ada was born on 1815-12-10, Grace on 1906-12-09."
OPTIONS = {
    "pattern": Option("Pattern", r"(\d{4})-(\d{2})-(\d{2})"),
    "replacement": Option("Replace with", r"\3.\2.\1"),
    "ignore_case": Option("Ignore case", False),
    "multiline": Option("^ and $ match at every line", True),
}
_SECONDS = 2


def _search(connection, pattern: str, flags: int, text: str, replacement: str) -> None:
    found = [(m.group(), f"{m.start()}–{m.end()}", ", ".join("" if g is None else g for g in m.groups())) for _, m in zip(range(500), re.finditer(pattern, text, flags))]
    try:
        replaced = re.sub(pattern, replacement or "", text, flags=flags)
    except (re.error, IndexError) as error:
        replaced = f"The replacement is not valid: {error}"
    connection.send((found, replaced))


def run(text: str, pattern: str = "", replacement: str = "", ignore_case: bool = False, multiline: bool = True) -> Result:
    flags = (re.IGNORECASE if ignore_case else 0) | (re.MULTILINE if multiline else 0)
    try:
        re.compile(pattern or "", flags)
    except (re.error, OverflowError, RecursionError) as error:
        return Result(note=f"The pattern is not valid: {error}.")
    if not pattern:
        return Result(note="Type a pattern.")
    # Some patterns take years on some texts, and Python cannot interrupt them: they get a process of their own.
    ours, theirs = multiprocessing.get_context("fork").Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_search, args=(theirs, pattern, flags, text, replacement), daemon=True)
    process.start()
    theirs.close()
    try:
        found, replaced = ours.recv() if ours.poll(_SECONDS) else (None, None)
    except EOFError:
        found, replaced = None, None
    finally:
        process.kill()
        process.join()
        ours.close()
    if found is None:
        return Result(note=f"The pattern needs longer than {_SECONDS} seconds on this text. Nested repeats such as (a+)+ are the usual reason.")
    return Result(numbers={"Matches": len(found)}, text=replaced, headers=("Match", "Position", "Groups"), rows=tuple(found), note="" if found else "No match.")
