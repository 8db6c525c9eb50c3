"""What is known about a project besides its files, and how it is kept on disk."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StorageFull

if TYPE_CHECKING:
    from core.build.card import Sdk

FACTS = "project.json"


@dataclass(frozen=True)
class Facts:
    """What is known about a project besides its files.

    space: the repo id it was deployed to, if any. network, hosts: what its app may reach when it runs here.
    """

    id: str
    owner: str
    title: str
    slug: str
    sdk: Sdk | None
    template: str | None
    created_at: float
    space: str | None = None
    network: str = "sealed"
    hosts: tuple[str, ...] = ()


def read_facts(text: str) -> Facts:
    """What save_facts wrote."""
    found = json.loads(text)
    return Facts(**found | {"hosts": tuple(found.get("hosts", ()))})


def save_facts(folder: Path, facts: Facts) -> None:
    """Write project.json whole or not at all."""
    with storage():
        handle, name = tempfile.mkstemp(dir=folder, prefix=".facts-")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(asdict(facts), file, ensure_ascii=False)
            os.replace(name, folder / FACTS)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


@contextlib.contextmanager
def storage() -> Iterator[None]:
    """Say that the disk is full in our own words."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise StorageFull("The disk is full, so the change was not saved.") from None
        raise
