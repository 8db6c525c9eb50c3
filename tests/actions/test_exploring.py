"""Datasets, documentation and the API, looked at on the Local Hub of a running server."""

import httpx
import pytest

from core.registry import find


def given(server, action, **arguments):
    answer = server.action(action, **arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_dataset_of_the_sample_is_inspected(server):
    told = given(server, "hf_inspect_dataset", dataset="openai/gsm8k", sample_rows=2)
    assert (told["config"], told["split"]) == ("main", "train") and len(told["samples"]) == 2 and told["warnings"] == []
    assert [one["name"] for one in told["columns"]] == ["question", "answer"] and told["rows_total"] > 2
    grpo = next(one for one in told["formats"] if one["format"] == "GRPO")
    assert not grpo["fits"] and grpo["change"] == ["Rename question to prompt."]


def test_a_class_is_named_and_another_split_is_looked_into(server):
    told = given(server, "hf_inspect_dataset", dataset="dair-ai/emotion", split="test", sample_rows=99)
    assert told["split"] == "test" and any(one["type"].startswith("class: ") for one in told["columns"])
    assert next(one for one in told["formats"] if one["format"] == "SFT")["fits"] and 0 < len(told["samples"]) <= 10


def test_a_dataset_that_is_not_there_is_one_sentence(server):
    answer = server.action("hf_inspect_dataset", dataset="nobody/nothing")
    assert answer.status_code == 404
    error = answer.json()["error"]
    assert error["message"].startswith("Could not inspect the dataset nobody/nothing") and "hf_repo_files" in error["fix"]


def test_documentation_is_explored_and_a_page_of_it_read(server):
    libraries = [one["title"] for one in given(server, "explore_hf_docs")["items"]]
    assert "hub" in libraries
    pages = given(server, "explore_hf_docs", endpoint="hub")
    assert pages["total"] == len(pages["items"]) >= 3
    for one in pages["items"]:
        page = given(server, "fetch_hf_docs", url=one["url"])
        assert page["title"] == one["title"] and page["text"].startswith("# ")
    found = given(server, "explore_hf_docs", endpoint="hub", query="secrets of a space", max_results=1)
    assert len(found["items"]) == 1 and "spaces" in found["items"][0]["url"]
    assert "secret" in given(server, "fetch_hf_docs", url=found["items"][0]["url"])["text"].lower()


def test_gradio_is_honest_where_its_host_cannot_be_reached(tmp_path):
    import asyncio

    from core.doors.run import run_action
    from core.errors import HubUnavailable
    from core.house import build_house
    from core.registry import Call
    from core.settings import Settings

    house = build_house(Settings(hub="local", data=tmp_path, research={"gradio": "http://127.0.0.1:9"}), port=9)

    async def ask():
        try:
            return await run_action("explore_hf_docs", {"endpoint": "gradio"}, Call(house.caller("rest"), house))
        finally:
            await asyncio.gather(house.reader.close(), house.hub.close())

    with pytest.raises(HubUnavailable) as raised:
        asyncio.run(ask())
    house.store.close()
    assert "cannot be reached" in raised.value.message or "127.0.0.1" in raised.value.message


def test_what_the_local_hub_serves_is_found_and_is_really_served(server):
    created = given(server, "find_hf_api", query="create a repository")["items"][0]
    assert (created["method"], created["path"]) == ("POST", "/api/repos/create") and f"{server.url}/hub/api/repos/create" in created["curl"]
    who = next(one for one in given(server, "find_hf_api", query="whoami")["items"] if one["path"] == "/api/whoami-v2")
    assert httpx.get(f"{server.url}/hub{who['path']}").status_code == 401
    papers = given(server, "find_hf_api", tag="papers")
    assert papers["items"] and all("/papers" in one["path"] or "/daily_papers" in one["path"] or "arxiv" in one["path"] for one in papers["items"])
    tree = next(one for one in given(server, "find_hf_api", query="tree of files")["items"] if one["path"].endswith("/tree/{rev}"))
    assert [one["name"] for one in tree["parameters"]] == ["kind", "namespace", "name", "rev"] and tree["parameters"][0]["type"] == "one of: models, datasets, spaces"


@pytest.mark.parametrize(
    "action, arguments, status, word",
    [
        ("explore_hf_docs", {"endpoint": "hubb"}, 404, "hub"),
        ("explore_hf_docs", {"endpoint": "../api"}, 400, "library"),
        ("fetch_hf_docs", {"url": "https://evil.example/docs/hub/index"}, 400, "documentation"),
        ("fetch_hf_docs", {"url": "http://169.254.169.254/docs/hub/index"}, 400, "documentation"),
        ("fetch_hf_docs", {"url": "/docs/hub/no-such-page"}, 404, "no-such-page"),
        ("find_hf_api", {"query": "x" * 251}, 400, "250"),
        ("hf_inspect_dataset", {"dataset": "a/b/c"}, 400, "namespace/name"),
    ],
)
def test_what_makes_no_sense_is_refused(server, action, arguments, status, word):
    answer = server.action(action, **arguments)
    assert answer.status_code == status and word in answer.text


def test_they_only_read():
    for name in ("hf_inspect_dataset", "explore_hf_docs", "fetch_hf_docs", "find_hf_api"):
        assert find(name).risk == "read" and all(each.get("description") for each in find(name).schema["properties"].values())
