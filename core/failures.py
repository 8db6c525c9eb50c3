"""The first real error of a log: the sentence, and the place in the app it points at. Pure.

Logs of the Hub, of a preview and of an installer are read by the same rules, so that the page, the agent and the
repair speak of the same error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST = 500  # characters of a sentence

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07")
_TRACEBACK = re.compile(r"^\s*(?:\S+ \| )?(?:ERROR:\s+)?Traceback \(most recent call last\):\s*$")
_FRAME = re.compile(r'^\s*File "(?P<path>[^"]+)", line (?P<line>\d+)')
_EXCEPTION = re.compile(r"^\s*[A-Za-z_][\w.]*(?::|$)")
_STAMP = re.compile(r"^\s*(?:\[?\d{4}-\d\d-\d\d[T ][\d:.,]+Z?\]?\s+|#\d+ [\d.]+ )")
_ERRORS = (
    re.compile(r"^[Ee]rror: "),  # uv, git, compilers, command lines
    re.compile(r"^\s*× "),  # uv's resolver
    re.compile(r"^(?:npm ERR!|npm error) (?!A complete log)"),
    re.compile(r"^[A-Z]\w*(?:Error|Exception): "),
    re.compile(r"^(?:fatal|FATAL|CRITICAL|Fatal)\b[: ]"),
    re.compile(r"^\S+: (?:command not found|No such file or directory|Permission denied)"),
    re.compile(r"^(?:python\d?|/\S*python\S*): (?:can't open file|No module named)"),
    re.compile(r"^(?:Killed|Out of memory|Segmentation fault)", re.IGNORECASE),
    # pip, docker, loggers; pip's sentence about its resolver is only a warning, uvicorn's about its application a headline
    re.compile(r"^\[?ERROR\]?[: ](?! ?pip's dependency resolver does not)(?!\s*Exception in ASGI application)"),
)
# What a browser says of where: a path of the app's own, never another address.
_SCRIPT = re.compile(r"\(/(?P<path>[\w./-]{1,200}):(?P<line>\d{1,7}):\d{1,7}\)")
# Frames of packages and of Python itself; what stands beside them is the app's own.
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib/python3[.\d]*/|^<frozen |^<string>")


@dataclass(frozen=True)
class Failure:
    """sentence: what went wrong. path, line: the last place of the app itself it came through, "" and 0 where none is told.

    entered: the line of the app's first frame, which tells how far its start came.
    """

    sentence: str
    path: str = ""
    line: int = 0
    entered: int = 0

    @property
    def placed(self) -> str:
        """The sentence with its place, as in "KeyError: 'x' (app.py, line 3)", without the word that only says it is an error."""
        plain = re.sub(r"^(?:error|fatal)\s*:\s+", "", self.sentence, flags=re.IGNORECASE)
        return f"{plain} ({self.path.rsplit('/', 1)[-1]}, line {self.line})" if self.path else plain


def first_error(lines: Iterable[str]) -> str | None:
    """The sentence of the first error in a log, or None; see `first_failure`."""
    found = first_failure(lines)
    return found.sentence if found else None


def first_failure(lines: Iterable[str]) -> Failure | None:
    """The first error of a log, or None.

    Of a Python traceback it is the exception at its end; of a resolver's report the sentence and its reason.
    Later errors usually follow from the first.
    """
    plain = [_STAMP.sub("", _ESCAPES.sub("", line)).rstrip() for line in lines]
    for index, line in enumerate(plain):
        if _TRACEBACK.match(line):
            return _traceback(plain, index) or Failure(line.strip())
        if _FRAME.match(line):  # a SyntaxError of the started file itself comes without the headline
            found = _traceback(plain, index - 1)
            if found:
                return found
        if any(pattern.match(line) for pattern in _ERRORS):
            return Failure(_with_reason(plain, index))
    return None


def page_place(text: str) -> tuple[str, int]:
    """The last place a page's own error names, as in "… (at ask (/app.js:19:104))": ("app.js", 19); ("", 0) where it names none."""
    found = _SCRIPT.search(text)
    return (found["path"], int(found["line"])) if found else ("", 0)


def _traceback(lines: Sequence[str], start: int) -> Failure | None:
    head = max(start, 0)
    margin = len(lines[head]) - len(lines[head].lstrip()) if start >= 0 and _TRACEBACK.match(lines[head]) else 0
    frames: list[tuple[str, int]] = []
    for line in lines[start + 1 :]:
        if frame := _FRAME.match(line):
            frames.append((frame["path"], int(frame["line"])))
        elif line.strip() and len(line) - len(line.lstrip()) <= margin and _EXCEPTION.match(line):
            own = [frame for frame in frames if not _LIBRARY.search(frame[0])] or frames
            path, number = own[-1] if own else ("", 0)
            return Failure(line.strip()[:MOST], path, number, own[0][1] if own else 0)
    return None


def _with_reason(lines: Sequence[str], index: int) -> str:
    line = lines[index].strip(" ×")
    following = next((later.strip() for later in lines[index + 1 : index + 3] if later.strip()), "")
    reason = re.sub(r"^(?:╰─▶|cause:)\s*", "", following) if following.startswith(("╰─▶", "cause:")) else ""  # uv up to 0.12; uv 0.13
    return f"{line} {reason}".strip()[:MOST]
