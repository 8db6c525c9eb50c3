"""Trending, activity, documentation and rows of datasets: what has no method in the client library."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="module")
def http(start_hub):
    with start_hub("/hub").http() as client:
        yield client


def test_trending_is_ordered_bounded_and_of_one_kind_or_all(http):
    cards = http.get("/api/trending", params={"type": "space", "limit": 20}).json()["recentlyTrending"]
    scores = [card["repoData"]["trendingScore"] for card in cards]
    assert len(cards) == 20 and scores == sorted(scores, reverse=True)
    assert all(card["repoType"] == card["repoData"]["repoType"] == "space" and card["repoData"]["sample"] for card in cards)
    assert {"id", "author", "authorData", "likes", "runtime", "title"} <= cards[0]["repoData"].keys()
    mixed = http.get("/api/trending", params={"limit": 20}).json()["recentlyTrending"]
    assert {card["repoType"] for card in mixed} >= {"model", "space"}
    assert http.get("/api/trending", params={"limit": 21}).status_code == 400
    assert http.get("/api/trending", params={"type": "paper"}).status_code == 400


def test_some_authors_of_trending_spaces_follow_the_first_user(http):
    cards = http.get("/api/trending", params={"type": "space", "limit": 20}).json()["recentlyTrending"]
    people = {card["repoData"]["author"] for card in cards if card["repoData"]["authorData"]["type"] == "user"}
    followers = {row["user"] for row in http.get("/api/users/anna/followers").json()}
    assert people & followers and not people <= followers


def test_activity_goes_on_by_its_cursor_to_the_end_without_doubles(http):
    params, items, pages = {"feedType": "user", "entity": "mishig", "limit": 20}, [], 0
    while True:
        page = http.get("/api/recent-activity", params=params).json()
        items += page["recentActivity"]
        pages += 1
        if "cursor" not in page:
            break
        params["cursor"] = page["cursor"]
    times = [item["time"] for item in items]
    assert pages > 1 and times == sorted(times, reverse=True)
    assert len({(item["type"], item["repoId"], item["repoType"]) for item in items}) == len(items)
    assert {item["type"] for item in items} >= {"like", "publish"}
    liked = http.get("/api/users/mishig/likes", params={"limit": 1000}).json()
    assert sum(item["type"] == "like" for item in items) == len(liked)


@pytest.mark.parametrize("params", [{}, {"feedType": "user"}, {"feedType": "all", "entity": "mishig"}, {"feedType": "user", "entity": "mishig", "cursor": "%%"}])
def test_activity_says_what_it_needs(http, params):
    answer = http.get("/api/recent-activity", params=params)
    assert answer.status_code == 400 and answer.json()["error"]


def test_who_is_missing_is_not_found_and_a_wrong_token_is_refused(http):
    for path in ("/api/users/nobody-here/overview", "/api/users/Qwen/following", "/api/organizations/mishig/overview",
                 "/api/collections/Qwen/none-000000000000000000000000", "/api/papers/0000.00000",
                 "/api/models/Qwen/Qwen3.5-35B-A3B/discussions/999"):  # fmt: skip
        assert http.get(path).status_code == 404, path
    wrong = {"Authorization": "Bearer hf_wrong"}
    for path in ("/api/users/mishig/followers", "/api/models/Qwen/Qwen3.5-35B-A3B/likers", "/api/trending"):
        assert http.get(path, headers=wrong).status_code == 401, path


def test_lists_of_people_go_on_by_link(http):
    whole = [row["user"] for row in http.get("/api/users/julien-c/followers").json()]
    url, walked = "/api/users/julien-c/followers?limit=10", []
    while url:
        answer = http.get(url)
        walked += [row["user"] for row in answer.json()]
        url = answer.links.get("next", {}).get("url")
    assert walked == whole and len(whole) > 20


def test_a_private_space_stays_out_of_counts_trending_and_activity_of_others(http, start_hub):
    hub = start_hub()
    hub.api().create_repo("anna/secret-thing", private=True)
    for who, seen in (("anna", True), ("bert", False), (None, False)):
        with hub.http(who) as client:
            count = client.get("/api/users/anna/overview").json()["numModels"]
            activity = client.get("/api/recent-activity?feedType=user&entity=anna&limit=100").text
            assert (count == 1, "secret-thing" in activity) == (seen, seen)
            assert "secret-thing" not in client.get("/api/trending?type=model&limit=20").text
            status = client.get("/api/models/anna/secret-thing/discussions").status_code
            assert status == 200 if seen else status in (401, 404)
            assert client.get("/api/models/anna/secret-thing/likers").status_code == status


def test_an_unchanged_answer_is_not_sent_again(http):
    first = http.get("/api/users/mishig/overview")
    again = http.get("/api/users/mishig/overview", headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304 and again.content == b""
    assert http.get("/api/users/mishig/overview", headers={"If-None-Match": 'W/"other"'}).status_code == 200


def test_documentation_is_listed_read_and_searched(http):
    products = {row["id"] for row in http.get("/api/docs").json()}
    assert {"hub", "huggingface_hub", "gradio"} <= products
    manifest = http.get("/docs/gradio/llms.txt")
    assert manifest.headers["content-type"].startswith("text/markdown") and "/docs/gradio/streaming.md)" in manifest.text
    address = manifest.text.split("[Streaming answers](")[1].split(")")[0]
    assert "concurrency_limit" in http.get(address).text
    hits = http.get("/api/docs/search", params={"q": "how do secrets reach my program"}).json()
    assert hits[0]["heading2"] == "Secrets and variables" and hits[0]["source_page_url"].endswith("/docs/hub/spaces-overview#secrets-and-variables")
    assert {hit["product"] for hit in http.get("/api/docs/search?q=streaming&product=gradio").json()} == {"gradio"}
    words = http.get("/api/docs/search/full-text?q=queue").json()["hits"]
    assert words[0]["url"] == "/docs/gradio/streaming#queues"
    assert http.get("/docs/gradio/none.md").status_code == 404 and http.get("/api/docs/search").status_code == 400


def test_rows_of_a_dataset_come_in_pages_with_types_and_statistics(http):
    at = {"dataset": "stanfordnlp/imdb", "config": "plain_text", "split": "train"}
    assert http.get("/datasets-server/is-valid", params=at).json()["viewer"] is True
    assert [row["split"] for row in http.get("/datasets-server/splits", params=at).json()["splits"]] == ["train", "test"]
    first = http.get("/datasets-server/first-rows", params=at).json()
    page = http.get("/datasets-server/rows", params=at | {"offset": 2, "length": 3}).json()
    assert page["rows"] == first["rows"][2:5] and page["num_rows_total"] == len(first["rows"]) == 8
    assert page["features"][1] == {"feature_idx": 1, "name": "label", "type": {"names": ["neg", "pos"], "_type": "ClassLabel"}}
    size = http.get("/datasets-server/size", params=at).json()["size"]
    assert size["dataset"]["num_rows"] == 12 == sum(split["num_rows"] for split in size["splits"])
    label = http.get("/datasets-server/statistics", params=at).json()["statistics"][1]
    assert label["column_type"] == "class_label" and sum(label["column_statistics"]["frequencies"].values()) == 8
    assert http.get("/datasets-server/search", params=at | {"query": "music"}).json()["rows"][0]["row_idx"] == 6


@pytest.mark.parametrize("path, status, code", [
    ("rows?dataset=stanfordnlp/imdb", 422, "MissingRequiredParameter"),
    ("rows?dataset=stanfordnlp/imdb&config=plain_text&split=train&length=101", 422, "MissingRequiredParameter"),
    ("rows?dataset=stanfordnlp/imdb&config=plain_text&split=none", 404, "ResponseNotFound"),
    ("splits", 422, "MissingRequiredParameter"),
    ("splits?dataset=nobody/nothing", 404, "ResponseNotFound"),
])  # fmt: skip
def test_rows_that_are_not_there_are_refused_in_the_service_s_own_words(http, path, status, code):
    answer = http.get(f"/datasets-server/{path}")
    assert answer.status_code == status and answer.headers["x-error-code"] == code and answer.json()["error"]


def test_everything_the_sample_names_is_in_it(http):
    for collection in http.get("/api/collections?limit=100").json():
        whole = http.get(f"/api/collections/{collection['slug']}").json()
        assert whole["sample"] and whole["items"] and len(collection["items"]) == min(len(whole["items"]), 4), whole["slug"]
        assert all(item["type"] == "paper" or item["sample"] for item in whole["items"])
    assert len(http.get("/api/collections?limit=100").json()) >= 30
    assert len(http.get("/api/daily_papers?limit=100").json()) >= 40
