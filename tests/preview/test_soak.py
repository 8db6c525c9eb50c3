"""A short run of `benchmarks/soak.py`: previews started, killed from outside and stopped; nothing of them is left."""

import asyncio
import time

import pytest

from benchmarks import soak
from core.preview import Previews
from tests.preview.conftest import run


@pytest.mark.timeout(240)
def test_nothing_is_left_after_starts_stops_and_kills(tmp_path):
    async def play():
        previews = Previews(tmp_path / "data", max_live=12)
        try:
            await asyncio.to_thread(previews.engine.warm, 60)
            return previews, *await soak.soak(previews, 12, seed=7)
        finally:
            await previews.close()

    previews, ends, before, after = run(play())
    assert sum(ends.values()) == 12 and {what for what, _ in ends} == set(soak.KILLS)
    worse = {name: (getattr(before, name), value) for name, value in vars(after).items() if value > getattr(before, name)}
    assert worse == {}
    assert (after.directories, after.sockets) == (0, 0)
    deadline = time.monotonic() + 10
    while (left := soak.remaining(previews)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []
    assert not previews.engine.sockets.exists()
