"""The transcript as HTML: what others wrote does nothing, what is settled only grows, and each state offers its next action."""

from __future__ import annotations

import pytest

from core.events import ApprovalAsked, ApprovalGiven, Noticed, Question, Said, Similar, Spent, SubAgent, Text, Todo, ToolEnded, ToolStarted, TurnEnded, UserSaid
from tests.ui.test_chat import after, ended, started
from ui.parts import chats, transcript
from ui.parts.chat import settled

EVIL = '<img src=x onerror="alert(1)"><script>alert(2)</script>'


def shown(chat) -> str:
    return transcript.opened(chat) + transcript.live(chat)


def test_nothing_that_is_told_becomes_markup():
    chat = after(
        UserSaid(text=EVIL, seq=1), Similar(items=({"id": EVIL, "title": EVIL, "summary": EVIL, "likes": 3, "url": "javascript:alert(1)", "runnable": True},)),
        ToolStarted(id=EVIL, name=EVIL, title=EVIL, arguments={"path": EVIL}, source=EVIL), ToolEnded(id=EVIL, name=EVIL, ok=False, text=EVIL, data={"diff": f"+{EVIL}"}),
        Said(text=f"hello {EVIL}", reasoning=EVIL), Noticed(kind="stuck", text=EVIL), SubAgent(id="r", label=EVIL, text=EVIL),
        Question(id="q", text=EVIL, choices=(EVIL,)), ApprovalAsked(id=EVIL, name=EVIL, title=EVIL, kind=EVIL, reason=EVIL, arguments={"a": EVIL}, plan={"b": EVIL}),
        Text(text=f"still {EVIL}"), Todo(items=({"text": EVIL, "state": "working"},)),
    )  # fmt: skip
    html = shown(chat) + transcript.todo(chat) + chats.bar([{"id": EVIL, "title": EVIL, "status": EVIL, "updated": None}], {"id": EVIL, "title": EVIL}, keyed=True)
    assert "<script" not in html and "<img src=x" not in html and "onerror=\"alert" not in html and "javascript:" not in html


def test_what_is_settled_only_grows():
    events = [
        UserSaid(text="make it", seq=1), Said(text="I begin.", seq=2), started("a"), started("b"), ended("b"), ended("a"), Said(text="Done."),
        TurnEnded(ending="done"), UserSaid(text="more", seq=9),
    ]  # fmt: skip
    chat, html, count = after(), "", 0
    for event in events:
        chat = after(event, chat=chat)
        html += transcript.told(chat.entries[count : (count := settled(chat))])
        assert transcript.opened(chat) == html
    assert html.index("I begin.") < html.index("tool-a") < html.index("tool-b") < html.index("Done.") < html.index("more")


def test_only_the_newest_entries_stand_and_the_earlier_ones_come_when_asked_for():
    chat = after(UserSaid(text="first words"), *(Said(text=f"reply {number}.") for number in range(300)))
    html = transcript.opened(chat)
    assert "reply 299." in html and "first words" not in html and "Show 101 earlier" in html
    assert "first words" in transcript.opened(chat, most=400)


@pytest.mark.parametrize("ending, button", [("stopped", "Go on"), ("money", "Go on"), ("stuck", "Go on"), ("interrupted", "Go on"), ("failed", "Try again"), ("done", None)])
def test_each_ending_offers_what_to_do_next(ending, button):
    html = shown(after(UserSaid(text="x"), TurnEnded(ending=ending, text="Because.")))
    assert ("Because." in html) == (ending != "done")
    assert (button is None) != ('data-act="go_on"' in html) and (button or "") in html


def test_a_failed_ending_shows_the_errors_own_cure():
    html = shown(after(UserSaid(text="x"), TurnEnded(ending="failed", error={"code": "unauthorized", "message": "The key is refused.", "fix": "Give another."})))
    assert "The key is refused." in html and "Give another." in html and 'data-go="keys"' in html


def test_a_tool_row_tells_state_subject_time_cost_and_holds_the_rest():
    began = after(UserSaid(text="x"), started("a", "project_edit", arguments={"project": "p1", "edits": [{"path": "app.py"}, {"path": "README.md"}]}))
    assert "is-working" in transcript.live(began)
    html = shown(after(ended("a", "project_edit", cost_usd=0.02, seconds=1.26, data={"diff": "--- a\n+++ b\n@@ -1 +1,2 @@\n-old\n+new\n+more\n"}), chat=began))
    for text in ("project edit", "app.py, README.md", "1.3 s", "$0.02", "+2", "−1", 'class="d-plus">+new', "fine"):
        assert text in html
    assert "is-done" in html and "p1" in html


@pytest.mark.parametrize("arguments, about", [
    ({"query": "cats", "limit": 3}, "cats"), ({"files": {"app.py": "x", "b.py": "y"}}, "app.py, b.py"), ({}, ""), ({"limit": 3}, ""),
    ({"path": "x" * 500}, "x" * 89 + "…"), ({"code": "a\n  b"}, "a b"),
])  # fmt: skip
def test_the_subject_of_a_call_is_its_most_telling_argument(arguments, about):
    assert transcript.summary(arguments) == about


def test_a_waiting_approval_shows_plan_cost_and_both_answers_and_refusing_is_what_enter_does():
    plan = {"sentence": "Create the Space me/app.", "repo": "me/app", "visibility": "public", "files": [{"path": "app.py", "change": "created", "size": 5}], "account": "me", "payer": "me"}
    chat = after(ApprovalAsked(id="d", name="deploy_to_space", title="Deploy", kind="publish", reason="It publishes.", plan=plan, usd_per_hour=0.4, arguments={"name": "app"}, grant={"repo": "me/app", "class": "publish"}))
    html = transcript.live(chat)
    for text in ("It publishes.", "Create the Space me/app.", "$0.40", "waits for you", "ask again for this at <b>me/app</b>", 'data-id="d"'):
        assert text in html
    assert html.index('value="refuse"') < html.index('value="approve"')  # the first one is pressed by Enter in the field
    over = shown(after(ApprovalGiven(id="d", approve=True, by="trust"), chat=chat))
    assert "approved by your trust" in over and "<form" not in over


def test_deleting_offers_no_trust():
    assert "ask again for this" not in transcript.live(after(ApprovalAsked(id="d", name="space_delete", title="Delete", kind="delete", reason="It is gone then.")))


def test_a_question_offers_its_choices_until_it_is_answered():
    asked = after(Question(id="q", text="Which **one**?", choices=("Red", "Blue")))
    html = transcript.live(asked)
    assert '{"id": "q", "text": "Blue"}' in html and "<strong>one</strong>" in html
    assert "data-arg" not in transcript.opened(after(UserSaid(text="Blue"), chat=asked)).split("entry-said")[0]


def test_a_message_can_be_changed_or_undone_only_where_its_number_is_known():
    assert 'data-act="rewind" data-arg="7"' in shown(after(UserSaid(text="x", seq=7)))
    assert "data-act" not in shown(after(UserSaid(text="x")))


def test_the_plan_counts_what_is_done():
    html = transcript.todo(after(Todo(items=({"text": "one", "state": "done"}, {"text": "two", "state": "working"}, {"text": "three", "state": "pending"}))))
    assert "1 of 3" in html and html.count("<li") == 3


def test_the_meter_tells_the_sum_its_limit_and_that_prices_are_missing():
    spent = Spent(usd=0.034, tokens=(12_000, 800), roles={"plan": 0.03, "code": 0.004}, unknown=True, limit=1.0)
    html = transcript.meter(spent.to_dict(), None)
    assert "$0.03" in html and "not told" in html and "of $1.00" in html and "plan" in html and "is-warning" not in html
    assert "is-warning" in transcript.meter(Spent(usd=0.95, tokens=(1, 1), limit=1.0).to_dict(), None)


def test_there_is_no_menu_where_nothing_can_be_chosen():
    assert chats.bar([], None, keyed=False) == ""
    assert "New chat" in chats.bar([], None, keyed=True)


def test_a_look_that_found_the_app_broken_is_no_tick():
    def row(tool: str, data: dict, **arguments) -> str:
        return shown(after(UserSaid(text="x"), started("a", tool, arguments=arguments), ended("a", tool, data=data)))

    steps = [{"step": 1, "ok": True}, {"step": 2, "ok": False}]
    broken = row("app_verify", {"ok": False, "stage": "use", "check": {"steps": steps}}, steps=[{}, {}, {}])
    assert "is-warning" in broken and "1 of 3 steps worked" in broken and "is-done" not in broken
    assert "it does not start" in row("app_repair", {"ok": False, "stage": "start"})
    assert "1 of 2 steps worked" in row("preview_check", {"verdict": {"ok": False}, "steps": steps})
    assert "1 of 3 steps worked" in row("use_action", {"verdict": {"ok": False}, "steps": steps}, name="preview_check", arguments={"steps": [{}, {}, {}]})
    fine = row("app_verify", {"ok": True, "stage": "done", "check": {"steps": steps[:1]}})
    assert "is-done" in fine and "is-warning" not in fine


def test_a_call_of_another_action_goes_by_that_ones_name():
    html = shown(after(UserSaid(text="x"), ToolStarted(id="a", name="use_action", title="Use an action", arguments={"name": "space_status", "arguments": {"repo": "me/app"}})))
    assert "Use an action" not in html and "me/app" in html and "space_status" in html


def test_a_delete_is_red_and_wants_the_name_and_says_nothing_of_money():
    arguments = {"name": "space_delete", "arguments": {"repo": "me/app"}}
    html = transcript.live(after(ApprovalAsked(id="d", name="use_action", title="Use an action", kind="delete", reason="It is gone then.", arguments=arguments, usd_per_hour=0.0)))
    assert 'data-confirm="me/app"' in html and "btn-risky" in html and 'value="approve" disabled' in html and "Nothing is paid" not in html and "Use an action" not in html


def test_what_goes_outside_stands_open_and_a_warning_stands_above_the_buttons():
    asked = ApprovalAsked(id="o", name="weather_post", title="Post", kind="outside", reason="It sends.", arguments={"city": "Bern"}, warning="You did not ask for it.")
    html = transcript.live(after(asked))
    assert "Bern" in html.split("<form")[0] and "<details" not in html and html.index("You did not ask for it.") < html.index('value="refuse"')


def test_an_update_shows_its_difference_and_the_local_hub_is_told_as_where():
    plan = {"sentence": "Update me/app.", "repo": "me/app", "local": True, "files": [], "account": "me", "diff": "--- app.py\n+++ app.py\n@@ -1 +1 @@\n-old\n+new\n"}
    html = transcript.live(after(ApprovalAsked(id="u", name="space_update", title="Update", kind="publish", reason="Update me/app. It is public.", plan=plan, usd_per_hour=0.0)))
    assert 'class="d-plus">+new' in html and "Local Hub" in html and "huggingface.co" not in html and html.count("Update me/app") == 1


def test_several_that_wait_can_be_refused_at_once():
    one, two = (ApprovalAsked(id=id, name="space_control", title="Restart", kind="hardware", reason="It starts.") for id in "ab")
    assert "Refuse all" in transcript.live(after(one, two)) and "Refuse all" not in transcript.live(after(one))


def test_the_plan_is_one_line_while_something_waits_and_when_it_is_finished():
    going = after(Todo(items=({"text": "one", "state": "done"}, {"text": "two", "state": "working"})))
    assert " open>" in transcript.todo(going)
    assert " open>" not in transcript.todo(after(Question(id="q", text="Which?"), chat=going))
    assert " open>" not in transcript.todo(after(Todo(items=({"text": "one", "state": "done"},))))


def test_trust_that_was_given_stands_in_the_menu_and_can_be_taken_back():
    bar = chats.bar([], {"id": "c", "title": "x", "trust": [{"repo": "me/app", "class": "publish", "usd_per_hour": 0.4}]}, keyed=True)
    assert "me/app" in bar and "$0.40" in bar and 'data-act="distrust"' in bar
    assert "distrust" not in chats.bar([], {"id": "c", "title": "x", "trust": []}, keyed=True)


def test_a_role_that_cost_nothing_is_not_counted_up():
    assert "code" not in transcript.meter(Spent(usd=0.1, tokens=(1, 1), roles={"plan": 0.1, "code": 0.0}).to_dict(), 1.0)
