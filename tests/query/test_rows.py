"""where= and fields=: which rows and columns come back, and what is refused."""

import pytest

from core.errors import InvalidInput
from core.query.fields import FIELDS, canonical, sort_key, spellings
from core.query.rows import columns, condition, project

ROWS = [
    {"repo_id": "a/one", "likes": 5, "tags": ["gguf", "Llama"], "created_at": "2026-01-05T00:00:00.000Z", "gated": False},
    {"repo_id": "b/two", "likes": 50, "library_name": "transformers", "created_at": "2026-06-05T00:00:00.000Z", "gated": "auto"},
    {"repo_id": "c/three", "created_at": "2025-06-05T00:00:00.000Z"},
]


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        (None, "abc"),
        ({}, "abc"),
        ({"repo_id": "a/one"}, "a"),
        ({"repoId": ["a/one", "c/three"]}, "ac"),
        ({"likes": {"gte": 5}}, "ab"),
        ({"likes": {"gte": 5, "lte": 10}}, "a"),
        ({"likes": {"gte": "10"}}, "b"),
        ({"created_at": {"gte": "2026-01-01"}}, "ab"),
        ({"createdAt": {"lte": "2025-12-31"}}, "c"),
        ({"repo_id": {"contains": "One"}}, ""),
        ({"repo_id": {"icontains": "One"}}, "a"),
        ({"tags": {"icontains": "llama"}}, "a"),
        ({"library_name": {"in": ["transformers", "diffusers"]}}, "b"),
        ({"library_name": {"eq": "transformers"}, "likes": {"gte": 60}}, ""),
        ({"gated": False}, "a"),
        ({"likes": None}, "c"),
    ],
)
def test_conditions(where, kept):
    assert "".join(row["repo_id"][0] for row in filter(condition(where, "repo"), ROWS)) == kept


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ({"stars": 5}, "the columns are repo_id, repo_type"),
        ({"likes": {"gt": 5}}, "the operators are eq, in, contains, icontains, gte, lte"),
        ({"likes": {}}, "the operators are"),
        ({"likes": {"gte": "many"}}, "compared with a number or an ISO date"),
        ({"repo_id": {"in": "a/one"}}, "is a list"),
        ({"repo_id": {"contains": 5}}, "contains a text"),
        ({5: 5}, "no column '5'"),
    ],
)
def test_unknown_columns_and_operators_are_errors_that_list_the_allowed_ones(where, said):
    with pytest.raises(InvalidInput, match=said):
        condition(where, "repo")


def test_the_spelling_asked_for_is_the_key_and_empty_columns_are_left_out():
    assert project(ROWS[1:], columns(["repoId", "libraryName", "likes"], "repo")) == [
        {"repoId": "b/two", "libraryName": "transformers", "likes": 50},
        {"repoId": "c/three"},
    ]
    with pytest.raises(InvalidInput, match="no column 'stars' here; the columns are"):
        columns(["stars"], "repo")


@pytest.mark.parametrize(
    ("family", "given", "meant"),
    [
        ("repo", "lastModified", "last_modified"), ("repo", "runtimeStatus", "runtime_stage"), ("repo", "trendingRank", "trending_rank"),
        ("collection", "author", "owner"), ("collection", "itemCount", "item_count"), ("daily_paper", "githubRepo", "github_repo_url"),
        ("daily_paper", "projectPage", "project_page_url"), ("user_likes", "likes", "repo_likes"), ("activity", "time", "timestamp"),
        ("activity", "type", "event_type"), ("actor", "is_pro", "isPro"), ("actor", "pro", "isPro"), ("actor", "login", "username"),
        ("user", "website_url", "websiteUrl"), ("discussion", "createdAt", "created_at"), ("repo", "nonsense", None),
    ],
)  # fmt: skip
def test_other_spellings_mean_the_column(family, given, meant):
    assert canonical(given, family) == meant


def test_every_column_means_itself_and_spellings_lead_to_columns():
    for family, names in FIELDS.items():
        assert all(canonical(name, family) == name for name in names)
        assert set(spellings(family).values()) <= set(names)


def test_sort_keys():
    allowed = ("created_at", "likes", "trending_score")
    assert [sort_key(given, allowed) for given in ("createdAt", "created-at", "trending", "likes", "downloads", "nonsense")] == [
        "created_at", "created_at", "trending_score", "likes", None, None,
    ]  # fmt: skip
    assert sort_key("repoLikes", ("liked_at", "repo_likes")) == sort_key("repo-likes", ("liked_at", "repo_likes")) == "repo_likes"
