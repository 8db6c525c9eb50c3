"""A deploy ends in a Space that serves the committed revision, or in an error and nothing half-made."""

import asyncio
import logging
import time

import pytest
from tests.hub_client.faulty_hub import PRO_TOKEN, TOKEN, Space, breaks_off, error, fails, hangs

from core.caller import Caller
from core.deploy import apply_deploy, plan_deploy
from core.errors import AppFailed, Conflict, Forbidden, HubUnavailable, Outdated, PaymentRequired, TimedOut
from core.secrets import Secret

PAGE = {"index.html": b"<h1>hi</h1>", "README.md": b"---\nsdk: static\n---\n"}
TRACE = ["Traceback (most recent call last):", '  File "app.py", line 3, in <module>', "    import nope", "ModuleNotFoundError: No module named 'nope'"]  # fmt: skip


async def deploy(hub, caller, files=PAGE, *, sdk="docker", timeout=20, emit=lambda event: None, hardware=None):
    plan = await plan_deploy(hub, caller, files=files, name="demo", sdk=sdk, hardware=hardware)
    return await apply_deploy(hub, caller, plan, emit=emit, timeout=timeout, poll=0.05)


def run(coroutine):
    return asyncio.run(coroutine)


def existing(server, files=PAGE):
    space = Space("docker", hardware="cpu-basic")
    space.commit(files, "before")
    space.stage, space.running = "RUNNING", space.head
    server.spaces["alice/demo"] = space
    return space


def test_a_first_deploy_creates_commits_once_and_waits_until_it_serves(server, hub, alice):
    events = []
    made = run(deploy(hub, alice, emit=events.append))
    space = server.spaces["alice/demo"]
    assert made.created and not made.unchanged and made.stage == "RUNNING"
    assert made.revision == space.head == space.running
    assert made.url == f"{server.url}/s/alice-demo/"
    assert [message for _, _, message in space.commits] == ["initial commit", "Create README.md, index.html"]
    assert server.asked("POST", "/commit/main") == 1
    done = [event.name for event in events if event.state == "done"]
    assert done == ["plan", "create", "commit", "build", "start", "serve"]
    begun = [event.name for event in events if event.state == "working"]
    assert begun == ["create", "commit", "build", "start", "serve"]


def test_deploying_the_same_again_commits_nothing_and_still_checks(server, hub, alice):
    first = run(deploy(hub, alice))
    again = run(deploy(hub, alice))
    assert again.unchanged and not again.created and again.revision == first.revision
    assert server.asked("POST", "/commit/main") == 1
    assert server.asked("GET", "/s/alice-demo/") >= 2


def test_an_update_deletes_what_the_project_no_longer_has(server, hub, alice):
    space = existing(server, PAGE | {"old.js": b"x", ".gitattributes": b"keep"})
    made = run(deploy(hub, alice, PAGE | {"new.js": b"y"}))
    assert not made.created and made.revision == space.running
    assert sorted(space.files) == [".gitattributes", "README.md", "index.html", "new.js"]
    assert server.asked("POST", "/commit/main") == 1


def test_the_old_revision_answering_is_not_taken_for_the_new_one(server, hub, alice):
    space = existing(server)
    server.stages_after_commit = ["RUNNING_BUILDING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "RUNNING"]
    made = run(deploy(hub, alice, PAGE | {"new.js": b"y"}))
    assert made.revision == space.running == space.head


def test_a_hub_that_is_late_to_notice_the_commit_does_not_fool_it(server, hub, alice):
    space = existing(server)
    space.stages = []
    server.stages_after_commit = ["RUNNING", "BUILDING", "RUNNING"]
    original = server._runtime_shape
    looks = []

    def stale(current):
        shape = original(current)
        looks.append(1)
        return shape if len(looks) > 6 else shape | {"stage": "RUNNING", "sha": space.commits[0][0]}

    server._runtime_shape = stale
    made = run(deploy(hub, alice, PAGE | {"new.js": b"y"}))
    assert made.revision == space.head and len(looks) > 6


def test_a_first_deploy_that_crashes_names_the_first_error_and_leaves_nothing(server, hub, alice):
    server.stages_after_commit, server.run_log = ["BUILDING", "APP_STARTING", "RUNTIME_ERROR"], ["Starting", *TRACE]
    events = []
    with pytest.raises(AppFailed) as caught:
        run(deploy(hub, alice, emit=events.append))
    assert caught.value.details["line"] == TRACE[-1] and TRACE[-1] in caught.value.message
    assert caught.value.details["stage"] == "RUNTIME_ERROR" and caught.value.details["removed"] is True
    assert caught.value.details["log"][-4:] == TRACE
    assert "removed" in caught.value.message
    assert server.spaces == {}
    assert [(event.name, event.state) for event in events][-1] == ("start", "failed")


def test_a_first_build_that_fails_reads_the_build_log(server, hub, alice):
    server.stages_after_commit = ["BUILDING", "BUILD_ERROR"]
    server.build_log = ["Collecting nope", "ERROR: No matching distribution found for nope", "ERROR: later"]
    with pytest.raises(AppFailed, match="No matching distribution found for nope"):
        run(deploy(hub, alice))
    assert server.spaces == {}


def test_a_space_somebody_else_has_changed_meanwhile_is_not_removed(server, hub, alice):
    server.stages_after_commit, server.run_log = ["BUILDING", "RUNTIME_ERROR"], TRACE
    original = server._logs

    async def meanwhile(request):
        server.spaces["alice/demo"].commit({"theirs.txt": b"!"}, "somebody else")
        return await original(request)

    server.fault("GET", "/logs/run", meanwhile)
    with pytest.raises(AppFailed) as caught:
        run(deploy(hub, alice))
    assert caught.value.details["removed"] is False and "still there" in caught.value.message
    assert "theirs.txt" in server.spaces["alice/demo"].files


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(fails(403, "no"), Forbidden), (fails(412), Outdated), (breaks_off, HubUnavailable), (fails(402, "pay"), PaymentRequired)],
)
def test_a_refused_first_commit_leaves_no_empty_space(server, hub, alice, answer, kind):
    server.fault("POST", "/commit/main", answer)
    with pytest.raises(kind) as caught:
        run(deploy(hub, alice))
    assert server.spaces == {} and caught.value.details["removed"] is True


def test_a_creation_whose_answer_got_lost_is_taken_up(server, hub, alice):
    async def made_but_broken(request):
        await server._create(request)
        return breaks_off(request)

    server.fault("POST", "/api/repos/create", made_but_broken)
    made = run(deploy(hub, alice))
    assert made.created and made.stage == "RUNNING"
    server.fault("POST", "/api/repos/create", breaks_off)
    with pytest.raises(HubUnavailable):
        plan = run(plan_deploy(hub, alice, files=PAGE, name="other", sdk="docker"))
        run(apply_deploy(hub, alice, plan, poll=0.05))
    assert "alice/other" not in server.spaces


def test_a_taken_name_is_a_conflict_and_the_other_space_stays(server, hub, alice):
    async def late():
        plan = await plan_deploy(hub, alice, files=PAGE, name="demo", sdk="docker")
        space = existing(server)
        with pytest.raises(Conflict, match="already created"):
            await apply_deploy(hub, alice, plan, poll=0.05)
        return space

    space = run(late())
    assert server.spaces["alice/demo"] is space and len(space.commits) == 1


def test_402_at_creation_makes_nothing_and_says_what_is_possible(server, hub, alice):
    server.payment_required = {"docker"}
    with pytest.raises(PaymentRequired) as caught:
        run(deploy(hub, alice))
    assert "static" in caught.value.fix and server.spaces == {}


def test_a_commit_since_the_plan_makes_it_outdated_and_nothing_is_overwritten(server, hub, alice):
    space = existing(server)

    async def late():
        plan = await plan_deploy(hub, alice, files=PAGE | {"new.js": b"y"}, name="demo", sdk="docker")
        space.commit(PAGE | {"theirs.txt": b"!"}, "somebody else")
        await apply_deploy(hub, alice, plan, poll=0.05)

    with pytest.raises(Outdated):
        run(late())
    assert space.commits[-1][2] == "somebody else"


def test_a_commit_in_the_very_last_moment_is_not_overwritten_either(server, hub, alice):
    space = existing(server)
    original = server._preupload

    async def meanwhile(request):
        space.commit(PAGE | {"theirs.txt": b"!"}, "somebody else")
        request.scope["path_params"] = {"ns": "alice", "name": "demo", "rev": "main"}
        return await original(request)

    server.fault("POST", "/preupload/main", meanwhile)
    with pytest.raises(Outdated):
        run(deploy(hub, alice, PAGE | {"new.js": b"y"}))
    assert space.commits[-1][2] == "somebody else"


def test_a_failed_update_keeps_the_old_revision_and_says_so(server, hub, alice):
    space = existing(server)
    before = space.head
    server.stages_after_commit, server.run_log = ["RUNNING_BUILDING", "RUNTIME_ERROR"], TRACE
    with pytest.raises(AppFailed) as caught:
        run(deploy(hub, alice, PAGE | {"app.py": b"import nope"}))
    assert f"the revision before it ({before[:7]}) still serves" in caught.value.message
    assert caught.value.details["still_serving"] is True and caught.value.details["kept"] == before
    assert space.running == before and TRACE[-1] in caught.value.message


def test_where_the_hub_stops_the_old_revision_its_files_are_put_back(server, hub, alice):
    files = PAGE | {"gone.txt": b"was here"}
    space = existing(server, files)
    server.keeps_old_on_failure = False
    server.stages_after_commit, server.run_log = ["BUILDING", "RUNTIME_ERROR"], TRACE
    with pytest.raises(AppFailed, match="were put back") as caught:
        run(deploy(hub, alice, PAGE | {"index.html": b"new", "app.py": b"import nope"}))
    assert caught.value.details["restored"] is True
    assert space.files == files, "changed, deleted and created files are all as before"
    assert len(space.commits) == 3


def test_a_paused_space_is_started_again(server, hub, alice):
    space = existing(server)
    space.stage, space.running = "PAUSED", None
    made = run(deploy(hub, alice))
    assert made.unchanged and space.running == space.head
    assert server.asked("POST", "/restart") == 1


def test_hardware_that_was_asked_for_is_requested_and_nothing_else_moves_a_space(server, hub):
    bob = Caller(id="bob", token=Secret(PRO_TOKEN))
    space = existing(server)
    server.spaces = {"bob/demo": space}
    run(deploy(hub, bob, PAGE | {"new.js": b"y"}))
    assert space.hardware == "cpu-basic" and server.asked("POST", "/hardware") == 0
    run(deploy(hub, bob, PAGE | {"new.js": b"z"}, hardware="t4-small"))
    assert space.hardware == "t4-small"


def test_a_space_paused_during_the_deploy_is_told(server, hub, alice, monkeypatch):
    import core.deploy.watch as watch

    monkeypatch.setattr(watch, "SETTLE_SECONDS", 0.3)
    existing(server)
    server.stages_after_commit = ["RUNNING_BUILDING", "PAUSED"]
    with pytest.raises(Conflict, match="somebody stopped it"):
        run(deploy(hub, alice, PAGE | {"new.js": b"y"}))


def test_a_page_that_answers_500_is_not_serving(server, hub, alice):
    server.page_status = 500
    with pytest.raises(TimedOut, match="answers 500") as caught:
        run(deploy(hub, alice, timeout=1))
    assert caught.value.details["stage"] == "RUNNING"
    assert "alice/demo" in server.spaces, "a Space that may still come up is left alone"


def test_an_api_without_a_first_page_serves_with_a_warning(server, hub, alice, monkeypatch):
    import core.deploy.watch as watch

    monkeypatch.setattr(watch, "_PATIENCE_WITH_4XX", 0.2)
    server.page_status = 404
    events = []
    assert run(deploy(hub, alice, emit=events.append)).stage == "RUNNING"
    assert (events[-1].name, events[-1].state) == ("serve", "warning") and "404" in events[-1].text


def test_a_hub_away_for_a_moment_does_not_end_the_wait(server, hub, alice):
    server.fault("GET", "/runtime", *[fails(503)] * 2, breaks_off)
    assert run(deploy(hub, alice)).stage == "RUNNING"


@pytest.mark.parametrize("where", [("POST", "/api/repos/create"), ("POST", "/preupload/main"), ("POST", "/commit/main"), ("GET", "/runtime")])
def test_cancelling_a_first_deploy_removes_what_it_made(server, hub, alice, where):
    if where[1] == "/runtime":
        server.always[where] = hangs(20)
    else:
        slow(server, *where)

    async def cancelled():
        task = asyncio.ensure_future(deploy(hub, alice))
        while not server.asked(*where):
            await asyncio.sleep(0.01)
        begun = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - begun

    assert run(cancelled()) < 2.5
    time.sleep(0.7)  # a request still on its way would land by now
    assert server.spaces == {}


def slow(server, method, path_end):
    """Let the next such request succeed, but late."""

    async def later(request):
        await asyncio.sleep(0.6)
        handler = {"/api/repos/create": server._create, "/preupload/main": server._preupload, "/commit/main": server._commit}[path_end]
        if path_end != "/api/repos/create":
            _, _, _, ns, name, *_ = request.url.path.split("/")
            request.scope["path_params"] = {"ns": ns, "name": name, "rev": "main"}
        return await handler(request)

    server.fault(method, path_end, later)


def test_cancelling_an_update_before_its_commit_changes_nothing(server, hub, alice):
    space = existing(server)
    slow(server, "POST", "/preupload/main")

    async def cancelled():
        task = asyncio.ensure_future(deploy(hub, alice, PAGE | {"new.js": b"y"}))
        while not server.asked("POST", "/preupload/main"):
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(cancelled())
    time.sleep(0.5)
    assert len(space.commits) == 1 and server.asked("POST", "/commit/main") == 0


def test_a_free_gradio_deploy_asks_for_zerogpu(server, hub, alice):
    server.payment_required = {"gradio", "docker"}
    run(deploy(hub, alice, {"app.py": b"import gradio\n", "README.md": b"---\nsdk: gradio\n---\n"}, sdk="gradio"))
    space = server.spaces["alice/demo"]
    assert space.hardware == "zero-a10g" and b"@spaces.GPU" in space.files["app.py"]


def test_a_front_matter_the_hub_refuses_is_the_persons_to_correct(server, hub, alice):
    from core.errors import InvalidInput

    with pytest.raises(InvalidInput, match='"sdk" must be one of'):
        run(deploy(hub, alice, PAGE | {"README.md": b"---\nsdk: nonsense\n---\n"}))
    assert server.spaces == {}


def test_no_token_in_events_errors_or_logs(server, hub, alice, caplog):
    caplog.set_level(logging.DEBUG)
    events = []
    run(deploy(hub, alice, emit=events.append))
    server.stages_after_commit, server.run_log = ["RUNTIME_ERROR"], [f"ValueError: bad key {TOKEN}"]
    with pytest.raises(AppFailed) as caught:
        run(deploy(hub, alice, PAGE | {"x": b"y"}, emit=events.append))
    server.always["GET", "/api/spaces/alice/demo"] = lambda request: error(403, f"{TOKEN} is not welcome")
    with pytest.raises(Forbidden) as refused:
        run(deploy(hub, alice))
    shown = caplog.text + repr(events) + repr(caught.value.to_dict()) + repr(refused.value.to_dict()) + str(refused.value)
    assert TOKEN not in shown and "ValueError: bad key" in shown
