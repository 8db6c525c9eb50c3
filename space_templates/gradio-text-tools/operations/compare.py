"""What changed from one text to another, line by line and as a share."""

import difflib

from operations.result import Option, Result

TITLE = "Compare"
ABOUT = "Two versions of a text, and the lines that differ."
SAMPLE = "Mix the flour and the salt.\nAdd two eggs.\nBake for 20 minutes."
OPTIONS = {"other": Option("The other version", "Mix the flour and the sugar.\nAdd two eggs.\nRest the dough.\nBake for 25 minutes.", lines=8)}


def run(text: str, other: str = "") -> Result:
    old, new = text.splitlines(), (other or "").splitlines()
    # Without autojunk many equal lines take quadratic time.
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=len(new) > 500)
    rows: list[tuple] = []
    added = removed = 0
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            rows += [("−", line) for line in old[a:b]] + [("+", line) for line in new[c:d]]
            removed, added = removed + b - a, added + d - c
    return Result(
        numbers={"Alike": f"{difflib.SequenceMatcher(None, text[:5000], (other or '')[:5000]).ratio():.0%}", "Lines added": added, "Lines removed": removed},
        headers=("", "Line"),
        rows=tuple(rows),
        text="\n".join(difflib.unified_diff(old, new, "before", "after", lineterm="", n=2)),
        note="" if rows else "Both texts are the same.",
    )
