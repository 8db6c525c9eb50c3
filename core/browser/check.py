"""One check as data: what to open, what to do there, and how long that may take."""

from __future__ import annotations

import binascii
from base64 import b64decode
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

from core.errors import InvalidInput, TooLarge

Verb = Literal["click", "fill", "select", "check", "uncheck", "upload", "press", "wait_for", "expect_text", "read", "use"]
Viewport = Literal["desktop", "phone"]

MOST_STEPS = 40
MOST_UPLOADED = 5_000_000
MOST_TEXT = 100_000
LONGEST_SECONDS = 180
NEEDS_TARGET = ("click", "fill", "select", "check", "uncheck")


@dataclass(frozen=True)
class Step:
    """One thing to do with one element, found as a person or a screen reader finds it.

    do: click, fill, select, check, uncheck, upload, press, wait_for, expect_text, read; or use, which fills the empty
        fields and presses the main button of whatever app it is.
    role, name: ARIA role and accessible name; without a role the name is also looked for among labels, placeholders,
        test ids and texts. nth: which one of several, from 0. exact: the whole name, in its own case.
    value: the text to fill, the option to select, the key to press, the text to expect, or an uploaded file's text.
    file, base64: an uploaded file's name, and its content when it is not text.
    seconds: how long wait_for and expect_text wait; the check's own patience when it is not given.
    """

    __pydantic_config__: ClassVar[dict[str, Any]] = {"extra": "forbid"}

    do: Verb
    role: str = ""
    name: str = ""
    value: str | bool | int | float = ""
    nth: int | None = None
    exact: bool = False
    file: str = "file.txt"
    base64: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Check:
    """What to do in one visit.

    path: below the app's address. viewport: desktop (1280 x 800) or phone (390 x 844, touch).
    wait_seconds: patience for the page to load, and for each step that waits.
    """

    steps: tuple[Step, ...] = ()
    path: str = "/"
    viewport: Viewport = "desktop"
    screenshot: bool = True
    wait_seconds: float = 20

    @property
    def limit_seconds(self) -> float:
        """After so long the visit is cut off, whatever the page does."""
        waits = sum(step.seconds or 8.0 for step in self.steps)
        return min(LONGEST_SECONDS, self.wait_seconds + waits + 10)

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "limit_seconds": self.limit_seconds}


def check_bounds(check: Check) -> None:
    """Refuse what cannot be done: `InvalidInput` or `TooLarge` names the step and what it lacks."""
    if not 1 <= check.wait_seconds <= 60:
        raise InvalidInput("wait_seconds is outside its range.", "Give 1 to 60 seconds.")
    path = check.path
    if not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable() or len(path) > 2000:
        raise InvalidInput(f"{path[:80]!r} is not a path of the app.", "Start it with one /, as in /about?tab=2.")
    if len(check.steps) > MOST_STEPS:
        raise TooLarge(f"There are {len(check.steps)} steps; one check takes {MOST_STEPS}.")
    for number, step in enumerate(check.steps, 1):
        _check_step(number, step)
    if sum(len(step.base64) for step in check.steps) > MOST_UPLOADED * 4 // 3:
        raise TooLarge(f"The files to upload are larger than {MOST_UPLOADED // 1_000_000} MB together.")


def _check_step(number: int, step: Step) -> None:
    said = f"Step {number} ({step.do})"
    if len(str(step.value)) > MOST_TEXT or len(step.name) > 500 or len(step.role) > 40:
        raise TooLarge(f"{said} is larger than a step may be.", f"A value has at most {MOST_TEXT} characters, a name 500.")
    if step.nth is not None and not 0 <= step.nth <= 1000:
        raise InvalidInput(f"{said} asks for element {step.nth}.", "Count from 0.")
    if step.seconds is not None and not 0 < step.seconds <= 60:
        raise InvalidInput(f"{said} waits {step.seconds:g} seconds.", "Give more than 0 and at most 60.")
    if step.do in NEEDS_TARGET and not (step.role or step.name):
        raise InvalidInput(f"{said} does not say which element.", "Give its role and name, as in role button, name Submit.")
    if step.do == "wait_for" and not (step.role or step.name or step.value):
        raise InvalidInput(f"{said} does not say what to wait for.", "Give a role and name, or a text as its value.")
    if step.do in ("select", "press", "expect_text") and step.value in ("", None):
        raise InvalidInput(f"{said} has no value.", "Give the option, the key such as Enter, or the text that should appear.")
    if step.do == "upload" and (not step.file or "/" in step.file or "\0" in step.file or len(step.file) > 200):
        raise InvalidInput(f"{said} needs a plain file name.", "Give it as file, as in notes.txt.")
    try:
        b64decode(step.base64, validate=True)
    except (binascii.Error, ValueError):
        raise InvalidInput(f"{said}: its base64 content cannot be decoded.", "Send standard base64, or the text as value.") from None
