"""The same deploy code against the real Local Hub: real commits, real builds, apps that really run."""

import asyncio

import httpx
import pytest
from tests.deploy.local_hub import READER, WRITER, LocalHubProcess

from core.caller import Caller
from core.deploy import apply_deploy, plan_deploy
from core.errors import AppFailed, Conflict, Forbidden, NotFound, Unauthorized
from core.hub import Hub, control, create_space, delete_space, list_spaces, log_tail, search, status, whoami
from core.secrets import Secret

PAGE = {
    "index.html": b"<!doctype html><title>one</title><h1>first words</h1>",
    "README.md": b"---\ntitle: Page\nemoji: \xf0\x9f\x93\x84\ncolorFrom: blue\ncolorTo: green\nsdk: static\napp_file: index.html\n---\n",
}
FASTAPI = """
import os
BEFORE
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

app = Starlette(routes=[Route("/", lambda request: PlainTextResponse("TEXT"))])
uvicorn.run(app, host="0.0.0.0", port=int(os.environ.get("PORT", "7860")))
"""


def service(text, before=""):
    return {
        "README.md": b"---\ntitle: Service\nemoji: \xf0\x9f\x94\xa7\ncolorFrom: blue\ncolorTo: green\nsdk: docker\napp_port: 7860\n---\n",
        "Dockerfile": b"FROM python:3.12-slim\nWORKDIR /app\nCOPY . .\nEXPOSE 7860\nCMD [\"python\", \"app.py\"]\n",
        "app.py": FASTAPI.replace("TEXT", text).replace("BEFORE", before).encode(),
    }


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = LocalHubProcess(tmp_path_factory.mktemp("local-hub"))
    running.wait()
    yield running
    running.close()


@pytest.fixture
def hub(process):
    return Hub(process.endpoint, local=True)


@pytest.fixture
def anna():
    return Caller(id="anna", token=Secret(WRITER))


async def deploy(hub, caller, files, name, sdk, *, events=None, **options):
    plan = await plan_deploy(hub, caller, files=files, name=name, sdk=sdk, **options)
    emit = events.append if events is not None else (lambda event: None)
    return await apply_deploy(hub, caller, plan, emit=emit, timeout=60, poll=0.2)


def run(coroutine):
    return asyncio.run(coroutine)


def fetch(url):
    return httpx.get(url, follow_redirects=True, timeout=10)


def test_a_page_is_created_served_updated_and_found(hub, anna):
    events = []
    made = run(deploy(hub, anna, PAGE, "page", "static", events=events))
    assert made.created and made.repo == "anna/page" and made.url.startswith(hub.endpoint + "/s/")
    assert "first words" in fetch(made.url).text
    assert {event.name for event in events if event.state == "done"} >= {"plan", "create", "commit", "serve"}

    again = run(deploy(hub, anna, PAGE, "page", "static"))
    assert again.unchanged and again.revision == made.revision

    changed = PAGE | {"index.html": b"<h1>second words</h1>", "more.css": b"h1{}"}
    updated = run(deploy(hub, anna, changed, "anna/page", "static"))
    assert updated.revision != made.revision and updated.url == made.url
    assert "second words" in fetch(made.url).text

    assert [space.repo for space in run(list_spaces(hub, anna))] == ["anna/page"]
    found = run(status(hub, anna, "anna/page"))
    assert (found.word, found.serving, found.revision) == ("running", True, updated.revision)
    run(delete_space(hub, anna, "anna/page"))
    with pytest.raises(NotFound):
        run(status(hub, anna, "anna/page"))


def test_a_private_page_serves_only_where_its_reader_is_told(hub, anna):
    made = run(deploy(hub, anna, PAGE, "hidden", "static", visibility="private"))
    assert "~" in made.url and fetch(made.url).status_code == 200
    with pytest.raises(NotFound):
        run(status(hub, Caller(id="nobody"), "anna/hidden"))
    run(delete_space(hub, anna, "anna/hidden"))


def test_a_service_runs_and_a_failing_update_keeps_it(hub, anna):
    made = run(deploy(hub, anna, service("one"), "service", "docker"))
    assert fetch(made.url).text == "one"
    with pytest.raises(AppFailed) as caught:
        run(deploy(hub, anna, service("two", "import nope_not_there"), "service", "docker"))
    assert "No module named 'nope_not_there'" in caught.value.details["line"]
    assert caught.value.details["still_serving"] is True and "still serves" in caught.value.message
    assert fetch(made.url).text == "one"
    repaired = run(deploy(hub, anna, service("three"), "service", "docker"))
    assert fetch(repaired.url).text == "three"
    assert run(control(hub, anna, "anna/service", "pause")).word == "paused"
    restarted = run(deploy(hub, anna, service("three"), "service", "docker"))
    assert restarted.unchanged and fetch(restarted.url).text == "three"
    assert run(log_tail(hub, anna, "anna/service", build=False))
    run(delete_space(hub, anna, "anna/service"))


def test_a_first_deploy_that_cannot_run_leaves_no_space_behind(hub, anna):
    for files, told in (
        (service("x", "raise SystemExit('no luck today')"), "no luck today"),
        (service("x") | {"Dockerfile": b"FROM ubuntu:24.04\n"}, ""),
        ({"README.md": PAGE["README.md"], "note.txt": b"no page here"}, ""),
    ):
        sdk = "docker" if "Dockerfile" in files else "static"
        with pytest.raises(AppFailed) as caught:
            run(deploy(hub, anna, files, "broken", sdk))
        assert told in caught.value.message and caught.value.details["removed"] is True
        with pytest.raises(NotFound):
            run(status(hub, anna, "anna/broken"))


def test_cancelling_leaves_no_space_behind(hub, anna):
    async def cancelled():
        events = []
        task = asyncio.ensure_future(deploy(hub, anna, service("x", "import time; time.sleep(60)"), "slow", "docker", events=events))
        while not task.done() and not any(event.name == "commit" and event.state == "done" for event in events):
            await asyncio.sleep(0.02)
        begun = asyncio.get_running_loop().time()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        seconds = asyncio.get_running_loop().time() - begun
        with pytest.raises(NotFound):
            await status(hub, anna, "anna/slow")
        return seconds

    assert run(cancelled()) < 2.5


def test_tokens_that_may_not(hub, anna):
    reader, stranger = Caller(id="r", token=Secret(READER)), Caller(id="s", token=Secret("hf_nobodyKnowsThisOne00000000"))
    assert run(whoami(hub, reader)).token_role == "read"
    with pytest.raises(Forbidden, match="can only read"):
        run(deploy(hub, reader, PAGE, "page", "static"))
    with pytest.raises(Forbidden):
        run(create_space(hub, reader, "anna/page", sdk="static"))
    with pytest.raises(Unauthorized, match="does not accept this token"):
        run(deploy(hub, stranger, PAGE, "page", "static"))
    with pytest.raises(Forbidden, match="neither this account"):
        run(deploy(hub, anna, PAGE, "bert/page", "static"))


def test_a_taken_name(hub, anna):
    run(create_space(hub, anna, "taken", sdk="static"))
    with pytest.raises(Conflict):
        run(create_space(hub, anna, "taken", sdk="static"))
    run(delete_space(hub, anna, "anna/taken"))


def test_the_sample_catalogue_is_searched_by_meaning_and_by_name(hub):
    nobody = Caller(id="nobody")
    spaces = run(search(hub, nobody, "space", "remove the background of a picture", limit=5))
    assert spaces.items and all(row.kind == "space" for row in spaces.items)
    first = run(search(hub, nobody, "model", limit=3, sort="downloads"))
    second = run(search(hub, nobody, "model", limit=3, sort="downloads", cursor=first.next))
    assert len(first.items) == 3 and not {row.id for row in first.items} & {row.id for row in second.items}
    assert first.items[0].downloads >= first.items[-1].downloads >= second.items[0].downloads


def test_nothing_of_a_token_in_the_servers_log(process):
    assert WRITER not in process.log() and READER not in process.log()
