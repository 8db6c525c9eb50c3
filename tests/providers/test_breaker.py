"""Who rests, how long, and how one probe ends it."""

from __future__ import annotations

import pytest

from core.providers import Breaker, Fault, Key
from core.providers import breaker as module
from core.providers.breaker import FIRST_SECONDS, KEY_SECONDS, LONGEST_SECONDS
from core.secrets import Secret

KEY = Key(id="k", provider="p", label="mine", secret=Secret("a-secret-value-1"))
OTHER = Key(id="k", provider="p", label="mine", secret=Secret("a-secret-value-2"))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def breaker(clock):
    return Breaker(clock=clock)


def test_a_failure_rests_one_model_of_one_key_in_one_session(breaker):
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    assert breaker.cooling("anna", KEY, "m").seconds == FIRST_SECONDS and not breaker.cooling("anna", KEY, "m").told
    assert breaker.cooling("anna", KEY, "other") is None
    assert breaker.cooling("bert", KEY, "m") is None and breaker.cooling("anna", OTHER, "m") is None


@pytest.mark.parametrize("kind", ["payment", "forbidden"])
def test_an_empty_account_rests_the_whole_key(breaker, kind):
    breaker.failed("anna", KEY, "m", Fault(kind, "x"))
    assert breaker.cooling("anna", KEY, "other").seconds == KEY_SECONDS and breaker.cooling("bert", KEY, "m") is None


@pytest.mark.parametrize("kind", ["bad_request", "moderation", "empty", "address"])
def test_what_is_not_the_upstreams_failure_rests_nobody(breaker, kind):
    breaker.failed("anna", KEY, "m", Fault(kind, "x"))
    assert breaker.cooling("anna", KEY, "m") is None


def test_after_the_rest_one_probe_goes_out_at_a_time(breaker, clock):
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    clock.now += FIRST_SECONDS
    assert breaker.cooling("anna", KEY, "m") is None
    breaker.begin("anna", KEY, "m")
    assert breaker.cooling("anna", KEY, "m") is not None
    breaker.succeeded("anna", KEY, "m")
    assert breaker.cooling("anna", KEY, "m") is None


def test_a_cancelled_probe_is_given_back(breaker, clock):
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    clock.now += FIRST_SECONDS
    breaker.begin("anna", KEY, "m")
    breaker.released("anna", KEY, "m")
    assert breaker.cooling("anna", KEY, "m") is None


def test_a_probe_nobody_ended_is_forgotten(breaker, clock):
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    clock.now += FIRST_SECONDS
    breaker.begin("anna", KEY, "m")
    clock.now += module.PROBE_SECONDS
    assert breaker.cooling("anna", KEY, "m") is None


def test_each_failed_probe_doubles_the_rest_up_to_a_limit(breaker, clock):
    rests = []
    for _ in range(8):
        breaker.failed("anna", KEY, "m", Fault("network", "x"))
        rests.append(breaker.cooling("anna", KEY, "m").seconds)
        clock.now += rests[-1]
    assert rests[:3] == [FIRST_SECONDS, 2 * FIRST_SECONDS, 4 * FIRST_SECONDS] and max(rests) == LONGEST_SECONDS


def test_a_time_the_upstream_named_is_kept(breaker):
    breaker.failed("anna", KEY, "m", Fault("rate", "x", retry_after=42))
    rest = breaker.cooling("anna", KEY, "m")
    assert rest.seconds == 42 and rest.told


def test_forgetting_a_key_forgets_what_is_known_of_it(breaker):
    breaker.failed("anna", KEY, "m", Fault("key", "x"))
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    assert breaker.rejected("anna", KEY) and not breaker.rejected("anna", OTHER) and not breaker.rejected("bert", KEY)
    breaker.forget("anna", KEY)
    assert not breaker.rejected("anna", KEY) and breaker.cooling("anna", KEY, "m") is None


def test_what_is_remembered_is_bounded(breaker, monkeypatch):
    monkeypatch.setattr(module, "_CIRCUITS", 50)
    for number in range(200):
        breaker.failed(f"s{number}", KEY, "m", Fault("key", "x"))
        breaker.failed(f"s{number}", KEY, "m", Fault("server", "x"))
    assert len(breaker._circuits) == 50 and len(breaker._invalid) == 50
    assert breaker.rejected("s199", KEY) and not breaker.rejected("s0", KEY)


def test_health_says_who_is_ready_cooling_and_rejected(breaker):
    breaker.failed("anna", KEY, "m", Fault("server", "x"))
    breaker.failed("anna", OTHER, "m", Fault("key", "x"))
    rows = breaker.health("anna", (KEY, OTHER))
    assert [row["state"] for row in rows] == ["cooling", "rejected"] and rows[0]["seconds"] == FIRST_SECONDS
    assert "secret" not in str(rows)


def test_what_rests_now_is_counted_by_provider_and_state(breaker, clock):
    other = Key(id="o", provider="q", secret=Secret("a-secret-value-3"))
    for session in ("anna", "bert"):
        breaker.failed(session, KEY, "m", Fault("server", "x"))
    breaker.failed("anna", other, "m", Fault("key", "x"))
    assert breaker.states() == {("p", "open"): 2, ("q", "rejected"): 1}
    clock.now += FIRST_SECONDS + 1
    assert breaker.states() == {("p", "half_open"): 2, ("q", "rejected"): 1}
    breaker.succeeded("anna", KEY, "m")
    assert breaker.states() == {("p", "half_open"): 1, ("q", "rejected"): 1}
