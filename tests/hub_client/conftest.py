import pytest
from faulty_hub import TOKEN, FaultyHub

from core.caller import Caller
from core.hub import Hub
from core.secrets import Secret


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
