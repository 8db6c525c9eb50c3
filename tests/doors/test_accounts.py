"""A signed-in visitor's work follows the account: over HTTP, on a public instance, with the Local Hub saying whose a token is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
import httpx
from starlette.requests import Request

from core.build.limits import PROJECTS_PER_OWNER
from core.doors.session import COOKIE, Session
from core.localhub.users import Token, User, Users
from core.owners import of_session
from core.secrets import Secret
from core.settings import Spending
from tests.agent.home import PAGE, Home, home, until
from tests.agent.scripted import scripted
from ui.bind import Bind

ANNA, ANNAS_OTHER, BERT = "hf_annaWritesToHerOwn00000000000001", "hf_annaReadsOnly0000000000000000002", "hf_bertIsSomebodyElse00000000000003"
NARROW = "hf_annaForOneModelOnly0000000000004"
_ONE_MODEL = {"entity": {"type": "model", "name": "anna/one"}, "permissions": ["repo.write"]}
PEOPLE = Users(
    (
        User(name="local", tokens=(Token(token="hf_theLocalHubsOwnUser000000000005"),)),
        User(name="anna", tokens=(Token(token=ANNA), Token(token=ANNAS_OTHER, role="read"), Token(token=NARROW, role="fineGrained", scopes=(_ONE_MODEL,)))),
        User(name="bert", tokens=(Token(token=BERT),)),
    )
)
DONE = {"text": "Done, as far as I can see.", "repeat": "forever"}
SLOW = {"text": "at last", "hold": True, "repeat": "forever"}


class Visitor(httpx.AsyncClient):
    """A browser with a session, or a program without one."""

    async def do(self, name: str, /, **given: Any) -> dict[str, Any]:
        answer = await self.post(f"/api/actions/{name}", json=given)
        return answer.json() | {"status": answer.status_code}

    async def sign_in(self, token: str) -> dict[str, Any]:
        return (await self.post("/api/session/token", json={"token": token})).json()

    async def sign_out(self) -> None:
        assert (await self.delete("/api/session/token")).json()["signed_in"] is False

    async def make(self, title: str = "Page") -> str:
        return (await self.do("project_create", title=title, files=PAGE, sdk="static"))["project"]

    async def say(self, words: str, **given: Any) -> str:
        return (await self.do("agent_chat", message=words, **given))["chat"]

    async def projects(self) -> list[str]:
        return [one["id"] for one in (await self.do("project_list"))["items"]]

    async def chats(self) -> list[str]:
        return [one["id"] for one in (await self.do("agent_chats"))["items"]]

    async def receipts(self) -> list[str]:
        return [one["id"] for one in (await self.do("provider_receipts"))["items"]]


class Place:
    """A public instance; `browser` and `program` are its visitors."""

    def __init__(self, at: Home):
        self.at = at

    @asynccontextmanager
    async def browser(self, *tokens: str) -> AsyncIterator[Visitor]:
        async with Visitor(base_url=self.at.url, timeout=30) as made:
            await made.post("/api/session")
            for token in tokens:
                assert "name" in await made.sign_in(token)
            yield made

    def session(self, visitor: Visitor) -> Session:
        return self.at.sessions.find(visitor.cookies[COOKIE])

    @asynccontextmanager
    async def program(self, token: str) -> AsyncIterator[Visitor]:
        async with Visitor(base_url=self.at.url, timeout=30, headers={"authorization": f"Bearer {token}"}) as made:
            yield made


def told(story, tmp_path, turns=(DONE,), **settings: Any) -> None:
    async def whole(server):
        given = {"public": True, "share_owner_keys": True, "hosts": ("127.0.0.1",)} | settings
        async with home(tmp_path / "data", server, **given) as at:
            at.house.local_hub.users = PEOPLE
            await story(Place(at), server)

    with scripted(list(turns)) as server:
        asyncio.run(whole(server))


def test_what_was_made_before_signing_in_is_found_on_another_device_and_by_a_program(tmp_path):
    async def story(place, server):
        async with place.browser() as here, place.browser(ANNAS_OTHER) as there, place.program(ANNA) as program:
            project = await here.make()
            chat = await here.say("hi", project=project)
            receipts = await here.receipts()
            assert receipts and await there.projects() == await program.projects() == []
            assert (await here.sign_in(ANNA))["follows"] is True
            for one in (here, there, program):
                assert (await one.projects(), await one.chats()) == ([project], [chat])
                assert await one.receipts() == receipts
                assert (await one.do("project_files", project=project))["status"] == 200
            assert (await there.say("more", chat=chat)) == chat
            assert [one["event"] for one in (await program.do("agent_open", chat=chat))["events"]].count("UserSaid") == 2

    told(story, tmp_path)


def test_signing_out_shows_the_sessions_own_again_and_the_id_from_before_opens_nothing(tmp_path):
    async def story(place, server):
        async with place.browser(ANNA) as here, place.browser() as thief:
            hers, before = await here.make("hers"), here.cookies[COOKIE]
            thief.cookies.set(COOKIE, before, domain="127.0.0.1")
            assert await thief.projects() == [hers]  # a session's id is a credential while it lasts
            await here.sign_out()
            assert here.cookies[COOKIE] != before
            own = await here.make("the session's own")
            assert await here.projects() == [own]
            assert await thief.projects() == [] and (await thief.do("project_files", project=hers))["status"] == 404
            await here.sign_in(ANNA)
            assert sorted(await here.projects()) == sorted([hers, own])
            assert await thief.projects() == []
            await here.sign_out()
            assert await here.projects() == []

    told(story, tmp_path)


def test_nobody_else_reads_it_not_with_another_account_nor_a_narrower_token_nor_none(tmp_path):
    async def story(place, server):
        async with place.browser(ANNA) as anna, place.browser(BERT) as bert, place.browser(NARROW) as narrow, place.browser() as nobody:
            project = await anna.make()
            chat = await anna.say("hi", project=project)
            async with place.program(BERT) as program, place.program(NARROW) as part, place.program("hf_thisTokenIsNobodysAtAll00000006") as wrong:
                for other in (bert, narrow, nobody, program, part, wrong):
                    assert (await other.projects(), await other.chats()) == ([], [])
                    assert (await other.do("agent_open", chat=chat))["status"] in (401, 404)
                    assert (await other.do("project_files", project=project))["status"] == 404
                    assert (await other.do("project_delete", project=project))["status"] == 404
                    assert (await other.get(f"/api/chats/{chat}/events")).status_code in (401, 404)
            assert (await narrow.sign_in(NARROW))["follows"] is False
            assert await anna.projects() == [project]

    told(story, tmp_path)


def test_who_changes_the_token_in_a_session_acts_for_the_other_account_and_leaves_the_first_its_own(tmp_path):
    async def story(place, server):
        async with place.browser(ANNA) as here, place.program(ANNA) as anna:
            hers = await here.make("hers")
            await here.sign_in(BERT)
            his = await here.make("his")
            assert await here.projects() == [his] and await anna.projects() == [hers]
            await here.sign_in(NARROW)
            assert await here.projects() == []

    told(story, tmp_path)


def test_a_token_in_a_request_takes_nothing_of_the_session_it_came_with(tmp_path):
    async def story(place, server):
        async with place.browser() as here, place.program(BERT) as bert:
            own = await here.make()
            answer = await here.post("/api/actions/project_list", json={}, headers={"x-hf-token": BERT})
            assert answer.json()["items"] == [] and await bert.projects() == []
            assert await here.projects() == [own]

    told(story, tmp_path)


def test_a_visitor_without_a_token_is_not_the_user_the_process_acts_as(tmp_path):
    async def story(place, server):
        async with place.program(PEOPLE.first.tokens[0].token) as owner, place.browser() as visitor:
            project = await owner.make()
            assert (await visitor.do("hf_whoami"))["name"] == "local"
            assert await visitor.projects() == [] and (await visitor.do("project_files", project=project))["status"] == 404

    told(story, tmp_path)


def test_the_days_limit_counts_for_the_account_everywhere_and_nobody_has_a_new_day_by_signing_in_or_out(tmp_path):
    async def story(place, server):
        async def may(visitor) -> bool:
            answer = await visitor.post("/api/providers/route", json={"prompt": "hi", "model": "scripted-large"})
            assert answer.status_code in (200, 402), answer.text
            return answer.status_code == 200

        async with place.browser(ANNA) as here, place.browser(ANNAS_OTHER) as there, place.program(ANNA) as program, place.browser() as early:
            assert await may(here)
            assert not await may(here) and not await may(there) and not await may(program)  # one person's day
            await here.sign_out()
            assert not await may(here)
            await here.sign_in(BERT)
            assert not await may(here)
            budget = (await here.do("provider_receipts"))["meta"]["budget"]
            assert budget["visitor"]["left"] < budget["visitor"]["limit"]  # the fuller day is the one that is told
            async with place.program(BERT) as bert:
                assert await may(bert)
            assert await may(early)
            await early.sign_in(ANNA)
            assert not await may(early)

    told(story, tmp_path, [{"text": "yes", "usage": {"prompt": 6, "completion": 0}, "repeat": "forever"}], budget=Spending(visitor_per_day=0.12, unknown_input=20_000, unknown_call=0.1))


def test_what_works_while_somebody_signs_in_ends_first_and_comes_along_then(tmp_path, monkeypatch):
    monkeypatch.setattr("core.doors.session._AGAIN_SECONDS", 0.0)

    async def story(place, server):
        async with place.browser() as here, place.program(ANNA) as program:
            project = await here.make()
            chat = await here.say("hi", project=project, wait=False)
            await until(lambda: server.requests)
            await here.sign_in(ANNA)
            assert await here.chats() == await program.chats() == []
            server.go.set()
            await until(here.chats)
            assert (await program.chats(), await program.projects()) == ([chat], [project])
            events = (await program.do("agent_open", chat=chat))["events"]
            assert events[-1]["event"] == "TurnEnded" and events[-1]["ending"] == "done"

    told(story, tmp_path, [SLOW])


def test_a_sign_in_waits_a_moment_for_what_is_about_to_end(tmp_path):
    async def story(place, server):
        async with place.browser() as here:
            project = await here.make()
            name = of_session(place.session(here).name)
            with place.at.house.owners.at_work(name):
                signing = asyncio.create_task(here.sign_in(ANNA))
                await until(lambda: place.at.house.owners._said)  # the Hub has said whose token it is
                await asyncio.sleep(0.05)
                assert place.at.house.projects.list(name)
            await signing
            assert not place.at.house.projects.list(name) and await here.projects() == [project]

    told(story, tmp_path)


def test_what_the_account_has_no_room_for_stays_with_the_session_and_nothing_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr("core.doors.session._AGAIN_SECONDS", 0.0)

    async def story(place, server):
        async with place.browser() as here, place.browser(ANNA) as there:
            full = [await there.make(f"number {n}") for n in range(PROJECTS_PER_OWNER - 1)]
            old, new = await here.make("old"), await here.make("new")
            chats = {project: await here.say("hi", project=project) for project in (old, new)}
            await here.sign_in(ANNA)
            assert sorted(await here.projects()) == sorted([*full, new]) and await here.chats() == [chats[new]]
            await here.sign_out()
            assert (await here.projects(), await here.chats()) == ([old], [chats[old]])
            await there.do("project_delete", project=full[0])
            await here.sign_in(ANNA)
            assert sorted(await here.projects()) == sorted([*full[1:], new, old]) and sorted(await here.chats()) == sorted(chats.values())

    told(story, tmp_path)


def test_an_accounts_work_outlives_the_session_and_the_process_and_a_sessions_does_not(tmp_path):
    async def before(place, server):
        async with place.browser(ANNA) as anna, place.browser() as visitor, place.browser() as early:
            await early.make()
            kept[:] = [await anna.make(), await anna.say("hi")]
            await visitor.say("hi")
            await visitor.make()
            for one in (anna, early):
                place.at.house.forget(place.session(one).name)
                place.at.sessions.close(one.cookies[COOKIE])
            await until(lambda: len(on_disk()) == 2)
            async with place.browser(ANNA) as again:
                assert (await again.projects(), await again.chats()) == (kept[:1], kept[1:])

    async def after(place, server):
        async with place.program(ANNA) as anna, place.browser(ANNAS_OTHER) as there:
            for one in (anna, there):
                assert (await one.projects(), await one.chats()) == (kept[:1], kept[1:])
        assert [row["owner"][:8] for row in place.at.house.store._execute("SELECT owner FROM chats", ())] == ["account:"]
        assert on_disk() == kept[:1]

    def on_disk() -> list[str]:
        return [folder.name for folder in (tmp_path / "data" / "projects").iterdir()]

    kept: list[str] = []
    told(before, tmp_path)
    told(after, tmp_path)  # on another port


def test_what_a_token_made_while_the_hub_was_silent_comes_along_when_it_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("core.owners._SILENT_SECONDS", 0.0)

    async def story(place, server):
        house, hub = place.at.house, place.at.house.hub
        address, hub.endpoint = hub.endpoint, "http://127.0.0.1:9"
        monkeypatch.setattr("core.owners._PATIENCE_SECONDS", 0.1)
        async with place.program(ANNA) as program, place.browser() as here:
            alone = await program.make()
            here_too = await here.make()
            place.session(here).token = Secret(ANNA)
            assert await here.projects() == [here_too]
            assert house.projects.get(alone, house.caller("rest", token=Secret(ANNA)).id).id == alone
            hub.endpoint = address
            monkeypatch.setattr("core.owners._PATIENCE_SECONDS", 3.0)
            assert alone in await program.projects()
            assert sorted(await here.projects()) == sorted([alone, here_too])

    told(story, tmp_path)


def _asked(visitor: Visitor, oauth: dict[str, Any] | None) -> gr.Request:
    headers = [(b"cookie", f"{COOKIE}={visitor.cookies[COOKIE]}".encode())]
    scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers, "session": {"oauth_info": oauth} if oauth else {}}
    return gr.Request(Request(scope), session_hash="page")


def test_a_sign_in_on_the_page_counts_at_every_door_and_ends_with_it(tmp_path):
    granted = {"access_token": NARROW, "expires_at": time.time() + 60}  # what this very page was granted needs no wide scope

    async def story(place, server):
        bind = Bind(place.at.house, place.at.sessions)
        async with place.browser() as here, place.program(ANNA) as program, place.program(NARROW) as part:
            own = await here.make()
            assert (await bind.caller(_asked(here, granted))).follows
            chat = await here.say("hi")
            assert (await program.projects(), await program.chats()) == ([own], [chat]) and await part.projects() == []
            assert (await here.get(f"/api/chats/{chat}/events")).status_code == 200
            before = here.cookies[COOKIE]
            await here.get("/logout")
            assert here.cookies[COOKIE] != before and (await here.projects(), await here.chats()) == ([], [])
            assert (await bind.caller(_asked(here, granted))).follows
            assert not (await bind.caller(_asked(here, None))).follows
            assert await here.projects() == []
            expired = {**granted, "expires_at": time.time() - 1}
            assert not (await bind.caller(_asked(here, expired))).follows

    told(story, tmp_path)


def test_previews_and_held_changes_come_along_and_connected_servers_stay_with_their_session(tmp_path):
    async def story(place, server):
        house = place.at.house
        async with place.browser() as here, place.browser(ANNA) as there:
            project = await here.make()
            preview = (await here.do("preview_start", project=project))["id"]
            session = place.session(here)
            owner = house.caller("page", session=session.name)
            assert session.id not in owner.id
            house.outside._of[owner.session] = {}
            await here.sign_in(ANNA)
            for one in (here, there):
                assert [row["id"] for row in (await one.do("preview_list"))["items"]] == [preview]
            assert (await there.do("preview_stop", preview=preview))["status"] == 200
            assert list(house.outside._of) == [owner.session]
            place.at.house.forget(session.name)
            assert not house.outside._of and await there.projects() == [project]

    told(story, tmp_path)
