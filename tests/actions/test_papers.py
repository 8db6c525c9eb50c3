"""hf_papers against the Local Hub's sample, with and without the services outside."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from core.doors.run import run_action
from core.errors import HubUnavailable, InvalidInput
from core.house import build_house
from core.registry import Call, find
from core.settings import Research, Settings
from tests.papers.upstream import playing

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def papers(tmp_path):
    """Asks a house that serves its Local Hub; `outside` says where the other services are, nowhere by default."""

    def ask(outside: bool = False, **given: Any) -> dict[str, Any]:
        return asyncio.run(_ask(tmp_path, outside, given))

    return ask


async def _ask(data, outside: bool, given: dict[str, Any]) -> dict[str, Any]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        async with playing() as upstream:
            at = upstream.url if outside else NOBODY
            research = Research(semantic_scholar=at, arxiv=f"{at}/arxiv.org", ar5iv=f"{at}/ar5iv.org", github=NOBODY)
            house = build_house(Settings(hub="local", data=data, research=research), port=listening.getsockname()[1])
            app = Starlette(routes=[Mount("/hub", app=house.local_hub.app)])
            server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
            await house.local_hub.start()
            serving = asyncio.create_task(server.serve(sockets=[listening]))
            try:
                return await run_action("hf_papers", given, Call(house.caller("agent"), house))
            finally:
                server.should_exit = True
                await serving
                await house.close()


def test_the_papers_of_the_sample_are_found_and_called_a_sample(papers):
    found = papers(operation="trending", query="speech")
    assert found["items"][0]["arxiv_id"] == "2212.04356" and found["sources"] == ["the Local Hub (a sample)"]
    assert papers(operation="search", query="attention is all", limit=1)["items"][0]["arxiv_id"] == "1706.03762"


def test_without_a_network_a_paper_is_what_the_hub_tells_and_the_notes_say_so(papers):
    found = papers(operation="paper_details", arxiv_id="https://arxiv.org/abs/1706.03762v7")
    assert found["paper"]["title"] == "Attention Is All You Need" and "Semantic Scholar" in found["notes"][0]
    found = papers(operation="read_paper", arxiv_id="1706.03762")
    assert found["abstract"] and [note.partition(" ")[0] for note in found["notes"]] == ["arXiv", "ar5iv", "Only"]
    found = papers(operation="search", query="attention", date_from="2022", min_citations=10)
    assert all(one["published"] >= "2022" for one in found["items"]) and "NOT applied: min_citations" in found["notes"][1]


@pytest.mark.parametrize("given", [{"operation": "citation_graph", "arxiv_id": "1706.03762"}, {"operation": "snippet_search", "query": "attention"},
                                   {"operation": "recommend", "positive_ids": ["1706.03762"]}])  # fmt: skip
def test_without_a_network_what_only_semantic_scholar_knows_is_an_error_that_names_it(papers, given):
    with pytest.raises(HubUnavailable, match="Semantic Scholar .* cannot be reached"):
        papers(**given)


def test_what_the_sample_holds_of_a_paper(papers):
    found = papers(operation="find_all_resources", arxiv_id="2505.09388")
    assert {one["id"] for one in found["models"]} >= {"Qwen/Qwen3-8B", "Qwen/Qwen3-0.6B"} and found["collections"][0]["title"] == "Qwen3"
    assert papers(operation="find_models", arxiv_id="1810.04805", limit=1)["items"][0]["id"] == "google-bert/bert-base-uncased"
    assert papers(operation="find_collections", arxiv_id="2505.09388")["count"] == 1


def test_with_the_services_outside_a_section_is_read(papers):
    found = papers(outside=True, operation="read_paper", arxiv_id="1706.03762", section="Balance term", query=None, offset=0)
    assert found["text"].startswith("A balance term") and found["sources"] == ["arXiv"]


def test_an_operation_that_is_none_names_those_there_are(papers):
    with pytest.raises(InvalidInput, match="operation: input should be 'trending', 'search'"):
        papers(operation="delete")


def test_it_only_reads_and_describes_each_argument():
    action = find("hf_papers")
    assert action.risk == "read" and "Args" not in action.description
    assert all(prop.get("description") for prop in action.schema["properties"].values())
    assert len(action.schema["properties"]["operation"]["enum"]) == 11 and action.schema["required"] == ["operation"]
