"""One client for many callers: no caller ever acts with another's token, cookie or cached answer."""

import asyncio
import os

import pytest
from tests.hub_client.faulty_hub import ACCOUNTS, PRO_TOKEN, READ_TOKEN, SCOPED_TOKEN, TOKEN
from starlette.responses import JSONResponse

from core.caller import Caller
from core.errors import InvalidInput, NotFound, Unauthorized
from core.hub import control, create_space, delete_space, details, list_spaces, search, space_log_lines, status, whoami
from core.secrets import Secret


def run(coroutine):
    return asyncio.run(coroutine)


def someone(token):
    return Caller(id=token, token=Secret(token))


def test_an_anonymous_caller_sends_no_token_even_when_the_process_has_one(server, hub, nobody, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", PRO_TOKEN)
    run(search(hub, nobody, "model", "bert"))
    with pytest.raises(NotFound):
        run(status(hub, nobody, "alice/demo"))
    assert server.requests and all("authorization" not in headers for _, _, headers in server.requests)


def test_no_cookie_travels_from_one_caller_to_the_next(server, hub, alice):
    def with_cookie(request):
        return JSONResponse([], headers={"Set-Cookie": "session=alices; Path=/"})

    server.fault("GET", "/api/models", with_cookie)
    run(search(hub, alice, "model"))
    run(search(hub, someone(PRO_TOKEN), "model"))
    assert all("cookie" not in headers for _, _, headers in server.requests)


def test_whoami_is_remembered_per_token_and_forgotten_on_request(server, hub, alice):
    assert run(whoami(hub, alice)).name == "alice"
    assert run(whoami(hub, alice)).name == "alice"
    assert run(whoami(hub, someone(PRO_TOKEN))).name == "bob"
    assert server.asked("GET", "/whoami-v2") == 2
    hub.forget(alice)
    run(whoami(hub, alice))
    assert server.asked("GET", "/whoami-v2") == 3
    assert run(whoami(hub, someone(PRO_TOKEN))).is_pro


def test_a_refused_token_is_not_remembered_as_refused(server, hub, alice, monkeypatch):
    monkeypatch.delitem(ACCOUNTS, TOKEN)
    with pytest.raises(Unauthorized):
        run(whoami(hub, alice))
    monkeypatch.undo()
    assert run(whoami(hub, alice)).name == "alice"


@pytest.mark.parametrize(
    ("token", "namespace", "may"),
    [
        (TOKEN, "alice", True),
        (TOKEN, "Alice", True),
        (TOKEN, "acme", True),
        (TOKEN, "lookers", False),
        (TOKEN, "strangers", False),
        (READ_TOKEN, "alice", False),
        (SCOPED_TOKEN, "acme", True),
        (SCOPED_TOKEN, "carol", False),
    ],
)
def test_where_a_token_may_write(hub, token, namespace, may):
    account = run(whoami(hub, someone(token)))
    assert account.can_write(namespace) is may


def test_the_account_shape_holds_no_token(hub, alice):
    shape = run(whoami(hub, alice)).to_dict()
    assert shape["name"] == "alice" and shape["can_write"] is True
    assert {"name": "lookers", "role": "read", "can_write": False} in shape["orgs"]
    assert shape["avatar_url"] == hub.endpoint + "/a.svg"
    assert TOKEN not in str(shape)


def model(number):
    return {"id": f"org/model-{number}", "likes": number, "downloads": 10, "pipeline_tag": "fill-mask",
            "library_name": "transformers", "tags": ["region:us", "fill-mask"], "inference": "warm",
            "lastModified": "2026-01-01T00:00:00.000Z"}  # fmt: skip


def test_a_listing_continues_with_its_cursor(server, hub, nobody):
    server.entries = [model(number) for number in range(5)]
    first = run(search(hub, nobody, "model", "bert", limit=2))
    second = run(search(hub, nobody, "model", "bert", limit=2, cursor=first.next))
    third = run(search(hub, nobody, "model", "bert", limit=2, cursor=second.next))
    found = [row.id for page in (first, second, third) for row in page.items]
    assert found == [f"org/model-{number}" for number in range(5)]
    assert third.next is None
    row = first.items[0].to_dict()
    assert row["runnable"] is True and row["task"] == "fill-mask" and row["tags"] == ["fill-mask"]
    assert row["summary"] == "fill-mask, transformers" and row["url"] == f"{hub.endpoint}/org/model-0"


def test_spaces_are_found_by_meaning_and_rows_have_one_shape(server, hub, nobody):
    server.entries = [
        {"id": f"a/space-{n}", "title": f"Space {n}", "likes": 3, "sdk": "gradio", "tags": ["x"] * 20,
         "runtime": {"stage": "RUNNING", "hardware": None}, "ai_short_description": "Does it", "ai_category": "OCR"}
        for n in range(3)
    ]  # fmt: skip
    page = run(search(hub, nobody, "space", "read text in pictures", limit=2))
    assert server.asked("GET", "/semantic-search") == 1
    assert [row.title for row in page.items] == ["Space 0", "Space 1"]
    assert page.items[0].runnable is True and page.items[0].summary == "Does it" and len(page.items[0].tags) == 8
    rest = run(search(hub, nobody, "space", "read text in pictures", limit=2, cursor=page.next))
    assert [row.title for row in rest.items] == ["Space 2"] and rest.next is None
    server.entries = [model(1)]
    assert run(search(hub, nobody, "model")).items[0].to_dict().keys() == page.items[0].to_dict().keys()


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 51}, {"sort": "beauty"}, {"filter": ["x"] * 11}, {"cursor": "http://x"}])
def test_a_search_that_makes_no_sense_is_not_sent(server, hub, nobody, wrong):
    with pytest.raises(InvalidInput):
        run(search(hub, nobody, "space", "x", **wrong))
    with pytest.raises(InvalidInput):
        run(search(hub, nobody, "person", "x"))
    assert server.requests == []


def test_the_life_of_a_space(server, hub, alice):
    made = run(create_space(hub, alice, "demo", sdk="docker", visibility="private"))
    assert made["repo"] == "alice/demo" and server.spaces["alice/demo"].private
    space = server.spaces["alice/demo"]
    space.stage, space.running = "RUNNING", space.head
    found = run(status(hub, alice, "alice/demo"))
    assert (found.word, found.serving, found.revision, found.private) == ("running", True, space.head, True)
    assert run(list_spaces(hub, alice))[0].repo == "alice/demo"
    assert run(control(hub, alice, "alice/demo", "pause")).word == "paused"
    assert run(status(hub, alice, "alice/demo")).serving is False
    assert run(control(hub, alice, "alice/demo", "restart")).word == "building"
    assert run(details(hub, alice, "space", "alice/demo"))["files"][1]["path"] == "README.md"
    run(delete_space(hub, alice, "alice/demo"))
    assert server.spaces == {}


def test_a_static_space_cannot_be_paused(hub, alice):
    run(create_space(hub, alice, "page", sdk="static"))
    with pytest.raises(InvalidInput, match="static"):
        run(control(hub, alice, "alice/page", "pause"))


def test_a_failed_space_tells_the_first_error_of_its_log(server, hub, alice):
    run(create_space(hub, alice, "demo"))
    space = server.spaces["alice/demo"]
    space.stage = "RUNTIME_ERROR"
    space.run_log = ["Traceback (most recent call last):", '  File "app.py", line 1', "NameError: name 'x' is not defined"]
    assert run(status(hub, alice, "alice/demo")).error == "NameError: name 'x' is not defined"


def test_a_log_is_read_to_its_end_without_colours_and_secrets(server, hub, alice):
    run(create_space(hub, alice, "demo"))
    server.spaces["alice/demo"].run_log = ["\x1b[31mred\x1b[0m", f"token {TOKEN}", "last"]

    async def read(**options):
        return [line async for line in space_log_lines(hub, alice, "alice/demo", **options)]

    lines = run(read())
    assert lines[0] == "red" and lines[-1] == "last"
    assert TOKEN not in "".join(lines)
    assert run(read(limit=1)) == ["last"]


def test_following_a_log_ends_at_once_when_cancelled(server, hub, alice):
    run(create_space(hub, alice, "demo"))
    server.spaces["alice/demo"].run_log = ["one"]

    async def follow():
        seen = []

        async def read():
            async for line in space_log_lines(hub, alice, "alice/demo", follow=True):
                seen.append(line)

        task = asyncio.ensure_future(read())
        while not seen:
            await asyncio.sleep(0.02)
        task.cancel()
        begun = asyncio.get_running_loop().time()
        await asyncio.wait({task})
        return seen, asyncio.get_running_loop().time() - begun

    seen, seconds = run(follow())
    assert seen == ["one"] and seconds < 1


def test_the_log_of_a_missing_space_is_not_found(hub, alice):
    async def read():
        return [line async for line in space_log_lines(hub, alice, "alice/none")]

    with pytest.raises(NotFound):
        run(read())


def test_the_librarys_own_token_and_noise_are_switched_off(hub, alice):
    from huggingface_hub import constants

    hub.api(alice)
    assert constants.HF_HUB_DISABLE_IMPLICIT_TOKEN and constants.HF_HUB_DISABLE_TELEMETRY and not constants.HF_DEBUG
    assert os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] == "1"
