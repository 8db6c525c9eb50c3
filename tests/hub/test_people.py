"""People, likes, discussions, collections and papers, by the unmodified client in a process of its own."""

from __future__ import annotations

import json
import sys

import pytest

# Half of these methods read the endpoint from the environment at import, so the client runs as people run it.
PROGRAM = """
import json
from huggingface_hub import HfApi
api = HfApi()
user, org = api.get_user_overview("mishig"), api.get_organization_overview("unsloth")
likes = api.list_liked_repos("julien-c")
talks = list(api.get_repo_discussions("Qwen/Qwen3.5-35B-A3B"))
detail = api.get_discussion_details("Qwen/Qwen3.5-35B-A3B", talks[-1].num)
pulls = list(api.get_repo_discussions("Qwen/Qwen3.5-35B-A3B", discussion_type="pull_request"))
pull = api.get_discussion_details("Qwen/Qwen3.5-35B-A3B", pulls[0].num)
found = list(api.list_collections(owner="openai", limit=50))
whole = api.get_collection(next(one.slug for one in found if one.title == "Whisper"))
paper = api.paper_info("2501.12948")
print(json.dumps({
    "me": api.whoami()["name"],
    "user": [user.username, user.fullname, user.is_pro, user.num_followers, user.num_following, user.num_likes, user.num_spaces],
    "user orgs": [one.name for one in user.orgs],
    "followers": [one.username for one in api.list_user_followers("mishig")],
    "following": [one.username for one in api.list_user_following("mishig")],
    "mine": [(one.username, one.is_pro) for one in api.list_user_followers("anna")],
    "spaces of mishig": [one.id for one in api.list_spaces(author="mishig")],
    "org": [org.name, org.num_users, org.num_models, org.num_followers, org.is_verified],
    "members": [one.username for one in api.list_organization_members("unsloth")],
    "org followers": len(list(api.list_organization_followers("unsloth"))),
    "own members": [one.username for one in api.list_organization_members("acme")],
    "org models": [one.id for one in api.list_models(author="unsloth")],
    "likes": [likes.total, len(likes.models), len(likes.datasets), len(likes.spaces)],
    "likers": [one.username for one in api.list_repo_likers("openai/whisper-large-v3")],
    "liked by the first": api.list_liked_repos(next(iter(api.list_repo_likers("openai/whisper-large-v3"))).username).models,
    "talks": [(one.num, one.title, one.author, one.status, one.is_pull_request) for one in talks],
    "detail": [[event.type, event.author, getattr(event, "content", None)] for event in detail.events],
    "pull": [pull.is_pull_request, pull.target_branch, pull.conflicting_files, pull.status],
    "collections": [(one.title, one.owner["name"], len(one.items)) for one in found],
    "whole": [(item.item_type, item.item_id, item.position) for item in whole.items],
    "about": [one.title for one in api.list_collections(item="papers/2212.04356")],
    "daily": [(one.id, one.title) for one in api.list_daily_papers(limit=3)],
    "in a month": [one.id for one in api.list_daily_papers(month="2025-01")],
    "found": [one.id for one in api.list_papers(query="reasoning reinforcement")],
    "paper": [paper.title, paper.upvotes, paper.authors[0].name, paper.github_repo],
    "old name": api.model_info("gpt2").id,
    "card": open(api.hf_hub_download("Qwen/Qwen3.5-35B-A3B", "README.md")).read(),
    "space card": open(api.hf_hub_download("akhaliq/anycoder", "README.md", repo_type="space")).read(),
    "files": [(one.rfilename, one.size, one.blob_id) for one in api.model_info("Qwen/Qwen3.5-35B-A3B", files_metadata=True).siblings],
    "listed files": [(one.rfilename, one.size) for one in api.model_info("Qwen/Qwen3.5-35B-A3B").siblings],
    "by paper": [one.id for one in api.list_models(filter="arxiv:2212.04356")],
}, default=str))
"""


@pytest.fixture(scope="module")
def told(start_hub) -> dict:
    done = start_hub("/hub").run(sys.executable, "-c", PROGRAM)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


def test_an_overview_counts_what_the_lists_hold(told):
    name, fullname, pro, followers, following, likes, spaces = told["user"]
    assert (name, fullname, pro) == ("mishig", "Mishig Davaadorj", True)
    assert followers == len(told["followers"]) > 10 and following == len(told["following"]) > 10
    assert spaces == len(told["spaces of mishig"]) == 2 and likes > 20
    assert told["user orgs"] == ["huggingface"]


def test_an_organization_counts_its_models_members_and_followers(told):
    name, users, models, followers, verified = told["org"]
    assert (name, verified) == ("unsloth", True)
    assert users == len(told["members"]) == 2 and "danielhanchen" in told["members"]
    assert models == len(told["org models"]) >= 5 and followers == told["org followers"] > 10


def test_the_first_user_of_this_hub_is_part_of_the_sample_graph(told):
    assert told["me"] == "anna"
    assert len(told["mine"]) > 5 and any(pro for _, pro in told["mine"]) and not all(pro for _, pro in told["mine"])
    assert {"anna", "bert", "carl"} == set(told["own members"])


def test_likes_and_likers_are_two_sides_of_one_thing(told):
    total, models, datasets, spaces = told["likes"]
    assert total == models + datasets + spaces > 30 and min(models, datasets, spaces) > 0
    assert len(told["likers"]) > 3 and "openai/whisper-large-v3" in told["liked by the first"]


def test_discussions_carry_their_comments_and_pull_requests_their_branch(told):
    assert [num for num, *_ in told["talks"]] == list(range(8, 0, -1))
    assert {status for *_, status, _ in told["talks"]} <= {"open", "closed", "merged"}
    assert all(author.startswith("sample-") for _, _, author, _, _ in told["talks"])
    assert [type for type, *_ in told["detail"]][:2] == ["comment", "comment"] and told["detail"][0][2]
    assert told["pull"][:3] == [True, "refs/heads/main", []]


def test_collections_show_four_items_in_a_list_and_all_of_them_alone(told):
    titles = {title: count for title, owner, count in told["collections"] if owner == "openai"}
    assert titles == {"gpt-oss": 4, "gpt-oss-safeguard": 1, "Whisper": 4, "Evaluations": 4}
    assert [kind for kind, *_ in told["whole"]] == ["model"] * 6 + ["space", "paper"]
    assert [position for *_, position in told["whole"]] == list(range(8))
    assert told["about"] == ["Whisper"]


def test_papers_are_listed_by_day_found_by_words_and_linked_to_models(told):
    assert told["daily"][0] == ["2509.04664", "Why Language Models Hallucinate"] and len(told["daily"]) == 3
    assert told["in a month"] == ["2501.12948"] and told["found"] == ["2501.12948"]
    title, upvotes, author, github = told["paper"]
    assert title.startswith("DeepSeek-R1") and upvotes == 420 and author == "Daya Guo" and github.endswith("/DeepSeek-R1")
    assert told["old name"] == "openai-community/gpt2"
    assert {"openai/whisper-large-v3", "openai/whisper-small"} <= set(told["by paper"])


def test_the_card_of_a_sample_says_what_it_is_and_where_the_real_one_is(told):
    assert "license: apache-2.0" in told["card"] and "entry of the sample" in told["card"]
    assert "https://huggingface.co/Qwen/Qwen3.5-35B-A3B" in told["card"]
    (name, size, blob), = told["files"]
    assert (name, size, len(blob)) == ("README.md", len(told["card"].encode()), 40) and told["listed files"] == [["README.md", None]]
    assert "title: Anycoder" in told["space card"] and "https://huggingface.co/spaces/akhaliq/anycoder" in told["space card"]
