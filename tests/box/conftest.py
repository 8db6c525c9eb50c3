"""A box to run programs in, and what they are watched by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.box import Execution, Limits, LocalBox, Monitor, execute, tree
from core.box.execution import LIMITS


@pytest.fixture(scope="session")
def engine(tmp_path_factory) -> Iterator[LocalBox]:
    engine = LocalBox(tmp_path_factory.mktemp("boxes"))
    yield engine
    engine.close()


@pytest.fixture
def monitor() -> Iterator[Monitor]:
    monitor = Monitor()
    yield monitor
    monitor.close()


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """Where boxes have their directories."""
    return tmp_path / "live"


@pytest.fixture
def attempt(engine, monitor, places) -> Callable[..., Execution]:
    """Run code in a box; keyword arguments that `Limits` knows lower its limits. Nothing of it may stay on disk."""

    def run(code: str, **more) -> Execution:
        bounds = {name: more.pop(name) for name in list(more) if name in Limits.__dataclass_fields__}
        done = execute(engine, places, code, monitor=monitor, limits=replace(LIMITS, **bounds), **more)
        assert list(places.iterdir()) == []
        return done

    return run


def left(engine: LocalBox) -> list[psutil.Process]:
    """Processes of that engine's boxes that still run; what they are forked from is none."""
    stay = {engine.programs.pid, engine.zygotes.pid}
    return [process for process in tree.alive(tree.marked(f".{engine.name}")) if process.pid not in stay]
