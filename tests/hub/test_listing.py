"""Lists of models, datasets and Spaces: hosted ones and the sample in one ranking. By the unmodified client."""

from __future__ import annotations

from urllib.parse import urlsplit

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from huggingface_hub.errors import BadRequestError

CARD = "---\nlibrary_name: transformers\npipeline_tag: text-generation\nlicense: mit\nlanguage: de\ntags: [poetry]\n---\n"


@pytest.fixture(scope="module")
def listed(start_hub):
    """A Local Hub of its own, so that what is listed is known."""
    return start_hub("/hub")


@pytest.fixture(scope="module")
def api(listed) -> HfApi:
    api = listed.api()
    for number in range(5):
        api.create_repo(f"anna/model-{number}")
    api.create_commit("anna/model-0", [CommitOperationAdd("README.md", CARD.encode())], commit_message="card")
    api.create_repo("anna/hidden-model", private=True)
    api.create_repo("acme/words", repo_type="dataset")
    api.create_repo("anna/first_space", repo_type="space", space_sdk="static")
    api.create_repo("anna/hidden-space", repo_type="space", space_sdk="static", private=True)
    return api


def ids(found) -> list[str]:
    return [entry.id for entry in found]


def test_hosted_and_sample_stand_in_one_list_and_the_sample_says_what_it_is(api, listed):
    found = ids(api.list_models())
    assert {"anna/model-0", "openai/whisper-large-v3", "google-bert/bert-base-uncased"} <= set(found)
    assert len(found) == len(set(found)) >= 65
    with listed.http() as http:
        entries = {entry["id"]: entry for entry in http.get("/api/models?limit=1000").json()}
    assert entries["openai/whisper-large-v3"]["sample"] is True and "sample" not in entries["anna/model-0"]
    assert len(ids(api.list_datasets())) >= 41 and len(ids(api.list_spaces())) >= 61


def test_entries_have_the_keys_of_the_short_and_the_full_form(api, listed):
    with listed.http() as http:
        short = http.get("/api/models?author=anna&search=model-0").json()[0]
        full = http.get("/api/models?author=anna&search=model-0&full=true").json()[0]
        space = http.get("/api/spaces?author=anna").json()[0]
    assert set(short) == set("_id id modelId likes trendingScore private downloads tags pipeline_tag library_name createdAt".split())
    assert {"author", "sha", "lastModified", "siblings", "gated", "cardData"} <= set(full)
    assert {"_id", "id", "likes", "private", "sdk", "tags", "createdAt"} <= set(space) and "runtime" not in space
    model = next(iter(api.list_models(author="anna", search="model-0", full=True)))
    assert model.card_data["license"] == "mit" and "README.md" in [file.rfilename for file in model.siblings]


def test_search_meets_every_word_in_any_spelling(api):
    assert ids(api.list_models(search="whisper turbo")) == ["openai/whisper-large-v3-turbo"]
    assert ids(api.list_spaces(search="first-space")) == ["anna/first_space"]
    assert "not-lain/background-removal" in ids(api.list_spaces(search="BACKGROUND removal"))
    assert ids(api.list_models(search="nothing-is-called-that")) == []


def test_filters_narrow_by_author_tag_task_and_library(api):
    assert set(ids(api.list_models(author="Anna"))) == {f"anna/model-{n}" for n in range(5)} | {"anna/hidden-model"}
    assert ids(api.list_models(filter=["poetry", "license:mit"])) == ["anna/model-0"]
    assert all(model.pipeline_tag == "translation" for model in api.list_models(pipeline_tag="translation"))
    assert "Helsinki-NLP/opus-mt-en-de" in ids(api.list_models(filter="translation"))
    assert all("language:en" in found.tags for found in api.list_datasets(language="en"))
    assert "rajpurkar/squad" in ids(api.list_datasets(task_categories="question-answering"))
    assert set(ids(api.list_spaces(filter="static"))) >= {"anna/first_space", "Xenova/whisper-web"}
    assert ids(api.list_spaces(models="facebook/bart-large-mnli")) == [
        space.id for space in api.list_spaces(expand=["models"]) if "facebook/bart-large-mnli" in (space.models or [])
    ]
    assert {model.gated for model in api.list_models(gated=True, full=True)} == {"auto", "manual"}


def test_models_by_size_and_by_who_serves_them(api):
    small = list(api.list_models(num_parameters="max:500M", expand=["safetensors"]))
    assert small and all(model.safetensors.total <= 500_000_000 for model in small)
    served = list(api.list_models(inference_provider="novita", expand=["inferenceProviderMapping"]))
    assert served and all("novita" in [m.provider for m in model.inference_provider_mapping] for model in served)
    assert set(ids(api.list_models(inference="warm"))) == set(ids(api.list_models(inference_provider="all")))


def test_sorted_as_asked_highest_first(api, listed):
    likes = [model.likes for model in api.list_models(sort="likes")]
    assert likes == sorted(likes, reverse=True) and likes[0] > 5000
    assert ids(api.list_models(sort="created_at"))[0].startswith("anna/")
    with listed.http() as http:
        rising = [entry["downloads"] for entry in http.get("/api/models?sort=downloads&direction=1&limit=1000").json()]
    assert rising == sorted(rising)


def test_pages_follow_each_other_without_gap_or_repetition(api, listed):
    whole = ids(api.list_models())
    with listed.http() as http:
        answer = http.get("/api/models", params={"limit": 7})
        paged = [entry["id"] for entry in answer.json()]
        while following := answer.links.get("next"):
            assert following["url"].startswith(f"{listed.endpoint}/api/models?")
            answer = http.get(following["url"])
            assert len(answer.json()) <= 7
            paged += [entry["id"] for entry in answer.json()]
    assert paged == whole
    assert len(ids(api.list_models(limit=9))) == 9


def test_a_page_goes_on_where_the_last_ended_though_something_was_added(api, listed):
    with listed.http() as http:
        first = http.get("/api/models?sort=createdAt&limit=3")
        api.create_repo("anna/newest-of-all")
        try:
            second = http.get(first.links["next"]["url"]).json()
        finally:
            api.delete_repo("anna/newest-of-all")
        fresh = http.get("/api/models?sort=createdAt&limit=6").json()
    assert [entry["id"] for entry in [*first.json(), *second]] == [entry["id"] for entry in fresh]


def test_private_repositories_are_listed_only_for_those_who_may_see_them(api, listed):
    for kind, hidden in (("models", "anna/hidden-model"), ("spaces", "anna/hidden-space")):
        for who, sees in (("anna", True), ("anna-read", True), ("bert", False), ("anna-acme", False), (None, False)):
            found = ids(getattr(listed.api(who), f"list_{kind}")(author="anna"))
            assert (hidden in found) is sees, (kind, who)


def test_expand_tells_only_what_was_asked_and_refuses_the_unknown(api, listed):
    space = next(iter(api.list_spaces(author="anna", expand=["runtime", "likes"])))
    assert space.runtime.stage == "NO_APP_FILE" and space.likes == 0 and space.sdk is None
    with listed.http() as http:
        assert set(http.get("/api/spaces?author=anna&expand[]=sdk").json()[0]) == {"_id", "id", "sdk"}
        for path in ("models", "datasets", "spaces"):
            refused = http.get(f"/api/{path}?expand=nonsense")
            assert refused.status_code == 400 and '"expand" must be one of [' in refused.json()["error"]


@pytest.mark.parametrize(
    "query",
    ["sort=nonsense", "limit=0", "limit=x", "direction=up", "cursor=%25%25", "cursor=WyJhIl0", "num_parameters=some", "cursor=e30"],
)
def test_what_cannot_be_understood_is_a_bad_request(listed, api, query):
    with listed.http() as http:
        answer = http.get(f"/api/models?{query}")
    assert answer.status_code == 400 and answer.json()["error"]


def test_the_info_of_a_sample_entry(api):
    model = api.model_info("openai/whisper-tiny")
    assert model.pipeline_tag == "automatic-speech-recognition" and model.sha and len(model.sha) == 40
    space = api.space_info("openai/whisper")
    assert api.get_space_runtime("openai/whisper").raw == space.runtime.raw
    assert space.runtime.stage == "RUNNING" and space.host == "https://openai-whisper.hf.space"
    assert api.dataset_info("rajpurkar/squad").description
    assert api.model_info("openai/whisper-tiny", expand=["downloads"]).library_name is None
    assert not api.repo_exists("openai/there-is-no-such-model")


def test_a_hosted_repository_hides_the_sample_of_its_name(api, listed):
    assert len([one for one in ids(api.list_models()) if one.lower() == "anna/model-1"]) == 1


def test_a_change_is_in_the_next_list(api):
    api.create_repo("anna/changing", repo_type="dataset", exist_ok=True)
    assert "license:mit" not in next(iter(api.list_datasets(search="changing"))).tags
    card = CommitOperationAdd("README.md", b"---\nlicense: mit\n---\n")
    api.create_commit("anna/changing", [card], commit_message="card", repo_type="dataset")
    assert "license:mit" in next(iter(api.list_datasets(search="changing"))).tags
    api.move_repo("anna/changing", "anna/changed", repo_type="dataset")
    assert ids(api.list_datasets(author="anna")) == ["anna/changed"]
    api.delete_repo("anna/changed", repo_type="dataset")
    assert ids(api.list_datasets(author="anna")) == []


def test_tags_by_type(api):
    models, datasets = api.get_model_tags(), api.get_dataset_tags()
    assert "text-generation" in [tag["id"] for tag in models["pipeline_tag"]]
    assert {"id": "license:mit", "label": "mit", "type": "license"} in models["license"]
    assert "language:en" in [tag["id"] for tag in datasets["language"]]



def test_links_are_spelled_as_the_client_spells_the_hub(api, listed):
    answer = httpx.get(f"http://localhost:{listed.port}/hub/api/models?limit=1")
    assert urlsplit(answer.links["next"]["url"]).netloc == f"localhost:{listed.port}"
    with pytest.raises(BadRequestError):
        list(api.list_models(sort="unheard_of"))
