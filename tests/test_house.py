"""Who stands behind a request, and whose keys it uses."""

import asyncio

import pytest

import core.actions  # noqa: F401  registers them
from core.box import LocalBox
from core.box.sealing import find_means
from core.errors import Forbidden
from core.house import build_house
from core.registry import Call, invoke
from core.secrets import Secret
from core.settings import HuggingFace, Settings

OWNERS = Secret("hf_the_owners_token_0000")
VISITORS = Secret("hf_a_visitors_token_1111")


@pytest.fixture
def house_of(tmp_path):
    houses = []

    def build(**settings):
        house = build_house(Settings(data=tmp_path / str(len(houses)), **settings), port=1)
        houses.append(house)
        return house

    yield build
    for house in houses:
        asyncio.run(house.close())


def test_on_a_laptop_everybody_is_the_same_local_person(house_of):
    house = house_of(hub="local")
    page, agent = house.caller("page", session="s1"), house.caller("mcp")
    assert page.id == agent.id and page.token == house.local_hub.default_token
    assert {"destructive", "spend"} <= agent.approves


def test_on_a_public_space_the_owners_token_serves_nobody_else(house_of):
    house = house_of(public=True, hub="https://huggingface.co", huggingface=HuggingFace(token=OWNERS))
    anonymous = house.caller("mcp")
    assert anonymous.token is None and anonymous.hub_token is False
    assert "destructive" not in anonymous.approves
    assert house.caller("page", session="s1").token is None


def test_the_owner_may_share_it(house_of):
    house = house_of(public=True, hub="https://huggingface.co", share_owner_keys=True, huggingface=HuggingFace(token=OWNERS))
    assert house.caller("mcp").token == OWNERS


def test_visitors_do_not_share_anything(house_of):
    house = house_of(public=True, hub="https://huggingface.co")
    ids = {
        house.caller("page", session="s1").id,
        house.caller("page", session="s2").id,
        house.caller("rest", token=VISITORS).id,
        house.caller("rest", token=OWNERS).id,
        house.caller("rest").id,
    }
    assert len(ids) == 5
    assert not any("visitor" in id for id in ids)


def test_callers_without_any_identity_list_nothing(house_of):
    house = house_of(public=True, hub="https://huggingface.co")
    nobody = Call(house.caller("mcp"), house)
    made = house.projects.create(nobody.caller.id, title="A page", files={"index.html": b"hi"}, sdk="static", message="new")

    async def ask():
        listed = await invoke("project_list", {}, nobody)
        by_id = await invoke("project_files", {"project": made.id}, nobody)  # the unguessable id is what they hold
        return listed["items"], by_id["meta"]["count"]

    assert asyncio.run(ask()) == ([], 1)


def test_on_a_public_space_without_a_sealed_box_no_strangers_code_runs(house_of):
    house = house_of(public=True, hub="https://huggingface.co")
    visitor = Call(house.caller("page", session="s1"), house)
    spy = {"app.py": b"print(open('/proc/self/environ').read())", "README.md": b"---\nsdk: gradio\n---\n"}
    page = {"index.html": b"<script>fetch('/')</script>", "README.md": b"---\nsdk: static\n---\n"}

    async def starts(project) -> bool:
        try:
            await invoke("preview_start", {"project": project.id}, visitor)
        except Forbidden:
            return False
        return True

    async def story():
        await house.start()
        house.previews.engine = LocalBox(house.previews.root, means=find_means().capped(0))  # a kernel without Landlock
        made = await invoke("generate_app_code", {"idea": "a REST API for a list of books"}, visitor)
        ours = house.projects.get(made["project"]["id"], visitor.caller.id)
        imported = house.projects.create(visitor.caller.id, title="Spy", files=spy, sdk="gradio", message="imported")
        static = house.projects.create(visitor.caller.id, title="Page", files=page, sdk="static", message="imported")
        return [await starts(ours), await starts(imported), await starts(static)]

    assert asyncio.run(story()) == [False, False, True]


def test_a_callers_own_token_always_comes_first(house_of):
    house = house_of(hub="https://huggingface.co", huggingface=HuggingFace(token=OWNERS))
    assert house.caller("rest", token=VISITORS).token == VISITORS
    assert house.caller("rest").token == OWNERS
