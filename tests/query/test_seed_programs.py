"""The thirteen programs of the contract, unchanged, over the Local Hub; each result beside what a plain client reads there."""

from __future__ import annotations

import httpx
import pytest
from tests.hub.conftest import TOKENS, RunningHub

from core.hub import Wire
from core.instance import free_port
from core.secrets import Secret


@pytest.fixture(scope="module")
def local_hub(tmp_path_factory):
    home = tmp_path_factory.mktemp("hub")
    running = RunningHub(free_port(0, "127.0.0.1"), home / "data", home, "/hub").start()
    yield running
    running.stop()


@pytest.fixture
def program(shared_runner, local_hub, seed_programs):
    """Run a seed program as anna."""

    def ask(name: str, **options):
        async def work():
            wire = Wire(local_hub.endpoint)
            try:
                return await shared_runner.ask(seed_programs[name], wire=wire, token=Secret(TOKENS["anna"]), **options)
            finally:
                await wire.close()

        outcome = shared_runner.wait(work())
        assert outcome.ok, outcome.error
        return outcome.result

    return ask


@pytest.fixture
def read(local_hub):
    """What a plain client reads."""
    with httpx.Client(base_url=local_hub.endpoint, headers={"Authorization": f"Bearer {TOKENS['anna']}"}, timeout=60) as client:

        def get(path: str, **params):
            return client.get("/api" + path, params=params).raise_for_status().json()

        yield get


def test_exact_repository(program, read, local_hub):
    there = read("/models/black-forest-labs/FLUX.1-dev")
    assert program("01_exact_repo_details") == {
        "repo_id": "black-forest-labs/FLUX.1-dev", "repo_type": "model", "author": "black-forest-labs", "pipeline_tag": there["pipeline_tag"],
        "library_name": there["library_name"], "likes": there["likes"], "downloads": there["downloads"],
        "repo_url": f"{local_hub.endpoint}/black-forest-labs/FLUX.1-dev",
    }  # fmt: skip


def test_capabilities(program):
    assert "trending_rank" in program("02_runtime_capabilities")["repo"]


def test_user_summary(program, read):
    made, there = program("03_compact_user_summary"), read("/users/mishig/overview")
    assert (made["total_followers"], made["total_following"]) == (there["numFollowers"], there["numFollowing"])
    assert [row["repo_id"] for row in made["latest_likes"]] == [row["repo"]["name"] for row in read("/users/mishig/likes", limit=10)][:10]
    assert len(made["latest_activity"]) == 10 and {"event_type", "timestamp"} <= set(made["latest_activity"][0])


def test_pro_followers_and_their_likes(program, read):
    made = program("04_pro_followers_recent_likes")
    pro = [row["user"] for row in read("/users/anna/followers") if row["isPro"]]
    assert pro and set(made) <= set(pro)
    for name, likes in made.items():
        assert [row["repo_id"] for row in likes] == [row["repo"]["name"] for row in read(f"/users/{name}/likes", limit=3)][:3]


def test_fan_out_with_coverage(program, read):
    made = program("05_fanout_partial_coverage")
    followers = read("/users/anna/overview")["numFollowers"]
    coverage = made["coverage"]
    assert coverage["seed_total"] == followers and coverage["seed_processed"] == min(20, followers)
    assert coverage["partial"] is (followers > 20) and made["results"]
    assert all(len(rows) <= 3 for rows in made["results"].values())


def test_popular_likes(program, read):
    made = program("06_popularity_ranked_likes")
    newest = read("/users/julien-c/likes", limit=1000)
    best = max(newest[:40], key=lambda row: (row.get("repoData") or {}).get("likes", 0))
    assert made["metadata"] == {"sort_applied": "repo_likes", "ranking_window": 40, "ranking_complete": len(newest) <= 40}
    assert made["repo"]["likes"] == best["repoData"]["likes"]


def test_activity(program, read):
    made = program("07_recent_activity")
    there = read("/recent-activity", feedType="user", entity="mishig", limit=100)["recentActivity"][:15]
    assert [row["timestamp"] for row in made] == [row["time"] for row in there] and len(made) == 15


def test_discussions(program, read):
    there = read("/models/Qwen/Qwen3.5-35B-A3B/discussions")["discussions"][:10]
    assert program("08_repo_discussions") == [{"num": d["num"], "title": d["title"], "author": d["author"]["name"], "status": d["status"]} for d in there]


def test_collections_and_their_exact_sizes(program, read):
    made = program("09_owner_collections")
    assert len(made) >= 3 and all(row["owner"] == "Qwen" for row in made)
    for row in made:
        assert row["item_count"] == len(read("/collections/" + row["collection_id"])["items"])


def test_daily_papers(program, read):
    assert [row["title"] for row in program("10_daily_papers")] == [row["title"] for row in read("/daily_papers")]


def test_organization_counts(program, read):
    there = read("/organizations/unsloth/overview")
    assert program("11_org_repo_counts") == {
        "organization": "unsloth", "models": there["numModels"], "datasets": there["numDatasets"], "spaces": there["numSpaces"],
    }  # fmt: skip


def test_trending_authors_who_follow_me(program, read):
    made = program("12_trending_authors_follow_me")
    authors = dict.fromkeys(row["repoData"]["id"].split("/")[0] for row in read("/trending", type="space", limit=20)["recentlyTrending"])
    followers = {row["user"] for row in read("/users/anna/followers", limit=1000)}
    assert made["results"] == [name for name in authors if name in followers]
    assert made["coverage"]["seed_total"] == len(authors)


def test_models_of_collections(program, read):
    made = program("13_org_collection_models")
    assert made and "Whisper" in made
    for row in read("/collections", owner="openai"):
        items = read("/collections/" + row["slug"])["items"]
        assert [item["id"] for item in items if item["type"] == "model"] == [one["repo_id"] for one in made.get(row["title"], [])]
