import sys
from pathlib import Path

# The Hub that fails on demand is shared with the tests of the client.
sys.path.insert(0, str(Path(__file__).parent.parent / "hub_client"))

import pytest  # noqa: E402
from faulty_hub import TOKEN, FaultyHub  # noqa: E402

from core.caller import Caller  # noqa: E402
from core.hub import Hub  # noqa: E402
from core.secrets import Secret  # noqa: E402


@pytest.fixture(autouse=True)
def logs_fall_silent_sooner(monkeypatch):
    """Nobody else is on this socket: a third of a second without a line is the end of a log."""
    monkeypatch.setattr("core.hub.logs._QUIET_SECONDS", 0.3)


@pytest.fixture
def server():
    hub = FaultyHub()
    hub.start()
    yield hub
    hub.close()


@pytest.fixture
def hub(server):
    return Hub(server.url)


@pytest.fixture
def alice():
    return Caller(id="alice", token=Secret(TOKEN))
