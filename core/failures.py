"""The first real error of a log: the sentence, and the place in the app it points at. Pure.

Logs of the Hub, of a preview and of an installer are read by the same rules, so that the page, the agent and the
repair speak of the same error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
_CHAIN = re.compile(r"^(?:During handling of the above exception, another exception occurred|The above exception was the direct cause)")
# What a browser says of where: a path of the app's own, never another address.
_SCRIPT = re.compile(r"\(/(?P<path>[\w./-]{1,200}):(?P<line>\d{1,7}):\d{1,7}\)")
# Frames of packages and of Python itself; what stands beside them is the app's own.
_LIBRARY = re.compile(r"/(?:site|dist)-packages/|/lib/python3[.\d]*/|^<frozen |^<string>")


@dataclass(frozen=True)
class Failure:
    """sentence: what went wrong. path, line: the last place of the app itself it came through, "" and 0 where none is told.

    entered: the line of the app's first frame, which tells how far its start came. ended: what its chain of exceptions
    ended with, "" where it was the only one.
    """

    sentence: str
    path: str = ""
    line: int = 0
    entered: int = 0
    ended: str = ""

    @property
    def meant(self) -> bool:
        """Whether the app raised it for the person to read: gr.Error is how a Gradio app refuses an input."""
        return (self.ended or self.sentence).startswith("gradio.exceptions.Error:")

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
    return next(failures(lines), None)


def failures(lines: Iterable[str]) -> Iterator[Failure]:
    """Every error of a log, in order; exceptions that come from one another are one, told by the first of them."""
    plain = [_STAMP.sub("", _ESCAPES.sub("", line)).rstrip() for line in lines]
    found: Failure | None = None
    index = 0
    while index < len(plain):
        line, index = plain[index], index + 1
        if _CHAIN.match(line.strip()) and found is not None:
            following = next((at for at in range(index, min(index + 3, len(plain))) if _TRACEBACK.match(plain[at])), None)
            later, end = _traceback(plain, following) if following is not None else (None, index)
            if later is not None:
                found, index = replace(found, ended=later.sentence), end
            continue
        one, end = _failure(plain, index - 1)
        if one is not None:
            if found is not None:
                yield found
            found, index = one, end
    if found is not None:
        yield found


def _failure(plain: Sequence[str], index: int) -> tuple[Failure | None, int]:
    """The error that begins in this line, if one does, and the line after it."""
    line = plain[index]
    if _TRACEBACK.match(line):
        found, end = _traceback(plain, index)
        return found or Failure(line.strip()), end
    if _FRAME.match(line):  # a SyntaxError of the started file itself comes without the headline
        return _traceback(plain, index - 1)
    if any(pattern.match(line) for pattern in _ERRORS):
        return Failure(_with_reason(plain, index)), index + 1
    return None, index + 1


def condensed(lines: Iterable[str]) -> list[str]:
    """A log whose tracebacks show the app's own frames only; a line in brackets counts the others. Marks under the code go too."""
    kept: list[str] = []
    hidden, inside = 0, ""  # inside: which kind of frame the lines after it belong to
    for line in lines:
        plain = _STAMP.sub("", _ESCAPES.sub("", line))
        frame = _FRAME.match(plain) if inside or kept and _TRACEBACK.match(_STAMP.sub("", _ESCAPES.sub("", kept[-1]))) else None
        belongs = inside and plain.startswith(("    ", "  [Previous line repeated")) and not frame
        if frame and _LIBRARY.search(frame["path"]) or belongs and inside == "library":
            hidden, inside = hidden + bool(frame), "library"
            continue
        if belongs and not plain.strip(" ~^") and inside == "own":
            continue
        if hidden:
            kept.append(f"  ({hidden} {'frame' if hidden == 1 else 'frames'} of libraries)")
            hidden = 0
        inside = ("own" if ", in " in plain else "syntax") if frame else inside if belongs else ""
        kept.append(line)
    return [*kept, f"  ({hidden} {'frame' if hidden == 1 else 'frames'} of libraries)"] if hidden else kept


def page_place(text: str) -> tuple[str, int]:
    """The last place a page's own error names, as in "… (at ask (/app.js:19:104))": ("app.js", 19); ("", 0) where it names none."""
    found = _SCRIPT.search(text)
    return (found["path"], int(found["line"])) if found else ("", 0)


def _traceback(lines: Sequence[str], start: int) -> tuple[Failure | None, int]:
    """The exception at the end of the traceback whose frames begin after `start`, and the line after it."""
    head = max(start, 0)
    margin = len(lines[head]) - len(lines[head].lstrip()) if start >= 0 and _TRACEBACK.match(lines[head]) else 0
    frames: list[tuple[str, int]] = []
    for at in range(start + 1, len(lines)):
        line = lines[at]
        if frame := _FRAME.match(line):
            frames.append((frame["path"], int(frame["line"])))
        elif line.strip() and len(line) - len(line.lstrip()) <= margin and _EXCEPTION.match(line):
            own = [frame for frame in frames if not _LIBRARY.search(frame[0])] or frames
            path, number = own[-1] if own else ("", 0)
            return Failure(line.strip()[:MOST], path, number, own[0][1] if own else 0), at + 1
    return None, start + 2


def _with_reason(lines: Sequence[str], index: int) -> str:
    line = lines[index].strip(" ×")
    following = next((later.strip() for later in lines[index + 1 : index + 3] if later.strip()), "")
    reason = re.sub(r"^(?:╰─▶|cause:)\s*", "", following) if following.startswith(("╰─▶", "cause:")) else ""  # uv up to 0.12; uv 0.13
    return f"{line} {reason}".strip()[:MOST]
