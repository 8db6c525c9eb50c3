"""The parts: hostile text stays text, every state has its word, addresses and frames only where they are safe."""

import base64
import re
from html.parser import HTMLParser

import pytest

from ui.parts import board, box, connect, files, frame, header, keys, logs, models, notice, plan, query, receipt, results, ring, steps, story, terminal

HOSTILE = """</textarea></iframe><script>alert(1)</script><img src=x onerror=alert(2)>" onmouseover="alert(3)' x='"""
ROW = {
    "id": HOSTILE, "kind": "space", "title": HOSTILE, "summary": HOSTILE, "likes": 1234, "downloads": None, "updated": HOSTILE,
    "task": HOSTILE, "sdk": HOSTILE, "tags": [HOSTILE], "runnable": True, "url": "javascript:alert(1)",
}  # fmt: skip
SPACE = {
    "repo": HOSTILE, "title": HOSTILE, "stage": "RUNNING", "word": HOSTILE, "revision": None, "hardware": HOSTILE, "sdk": HOSTILE,
    "host": "javascript:alert(1)", "url": HOSTILE, "serving": True, "error": HOSTILE, "private": True, "updated": None,
}  # fmt: skip
ERROR = {"code": HOSTILE, "message": HOSTILE, "fix": HOSTILE, "details": {"project": HOSTILE, "log": [HOSTILE]}}
MATCH = {"id": HOSTILE, "title": HOSTILE, "summary": HOSTILE, "sdk": HOSTILE, "score": 1.0, "reasons": [HOSTILE]}
PROJECT = {"id": HOSTILE, "slug": HOSTILE, "title": HOSTILE, "template": HOSTILE, "sdk": HOSTILE, "space": HOSTILE, "revision": HOSTILE, "created_at": HOSTILE}
PLAN = {
    "repo": HOSTILE, "url": HOSTILE, "sentence": HOSTILE, "exists": True, "visibility": "public", "hardware": HOSTILE,
    "hardware_why": HOSTILE, "cost_per_hour": 0.6, "payer": HOSTILE, "account": HOSTILE, "notes": [HOSTILE], "warnings": [HOSTILE],
    "files": [{"path": HOSTILE, "change": "created", "size": 3, "why": HOSTILE}],
}  # fmt: skip
KEY = {
    "id": HOSTILE, "provider": HOSTILE, "label": HOSTILE, "owner": "visitor", "disabled": False, "last4": HOSTILE, "has_key": True,
    "base_url": HOSTILE, "models": [HOSTILE], "priority": False, "position": 0, "state": HOSTILE, "seconds": 3.0,
}  # fmt: skip
ATTEMPT = {
    "number": 1, "provider": HOSTILE, "key_label": HOSTILE, "model": HOSTILE, "status": 500, "outcome": HOSTILE, "error": {"message": HOSTILE},
    "latency_ms": 12.0, "first_token_ms": None, "usage": None, "cost_usd": None, "paid_by": HOSTILE,
}  # fmt: skip
RECEIPT = {
    "id": HOSTILE, "at": 1.0, "model": HOSTILE, "provider": HOSTILE, "attempts": [ATTEMPT], "usage": None, "cost_usd": None, "first_token_ms": None,
    "latency_ms": 12.0, "skipped": [{"provider": HOSTILE, "key_label": HOSTILE, "model": None, "reason": HOSTILE}],
}  # fmt: skip
MODEL = {
    "provider": HOSTILE, "id": HOSTILE, "name": HOSTILE, "price": {"input": 1.0, "output": 2.5}, "context": 8192, "tools": True, "vision": True,
    "free": False, "reason": HOSTILE,
}  # fmt: skip
DRAWN = {
    "header": header.header(projects=[PROJECT], project=HOSTILE, hub=HOSTILE, local=False, account={"name": HOSTILE, "fullname": HOSTILE}),
    "silent": header.header(projects=[], project=None, hub="x", local=False, account={"name": "", "trouble": HOSTILE}),
    "dock": header.dock(stage="working", title=HOSTILE),
    "steps": steps.step_list([steps.Line("a", HOSTILE, "working", 1.0)], title=HOSTILE),
    "failure": notice.failure(ERROR, notice.Button(HOSTILE, event="again", arg=HOSTILE)),
    "empty": notice.empty(HOSTILE, HOSTILE),
    "built": story.built({"project": PROJECT, "notes": [HOSTILE], "ranked": [MATCH, {**MATCH, "id": "b"}], "template": "b"}),
    "no template": story.not_built({**ERROR, "code": "no_template_fits", "details": {"nearest": [MATCH]}}),
    "not built": story.not_built(ERROR),
    "receipt": receipt.receipt(PROJECT, [{"path": HOSTILE, "size": 1}], [{"path": HOSTILE, "line": 1, "message": HOSTILE, "fix": HOSTILE, "severity": "error"}], {"why": HOSTILE, "inputs": {HOSTILE: [HOSTILE]}, "ranked": [MATCH]}),  # fmt: skip
    "logs": logs.log_lines([{"number": 1, "at": 1.0, "source": HOSTILE, "text": HOSTILE}]),
    "tree": files.tree([{"path": HOSTILE, "size": 1}, {"path": f"{HOSTILE}/x", "size": 1}], HOSTILE, project=HOSTILE, edited={HOSTILE}),
    "file_head": files.file_head(f"a/{HOSTILE}", 3, edited=True),
    "folder_head": files.folder_head(f"{HOSTILE}/", [{"path": f"{HOSTILE}/x", "size": 3}]),
    "opaque text": files.opaque({"path": HOSTILE, "size": 9, "text": HOSTILE}),
    "opaque bytes": files.opaque({"path": HOSTILE, "size": 9, "base64": base64.b64encode(b"alert(1)<img>\xff").decode()}),
    "box": box.box({"sealed": True, "tier": HOSTILE, "selftest": HOSTILE, "networks": ["sealed"], "layers": {HOSTILE: {"state": HOSTILE, "detail": HOSTILE}}}, project={"id": HOSTILE, "network": HOSTILE, "hosts": [HOSTILE]}, said={"tone": "done", "message": HOSTILE, "fix": HOSTILE}),
    "terminal": terminal.terminal([terminal.Entry(HOSTILE, "failed", HOSTILE, result={"output": HOSTILE, "exit": 1, "run": HOSTILE, "changes": [{"path": HOSTILE, "status": HOSTILE, "size": 1}], "left_out": [{"path": HOSTILE, "why": HOSTILE}]}, error={"message": HOSTILE, "fix": HOSTILE})]),
    "compared": files.compared([{"path": HOSTILE, "status": HOSTILE, "added": 1, "removed": 1, "patch": "+" + HOSTILE}]),
    "history": files.history([{"revision": HOSTILE, "message": HOSTILE, "at": HOSTILE}], HOSTILE, [{"path": HOSTILE, "status": HOSTILE, "added": 1, "removed": 1, "patch": "+" + HOSTILE}]),  # fmt: skip
    "plan": plan.plan(PLAN, local=False),
    "deployed": plan.deployed({"repo": HOSTILE, "url": "javascript:alert(1)", "unchanged": False, "seconds": 3.0}),
    "not deployed": plan.not_deployed(ERROR),
    "results": results.results([ROW], results.Ask(), query=HOSTILE, sample=True, more=True),
    "no results": results.results([], results.Ask(), query=HOSTILE, sample=False, more=False),
    "details": results.details("model", {**ROW, "readme": "# It", "papers": [HOSTILE], "providers": [{"provider": HOSTILE, "task": HOSTILE, "live": True, "price": None}], "card": {"library_name": HOSTILE}, "license": HOSTILE, "files": [{"path": HOSTILE, "size": 1}], "models": [HOSTILE]}),
    "paper": results.details("paper", {**ROW, "abstract": "It", "authors": [HOSTILE], "github": "javascript:alert(1)", "spaces": [HOSTILE]}),
    "person": results.details("person", {**ROW, "type": HOSTILE, "counts": {HOSTILE: 1}, "organizations": [HOSTILE], "models": [HOSTILE]}),
    "collection": results.details("collection", {**ROW, "owner": HOSTILE, "contents": [{**ROW, "kind": "model", "note": HOSTILE}]}),
    "documentation": results.details("doc", {"url": HOSTILE, "title": HOSTILE, "text": "It", "next_offset": 1}),
    "programs": query.programs([{"id": HOSTILE, "title": HOSTILE, "question": HOSTILE}], HOSTILE),
    "query result": query.result({"result": {"results": [{HOSTILE: HOSTILE}], "coverage": {HOSTILE: HOSTILE}}, "meta": {"ok": False, "error": HOSTILE, "notes": [HOSTILE], "printed": HOSTILE}}),
    "chips": results.chips(results.Ask("model", (f"author={HOSTILE}",))),
    "board": board.board([SPACE], opened=board.Open(HOSTILE, "log", lines=(HOSTILE,)), trouble={"repo": HOSTILE, "message": HOSTILE, "fix": HOSTILE}),
    "delete": board.board([SPACE], opened=board.Open(HOSTILE, "delete")),
    "account": keys.account_card({"name": HOSTILE, "fullname": HOSTILE, "token_role": HOSTILE, "orgs": [{"name": HOSTILE, "role": HOSTILE}]}, source="pasted", hub=HOSTILE, local=False, last4=HOSTILE),  # fmt: skip
    "outside": connect.outside([{"id": HOSTILE, "name": HOSTILE, "kind": "mcp", "address": HOSTILE, "headers": [HOSTILE], "hub_token": True, "trust_reads": False, "trouble": None, "tools": [{"name": HOSTILE, "as": HOSTILE, "description": HOSTILE, "risk": HOSTILE, "asks": True}]}], hub_mcp="https://huggingface.co/mcp", said=HOSTILE, trouble=ERROR),
    "connect": connect.connect("http://" + HOSTILE, local=True),
    "keys": ring.cards([KEY, {**KEY, "owner": "instance"}], movable=[HOSTILE], notes={HOSTILE: {"text": HOSTILE, "tone": "done"}}, said=HOSTILE, trouble=ERROR),
    "remove a key": ring.cards([KEY], movable=[HOSTILE], asked=ring.Asked(HOSTILE, "remove")),
    "replace a key": ring.cards([KEY], movable=[HOSTILE], asked=ring.Asked(HOSTILE, "rotate")),
    "key form": ring.add_form([{"provider": HOSTILE, "title": HOSTILE}]),
    "models": models.models([MODEL], total=2, sources=[{"provider": HOSTILE, "error": HOSTILE}], query=HOSTILE, chosen=None, keys=True),
    "no models": models.models([], total=0, sources=[], query=HOSTILE, chosen=None, keys=True),
    "asking": models.asking((HOSTILE, HOSTILE)),
    "answer": models.answer("failed", [HOSTILE, HOSTILE], thoughts=HOSTILE, receipt=RECEIPT, error=ERROR),
    "frame": frame.frame({"path": "/p/abc-def/", "stage": "running"}, HOSTILE),
}  # fmt: skip


class Reader(HTMLParser):
    """Collects tags and attributes the way a browser would see them."""

    def __init__(self, text: str):
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("name", DRAWN)
def test_hostile_text_stays_text(name):
    read = Reader(DRAWN[name])
    assert not {"script", "img", "textarea"} & set(read.tags)
    assert not [key for key, _ in read.attributes if key.startswith("on")]
    assert not [value for key, value in read.attributes if key in ("href", "src") and (value or "").startswith("javascript")]


def test_every_part_that_was_given_the_text_shows_it():
    for name, html in DRAWN.items():
        read = Reader(html)
        shown = read.text + " ".join(value or "" for _, value in read.attributes)
        assert "alert(1)" in shown, name


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "/hub/", "javascript:alert(1)", "/p/a/../../api/", "", None])
def test_only_previews_are_framed(path):
    assert frame.frame({"path": path, "stage": "running"}) == ""


def test_the_frame_is_of_an_opaque_origin():
    sandbox = dict(Reader(frame.frame({"path": "/p/1a-b_C/", "stage": "running"})).attributes)["sandbox"].split()
    assert "allow-scripts" in sandbox and not {"allow-same-origin", "allow-top-navigation"} & set(sandbox)


@pytest.mark.parametrize("stage", ["building", "starting", "failed", "stopped"])
def test_nothing_is_framed_before_it_runs_or_after(stage):
    assert frame.frame({"path": "/p/a-b/", "stage": stage}) == ""


def test_unauthorized_brings_the_button_that_signs_in():
    html = plan.not_deployed({"code": "unauthorized", "message": "Nobody is signed in.", "fix": "Sign in."})
    assert 'data-go="keys"' in html


@pytest.mark.parametrize(("code", "event"), [("conflict", "rename"), ("invalid_input", "rename"), ("hub_unavailable", "again"), ("outdated", "again")])
def test_a_failed_deploy_offers_what_mends_it(code, event):
    assert f'data-act="{event}"' in plan.not_deployed({"code": code, "message": "m", "fix": "f"})


def test_an_invalid_idea_is_not_worth_trying_again():
    assert 'data-act="again"' not in story.not_built({"code": "invalid_input", "message": "m", "fix": "f"})
    assert 'data-act="again"' in story.not_built({"code": "hub_unavailable", "message": "m", "fix": "f"})


def test_the_template_that_was_used_is_not_offered_again():
    ranked = [{**MATCH, "id": name, "title": name} for name in ("used", "second")]
    html = story.built({"project": {"title": "T"}, "ranked": ranked, "template": "used", "notes": []})
    assert 'data-arg="second"' in html and 'data-arg="used"' not in html


def test_examples_are_six_and_each_has_its_template():
    from core.build import analyze, select

    chosen = [select(analyze(idea)).chosen for _, idea in story.EXAMPLES]
    assert len(chosen) == 6 and all(chosen)
    assert len({match.id for match in chosen}) == 5


def test_the_plan_says_cost_payer_and_every_change():
    html = Reader(plan.plan({**PLAN, "payer": "acme", "files": [{"path": f"f{n}.py", "change": "created", "size": 1, "why": None} for n in range(45)]}, local=False)).text  # fmt: skip
    assert "$0.60 an hour" in html and "@acme" in html and "and 5 more" in html
    free = Reader(plan.plan({**PLAN, "cost_per_hour": 0, "payer": None}, local=True)).text
    assert "Free" in free and "Nobody" in free
    assert "1 new" in free and "created" not in free  # nothing is done before the button is pressed


def test_a_stage_is_said_in_the_words_of_the_page():
    told = Reader(results.details("space", {**ROW, "stage": "BUILD_ERROR"})).text
    assert "build error" in told and "BUILD_ERROR" not in told


def test_filters_belong_to_their_kind():
    ask = results.Ask().toggle("sdk=gradio").toggle("task=no such filter")
    assert ask.tags == ("sdk=gradio",)
    assert ask.toggle("sdk=static").tags == ("sdk=static",)  # a Space has one SDK
    assert ask.toggle("filter=mcp-server").given() == {"sdk": "gradio", "filter": ["mcp-server"], "sort": "relevance"}
    assert ask.toggle("sdk=gradio").tags == ()
    assert ask.toggle("author=someone").given()["author"] == "someone"
    assert ask.of("model").tags == () and ask.of("nonsense") is ask
    assert ask.of("person").toggle("author=someone").given() == {}
    assert ask.sorted_by("downloads").sort == "relevance"  # Spaces have none


def test_duplicate_project_names_can_be_told_apart():
    html = header.header(projects=[{"id": str(one), "title": "A", "created_at": f"20{one}0-01-01T00:00:00Z"} for one in (1, 2)], project="2", hub="h", local=True, account=None)  # fmt: skip
    assert re.search(r'value="2" selected>A · 2020-01-01<', html)


def test_log_lines_lose_colours_and_tricks_and_keep_their_words():
    assert logs.clean("\x1b[31mred\x1b[0m \u202etxt\r\n") == "red txt"
    assert len(logs.clean("x" * 10_000)) == 2000
    assert "is-trouble" in logs.log_lines([{"source": "run", "text": "ValueError: Error in app", "at": None}])


@pytest.mark.parametrize(("path", "language"), [("app.py", "python"), ("a/Dockerfile", "dockerfile"), ("x.yml", "yaml"), ("LICENSE", None), ("a.unknown", None)])
def test_the_editor_knows_the_language(path, language):
    assert files.language(path) == language


def test_a_picture_is_shown_from_its_own_bytes_and_never_as_svg():
    shown = files.opaque({"path": "a/logo.PNG", "size": 9, "base64": "iVBORw0KGgo="})
    assert '<img src="data:image/png;base64,iVBORw0KGgo=" alt="a/logo.PNG">' in shown
    for path in ("logo.svg", "logo.html", "logo"):
        assert "<img" not in files.opaque({"path": path, "size": 9, "base64": "iVBORw0KGgo="})


@pytest.mark.parametrize(
    "status, said",
    [
        (None, ("working", "testing the seal")),
        ({"sealed": True, "tier": "strong"}, ("done", "sealed")),
        ({"sealed": True, "tier": "reduced"}, ("warning", "partly sealed")),
        ({"sealed": False, "tier": "strong"}, ("failed", "not sealed")),
        ({}, ("working", "testing the seal")),
    ],
)
def test_the_seal_has_one_word(status, said):
    assert box.seal(status) == said
    assert said[1] in frame.chrome({"stage": "running", "id": "x"}, seal=said)


def test_a_curve_stays_within_its_frame_and_needs_three_figures():
    assert box.curve([1, 2]) == ""
    points = [tuple(map(float, pair.split(","))) for pair in box.curve([0, 50, 100, 0]).split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points) and points[0][0] == 0 and points[-1][0] == 56
    assert points[2][1] == min(y for _, y in points) and all(0 <= y <= 14 for _, y in points)
    assert box.curve([0, 0, 0])


def test_a_frozen_app_is_said_to_rest():
    assert "resting" in frame.chrome({"stage": "running", "stats": {"frozen": True}})


def test_only_the_newest_result_of_the_terminal_can_be_kept():
    def ended(run):
        return terminal.Entry("x", "done", result={"output": "", "exit": 0, "run": run, "changes": [{"path": "a", "status": "added", "size": 1}]})

    stopped = terminal.Entry("y", "stopped")
    assert terminal.terminal([ended("r1"), ended("r2"), stopped]).count('data-act="keep"') == 1
    assert 'data-arg="r2"' in terminal.terminal([ended("r1"), ended("r2"), stopped])
    assert 'data-act="keep"' not in terminal.terminal([ended("r1"), ended(None)])


@pytest.mark.parametrize(
    "result, words",
    [({"exit": 0}, "exit 0"), ({"exit": 3}, "exit 3"), ({"exit": None, "signal": 9, "killed_by": "timeout"}, "time was over"), ({"exit": None, "signal": 11}, "signal 11")],
)
def test_a_command_says_how_it_ended(result, words):
    assert words in terminal.terminal([terminal.Entry("x", terminal.state_of(result), result=result)])
    assert terminal.state_of(result) == ("done" if result == {"exit": 0} else "failed")


def test_the_tree_shows_folders_before_files_and_marks_the_open_one():
    html = files.tree([{"path": path} for path in ("z.py", "a/b/c.py", "a/d.py")], "a/d.py")
    assert re.findall(r"<span>([^<]+)<", html) == ["a", "b", "c.py", "d.py", "z.py"]
    assert 'data-arg="a/d.py" title="a/d.py" aria-current="true"' in files.tree([{"path": "a/d.py"}], "a/d.py")
    assert 'data-arg="a/" title="a/" aria-current="true"' in files.tree([{"path": "a/d.py"}], "a/")
    assert files.tree([{"path": "a"}, {"path": "b"}], "a", edited={"b"}).count("tree-edited") == 1


def test_only_ones_own_keys_can_be_changed_and_the_ends_of_the_order_are_the_ends():
    rows = [{**KEY, "id": id, "label": id, "state": "ready"} for id in ("a", "b", "theirs")]
    html = ring.cards(rows, movable=["a", "b"])
    acts = {id: set(re.findall(rf'data-act="(\w+)" data-arg="{id}"', html)) for id in ("a", "b", "theirs")}
    assert acts["a"] == acts["b"] == {"up", "down", "test", "pause", "ask_rotate", "ask_remove"}
    assert acts["theirs"] == {"test"}
    assert re.search(r'data-act="up" data-arg="a"[^>]* disabled', html) and re.search(r'data-act="down" data-arg="b"[^>]* disabled', html)
    assert not re.search(r'data-act="down" data-arg="a"[^>]* disabled', html)
    assert "The order is the routing" in html


@pytest.mark.parametrize(
    ("key", "word", "tone"),
    [({"state": "ready"}, "ready", "done"), ({"state": "cooling"}, "resting", "warning"), ({"state": "rejected"}, "refused", "failed"), ({"state": "rejected", "disabled": True}, "paused", "stopped")],  # fmt: skip
)
def test_a_keys_state_has_its_word_and_its_tone(key, word, tone):
    tag = re.search(r'<span class="tag is-(\w+)">.*?</svg>(\w+)', ring.cards([{**KEY, **key}]))
    assert (tag[1], tag[2]) == (tone, word)


def test_no_form_of_a_key_could_put_it_into_an_address():
    forms = ring.add_form([]) + ring.cards([KEY], movable=[HOSTILE], asked=ring.Asked(HOSTILE, "rotate"))
    fields = [dict(Reader(tag).attributes) for tag in re.findall(r"<(?:form|input|select)[^>]*>", forms)]
    assert fields and not [field for field in fields if "name" in field or "action" in field]


def test_a_receipt_names_the_payer_of_what_cost_something_and_never_takes_unknown_for_nothing():
    paid = {**ATTEMPT, "outcome": "answered", "cost_usd": 0.0123, "paid_by": "instance"}
    free = {**ATTEMPT, "cost_usd": 0.0, "paid_by": "nobody"}
    text = Reader(models.attempts({**RECEIPT, "attempts": [free, paid], "cost_usd": 0.0123})).text
    assert "the owner of this instance" in text and "nobody" not in text and "$0.0123" in text
    assert "unknown" in Reader(models.attempts({**RECEIPT, "attempts": [{**ATTEMPT, "paid_by": "visitor"}]})).text


def test_an_answer_without_its_end_can_go_on_and_shows_what_it_came_to():
    stopped = {**RECEIPT, "cost_usd": None, "estimate_usd": 0.0004, "attempts": [{**ATTEMPT, "outcome": "cancelled", "cost_usd": None, "estimate_usd": 0.0004}]}
    for state, error in (("stopped", None), ("failed", ERROR)):
        drawn = models.answer(state, ["so far"], receipt=stopped, error=error)
        assert 'data-act="go_on"' in drawn and 'data-act="again"' in drawn
        text = Reader(drawn).text
        assert "Go on from here" in text and "about $0.0004, estimated" in text and "told no cost" in text
        assert 'data-act="go_on"' not in models.answer(state, [], error=error) and 'data-act="again"' in models.answer(state, [], error=error)
    assert 'data-act="again"' not in models.answer("done", ["all"], receipt=RECEIPT)


def test_a_streamed_answer_only_grows_so_that_what_was_read_is_not_read_again():
    first, then = (re.search(r'class="answer-text".*?</div>', models.answer("working", pieces))[0] for pieces in (["a"], ["a", " b"]))
    assert 'aria-live="polite"' in first and then.startswith(first.removesuffix("</div>"))


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "unknown"), (0, "$0"), (1e-9, "<$0.000001"), (0.000123, "$0.000123"), (0.0123, "$0.0123"), (0.375, "$0.375"), (0.4, "$0.40"), (1, "$1"), (12.5, "$12.50")],  # fmt: skip
)
def test_money_in_words(value, words):
    from ui.parts.words import usd

    assert usd(value) == words


def test_what_was_spent_stands_beside_its_limit():
    text = Reader(ring.spent({"call": {"limit": None}, "session": {"limit": 1.0, "spent": 0.95, "left": 0.05}, "day": {"limit": None, "spent": 2.0, "left": None}})).text  # fmt: skip
    assert "$0.95 of $1 in this session" in text and "$2 today" in text


def test_no_models_says_why_and_what_to_do():
    nothing = {"total": 0, "sources": [], "query": "", "chosen": None}
    assert "Add a model key" in models.models([], **nothing, keys=False)
    assert "for pictures" in models.models([], **nothing, keys=True, task="vision")
    assert "not there yet" in models.models([], **nothing, keys=True)
