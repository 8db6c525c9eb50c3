"""Branches and tags, by the unmodified clients."""

from __future__ import annotations

import pytest
from huggingface_hub.errors import HfHubHTTPError, RevisionNotFoundError


@pytest.fixture
def repo(hub, name) -> str:
    return hub.api().create_repo(f"anna/{name}").repo_id


def test_branches_are_made_listed_and_deleted(hub, repo):
    api = hub.api()
    start = api.model_info(repo).sha
    api.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    api.create_branch(repo, branch="from-main")
    api.create_branch(repo, branch="dev/from-start", revision=start)
    api.create_branch(repo, branch="from-main", exist_ok=True)
    refs = {branch.name: branch.target_commit for branch in api.list_repo_refs(repo).branches}
    assert refs == {"main": api.model_info(repo).sha, "from-main": api.model_info(repo).sha, "dev/from-start": start}
    with pytest.raises(HfHubHTTPError, match="Reference refs/heads/from-main already exists") as caught:
        api.create_branch(repo, branch="from-main")
    assert caught.value.response.status_code == 409
    with pytest.raises(RevisionNotFoundError):
        api.create_branch(repo, branch="x", revision="nope")
    with pytest.raises(HfHubHTTPError, match="Cannot delete refs/heads/main"):
        api.delete_branch(repo, branch="main")
    api.delete_branch(repo, branch="dev/from-start")
    with pytest.raises(HfHubHTTPError, match="Invalid rev id"):
        api.delete_branch(repo, branch="dev/from-start")
    assert len(api.list_repo_refs(repo).branches) == 2


def test_tags_are_made_listed_and_deleted(hub, repo):
    api = hub.api()
    start = api.model_info(repo).sha
    api.create_tag(repo, tag="v0", tag_message="The first one")
    api.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    api.create_tag(repo, tag="v1")
    assert {tag.name: tag.target_commit for tag in api.list_repo_refs(repo).tags} == {"v0": start, "v1": api.model_info(repo).sha}
    assert api.model_info(repo, revision="v0").sha == start
    listed = hub.run("hf", "repos", "tag", "ls", repo).stdout
    assert "refs/tags/v0" in listed and "refs/tags/v1" in listed
    api.create_tag(repo, tag="v1", exist_ok=True)
    with pytest.raises(HfHubHTTPError) as caught:
        api.create_tag(repo, tag="v0")
    assert caught.value.response.status_code == 409
    with pytest.raises(RevisionNotFoundError):
        api.create_tag(repo, tag="v2", revision="nope")
    api.delete_tag(repo, tag="v0")
    with pytest.raises(RevisionNotFoundError):
        api.delete_tag(repo, tag="v0")


def test_names_git_cannot_hold_are_refused(hub, repo):
    for bad in ("a..b", "a b", "a.lock", "x/", "~", "a" * 300, "0" * 40):
        for answered in (
            hub.http().post(f"/api/models/{repo}/branch/{bad}", json={}),
            hub.http().post(f"/api/models/{repo}/tag/main", json={"tag": bad}),
        ):
            assert answered.status_code == 400 and answered.json()["error"], bad
    assert hub.http().post(f"/api/models/{repo}/branch/main%2Fx", json={}).status_code == 409
    assert len(hub.api().list_repo_refs(repo).branches) == 1


def test_an_empty_branch_and_an_overwritten_one(hub, repo):
    api = hub.api()
    assert hub.http().post(f"/api/models/{repo}/branch/empty", json={"emptyBranch": True}).status_code == 200
    assert api.list_repo_files(repo, revision="empty") == []
    api.upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    assert hub.http().post(f"/api/models/{repo}/branch/empty", json={"overwrite": True}).status_code == 200
    assert api.list_repo_files(repo, revision="empty") == [".gitattributes", "a"]


def test_a_history_can_be_squashed(hub, repo):
    api = hub.api()
    for number in range(3):
        api.upload_file(path_or_fileobj=b"%d" % number, path_in_repo="a", repo_id=repo)
    api.super_squash_history(repo, commit_message="All in one")
    assert [commit.title for commit in api.list_repo_commits(repo)] == ["All in one"]
    assert hub.http().get(f"/{repo}/resolve/main/a").content == b"2"


def test_two_revisions_can_be_compared(hub, repo):
    api = hub.api()
    api.create_tag(repo, tag="v0")
    api.upload_file(path_or_fileobj=b"new\n", path_in_repo="a", repo_id=repo)
    raw = hub.http().get(f"/api/models/{repo}/compare/v0..main", params={"raw": "true"})
    assert raw.text == "diff --git a/a b/a\n--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+new\n"
    assert hub.http().get(f"/api/models/{repo}/compare/nope..main").headers["X-Error-Code"] == "RevisionNotFound"


def test_readers_cannot_move_refs(hub, repo):
    for who in ("bert", "anna-read", None):
        client = hub.http(who)
        for method, path in (("POST", "branch/x"), ("DELETE", "branch/x"), ("POST", "tag/main"), ("POST", "super-squash/main")):
            assert client.request(method, f"/api/models/{repo}/{path}", json={"tag": "t"}).status_code in (401, 403)
    assert hub.http("bert").get(f"/api/models/{repo}/refs").status_code == 200
