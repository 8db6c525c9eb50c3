"""Papers, collections and pages of the documentation as huggingface.co was heard to tell them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.hub_client.playing_hub import answer, playing

from core.caller import Caller
from core.hub import Hub, collection, find_collections, find_docs, find_papers, paper

NOBODY = Caller(id="nobody")
HERE, OTHERS = Path(__file__).parent / "payloads", Path(__file__).parents[1] / "query" / "payloads"
SLUG = "alice/my-tools-65f0b3a1b2c3d4e5f6a7b8c9"
AUTHORS = ["Adam Tauman Kalai", "Ofir Nachum"]


def recorded(name: str):
    place = HERE / f"{name}.json"
    return json.loads((place if place.exists() else OTHERS / f"{name}.json").read_text("utf-8"))


def ask(question, name: str):
    """What `question(hub)` gives where the Hub answers one path with that recording; and the paths it was asked for, with their query."""

    async def play(request):
        path = request.target.partition("?")[0]
        return answer(recorded(name)) if path == PATHS[name] else answer({"error": "Not Found"}, status=404)

    async def whole():
        async with playing(play) as served:
            hub = Hub(served.url)
            try:
                return await question(hub), [one.target for one in served.asked]
            finally:
                await hub.close()

    return asyncio.run(whole())


PATHS = {
    "papers_search": "/api/papers/search", "daily_papers": "/api/daily_papers", "paper": "/api/papers/2509.04664", "docs_list": "/api/docs",
    "collections_list": "/api/collections", "collection": f"/api/collections/{SLUG}",
    "docs_search": "/api/docs/search", "docs_search_full_text": "/api/docs/search/full-text",
}  # fmt: skip


@pytest.mark.parametrize("query, name, target", [("hallucination", "papers_search", "/api/papers/search?q=hallucination&limit=21"), ("", "daily_papers", "/api/daily_papers?limit=20&p=0")])
def test_papers_found_and_of_the_day(query, name, target):
    page, asked = ask(lambda hub: find_papers(hub, NOBODY, query), name)
    (row,) = page.items
    assert asked == [target] and page.next is None
    assert (row.id, row.kind, row.title, row.likes) == ("2509.04664", "paper", "Why Language Models Hallucinate", 26)
    assert row.updated == "2025-09-04T21:26:31.000Z" and row.summary.startswith("Language models produce incorrect statements") and row.url.endswith("/papers/2509.04664")


def test_a_paper_in_full_with_what_belongs_to_it():
    found, asked = ask(lambda hub: paper(hub, NOBODY, "https://arxiv.org/abs/2509.04664v2"), "paper")
    assert sorted(asked) == ["/api/arxiv/2509.04664/repos", "/api/papers/2509.04664"]
    assert found["authors"] == AUTHORS and found["abstract"].startswith("Like students facing hard exam questions")
    assert (found["models"], found["datasets"], found["spaces"]) == (["alice/m1"], [], ["alice/demo"])
    assert found["published"] == "2025-09-04T21:26:31.000Z" and found["arxiv"] == "https://arxiv.org/abs/2509.04664"
    assert found["keywords"] == recorded("paper")["ai_keywords"] and found["keywords"]


def test_collections_of_an_owner_and_one_with_its_contents():
    page, asked = ask(lambda hub: find_collections(hub, NOBODY, owner="alice"), "collections_list")
    assert asked == ["/api/collections?owner=alice&limit=20&sort=trending"]
    assert [(row.id, row.title, row.summary, row.likes, row.tags) for row in page.items] == [(SLUG, "My tools", "d", 1, ("space",))]
    found, _ = ask(lambda hub: collection(hub, NOBODY, SLUG), "collection")
    assert (found["owner"], found["item_count"], found["updated"]) == ("alice", 1, "2026-09-25T08:49:23.000Z")
    (item,) = found["contents"]
    assert (item["id"], item["kind"], item["note"], item["sdk"]) == ("alice/demo", "space", "n", recorded("collection")["items"][0].get("sdk"))


def test_passages_of_the_documentation_by_meaning_and_by_words():
    page, asked = ask(lambda hub: find_docs(hub, NOBODY, "Load a Pipeline", product="transformers"), "docs_search")
    assert asked == ["/api/docs/search?q=load+a+pipeline&limit=10&product=transformers"]
    (row,) = page.items
    assert (row.title, row.task) == ("Pipelines", "transformers") and row.summary == "The pipeline API loads pretrained models for inference."
    assert row.id == "https://huggingface.co/docs/transformers/main/en/main_classes/pipelines#pipeline"
    page, asked = ask(lambda hub: find_docs(hub, NOBODY, "Chroma"), "docs_search_full_text")
    (row,) = page.items
    assert len(asked) == 2 and row.title == "Chroma: ChromaPipeline" and row.url.endswith("/docs/diffusers/main/en/api/pipelines/chroma#diffusers.ChromaPipeline")


def test_the_libraries_that_have_documentation():
    page, _ = ask(lambda hub: find_docs(hub, NOBODY, ""), "docs_list")
    assert [row.title for row in page.items] == ["hub", "tgi", "gradio"]
    assert page.items[1].url.endswith("/docs/text-generation-inference") and page.items[2].url == "https://www.gradio.app/docs/"
