"""Files of repositories on the Local Hub of a running server; and that looking is all one can do."""

import pytest

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
