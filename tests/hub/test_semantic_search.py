"""Spaces found by what somebody means: the ranking by itself, and `search_spaces` of the unmodified client."""

from __future__ import annotations

import json

import pytest
from huggingface_hub import CommitOperationAdd
from huggingface_hub.errors import BadRequestError

from core.localhub.catalogue import FOLDER
from core.localhub.search import Document, Index, terms


@pytest.fixture(scope="module")
def index() -> Index:
    spaces = json.loads((FOLDER / "spaces.json").read_text("utf-8"))["items"]
    return Index(
        Document(s["id"], ((s["title"], 3), (s["shortDescription"], 2), (s["category"], 2), (s["id"], 1))) for s in spaces
    )


# What people write, and one Space that must be among the first three.
MEANT = {
    "remove the background of my photos": "not-lain/background-removal",
    "cut out a person from a picture": "briaai/BRIA-RMBG-2.0",
    "speech to text": "openai/whisper",
    "transcribe a podcast": "openai/whisper",
    "read this text aloud": "hexgrad/Kokoro-TTS",
    "clone my voice": "coqui/xtts",
    "compose a song": "facebook/MusicGen",
    "ask questions about a PDF": "cvachet/pdf-chatbot",
    "scan handwriting into text": "stepfun-ai/GOT_official_online_demo",
    "translate into Spanish": "UNESCO/nllb",
    "summarise long articles": "pszemraj/summarize-long-text",
    "is this review positive or negative": "Gradio-Blocks/Multilingual-Aspect-Based-Sentiment-Analysis",
    "turn a photo into a 3D model": "stabilityai/TripoSR",
    "talk to an AI assistant": "HuggingFaceH4/zephyr-chat",
    "website builder": "enzostvs/deepsite",
    "predict stock prices": "FinGPT/FinGPT-Forecaster",
    "count cars in a photo": "kadirnar/Yolov10",
    "describe what is in an image": "nielsr/comparing-captioning-models",
    "try clothes on": "yisol/IDM-VTON",
    "fine-tune without code": "autotrain-projects/autotrain-advanced",
}


@pytest.mark.parametrize(("query", "wanted"), MEANT.items(), ids=[query.replace(" ", "-") for query in MEANT])
def test_a_query_in_everyday_words_finds_what_is_meant(index, query, wanted):
    assert wanted in [id for id, _ in index.rank(query)[:3]]


def test_relevance_is_between_zero_and_one_and_falls(index):
    scores = [score for _, score in index.rank("generate an image from text")]
    assert scores == sorted(scores, reverse=True) and all(0 < score <= 1 for score in scores) and scores[0] > 0.8


def test_what_shares_nothing_is_not_found(index):
    assert index.rank("quantum chromodynamics") == [] == index.rank("the of and") == index.rank("!?")


def test_word_forms_and_synonyms_come_to_the_same_terms():
    assert terms("removing backgrounds").keys() & terms("background remover").keys() >= {"=background removal"}
    assert set(terms("transcribe")) & set(terms("speech to text")) == {"=speech recognition"}


def test_search_spaces_tells_cards(hub):
    found = list(hub.api().search_spaces("remove background from photo"))
    best = found[0]
    assert (best.id, best.ai_category, best.sdk) == ("not-lain/background-removal", "Background Removal", "gradio")
    assert best.title == "Background Removal" and best.runtime.stage == "RUNNING"
    assert best.semantic_relevancy_score > found[-1].semantic_relevancy_score
    assert best.emoji and best.author == "not-lain"


def test_search_spaces_keeps_to_sdk_tag_and_running(hub):
    api = hub.api()
    assert {found.sdk for found in api.search_spaces("generate image")} > {"gradio"}
    assert {found.sdk for found in api.search_spaces("speech recognition in the browser", sdk="static")} == {"static"}
    assert [found.id for found in api.search_spaces("background removal", filter="mcp-server")] == ["not-lain/background-removal"]
    running = {found.id for found in api.search_spaces("background removal")}
    everything = {found.id for found in api.search_spaces("background removal", include_non_running=True)}
    assert everything - running == {"ECCV2022/dis-background-removal"}
    with pytest.raises(BadRequestError):
        list(api.search_spaces(" "))


def test_a_hosted_space_is_found_by_its_meaning_only_by_those_who_may_see_it(hub, name):
    api = hub.api()
    card = "---\ntitle: Zebra counter\nemoji: 🦓\nsdk: static\nshort_description: Counts zebras in safari pictures\n---\n"
    for repo, private in ((f"anna/{name}", False), (f"anna/{name}-own", True)):
        api.create_repo(repo, repo_type="space", space_sdk="static", private=private)
        files = [CommitOperationAdd("README.md", card.encode()), CommitOperationAdd("index.html", b"<p>zebra")]
        api.create_commit(repo, files, commit_message="page", repo_type="space")
        api.wait_for_space(repo, poll_interval=0.1)
    mine = [found.id for found in api.search_spaces("how many zebras are in a photo")]
    theirs = [found.id for found in hub.api("bert").search_spaces("how many zebras are in a photo")]
    assert {f"anna/{name}", f"anna/{name}-own"} <= set(mine[:3])
    assert theirs[0] == f"anna/{name}" and f"anna/{name}-own" not in theirs
    api.delete_repo(f"anna/{name}", repo_type="space")
    assert f"anna/{name}" not in [found.id for found in api.search_spaces("zebras")]
