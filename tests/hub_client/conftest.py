import pytest
from tests.hub_client.faulty_hub import TOKEN, FaultyHub

from core.caller import Caller
from core.hub import Hub
from core.secrets import Secret


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


@pytest.fixture
def nobody():
    return Caller(id="nobody")
