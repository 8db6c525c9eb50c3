"""The Hub that fails on demand, and those who ask it, are shared with the tests of the client."""

from tests.hub_client.conftest import alice, hub, logs_fall_silent_sooner, server

__all__ = ["alice", "hub", "logs_fall_silent_sooner", "server"]
