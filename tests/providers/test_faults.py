"""The fault matrix: rows are what an upstream does, columns are providers, a cell is what the router does then."""

from __future__ import annotations

import socket

import pytest

from core.errors import SpacesError
from core.providers import Finished, Router, Text
from tests.providers.conftest import FIRST_KEY, QUICK, SECOND_KEY, ask, key, run
from tests.providers.upstream import upstream

COLUMNS = ("huggingface", "openrouter", "compatible")
N, S, R = "next", "stop", "retry"
MATRIX = {
    # fault             huggingface, openrouter, compatible
    "400":             (S, S, S),
    "400-model":       (N, N, N),
    "400-moderation":  (S, S, S),
    "413":             (S, S, S),
    "422":             (S, S, S),
    "401":             (N, N, N),
    "402":             (N, N, N),
    "403":             (N, S, N),
    "403-moderation":  (S, S, S),
    "404":             (N, N, N),
    "408":             (N, N, N),
    "429":             (N, N, N),
    "429-soon":        (R, R, R),
    "429-later":       (N, N, N),
    "500":             (N, N, N),
    "502":             (N, N, N),
    "503":             (N, N, N),
    "503-soon":        (R, R, R),
    "529":             (N, N, N),
    "error-in-200":    (N, N, N),
    "drop":            (N, N, N),
    "refused":         (N, N, N),
    "not-http":        (N, N, N),
    "html":            (N, N, N),
    "html-as-json":    (N, N, N),
    "half-json":       (N, N, N),
    "no-choice":       (N, N, N),
    "redirect":        (N, N, N),
    "empty":           (N, N, N),
}  # fmt: skip
SLOW = ("slow-headers", "drip-headers", "drip", "drip-json", "endless")


@pytest.fixture(scope="module")
def pair():
    with upstream("faulty") as faulty, upstream("good") as good:
        faulty.elsewhere = good.base_url
        yield faulty, good


async def answer(router, prompt, keys, *, stream):
    """The answer's text and the receipt's dictionary, or the error."""
    try:
        if not stream:
            got = await router.route(prompt, keys)
            return got.text, got.receipt.to_dict(), None
        items = [item async for item in router.stream(prompt, keys)]
        assert isinstance(items[-1], Finished), items[-1]
        return "".join(item.text for item in items if isinstance(item, Text)), items[-1].receipt.to_dict(), None
    except SpacesError as error:
        return None, error.details["receipt"], error


def closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("column", range(3), ids=COLUMNS)
@pytest.mark.parametrize("fault", MATRIX)
def test_the_fault_matrix(pair, fault, column, stream):
    faulty, good = pair
    asked, given = len(faulty.requests), len(good.requests)
    provider = "mine" if COLUMNS[column] == "compatible" else COLUMNS[column]
    bad = key(closed_port() if fault == "refused" else faulty, provider)
    fine = key(good, "fallback", secret=SECOND_KEY)

    async def main():
        router = Router(timeouts=QUICK)
        try:
            return await answer(router, ask(fault), [bad, fine], stream=stream)
        finally:
            await router.close()

    faulty.script.clear()
    good.script[:] = ["ok"]
    text, receipt, error = run(main())
    outcomes = [(attempt["provider"], attempt["outcome"]) for attempt in receipt["attempts"]]
    expected = MATRIX[fault][column]
    if expected == S:
        assert outcomes == [(provider, "stopped")]
        assert text is None and error and len(good.requests) == given
    else:
        tries = [(provider, "retried")] if expected == R else []
        assert outcomes == [*tries, (provider, "next"), ("fallback", "answered")]
        assert text == "hello from good" and error is None
        assert receipt["attempts"][0]["error"]["fix"]
    assert fault == "refused" or len(faulty.requests) == asked + (2 if expected == R else 1)
    assert FIRST_KEY not in str(receipt) and SECOND_KEY not in str(receipt)
    assert fine.secret.reveal() not in faulty.received and bad.secret.reveal() not in good.received


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("fault", SLOW)
def test_slow_and_endless_upstreams_do_not_hold_the_prompt(pair, fault, stream):
    faulty, good = pair
    good.script[:] = ["ok"]

    async def main():
        router = Router(timeouts=QUICK)
        try:
            return await answer(router, ask(fault), [key(faulty), key(good, "fallback", secret=SECOND_KEY)], stream=stream)
        finally:
            await router.close()

    text, receipt, _ = run(main())
    assert text == "hello from good"
    assert receipt["attempts"][0]["outcome"] == "next" and receipt["latency_ms"] < 3_000
    assert faulty.requests[-1].sent < 100_000_000


def test_a_second_try_that_works_is_an_answer(pair):
    faulty, _ = pair
    faulty.script[:] = ["429-soon", "ok"]

    async def main():
        router = Router(timeouts=QUICK)
        try:
            return await router.route(ask("ok"), [key(faulty)])
        finally:
            await router.close()

    got = run(main())
    assert got.text == "hello from faulty"
    assert [(a.outcome, a.status) for a in got.receipt.attempts] == [("retried", 429), ("answered", 200)]
