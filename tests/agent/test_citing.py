"""What a report rests on: names that tools returned, and names that none did."""

import pytest

from core.agent.citing import MISSING, UNSEEN, Sources


@pytest.fixture
def sources():
    made = Sources()
    made.take("hf_papers", {"operation": "search", "query": "math"}, {"items": [{"arxiv_id": "2401.11111", "title": "A", "url": "https://huggingface.co/papers/2401.11111"}]})
    made.take("hf_papers", {"operation": "read_paper", "arxiv_id": "https://arxiv.org/abs/2305.20050v2"}, {"paper": {"title": "B"}, "sections": []})
    made.take("hf_inspect_dataset", {"dataset": "openai/gsm8k"}, {"dataset": "openai/gsm8k", "columns": [{"name": "question", "type": "string"}]})
    made.take("fetch_hf_docs", {"url": "/docs/trl/sft_trainer"}, {"url": "https://huggingface.co/docs/trl/sft_trainer", "title": "SFT Trainer", "text": "See `acme/other`."})
    made.take("github_read_file", {"repo": "huggingface/trl", "path": "trl/x.py"}, {"repo": "huggingface/trl", "path": "trl/x.py", "text": "x = 1", "url": "https://github.com/huggingface/trl/blob/HEAD/trl/x.py"})
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


# Read, and not only asked for


EMPTY = {"operation": "find_datasets", "count": 0, "arxiv_id": "2404.09876", "items": [], "notes": ["Nothing fits."], "sources": ["the Local Hub (a sample)"]}


@pytest.mark.parametrize(
    ("tool", "arguments", "value"),
    [
        ("hf_papers", {"operation": "find_datasets", "arxiv_id": "2404.09876"}, EMPTY),
        ("hf_papers", {"operation": "search", "query": "2404.09876 long"}, {"operation": "search", "items": [], "notes": ["Nothing fits '2404.09876 long'."]}),
        ("hf_papers", {"operation": "citation_graph", "arxiv_id": "2404.09876"}, {"arxiv_id": "2404.09876", "url": "https://arxiv.org/abs/2404.09876", "citations": []}),
        ("hf_hub_query", {"code": "return {'paper': '2404.09876'}"}, {"ok": True, "data": {"paper": "2404.09876"}}),
        ("bash", {"command": "echo see 2404.09876"}, {"stdout": "see 2404.09876\n"}),
    ],
)  # fmt: skip
def test_a_paper_that_was_only_asked_for_is_neither_cited_nor_seen(tool, arguments, value):
    made = Sources()
    made.take(tool, arguments, value)
    marked, citations, unseen = made.checked("As arXiv 2404.09876 shows.")
    assert citations == () and unseen == ("2404.09876",) and UNSEEN in marked


def test_a_paper_whose_neighbours_or_models_came_back_is_seen_and_cited_when_named():
    made = Sources()
    made.take("hf_papers", {"operation": "find_models", "arxiv_id": "2404.09876v1"}, {"arxiv_id": "2404.09876", "items": [{"id": "acme/legal-7b"}]})
    assert made.checked("Nothing.")[1] == ()
    marked, citations, unseen = made.checked("2404.09876 gave acme/legal-7b.")
    assert unseen == () and [one.id for one in citations] == ["2404.09876"]


@pytest.mark.parametrize(
    ("tool", "arguments", "value"),
    [
        ("hf_inspect_dataset", {"dataset": "acme/empty-set1"}, {"dataset": "acme/empty-set1", "columns": [], "warnings": ["info: no"]}),
        ("hf_repo_files", {"repo_id": "acme/empty-set1"}, {"repo": "acme/empty-set1", "url": "https://huggingface.co/acme/empty-set1", "items": []}),
    ],
)  # fmt: skip
def test_what_gave_nothing_is_not_cited(tool, arguments, value):
    made = Sources()
    made.take(tool, arguments, value)
    assert made.checked("acme/empty-set1")[1:] == ((), ("acme/empty-set1",))


# Names of repositories without marks around them


@pytest.mark.parametrize(
    "text",
    [
        "Qwen/Qwen2.5-1.5B-Instruct is small.", "- Qwen/Qwen3-4B README.md", "| facebook/bart-large-cnn | mit |", "take **meta-llama/Llama-3.2-3B**.", "deepseek-ai/DeepSeek-R1,",
        "see facebook/bart-large-cnn.", "1. stabilityai/stable-diffusion-xl-base-1.0", "on openai/gsm8k", "google-t5/t5-small", "## Sources\nstanfordnlp/IMDB-reviews and others",
    ],
)  # fmt: skip
def test_a_bare_name_of_a_repository_is_checked(text):
    marked, _, unseen = Sources().checked(text)
    assert len(unseen) == 1 and marked.replace(f" {UNSEEN}", "") == text and marked.count(UNSEEN) == 1


@pytest.mark.parametrize(
    "text",
    [
        "and/or, input/output, train/test-split, n/a, TCP/IP, km/h", "2024/05/01 or 2024-05/06", "FP16/BF16 and A100/H100, CPU/T4, 7B/13B, int8/int4", "ROUGE-1/ROUGE-2 and GPT-4/GPT-4o",
        "src/app-v2.py and docs/trl-sft1 and examples/run_1.py", "application/x-ndjson1", "supervised/fine-tuning and zero-shot/few-shot", "| precision/recall |", "- question/answer pairs",
        "```python\nload('acme/model-7b')\n```", "run `hf download acme/model-7b now`", "./acme/model-7b and ~/acme/model-7b and a/b/c-1d", "```\nacme/model-7b\n```\nthen 1/2",
    ],
)  # fmt: skip
def test_pairs_of_words_paths_and_code_are_left_alone(text):
    marked, _, unseen = Sources().checked(text)
    assert marked == text and unseen == ()


def test_a_bare_name_a_tool_returned_is_not_marked(sources):
    text = "acme/model and acme/other, huggingface/trl;\n## Sources\n- huggingface/trl\n- acme/model config.json"
    assert sources.checked(text)[0] == text


def test_a_name_that_was_not_found_is_marked_as_that_in_every_spelling():
    made = Sources("http://127.0.0.1:8240/hub")
    made.missed({"repo_id": "Qwen/Qwen-Mini"})
    for text in ("Qwen/Qwen-Mini", "`Qwen/Qwen-Mini`", "https://huggingface.co/Qwen/Qwen-Mini", "http://127.0.0.1:8240/hub/Qwen/Qwen-Mini"):
        marked, _, unseen = made.checked(f"Take {text} .")
        assert marked == f"Take {text} {MISSING} ." and len(unseen) == 1, marked
    made.take("hf_search_models", {"query": "qwen"}, {"items": [{"id": "Qwen/Qwen-Mini"}]})
    assert made.checked("Qwen/Qwen-Mini")[2] == ()


# Addresses of the Hub that was asked


def test_on_a_hub_of_our_own_the_addresses_lead_to_it():
    made = Sources("http://127.0.0.1:8240/hub")
    made.take("hf_repo_files", {"repo_id": "acme/m1", "operation": "read", "path": "README.md"}, {"text": "# m1", "url": "http://127.0.0.1:8240/hub/acme/m1/resolve/main/README.md"})
    made.take("hf_repo_files", {"repo_id": "acme/m1", "operation": "read", "path": "a.json"}, {"text": "{}", "url": "http://127.0.0.1:8240/hub/acme/m1/resolve/main/a.json"})
    made.take("fetch_hf_docs", {"url": "/docs/inference-providers"}, {"url": "/docs/inference-providers", "title": "Providers", "text": "# Providers"})
    text = "acme/m1, https://huggingface.co/acme/m1 , https://huggingface.co/acme/m1/blob/main/README.md and https://huggingface.co/docs/inference-providers"
    marked, citations, unseen = made.checked(text)
    assert marked == text and unseen == ()
    assert [(one.id, one.url) for one in citations[:3]] == [
        ("acme/m1", "http://127.0.0.1:8240/hub/acme/m1"),
        ("acme/m1/a.json", "http://127.0.0.1:8240/hub/acme/m1/resolve/main/a.json"),
        ("Providers", "http://127.0.0.1:8240/hub/docs/inference-providers"),
    ]
    assert not any("huggingface.co" in one.url for one in citations)


def test_a_page_read_by_its_path_counts_under_its_whole_address():
    made = Sources()
    made.take("fetch_hf_docs", {"url": "/docs/trl/sft_trainer"}, {"url": "/docs/trl/sft_trainer", "title": "SFT", "text": "# SFT"})
    marked, citations, unseen = made.checked("https://huggingface.co/docs/trl/sft_trainer")
    assert unseen == () and [one.url for one in citations] == ["https://huggingface.co/docs/trl/sft_trainer"]
