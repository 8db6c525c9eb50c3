"""What is wrong with a file, as all who look for it tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing to mend: where, what is wrong, how to mend it, and whether it stops a deploy (`error`) or not (`warning`)."""

    path: str
    line: int
    message: str
    fix: str
    severity: Literal["error", "warning"] = "error"
