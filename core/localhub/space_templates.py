"""The Spaces a new one can start from: `GET /api/spaces/templates`, and `template` when a Space is created."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import NotFound
from core.git import Put

FILE = Path(__file__).parent / "catalogue" / "templates.json"


@dataclass(frozen=True)
class Template:
    """One Space to start from, with its files."""

    name: str
    repoId: str
    sdk: str
    preferredPrivate: bool
    files: Mapping[str, str]

    def shown(self) -> dict[str, Any]:
        """As the list tells it."""
        return {key: getattr(self, key) for key in ("name", "repoId", "sdk", "preferredPrivate")}


@cache
def templates() -> tuple[Template, ...]:
    """Every template."""
    return tuple(Template(**shape) for shape in json.loads(FILE.read_text("utf-8")))


def files_of(repo_id: str) -> list[Put]:
    """The files of a template; `NotFound` when there is none of that id."""
    for template in templates():
        if template.repoId == repo_id:
            return [Put(path, text.encode()) for path, text in template.files.items()]
    raise NotFound(f"There is no Space template {repo_id[:120]!r}", "GET /api/spaces/templates lists them all.")
