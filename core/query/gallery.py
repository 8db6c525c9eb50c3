"""Programs to begin with, for people who have no model to write them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("gallery.yaml")


@cache
def gallery() -> tuple[dict[str, str], ...]:
    """The programs as `{id, title, question, code}`, in the order of the file."""
    return tuple(yaml.safe_load(_FILE.read_text(encoding="utf-8")))
