"""Progress lines, and the page's words for numbers and times."""

import pytest

from core.events import Log, Step
from ui.parts import board, steps, words


def told(*events: Step, planned=steps.BUILD):
    return steps.advance(steps.begin(planned), events)


def test_the_plan_is_there_from_the_start_and_news_fill_it_in():
    lines = told(Step(name="understand", text="Reading", at=10.0), Step(name="understand", text="Read", state="done", seconds=0.4, at=10.4), Log(source="run", text="x"))
    assert [line.state for line in lines] == ["done", "waiting", "waiting", "waiting", "waiting"]
    assert (lines[0].text, lines[0].seconds) == ("Read", 0.4)


def test_a_step_without_seconds_is_timed_from_its_first_news():
    line = told(Step(name="check", text="c", at=5.0), Step(name="check", text="c", state="done", at=7.5))[3]
    assert line.seconds == pytest.approx(2.5)


def test_an_unplanned_step_stands_where_it_happened():
    lines = told(Step(name="understand", text="u", state="done"), Step(name="repair", text="r"))
    assert [line.name for line in lines][:3] == ["understand", "repair", "choose"]


def test_after_the_end_nothing_works_and_what_never_began_is_gone():
    lines = steps.end(told(Step(name="understand", text="u", at=1.0)), "stopped", now=4.0)
    assert [(line.name, line.state, line.seconds) for line in lines] == [("understand", "stopped", 3.0)]


def test_a_working_step_counts_on():
    lines = told(Step(name="understand", text="u", at=100.0))
    assert "7.0 s" in steps.step_list(lines, now=107.0)
    assert steps.working(lines).name == "understand"


def test_no_steps_draw_nothing():
    assert steps.step_list(()) == ""


def test_only_the_step_that_changed_is_spoken():
    html = steps.step_list(told(Step(name="understand", text="Reading the idea")))
    assert html.count('role="status"') == 1 and '<p class="sr" role="status">Reading the idea</p>' in html


@pytest.mark.parametrize(("value", "word"), [(None, ""), (0.01, "<0.1 s"), (0.34, "0.3 s"), (12.2, "12 s"), (125, "2 min 5 s"), (3720, "1 h 2 min")])
def test_durations(value, word):
    assert words.seconds(value) == word


@pytest.mark.parametrize(("value", "word"), [(None, "–"), (12, "12 B"), (3400, "3.4 kB"), (42_000_000, "42 MB"), (2_500_000_000, "2.5 GB")])
def test_sizes(value, word):
    assert words.size(value) == word


@pytest.mark.parametrize(("value", "word"), [(None, "–"), (950, "950"), (1234, "1.2k"), (34_000, "34k"), (5_100_000, "5.1M")])
def test_counts(value, word):
    assert words.count(value) == word


def test_times_in_words():
    now = words.moment("2026-05-04T12:00:00Z").timestamp()
    said = [words.ago(value, now) for value in ("2026-05-04T11:59:50Z", "2026-05-04T11:55:00+00:00", "2026-05-04T03:00:00", "2026-05-01T12:00:00Z", "2025-01-02T00:00:00Z", "nonsense", None)]
    assert said == ["just now", "5 min ago", "9 h ago", "3 days ago", "2025-01-02", "", ""]


def test_only_web_addresses_become_links():
    assert words.web("https://a.example/x") == "https://a.example/x"
    assert words.web("javascript:alert(1)") == words.web(None) == words.web("data:text/html,x") == ""


def test_a_board_with_a_space_on_its_way_looks_again():
    assert board.moving([{"stage": "RUNNING"}, {"stage": "BUILDING"}])
    assert not board.moving([{"stage": "RUNNING"}, {"stage": "BUILD_ERROR"}, {"stage": "NEW_STAGE"}])
