"""Counters as Prometheus text: valid, bounded, about nobody."""

import re

from core.providers import Attempt, Receipt, Skipped, Usage
from core.providers.tally import Tally

LINE = re.compile(r'spaces_os_model_[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (\d+(\.\d+)?(e-\d+)?)')


def attempt(provider: str, outcome: str = "answered", *, seconds: float = 0.2, cost: float | None = 0.5, error=None) -> Attempt:
    return Attempt(1, provider, "a label", "a/model", 200, outcome, error, seconds * 1000, 30.0, Usage(7, 3), cost, "visitor")


def test_every_line_is_of_the_format_and_sums_are_right():
    tally = Tally(("mine",))
    failed = attempt("openrouter", "next", cost=0.0, error={"code": "rate_limited"})
    tally.record(Receipt("a/model", "mine", (failed, attempt("mine"))))
    tally.record(Receipt("a/model", "mine", (attempt("mine", seconds=400, cost=None),), (Skipped("mine", "x", None, "cooling down for 3 s more after a failure"),)))
    text = tally.text()
    assert all(line.startswith("# ") or LINE.fullmatch(line) for line in text.splitlines()) and text.endswith("\n")
    for line in (
        'attempts_total{provider="mine",outcome="answered"} 2',
        'cost_usd_total{provider="mine",paid_by="visitor"} 0.5',
        'unknown_cost_total{provider="mine"} 1',
        'errors_total{provider="openrouter",code="rate_limited"} 1',
        'skipped_total{provider="mine",why="cooling"} 1',
        'tokens_total{provider="mine",kind="prompt"} 14',
        'attempt_seconds_bucket{provider="mine",le="0.25"} 1',
        'attempt_seconds_bucket{provider="mine",le="+Inf"} 2',
        'attempt_seconds_sum{provider="mine"} 400.2',
        "requests_total{outcome=\"answered\"} 2",
    ):
        assert "spaces_os_model_" + line in text.splitlines(), line


def test_gauges_tell_what_is_so_now():
    tally = Tally(("mine",))
    for change in (1, 1, -1):
        tally.under_way("mine", change)
    text = tally.text({("mine", "open"): 2, ("mine", "half_open"): 1, ("groq", "rejected"): 1})
    assert all(line.startswith("# ") or LINE.fullmatch(line) for line in text.splitlines())
    for line in (
        'in_flight{provider="mine"} 1', 'circuits{provider="mine",state="open"} 2',
        'circuits{provider="mine",state="half_open"} 1', 'rejected_keys{provider="groq"} 1',
    ):  # fmt: skip
        assert "spaces_os_model_" + line in text.splitlines(), line
    assert "# TYPE spaces_os_model_circuits gauge" in text
    assert "circuits{" not in tally.text({}) and "rejected_keys{" not in tally.text({})  # they ended


def test_names_of_visitors_making_become_one_label():
    tally = Tally()
    for number in range(1000):
        tally.record(Receipt("m", None, (attempt(f'made-up-{number}"}} 1\nevil'),)))
    text = tally.text()
    assert "made-up" not in text and "evil" not in text and 'attempts_total{provider="other",outcome="answered"} 1000' in text
    assert len(text.splitlines()) < 70
