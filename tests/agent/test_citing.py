"""What a report rests on: names that tools returned, and names that none did."""

import pytest

from core.agent.citing import UNSEEN, Sources


@pytest.fixture
def sources():
    made = Sources()
    made.take("hf_papers", {"operation": "search", "query": "math"}, {"items": [{"arxiv_id": "2401.11111", "title": "A", "url": "https://huggingface.co/papers/2401.11111"}]})
    made.take("hf_papers", {"operation": "read_paper", "arxiv_id": "https://arxiv.org/abs/2305.20050v2"}, {"paper": {"title": "B"}, "sections": []})
    made.take("hf_inspect_dataset", {"dataset": "openai/gsm8k"}, {"dataset": "openai/gsm8k", "columns": []})
    made.take("fetch_hf_docs", {"url": "/docs/trl/sft_trainer"}, {"url": "https://huggingface.co/docs/trl/sft_trainer", "title": "SFT Trainer", "text": "See `acme/other`."})
    made.take("github_read_file", {"repo": "huggingface/trl", "path": "trl/x.py"}, {"repo": "huggingface/trl", "path": "trl/x.py", "url": "https://github.com/huggingface/trl/blob/HEAD/trl/x.py"})
    made.take("hf_repo_files", {"repo_id": "acme/model", "operation": "read", "path": "config.json"}, {"text": "{}"})
    return made


def test_what_was_read_is_cited_and_what_was_only_listed_is_not(sources):
    _, citations, unseen = sources.checked("Nothing named.")
    assert [(one.kind, one.id) for one in citations] == [
        ("paper", "2305.20050"), ("dataset", "openai/gsm8k"), ("docs", "SFT Trainer"), ("code", "huggingface/trl/trl/x.py"), ("model", "acme/model/config.json"),
    ]  # fmt: skip
    assert citations[-1].url == "https://huggingface.co/acme/model/blob/main/config.json" and unseen == ()


def test_a_listed_name_becomes_a_citation_when_the_report_uses_it(sources):
    text, citations, unseen = sources.checked("The best is 2401.11111.")
    assert text == "The best is 2401.11111." and ("paper", "2401.11111") in [(one.kind, one.id) for one in citations] and unseen == ()


@pytest.mark.parametrize(
    "text",
    [
        "2305.20050v2", "arXiv:2305.20050", "[B](https://arxiv.org/abs/2305.20050)", "https://arxiv.org/pdf/2305.20050v1.pdf", "https://huggingface.co/papers/2401.11111",
        "`openai/gsm8k`", "https://huggingface.co/datasets/openai/gsm8k", "https://huggingface.co/docs/trl/sft_trainer#usage", "https://huggingface.co/docs/trl/sft_trainer.md",
        "https://github.com/huggingface/trl", "https://github.com/huggingface/trl/blob/main/trl/x.py", "`acme/other`", "`examples/run.py`", "about 12.5 and 1/2 or and/or", "3.14159 and 2024.5",
    ],
)  # fmt: skip
def test_what_a_tool_returned_is_not_marked_however_it_is_written(sources, text):
    marked, _, unseen = sources.checked(text)
    assert marked == text and unseen == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("see 2499.00001", None), ("see 2412.00001", "2412.00001"), ("`acme/invented`", "acme/invented"), ("https://example.com/a", "https://example.com/a"),
        ("[x](https://arxiv.org/abs/2412.00001)", "https://arxiv.org/abs/2412.00001"), ("https://github.com/huggingface/trl/blob/main/other.py", "https://github.com/huggingface/trl/blob/main/other.py"),
        ("https://huggingface.co/datasets/openai/other", "https://huggingface.co/datasets/openai/other"),
    ],
)  # fmt: skip
def test_what_no_tool_returned_is_marked(sources, text, name):
    marked, _, unseen = sources.checked(text)
    assert unseen == ((name,) if name else ()) and (UNSEEN in marked) is bool(name)


def test_a_mark_stands_behind_a_link_and_leaves_it_whole(sources):
    marked, _, _ = sources.checked("| [x](https://example.com/a) | good |")
    assert marked == f"| [x](https://example.com/a) {UNSEEN} | good |"


def test_one_source_stands_once(sources):
    sources.take("hf_papers", {"operation": "citation_graph", "arxiv_id": "2305.20050"}, {"citations": []})
    _, citations, _ = sources.checked("https://arxiv.org/abs/2305.20050 and https://github.com/huggingface/trl/blob/main/trl/x.py and https://huggingface.co/docs/trl/sft_trainer")
    assert len(citations) == len({one.url for one in citations}) == 5


def test_odd_results_do_no_harm():
    made = Sources()
    deep = value = {}
    for _ in range(50):
        value["x"] = value = {}
    for odd in (None, 3, "text", [], deep, {"url": 5}, {"items": [None, {"a": b"x"}]}):
        made.take("fetch_hf_docs", {}, odd)
        made.take("unknown", {}, odd)
    assert made.checked("")[0] == ""
