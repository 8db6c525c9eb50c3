"""What an operation gives back."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Result:
    """numbers: label -> figure, shown as tiles; text: the new text; headers and rows: a table; note: one sentence."""

    numbers: dict = field(default_factory=dict)
    text: str | None = None
    headers: tuple = ()
    rows: tuple = ()
    note: str = ""


@dataclass(frozen=True)
class Option:
    """A control beside the text: `choices` makes it a list, a bool default a checkbox, an int default a number."""

    label: str
    default: object
    choices: tuple = ()
    lines: int = 1
