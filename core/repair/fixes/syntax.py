"""Python that does not parse, where what was meant is plain. Every fix must let the parser come further."""

from __future__ import annotations

import io
import re
import textwrap
import tokenize

from core.repair.fixes.reading import Files, Unfit, error_of, parses_further, place_of, text_of
from core.repair.values import Look

_TYPED = {"\u201c": '"', "\u201d": '"', "\u201e": '"', "\u2018": "'", "\u2019": "'", "\u2013": "-", "\u2014": "-", "\u00d7": "*", "\u2212": "-", "\uff1a": ":", "\uff08": "(", "\uff09": ")", "\uff0c": ","}
_UNSEEN = {"\u00a0": " ", "\u202f": " ", "\u3000": " ", "\u200b": "", "\u200c": "", "\u200d": "", "\u2060": "", "\ufeff": ""}
_HEADS = re.compile(r"^\s*(?:async\s+)?(?:def|class|if|elif|else|for|while|try|except|finally|with)\b")
_PAIRS = {"(": ")", "[": "]", "{": "}"}


def save_as_utf8(files: Files, look: Look) -> dict[str, bytes]:
    """UTF-8 in place of UTF-16 or of a western code page."""
    path = place_of(files, look)
    data = files[path]
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "cp1252"
    try:
        text = data.decode(encoding).lstrip("\ufeff")
    except UnicodeDecodeError:
        raise Unfit from None
    new = re.sub(r"^(#.*coding[:=]\s*)[-\w.]+", r"\1utf-8", text, count=1).encode()
    return _further(path, data, new)


def spaces_for_tabs(files: Files, look: Look) -> dict[str, bytes]:
    """Blanks for tabs: four for a tab as editors show them, or eight as Python counts them, whichever parses."""
    path, text = _broken(files, look)
    each = [re.sub(r"^[ \t]+", lambda space, size=size: space[0].expandtabs(size), text, flags=re.MULTILINE) for size in (4, 8)]
    return _further(path, text, next((new for new in each if error_of(new) is None), each[0]))


def strip_fences(files: Files, look: Look) -> dict[str, bytes]:
    """The program between the fences of a Markdown answer, or without the one that stands alone."""
    path, text = _broken(files, look)
    block = re.search(r"^```[\w+-]*[ \t]*\n(.*?)^```[ \t]*$", text, re.DOTALL | re.MULTILINE)
    new = block[1] if block else re.sub(r"^```.*\n?", "", text, flags=re.MULTILINE)
    return _further(path, text, new)


def plain_characters(files: Files, look: Look) -> dict[str, bytes]:
    """Straight quotes and visible blanks where the parser stumbles; only in lines that do not parse, never in texts elsewhere."""
    path, text = _broken(files, look)
    lines = text.split("\n")
    for _ in range(200):
        error = error_of("\n".join(lines))
        if error is None or not error.lineno or error.lineno > len(lines):
            break
        at = error.lineno - 1
        new = lines[at].translate(str.maketrans(_TYPED | _UNSEEN))
        if new == lines[at]:
            break
        lines[at] = new
    return _further(path, text, "\n".join(lines))


def add_colon(files: Files, look: Look) -> dict[str, bytes]:
    path, text = _broken(files, look)
    lines = text.split("\n")
    at = _line(text) - 1
    head, sharp, comment = lines[at].partition("  #")
    if not _HEADS.match(head) or head.rstrip().endswith(":"):
        raise Unfit
    lines[at] = head.rstrip().rstrip(";,") + ":" + sharp + comment
    return _further(path, text, "\n".join(lines))


def fill_empty_block(files: Files, look: Look) -> dict[str, bytes]:
    """`pass` where a block has no statement."""
    path, text = _broken(files, look)
    said = re.search(r"on line (\d+)", str(error_of(text)))
    if not said:
        raise Unfit
    lines = text.split("\n")
    head = int(said[1])
    while head < len(lines) and not lines[head - 1].rstrip().endswith(":"):  # the head of the block may have several lines
        head += 1
    margin = re.match(r"\s*", lines[int(said[1]) - 1])
    lines.insert(head, f"{margin[0] if margin else ''}    pass")
    return _further(path, text, "\n".join(lines))


def call_print(files: Files, look: Look) -> dict[str, bytes]:
    path, text = _broken(files, look)
    return _further(path, text, re.sub(r"^(\s*)print +(?!\()(.+?)[ \t]*$", r"\1print(\2)", text, flags=re.MULTILINE))


def close_brackets(files: Files, look: Look) -> dict[str, bytes]:
    """The brackets that are still open where a file was cut off, when it then parses whole."""
    path, text = _broken(files, look)
    opened: list[str] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.OP and token.string in _PAIRS:
                opened.append(_PAIRS[token.string])
            elif token.type == tokenize.OP and token.string in _PAIRS.values():
                if not opened or opened.pop() != token.string:
                    raise Unfit
    except (tokenize.TokenError, SyntaxError, IndentationError):
        pass
    new = text.rstrip().rstrip(",") + "".join(reversed(opened)) + "\n"
    if not opened or error_of(new) is not None:
        raise Unfit
    return _further(path, text, new)


def dedent(files: Files, look: Look) -> dict[str, bytes]:
    """Without the margin a whole file was pasted with, or the blanks before one line at the top level."""
    path, text = _broken(files, look)
    whole = textwrap.dedent(text)
    if whole != text and error_of(whole) is None:
        return _further(path, text, whole)
    lines = text.split("\n")
    at = _line(text) - 1
    before = next((line for line in reversed(lines[:at]) if line.strip()), "")
    margin = re.match(r"\s*", before)
    if before.rstrip().endswith((":", "(", ",", "[", "{", "\\")):
        raise Unfit
    lines[at] = (margin[0] if margin else "") + lines[at].lstrip()
    return _further(path, text, "\n".join(lines))


def _broken(files: Files, look: Look) -> tuple[str, str]:
    """The Python file that does not parse: the one the error names, else the first such one."""
    named = place_of(files, look) if look.path else ""
    for path in dict.fromkeys([named, *(path for path in files if path.endswith(".py"))]):
        if path in files and error_of(files[path]) is not None:
            return path, text_of(files, path)
    raise Unfit


def _line(text: str) -> int:
    error = error_of(text)
    number = error.lineno if error else None
    if not number or number > text.count("\n") + 1:
        raise Unfit
    return number


def _further(path: str, before: str | bytes, after: str | bytes) -> dict[str, bytes]:
    if before == after or not parses_further(before, after):
        raise Unfit
    return {path: after if isinstance(after, bytes) else after.encode()}


FIXES = (save_as_utf8, spaces_for_tabs, strip_fences, plain_characters, add_colon, fill_empty_block, call_print, close_brackets, dedent)
