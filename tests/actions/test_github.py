"""GitHub through the actions: which key is shown to whom, and what a door tells of it."""

import asyncio
import json

import pytest
from tests.github.playing import TOKEN, about, content, told, tree
from tests.hub_client.playing_hub import playing

from core.doors.run import run_action
from core.errors import InvalidInput, NotFound, SpacesError
from core.house import build_house
from core.registry import Call, find
from core.settings import Settings

API = {
    "/repos/huggingface/trl": about(),
    "/repos/huggingface/trl/git/trees/main": tree("examples/scripts/sft.py", "setup.py"),
    "/repos/huggingface/trl/contents/examples/scripts/sft.py": content(b"import trl\n"),
    "/orgs/huggingface/repos": told([{"name": "trl", "full_name": "huggingface/trl", "stargazers_count": 5}]),
}


def ask(tmp_path, *calls, token=TOKEN, **settings):
    """What the actions gave, one after the other, and what GitHub was asked."""

    async def one(request):
        return API.get(request.target.partition("?")[0], told({"message": "Not Found"}, status=404))

    async def whole():
        async with playing(one) as github:
            research = {"github": github.url, "github_raw": github.url, "github_token": token}
            house = build_house(Settings(hub="local", data=tmp_path, research=research, **settings), port=1)
            try:
                call = Call(house.caller("rest"), house)
                return [await run_action(name, given, call) for name, given in calls], github.asked
            finally:
                await asyncio.gather(house.reader.close(), house.hub.close())
                house.store.close()

    return asyncio.run(whole())


def test_an_example_is_found_and_read(tmp_path):
    (found, page, repos), asked = ask(
        tmp_path,
        ("github_find_examples", {"repo": "trl", "keyword": "sft"}),
        ("github_read_file", {"repo": "huggingface/trl", "path": "examples/scripts/sft.py"}),
        ("github_list_repos", {"owner": "huggingface"}),
    )
    assert found["items"][0]["path"] == "examples/scripts/sft.py" and page["text"] == "import trl\n" and repos["items"][0]["repo"] == "huggingface/trl"
    assert {request.headers.get("authorization") for request in asked} == {f"Bearer {TOKEN.reveal()}"}
    assert TOKEN.reveal() not in json.dumps([found, page, repos])


@pytest.mark.parametrize("settings, shown", [({}, True), ({"public": True}, False), ({"public": True, "share_owner_keys": True}, True)])
def test_the_owners_key_serves_strangers_only_where_it_is_shared(tmp_path, settings, shown):
    _, asked = ask(tmp_path, ("github_list_repos", {"owner": "huggingface"}), **settings)
    assert ("authorization" in asked[0].headers) is shown


def test_without_any_key_it_works_and_says_what_is_left(tmp_path):
    (repos,), asked = ask(tmp_path, ("github_list_repos", {"owner": "huggingface"}), token=None)
    assert repos["rate"]["left"] == 55 and "Without a GitHub key" in repos["notes"][-1] and "authorization" not in asked[0].headers


def test_a_model_that_asks_for_too_much_gets_the_most_there_is(tmp_path):
    (found, repos), _ = ask(
        tmp_path, ("github_find_examples", {"repo": "trl", "max_results": 9_999, "min_score": -5}), ("github_list_repos", {"owner": "huggingface", "limit": 0})
    )
    assert found["meta"]["count"] == 1 and repos["meta"]["count"] == 1


@pytest.mark.parametrize(
    "name, given, error",
    [
        ("github_read_file", {"repo": "huggingface/trl", "path": "nope.py"}, NotFound),
        ("github_read_file", {"repo": "trl", "path": "a.py"}, InvalidInput),
        ("github_list_repos", {"owner": "huggingface", "sort": "beauty"}, InvalidInput),
        ("github_find_examples", {"repo": "a/b/c"}, InvalidInput),
    ],
)
def test_errors_keep_their_kind_through_the_door(tmp_path, name, given, error):
    with pytest.raises(SpacesError) as raised:
        ask(tmp_path, (name, given))
    assert isinstance(raised.value, error)


def test_they_only_read():
    for name in ("github_find_examples", "github_list_repos", "github_read_file"):
        assert find(name).risk == "read" and find(name).hints["readOnlyHint"]
        assert all(each.get("description") for each in find(name).schema["properties"].values())
