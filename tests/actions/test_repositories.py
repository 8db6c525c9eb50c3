"""Files of repositories on the Local Hub of a running server; and that looking is all one can do."""

import httpx
import pytest
from huggingface_hub import CommitOperationAdd, HfApi

from core.registry import find


def given(server, **arguments):
    answer = server.action("hf_repo_files", **arguments)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_files_of_an_entry_are_listed_and_its_card_read(server):
    listed = given(server, repo_id="openai/gsm8k", repo_type="dataset")
    assert [one["path"] for one in listed["items"]] == ["README.md"] and listed["meta"]["bytes"] == listed["items"][0]["size"]
    card = given(server, repo_id="openai/gsm8k", repo_type="dataset", operation="read", path="README.md")
    assert card["text"].startswith("---\n") and card["size"] == listed["items"][0]["size"] and card["next_offset"] is None


def test_a_private_repository_is_read_at_any_revision_with_the_callers_own_token(server):
    token = (server.data / "hub" / "token").read_text().strip()
    hub = HfApi(endpoint=f"{server.url}/hub", token=token)
    repo = hub.create_repo("local/private-notes", repo_type="dataset", private=True, exist_ok=True).repo_id
    long = "".join(f"row {number}\n" for number in range(9_000))
    files = {"data/long.csv": long.encode(), "notes.md": b"# first", "weights.bin": bytes(range(256)) * 50}
    first = hub.create_commit(repo, [CommitOperationAdd(path, body) for path, body in files.items()], commit_message="x", repo_type="dataset")
    hub.upload_file(path_or_fileobj=b"# second", path_in_repo="notes.md", repo_id=repo, repo_type="dataset")
    at = {"repo_id": repo, "repo_type": "dataset"}
    listed = {one["path"]: one["size"] for one in given(server, **at)["items"]}
    assert {path: listed[path] for path in files if path != "notes.md"} == {path: len(body) for path, body in files.items() if path != "notes.md"}
    assert [one["path"] for one in given(server, **at, path="data")["items"]] == ["data/long.csv"]
    page = given(server, **at, operation="read", path="data/long.csv")
    rest = given(server, **at, operation="read", path="data/long.csv", offset=page["next_offset"])
    assert page["text"] + rest["text"] == long and page["total"] == len(long)
    assert given(server, **at, operation="read", path="notes.md")["text"] == "# second"
    assert given(server, **at, operation="read", path="notes.md", revision=first.oid)["text"] == "# first"
    binary = given(server, **at, operation="read", path="weights.bin")
    assert binary["binary"] and binary["text"] is None and binary["size"] == 12_800
    bert = httpx.post(f"{server.url}/api/actions/hf_repo_files", json=at, headers={"Authorization": "Bearer hf_nobodyKnowsThisTokenAAAAAAAAAAAAA"}, timeout=60)
    assert bert.status_code in (401, 404) and "nobodyKnows" not in bert.text


def test_list_and_read_are_the_only_operations(server):
    assert find("hf_repo_files").schema["properties"]["operation"]["enum"] == ["list", "read"] and find("hf_repo_files").risk == "read"
    for operation in ("upload", "delete", "write", "create_pr", ""):
        answer = server.action("hf_repo_files", repo_id="openai/gsm8k", repo_type="dataset", operation=operation, path="README.md")
        assert answer.status_code == 400 and "'list' or 'read'" in answer.text
    for name in ("content", "patterns", "commit_message", "create_pr"):
        answer = server.action("hf_repo_files", repo_id="openai/gsm8k", **{name: "x"})
        assert answer.status_code == 400 and name in answer.text


@pytest.mark.parametrize(
    "arguments, status",
    [
        ({"repo_id": "openai/nope", "repo_type": "dataset"}, 404),
        ({"repo_id": "openai/nope", "repo_type": "dataset", "operation": "read", "path": "a"}, 404),
        ({"repo_id": "openai/gsm8k", "repo_type": "dataset", "operation": "read", "path": "nope.md"}, 404),
        ({"repo_id": "openai/gsm8k", "repo_type": "dataset", "operation": "read", "path": "README.md", "revision": "v9"}, 404),
        ({"repo_id": "openai/gsm8k", "repo_type": "dataset", "operation": "read"}, 400),
        ({"repo_id": "openai/gsm8k", "repo_type": "dataset", "operation": "read", "path": "../../etc/passwd"}, 400),
        ({"repo_id": "a/b/c"}, 400),
    ],
)
def test_what_is_not_there_is_said(server, arguments, status):
    answer = server.action("hf_repo_files", **arguments)
    assert answer.status_code == status and answer.json()["error"]["fix"]
