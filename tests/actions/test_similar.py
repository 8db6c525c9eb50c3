"""Whether a Space does it already: good matches are offered, weak ones and nonsense are not."""

import asyncio

import pytest
from tests.deploy.local_hub import LocalHubProcess

from core.doors.run import run_action
from core.errors import HubUnavailable, InvalidInput, TimedOut, Unauthorized
from core.events import Similar
from core.house import build_house
from core.registry import Call
from core.settings import Settings


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = LocalHubProcess(tmp_path_factory.mktemp("local-hub"))
    running.wait()
    yield running
    running.close()


@pytest.fixture
def find(process, tmp_path):
    house = build_house(Settings(hub=process.endpoint, data=tmp_path), port=1)
    told = []

    def run(idea: str, **more):
        return asyncio.run(run_action("find_similar_spaces", {"idea": idea, **more}, Call(house.caller("rest"), house, told.append)))

    run.told, run.house = told, house
    yield run
    house.store.close()


@pytest.mark.parametrize(
    ("idea", "wanted"),
    [
        ("remove the background of my photos", "not-lain/background-removal"),
        ("a chatbot that answers questions about a PDF", "cvachet/pdf-chatbot"),
        ("an app where I can upload a picture and get a caption", "nielsr/comparing-captioning-models"),
    ],
)
def test_a_space_that_does_it_is_offered(find, idea, wanted):
    found = find(idea)
    assert found["items"][0]["id"] == wanted and found["items"][0]["relevance"] >= found["meta"]["threshold"]
    assert set(found["items"][0]) == {"id", "title", "summary", "likes", "url", "runnable", "sdk", "relevance"}
    assert [event.items[0]["id"] for event in find.told if isinstance(event, Similar)] == [wanted]


@pytest.mark.parametrize("idea", ["a pomodoro timer", "unit converter for kitchen measures", "asdf qwer zxcv", "hello", "日本語のタイマー"])
def test_what_fits_weakly_or_not_at_all_is_not_offered(find, idea):
    assert find(idea)["items"] == [] and find.told == []


def test_at_most_so_many_are_told_and_all_near_the_best(find):
    found = find("generate images from text", limit=2)["items"]
    assert len(found) == 2
    relevance = [one["relevance"] for one in find("an app that turns text into speech", limit=10)["items"]]
    assert relevance == sorted(relevance, reverse=True) and relevance[-1] >= 0.69 * relevance[0]


def test_an_empty_idea_is_said(find):
    with pytest.raises(InvalidInput):
        find("   ")


def test_a_very_long_idea_is_cut_and_asked(find):
    assert find("remove the background of my photos " + "and then some more words " * 700)["meta"]["threshold"] > 0


def test_a_hub_that_does_not_answer_is_an_error(tmp_path):
    house = build_house(Settings(hub="http://127.0.0.1:9", data=tmp_path), port=1)
    with pytest.raises((HubUnavailable, TimedOut)):
        asyncio.run(run_action("find_similar_spaces", {"idea": "a timer"}, Call(house.caller("rest"), house)))
    house.store.close()


def test_nobody_duplicates_without_an_account(find):
    with pytest.raises(Unauthorized):
        asyncio.run(run_action("space_duplicate", {"repo": "a/b"}, Call(find.house.caller("rest"), find.house)))
