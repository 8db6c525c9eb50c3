"""Searching and looking, against the Local Hub of a running server: what a filter says is true of every row it leaves."""

import httpx
import pytest


def items(server, name, **given):
    answer = server.action(name, **given)
    assert answer.status_code == 200, answer.text
    return answer.json()["items"]


@pytest.mark.parametrize(
    "by, holds",
    [
        ({"task": "text-generation"}, lambda row, one: row["task"] == "text-generation"),
        ({"author": "Qwen"}, lambda row, one: row["id"].startswith("Qwen/")),
        ({"license": "apache-2.0"}, lambda row, one: one["license"] == "apache-2.0"),
        ({"library": "diffusers"}, lambda row, one: one["library"] == "diffusers"),
        ({"provider": "together"}, lambda row, one: "together" in [each["provider"] for each in one["providers"]]),
    ],
)
def test_each_filter_of_models_leaves_only_what_it_names(server, by, holds):
    all_of_them = {row["id"] for row in items(server, "hf_search_models", limit=50)}
    found = items(server, "hf_search_models", limit=50, **by)
    assert found and ({row["id"] for row in found} != all_of_them)
    for row in found[:3]:
        assert holds(row, server.action("hf_model_details", id=row["id"]).json()), row["id"]


def test_who_serves_a_model_says_for_how_much(server):
    for id in ("meta-llama/Llama-3.1-8B-Instruct", "meta-llama/Llama-3.3-70B-Instruct"):
        told = server.action("hf_model_details", id=id).json()["providers"]
        assert len(told) > 1 and all(0 < one["price"]["input"] < one["price"]["output"] for one in told)
    listed = httpx.get(f"{server.url}/hub/router/v1/models").json()["data"]
    assert all(one["sample"] for one in listed) and len({one["id"] for one in listed}) == len(listed) > 5
    drawing = next(row for row in items(server, "hf_search_models", task="text-to-image", provider="all"))
    assert [one["price"] for one in server.action("hf_model_details", id=drawing["id"]).json()["providers"]][:1] == [None]


def test_the_size_of_a_model_bounds_its_parameters(server):
    small = {row["id"] for row in items(server, "hf_search_models", limit=50, size="max:1B")}
    large = {row["id"] for row in items(server, "hf_search_models", limit=50, size="min:30B")}
    assert "Qwen/Qwen3-0.6B" in small and "meta-llama/Llama-3.3-70B-Instruct" in large and not small & large


def test_datasets_and_spaces_are_filtered_by_what_they_have(server):
    datasets = items(server, "hf_search_datasets", limit=50, task="summarization")
    assert datasets and all(row["task"] or row["tags"] for row in datasets)
    assert len(datasets) < len(items(server, "hf_search_datasets", limit=50))
    spaces = items(server, "hf_search_spaces", query="an app for pictures", sdk="gradio", limit=50)
    assert spaces and {row["sdk"] for row in spaces} == {"gradio"}
    owner = spaces[0]["id"].split("/")[0]
    assert {row["id"].split("/")[0] for row in items(server, "hf_search_spaces", author=owner)} == {owner}


def test_pages_follow_each_other_without_repeating(server):
    first = server.action("hf_search_models", limit=5, sort="likes").json()
    second = server.action("hf_search_models", limit=5, sort="likes", cursor=first["meta"]["next"]).json()
    ids = [row["id"] for page in (first, second) for row in page["items"]]
    assert len(set(ids)) == 10
    likes = [row["likes"] for page in (first, second) for row in page["items"]]
    assert likes == sorted(likes, reverse=True)


def test_people_follow_each_other_page_by_page(server):
    assert [row["id"] for row in items(server, "hf_search_people", query="goo", limit=1)] == ["google"]
    assert "clem" in [row["id"] for row in items(server, "hf_search_people", query="Delangue")]
    whole = [row["id"] for row in items(server, "hf_search_people", query="ai", limit=50)]
    first = server.action("hf_search_people", query="ai", limit=4).json()
    second = server.action("hf_search_people", query="ai", limit=4, cursor=first["meta"]["next"]).json()
    assert len(whole) > 8 and [row["id"] for page in (first, second) for row in page["items"]] == whole[:8]
    assert server.action("hf_search_people", query="ai", cursor="²").status_code == 400


def test_an_owner_is_found_by_a_part_of_the_name_and_shows_what_they_made(server):
    people = items(server, "hf_search_people", query="qwen")
    assert "Qwen" in [row["id"] for row in people]
    one = server.action("hf_user_details", id="Qwen").json()
    assert "Qwen/Qwen2.5-7B-Instruct" in one["models"] and all(id.startswith("Qwen/") for id in one["models"])


@pytest.mark.parametrize(
    "action, given, word",
    [
        ("hf_search_models", {"sort": "beauty"}, "sort"),
        ("hf_search_models", {"task": "x" * 101}, "task"),
        ("hf_search_docs", {"query": "x" * 251}, "250"),
        ("hf_paper_details", {"id": "../../whoami-v2"}, "arXiv"),
        ("hf_collection_details", {"id": "a/../b"}, "owner/title-id"),
        ("hf_user_details", {"id": "a/b"}, "name"),
        ("hf_fetch_docs", {"id": "https://example.org/docs/hub/index"}, "hf_search_docs"),
        ("hf_fetch_docs", {"id": "/docs/../api/whoami-v2"}, "hf_search_docs"),
        ("hf_fetch_docs", {"id": "https://huggingface.co/settings/tokens"}, "hf_search_docs"),
        ("hf_model_details", {"id": "no one/nothing"}, "letters"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_asked(server, action, given, word):
    answer = server.action(action, **given)
    assert answer.status_code == 400 and word in answer.text


@pytest.mark.parametrize(
    "search, details, given",
    [
        ("hf_search_papers", "hf_paper_details", {"query": "language models"}),
        ("hf_search_collections", "hf_collection_details", {}),
        ("hf_search_docs", "hf_fetch_docs", {"query": "pipeline"}),
        ("hf_search_docs", "hf_fetch_docs", {}),
        ("hf_search_people", "hf_user_details", {"query": "qwen"}),
    ],
)
def test_what_is_found_can_be_looked_at(server, search, details, given):
    found = items(server, search, **given)
    assert found
    one = server.action(details, id=found[0]["id"])
    assert one.status_code == 200, one.text
    assert one.json().get("text") or one.json()["title"] == found[0]["title"]
