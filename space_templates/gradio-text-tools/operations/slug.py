"""Names for addresses and files: one slug a line."""

import re
import unicodedata

from operations.result import Option, Result

TITLE = "Slug maker"
ABOUT = "Turns each line into a name that works in an address or a file name."
SAMPLE = "Crème brûlée: the 10 best recipes!\nWhat is new in 2026?"
OPTIONS = {"separator": Option("Between words", "-", ("-", "_", ".")), "longest": Option("At most characters", 60)}


def slug(line: str, separator: str = "-", longest: int = 60) -> str:
    plain = unicodedata.normalize("NFKD", line.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", separator, re.sub(r"['’]", "", plain)).strip(separator)[: max(1, int(longest or 60))].rstrip(separator)


def run(text: str, separator: str = "-", longest: int = 60) -> Result:
    lines = [line for line in text.splitlines() if line.strip()]
    rows = tuple((line, slug(line, separator, longest)) for line in lines)
    return Result(numbers={"Lines": len(rows)}, text="\n".join(made for _, made in rows), headers=("Line", "Slug"), rows=rows)
