"""Uploading: every way the unmodified clients have, and what a commit may not do."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import threading

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RevisionNotFoundError
from huggingface_hub.utils.sha import git_hash


@pytest.fixture
def repo(hub, name) -> str:
    return hub.api().create_repo(f"anna/{name}").repo_id


def ndjson(*operations: tuple[str, dict], summary: str = "test", **header) -> bytes:
    lines = [{"key": "header", "value": {"summary": summary, **header}}]
    lines += [{"key": key, "value": value} for key, value in operations]
    return "\n".join(json.dumps(line) for line in lines).encode()


def put(path: str, data: bytes = b"x") -> tuple[str, dict]:
    return "file", {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}


def commit(hub, repo: str, body: bytes, who: str | None = "anna", rev: str = "main", query: str = ""):
    headers = {"Content-Type": "application/x-ndjson"}
    return hub.http(who).post(f"/api/models/{repo}/commit/{rev}{query}", content=body, headers=headers)


@pytest.mark.parametrize("size", [0, 1, 5_000_000, 40_000_000])
def test_a_client_with_xet_uploads_and_downloads_any_size(hub, repo, size):
    data = os.urandom(size)
    done = hub.api().upload_file(path_or_fileobj=data, path_in_repo="d/f.bin", repo_id=repo)
    assert len(done.oid) == 40 and done.commit_url == f"{hub.endpoint}/{repo}/commit/{done.oid}"
    (entry,) = hub.api().get_paths_info(repo, ["d/f.bin"])
    assert (entry.size, entry.blob_id, entry.lfs) == (size, git_hash(data), None)
    path = hub.api().hf_hub_download(repo, "d/f.bin", force_download=True)
    with open(path, "rb") as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()


def test_from_a_file_and_below_a_prefix(either_hub, name, tmp_path):
    api = either_hub.api()
    api.create_repo(f"anna/{name}", repo_type="dataset")
    (tmp_path / "a b é.txt").write_text("content")
    api.upload_file(path_or_fileobj=tmp_path / "a b é.txt", path_in_repo="x/a b é%2F#?.txt", repo_id=f"anna/{name}", repo_type="dataset")
    assert "x/a b é%2F#?.txt" in api.list_repo_files(f"anna/{name}", repo_type="dataset")
    found = api.hf_hub_download(f"anna/{name}", "x/a b é%2F#?.txt", repo_type="dataset", local_dir=tmp_path / "out")
    assert open(found).read() == "content"


def test_one_commit_adds_copies_and_deletes(hub, repo):
    api = hub.api()
    first = [CommitOperationAdd(path, path.encode()) for path in ("a", "old/x", "old/y", "keep")]
    api.create_commit(repo, first, commit_message="First", commit_description="Some words")
    second = [
        CommitOperationAdd("b", io.BytesIO(b"new")),
        CommitOperationCopy("a", "copied/a"),
        CommitOperationDelete("a"),
        CommitOperationDelete("old/"),
    ]
    done = api.create_commit(repo, second, commit_message="Second", parent_commit=api.model_info(repo).sha)
    assert set(api.list_repo_files(repo)) == {".gitattributes", "b", "copied/a", "keep"}
    assert hub.http().get(f"/{repo}/resolve/main/copied/a").content == b"a"
    commits = api.list_repo_commits(repo)
    assert [c.title for c in commits] == ["Second", "First", "initial commit"]
    assert commits[0].commit_id == done.oid and commits[0].authors == ["anna"] and commits[1].message == "Some words"


def test_a_file_that_is_there_already_is_not_sent_again(hub, repo):
    api = hub.api()
    first = api.upload_file(path_or_fileobj=b"same", path_in_repo="a", repo_id=repo)
    again = api.upload_file(path_or_fileobj=b"same", path_in_repo="a", repo_id=repo)
    assert again.oid == first.oid and len(api.list_repo_commits(repo)) == 2


def test_a_folder_by_the_client_and_by_the_command_line(hub, repo, tmp_path):
    folder = tmp_path / "up"
    for number in range(300):
        path = folder / f"d{number % 7}" / f"{number}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(number))
    (folder / ".gitignore").write_text("*.tmp\nsecret/\n!keep.tmp\n")
    (folder / "secret").mkdir()
    for ignored in ("x.tmp", "secret/key", "keep.tmp"):
        (folder / ignored).write_text("no")
    hub.api().upload_folder(repo_id=repo, folder_path=folder)
    files = set(hub.api().list_repo_files(repo))
    assert len(files) == 303 and {".gitignore", "keep.tmp", "d0/294.txt"} <= files and not {"x.tmp", "secret/key"} & files
    (folder / "d0" / "0.txt").write_text("changed")
    done = hub.run("hf", "upload", repo, str(folder), "sub", "--delete", "*.txt", "--commit-message", "By hand")
    assert done.returncode == 0, done.stderr
    assert hub.http().get(f"/{repo}/resolve/main/sub/d0/0.txt").text == "changed"
    hub.api().delete_folder("sub", repo)
    hub.api().delete_file("d0/0.txt", repo)
    assert "d0/0.txt" not in hub.api().list_repo_files(repo) and len(hub.api().list_repo_files(repo)) == 302


def test_preupload_answers_for_every_path(hub, repo):
    hub.api().upload_file(path_or_fileobj=b"old", path_in_repo="a", repo_id=repo)
    asked = [{"path": path, "size": 3, "sample": "AAAA"} for path in ("a", "b.bin", "x.log", "../odd")]
    answered = hub.http().post(f"/api/models/{repo}/preupload/main", json={"files": asked, "gitIgnore": "*.log"}).json()
    assert [(f["path"], f["uploadMode"], f["shouldIgnore"], f.get("oid")) for f in answered["files"]] == [
        ("a", "regular", False, git_hash(b"old")),
        ("b.bin", "regular", False, None),
        ("x.log", "regular", True, None),
        ("../odd", "regular", False, None),
    ]
    assert answered["commitOid"] == hub.api().model_info(repo).sha


def test_a_stale_parent_is_refused(hub, repo):
    before = hub.api().model_info(repo).sha
    hub.api().upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo)
    with pytest.raises(HfHubHTTPError, match="updated since you opened") as caught:
        hub.api().upload_file(path_or_fileobj=b"2", path_in_repo="b", repo_id=repo, parent_commit=before)
    assert caught.value.response.status_code == 412
    assert hub.api().list_repo_files(repo) == [".gitattributes", "a"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"not json", 400),
        (b'{"key": "header"}', 400),
        (b"[1]\n[2]", 400),
        (b"\xff\xfe\n", 400),
        (b"[" * 50_000, 400),
        (ndjson(summary=""), 400),
        (ndjson(put("ok"), ("planet", {"path": "x"})), 400),
        (ndjson(put("ok"), ("file", {"path": "x", "content": "?", "encoding": "base64"})), 400),
        (ndjson(put("ok"), ("file", {"path": "x", "content": 5})), 400),
        (ndjson(put("ok"), ("file", {"content": ""})), 400),
        (ndjson(put("ok"), parentCommit="zzz"), 400),
        (ndjson(put("ok"), put("ok/below")), 400),
        (ndjson(put("ok"), ("deletedFile", {"path": "missing"})), 404),
        (ndjson(put("ok"), ("deletedFolder", {"path": "missing/"})), 404),
        (ndjson(put("ok"), ("lfsFile", {"path": "l", "algo": "sha256", "oid": "0" * 64, "size": 5})), 400),
        (ndjson(put("ok"), ("lfsFile", {"path": "l", "algo": "md5", "oid": "0" * 64, "size": 5})), 400),
        *((ndjson(put("ok"), put(bad)), 422) for bad in ("/x", "../x", "a/../../x", "..\\x", ".git/config", "a\0b", "a//b", ".")),
        (ndjson(put("ok"), ("file", {"path": "x", "content": "A" * 3_000_000 + "!", "encoding": "base64"})), 400),
        (ndjson(put("ok"), ("file", {"path": "x", "content": "A" * 3_000_000, "encoding": "utf-8"})), 400),
    ],
)  # fmt: skip
def test_a_refused_commit_writes_nothing(hub, repo, body, status):
    before = hub.api().model_info(repo).sha
    answered = commit(hub, repo, body)
    assert answered.status_code == status, answered.text
    assert answered.json()["error"] and "Traceback" not in answered.text
    assert hub.api().model_info(repo).sha == before and hub.api().list_repo_files(repo) == [".gitattributes"]
    assert not list((hub.data / "incoming").iterdir())


def test_deleting_what_is_not_there_tells_the_client_so(hub, repo):
    with pytest.raises(EntryNotFoundError, match="A file with this name doesn't exist"):
        hub.api().delete_file("missing", repo)


def test_who_may_commit(hub, repo):
    for who, status in (("bert", 403), ("anna-read", 403), ("anna-acme", 403), (None, 401)):
        assert commit(hub, repo, ndjson(put("a")), who).status_code == status
        asked = {"files": [{"path": "a", "size": 1, "sample": ""}]}
        assert hub.http(who).post(f"/api/models/{repo}/preupload/main", json=asked).status_code == status
    assert hub.api().list_repo_files(repo) == [".gitattributes"]


def test_commits_go_to_existing_branches_only(hub, repo):
    with pytest.raises(RevisionNotFoundError):
        hub.api().upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo, revision="nope")
    hub.api().create_branch(repo, branch="feature/x")
    hub.api().upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo, revision="feature/x")
    assert hub.api().list_repo_files(repo, revision="feature/x") == [".gitattributes", "a"]
    assert hub.api().list_repo_files(repo) == [".gitattributes"]
    answered = commit(hub, repo, ndjson(put("a")), query="?create_pr=1")
    assert answered.status_code == 501 and answered.json()["error"]


def test_other_spellings_of_a_commit(hub, repo):
    older = {"summary": "Old form", "files": [{"path": "a", "content": "text", "encoding": "utf-8"}], "deletedEntries": []}
    answered = hub.http().post(f"/api/models/{repo}/commit/main", json=older)
    assert answered.status_code == 200, answered.text
    moved = ("file", {"path": "b", "oldPath": "a", "content": "bmV3", "encoding": "base64"})
    large = {"key": "file", "value": {"encoding": "base64", "path": 'q"content":"', "content": base64.b64encode(b"y" * 3_000_000).decode()}}
    body = ndjson(moved, ("deletedEntry", {"path": ".gitattributes"})) + b"\r\n\n" + json.dumps(large).encode()
    assert commit(hub, repo, body).status_code == 200
    assert hub.api().list_repo_files(repo) == ["b", 'q"content":"']
    assert hub.http().get(f"/{repo}/resolve/main/q%22content%22%3A%22").content == b"y" * 3_000_000


def test_concurrent_commits_all_arrive(hub, repo):
    failures: list[Exception] = []

    def write(number: int) -> None:
        try:
            hub.api().upload_file(path_or_fileobj=str(number).encode(), path_in_repo=f"f/{number}", repo_id=repo)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(12)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failures
    assert len(hub.api().list_repo_files(repo)) == 13 and len(hub.api().list_repo_commits(repo)) == 13


def test_of_two_commits_on_the_same_parent_one_wins(hub, repo):
    before = hub.api().model_info(repo).sha
    answers: list[int] = []

    def write(number: int) -> None:
        answers.append(commit(hub, repo, ndjson(put("a", str(number).encode()), parentCommit=before)).status_code)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert sorted(answers) == [200] + [412] * 5
