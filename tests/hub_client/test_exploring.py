"""The documentation of a library: from a Hub and from Gradio's host, both on real sockets."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from tests.hub_client.playing_hub import answer, playing

from core.caller import Caller
from core.errors import HubUnavailable, InvalidInput, NotFound, SpacesError, TooLarge
from core.hub import Hub, explore_docs, gradio_source, read_docs
from core.reading import Reader
from core.secrets import Secret

ALICE = Caller(id="alice", token=Secret("hf_aliceWriteTokenAAAAAAAAAAAAAAAAAA"))
PRODUCTS = [{"id": "trl", "url": "/docs/trl", "category": "Training"}, {"id": "hub", "url": "/docs/hub/index"}, {"id": "tgi", "url": "/docs/text-generation-inference"},
            {"id": "optimum", "url": "/docs/optimum"}, {"id": "optimum-neuron", "url": "/docs/optimum-neuron"}, {"id": "gradio", "url": "https://gradio.app/docs"}, {"bad": 1}]  # fmt: skip
MANIFEST = """# TRL

- [SFT Trainer](https://huggingface.co/docs/trl/v0.20.0/sft_trainer.md): Supervised fine-tuning
- [DPO Trainer](https://huggingface.co/docs/trl/v0.20.0/dpo_trainer.md)
- [Dataset formats](https://huggingface.co/docs/trl/v0.20.0/dataset_formats.md): What each trainer reads
- [Elsewhere](https://other.example/page.md)
"""
HITS = [{"text": "Preference pairs", "product": "trl", "heading1": "DPO", "source_page_url": "https://huggingface.co/docs/trl/dpo_trainer#pairs", "source_page_title": "DPO Trainer"}]
LLMS = "# Gradio\nBuild demos.\n\n## Blocks\nLay out with Blocks.\n```python\n# not a heading\n```\n\n### Audio\nA component for sound.\n" + "filler\n" * 4_000 + "## Last\nEnd.\n"
TRL = {
    "/api/docs": answer(PRODUCTS),
    "/docs/trl/llms.txt": answer(body=MANIFEST.encode(), type="text/plain"),
    "/api/docs/search": answer(HITS),
    "/api/docs/search/full-text": answer({"hits": []}),
}
GRADIO = {"/llms.txt": answer(body=LLMS.encode(), type="text/plain; charset=utf-8")}


def play(ask, told=None, gradio=None):
    """`ask(hub, reader, source)` against both, whose answers go by path; what each was asked."""

    def script(table):
        async def one(request):
            return table.get(request.target.partition("?")[0], answer({"error": "Not Found"}, status=404))

        return one

    async def whole():
        async with AsyncExitStack() as stack:
            served = await stack.enter_async_context(playing(script(TRL | (told or {}))))
            other = await stack.enter_async_context(playing(script(GRADIO if gradio is None else gradio)))
            hub, reader = Hub(served.url), Reader()
            try:
                return await ask(hub, reader, gradio_source(other.url)), served.asked, other.asked
            finally:
                await asyncio.gather(hub.close(), reader.close())

    return asyncio.run(whole())


def explore(library="trl", query="", told=None, gradio=None, **given):
    return play(lambda hub, reader, source: explore_docs(hub, ALICE, reader, source, library, query, **given), told, gradio)


def read(url, told=None, gradio=None, **given):
    return play(lambda hub, reader, source: read_docs(hub, ALICE, reader, source, url, **given), told, gradio)


def titles(told):
    return [one["title"] for one in told["items"]]


def test_without_a_library_all_are_listed():
    told, asked, _ = explore("")
    assert titles(told) == ["trl", "hub", "tgi", "optimum", "optimum-neuron", "gradio"] and told["total"] == 6


def test_the_pages_come_from_the_librarys_own_list_in_one_request():
    told, asked, _ = explore()
    assert titles(told) == ["SFT Trainer", "DPO Trainer", "Dataset formats"] and told["total"] == 3 and told["notes"] == []
    assert told["items"][0] == {"title": "SFT Trainer", "url": "https://huggingface.co/docs/trl/v0.20.0/sft_trainer", "text": "Supervised fine-tuning", "found_by": "list"}
    assert told["items"][1]["text"] == ""
    assert sorted(request.target for request in asked) == ["/api/docs", "/docs/trl/llms.txt"]


def test_a_question_finds_passages_first_and_titles_after_without_repeating_a_page():
    told, asked, _ = explore(query="DPO trainer pairs")
    assert [(one["title"], one["found_by"]) for one in told["items"]][:2] == [("DPO Trainer: DPO", "meaning"), ("DPO Trainer", "title")]
    assert [one["title"] for one in told["items"]].count("DPO Trainer") == 1 and "SFT Trainer" in titles(told)
    assert any("product=trl" in request.target for request in asked)
    assert len(explore(query="trainer", limit=1)[0]["items"]) == 1


def test_a_course_stands_elsewhere_and_is_read_all_the_same():
    listed = b"- [Units](https://huggingface.co/learn/agents-course/unit1.md)\n"
    course = {"/api/docs": answer([{"id": "agents-course", "url": "/learn/agents-course/unit0"}]), "/learn/agents-course/llms.txt": answer(body=listed, type="text/plain"),
              "/learn/agents-course/unit1.md": answer(body=b"# Units", type="text/markdown")}  # fmt: skip
    told, _, _ = explore("agents-course", told=course)
    assert titles(told) == ["Units"] and read(told["items"][0]["url"], told=course)[0]["text"] == "# Units"


def test_a_library_is_known_by_its_name_and_by_the_word_in_its_addresses():
    for library in ("tgi", "text-generation-inference", "text_generation_inference"):
        told, asked, _ = explore(library, told={"/docs/text-generation-inference/llms.txt": TRL["/docs/trl/llms.txt"]})
        assert told["library"] == "tgi" and len(told["items"]) == 3
    assert explore("optimum")[0]["related"] == ["optimum-neuron"]
    with pytest.raises(NotFound) as raised:
        explore("optimumm")
    assert "optimum" in raised.value.fix


@pytest.mark.parametrize("bad, word", [(answer({}, status=404), "lists no pages"), (answer(body=b"<html>", type="text/html"), "web page"), (answer(body=b"", type="text/plain"), "empty")])
def test_without_a_list_of_pages_the_search_still_answers(bad, word):
    told, _, _ = explore(query="pairs", told={"/docs/trl/llms.txt": bad})
    assert titles(told) == ["DPO Trainer: DPO"] and word in told["notes"][0]
    assert explore(told={"/docs/trl/llms.txt": bad})[0]["items"] == []


def test_without_the_search_the_titles_still_answer():
    broken = {"/api/docs/search": answer({}, status=404), "/api/docs/search/full-text": answer(body=b"{", type="application/json")}
    told, _, _ = explore(query="dataset formats", told=broken)
    assert titles(told)[0] == "Dataset formats" and "could not be asked" in told["notes"][0]
    with pytest.raises(HubUnavailable):
        explore(query="dataset", told=broken | {"/docs/trl/llms.txt": answer({}, status=404)})


def test_words_that_fit_nothing_list_the_pages_and_say_so():
    told, _, _ = explore(query="zeppelin", told={"/api/docs/search": answer([])})
    assert len(told["items"]) == 3 and "zeppelin" in told["notes"][0]


@pytest.mark.parametrize("given", [{"library": "../x"}, {"library": "a b"}, {"query": "x" * 251}, {"limit": 0}, {"limit": 51}])
def test_wrong_arguments_are_not_asked(given):
    with pytest.raises(InvalidInput):
        explore(**given)


def test_gradio_is_read_from_its_own_host_without_a_token():
    told, asked, gradio = explore("gradio", "sound component")
    assert asked == [] and [request.target for request in gradio] == ["/llms.txt"]
    assert "authorization" not in gradio[0].headers
    assert told["items"][0]["title"] == "Audio" and told["items"][0]["found_by"] == "words"
    listed, _, _ = explore("gradio")
    assert titles(listed) == ["Gradio", "Blocks", "Audio", "Last"] and listed["total"] == 4
    page, _, _ = read(told["items"][0]["url"])
    assert page["title"] == "Audio" and page["text"].startswith("### Audio\nA component for sound.")


def test_a_long_text_of_gradio_is_read_on():
    first, _, gradio = read("https://gradio.app/llms.txt")
    assert first["text"].startswith("# Gradio") and len(first["text"]) == 20_000 and first["next_offset"] == 20_000
    second, _, _ = read("https://gradio.app/llms.txt", offset=20_000)
    assert first["text"] + second["text"] == LLMS and second["next_offset"] is None


@pytest.mark.parametrize(
    "bad, error",
    [
        (answer({}, status=404), NotFound),
        (answer(status=302, Location="https://evil.example/llms.txt"), HubUnavailable),
        (answer(body=b"x", status=500), HubUnavailable),
        (answer(body=b"<html>", type="text/html"), InvalidInput),
        (answer(body=b"", type="text/plain", Content_Length="50000000"), TooLarge),
        (answer(body=b"part", type="text/plain", Content_Length="500", Connection="close"), HubUnavailable),
    ],
)
def test_what_gradios_host_does_wrong_is_said(bad, error):
    for ask in (lambda: explore("gradio", gradio={"/llms.txt": bad}), lambda: read("https://www.gradio.app/llms.txt", gradio={"/llms.txt": bad})):
        with pytest.raises(error):
            ask()


def test_a_hub_with_pages_about_gradio_stands_in_when_its_host_cannot_be_reached():
    own = {"/api/docs": answer([{"id": "gradio", "url": "/docs/gradio"}]), "/docs/gradio/llms.txt": TRL["/docs/trl/llms.txt"]}
    told, _, _ = explore("gradio", told=own, gradio={"/llms.txt": answer({}, status=500)})
    assert len(told["items"]) == 3 and "500" in told["notes"][0] and "this Hub itself" in told["notes"][0]


def test_a_page_of_the_hub_is_read_without_a_token():
    page = {"/docs/trl/v0.20.0/sft_trainer.md": answer(body=b"# SFT Trainer\nText", type="text/markdown")}
    told, asked, _ = read("https://huggingface.co/docs/trl/v0.20.0/sft_trainer", told=page)
    assert told["title"] == "SFT Trainer" and "authorization" not in asked[0].headers


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/docs/hub/index", "https://huggingface.co.evil.example/docs/hub/index", "https://huggingface.co/api/whoami-v2", "http://169.254.169.254/docs/x",
     "file:///docs/hub/index", "/docs/../api/whoami-v2", "https://huggingface.co/docs/%2e%2e/api", "https://www.gradio.app/%2e%2e/secret", "ftp://www.gradio.app/llms.txt", "http://[", ""],
)  # fmt: skip
def test_no_other_host_and_no_other_place_is_read(url):
    with pytest.raises(SpacesError) as raised:
        read(url)
    assert raised.value.code == "invalid_input"
