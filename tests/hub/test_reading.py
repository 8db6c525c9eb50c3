"""Downloading, listing and looking up, by the unmodified clients."""

from __future__ import annotations

import os

import pytest
from huggingface_hub import HfFileSystem, snapshot_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError
from huggingface_hub.file_download import http_get

from tests.hub.conftest import TOKENS

DATA = os.urandom(5_000_000) + bytes(range(256))


@pytest.fixture(scope="module")
def repo(hub) -> str:
    api = hub.api()
    api.create_repo("anna/library", repo_type="dataset", exist_ok=True)
    from huggingface_hub import CommitOperationAdd as Add

    files = {"a.txt": b"hello\n", "d/e/f.bin": DATA, "d/g.html": b"<script>alert(1)</script>", "empty": b"", "Dockerfile": b"FROM x"}
    files |= {"é ü.svg": b"<svg/>", "p.png": b"\x89PNG\0"}
    api.create_commit("anna/library", [Add(p, b) for p, b in files.items()], commit_message="Files", repo_type="dataset")
    return "anna/library"


def url(path: str, rev: str = "main") -> str:
    return f"/datasets/anna/library/resolve/{rev}/{path}"


def test_the_headers_of_a_file(hub, repo):
    for method in ("GET", "HEAD"):
        answered = hub.http(None).request(method, url("a.txt"))
        headers = answered.headers
        assert answered.status_code == 200 and headers["Content-Length"] == "6"
        assert headers["ETag"] == '"ce013625030ba8dba906f756967f9e9ca394464a"'
        assert headers["X-Repo-Commit"] == hub.api().dataset_info(repo).sha
        assert headers["Accept-Ranges"] == "bytes" and headers["Content-Type"] == "text/plain; charset=utf-8"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Disposition"] == "inline; filename*=UTF-8''a.txt; filename=\"a.txt\";"
        assert answered.content == (b"hello\n" if method == "GET" else b"")
    assert hub.http().get(url("a.txt"), headers={"If-None-Match": headers["ETag"]}).status_code == 304
    assert "attachment" in hub.http().get(url("a.txt") + "?download=true").headers["Content-Disposition"]


@pytest.mark.parametrize(
    ("path", "kind"),
    [("d/g.html", "text/plain"), ("é ü.svg", "text/plain"), ("Dockerfile", "text/plain"), ("p.png", "image/png"),
     ("d/e/f.bin", "application/octet-stream"), ("empty", "text/plain")],
)  # fmt: skip
def test_nothing_that_was_uploaded_runs_as_a_page(hub, repo, path, kind):
    assert hub.http().get(url(path)).headers["Content-Type"].split(";")[0] == kind


SIZE = len(DATA)


@pytest.mark.parametrize(
    ("asked", "status", "start", "stop"),
    [
        ("bytes=0-0", 206, 0, 1),
        ("bytes=1000003-", 206, 1_000_003, SIZE),
        ("bytes=-5", 206, SIZE - 5, SIZE),
        ("bytes=-99999999", 206, 0, SIZE),
        ("bytes=5-9999999999", 206, 5, SIZE),
        (f"bytes={SIZE}-", 416, 0, 0),
        ("bytes=-0", 416, 0, 0),
        ("bytes=0-1,3-4", 200, 0, SIZE),
        ("bytes=9-2", 200, 0, SIZE),
        ("lines=1-2", 200, 0, SIZE),
    ],
)
def test_ranges(hub, repo, asked, status, start, stop):
    answered = hub.http().get(url("d/e/f.bin"), headers={"Range": asked})
    assert answered.status_code == status
    shown = {200: None, 206: f"bytes {start}-{stop - 1}/{SIZE}", 416: f"bytes */{SIZE}"}[status]
    assert answered.headers.get("Content-Range") == shown
    assert answered.content == DATA[start:stop] and int(answered.headers["Content-Length"]) == stop - start


def test_a_range_of_an_older_file_is_not_mixed_with_a_newer_one(hub, repo):
    answered = hub.http().get(url("a.txt"), headers={"Range": "bytes=2-", "If-Range": '"something-else"'})
    assert answered.status_code == 200 and answered.content == b"hello\n"


def test_an_interrupted_download_is_resumed(hub, repo, tmp_path):
    with (tmp_path / "partial").open("wb") as file:
        file.write(DATA[:1_000_000])
        http_get(hub.endpoint + url("d/e/f.bin"), file, resume_size=1_000_000, expected_size=SIZE, headers={})
    assert (tmp_path / "partial").read_bytes() == DATA


def test_a_snapshot_holds_every_file(either_hub, tmp_path, name):
    api = either_hub.api()
    api.create_repo(f"anna/{name}", private=True)
    (tmp_path / "up/x").mkdir(parents=True)
    for path in ("a", "x/b", "x/c.json"):
        (tmp_path / "up" / path).write_text(path)
    api.upload_folder(repo_id=f"anna/{name}", folder_path=tmp_path / "up")
    found = snapshot_download(
        f"anna/{name}", endpoint=either_hub.endpoint, token=TOKENS["anna"], cache_dir=tmp_path / "cache", allow_patterns=["x/*", "a"]
    )
    assert sorted(os.path.relpath(os.path.join(d, f), found) for d, _, fs in os.walk(found) for f in fs) == ["a", "x/b", "x/c.json"]
    assert os.path.basename(found) == api.model_info(f"anna/{name}").sha
    with pytest.raises(RepositoryNotFoundError):
        snapshot_download(f"anna/{name}", endpoint=either_hub.endpoint, token=False, cache_dir=tmp_path / "other")


def test_the_command_line_downloads(hub, repo, tmp_path):
    done = hub.run("hf", "download", repo, "d/e/f.bin", "a.txt", "--repo-type", "dataset", "--local-dir", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "d/e/f.bin").read_bytes() == DATA and (tmp_path / "a.txt").read_text() == "hello\n"


def test_the_file_system_reads_pieces(hub, repo):
    files = HfFileSystem(endpoint=hub.endpoint, token=TOKENS["anna"], skip_instance_cache=True)
    assert files.ls(f"datasets/{repo}/d", detail=False) == [f"datasets/{repo}/d/e", f"datasets/{repo}/d/g.html"]
    with files.open(f"datasets/{repo}/d/e/f.bin", "rb", block_size=65536) as file:
        file.seek(1_234_567)
        assert file.read(10) == DATA[1_234_567:1_234_577]
        file.seek(-3, 2)
        assert file.read() == DATA[-3:]
    with files.open(f"datasets/{repo}/made/new.txt", "w") as file:
        file.write("written")
    assert files.cat_file(f"datasets/{repo}/made/new.txt") == b"written"
    files.rm(f"datasets/{repo}/made/new.txt")
    assert not files.exists(f"datasets/{repo}/made/new.txt", refresh=True)


def test_what_is_missing_is_told_apart(hub, repo):
    api = hub.api()
    for error, arguments in (
        (EntryNotFoundError, (repo, "nope", "main")),
        (EntryNotFoundError, (repo, "d", "main")),
        (RevisionNotFoundError, (repo, "a.txt", "nope")),
        (RepositoryNotFoundError, ("anna/none", "a.txt", "main")),
    ):
        with pytest.raises(error):
            api.hf_hub_download(arguments[0], arguments[1], revision=arguments[2], repo_type="dataset")
    missing = hub.http().get(url("nope"))
    assert missing.headers["X-Error-Code"] == "EntryNotFound" and len(missing.headers["X-Repo-Commit"]) == 40
    assert missing.text == "Entry not found"
    for odd in ("%2e%2e/%2e%2e/hub.json", "..%2f..%2fhub.json", "a.txt%00", "%ff%fe", "a.txt/x"):
        assert hub.http().get(url(odd)).status_code == 404


def test_the_tree_with_folders_last_commits_and_pages(hub, repo):
    api = hub.api()
    tree = {entry.path: entry for entry in api.list_repo_tree(repo, repo_type="dataset", recursive=True, expand=True)}
    assert {"a.txt", "d", "d/e", "d/e/f.bin", "empty"} <= set(tree)
    assert tree["a.txt"].size == 6 and tree["a.txt"].last_commit.title == "Files"
    assert tree["d"].tree_id and tree["a.txt"].security.status == "unscanned" and not tree["a.txt"].security.safe
    inner = [entry.path for entry in api.list_repo_tree(repo, "d/e", repo_type="dataset")]
    assert inner == ["d/e/f.bin"]
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(repo, "none", repo_type="dataset"))
    first = hub.http().get(f"/api/datasets/{repo}/tree/main", params={"recursive": "true", "limit": 2})
    seen = first.json()
    while link := first.links.get("next"):
        assert link["url"].startswith(hub.endpoint) and "recursive=true" in link["url"]
        first = hub.http().get(link["url"])
        seen += first.json()
    assert [entry["path"] for entry in seen] == list(tree)


def test_paths_info_by_form_and_by_json(hub, repo):
    api = hub.api()
    found = api.get_paths_info(repo, ["a.txt", "nope", "d/e"], repo_type="dataset", expand=True)
    assert [entry.path for entry in found] == ["a.txt", "d/e"] and found[0].last_commit.title == "Files"
    answered = hub.http().post(f"/api/datasets/{repo}/paths-info/main", json={"paths": ["a.txt"], "expand": False})
    assert [(e["path"], e["type"], e["size"]) for e in answered.json()] == [("a.txt", "file", 6)]
    many = {"paths": [f"p{n}" for n in range(2001)]}
    assert hub.http().post(f"/api/datasets/{repo}/paths-info/main", json=many).status_code == 413


def test_every_commit_is_listed_over_pages(hub, name):
    api = hub.api()
    api.create_repo(f"anna/{name}")
    for number in range(5):
        api.upload_file(path_or_fileobj=b"%d" % number, path_in_repo="a", repo_id=f"anna/{name}", commit_message=f"<c{number}>")
    first = hub.http().get(f"/api/models/anna/{name}/commits/main", params={"limit": 4, "expand[]": "formatted"})
    assert first.headers["X-Total-Count"] == "6" and len(first.json()) == 4
    assert first.json()[0]["formatted"]["title"] == "&lt;c4&gt;"
    assert [c["title"] for c in hub.http().get(first.links["next"]["url"]).json()] == ["<c0>", "initial commit"]
    assert len(api.list_repo_commits(f"anna/{name}")) == 6
    with pytest.raises(RevisionNotFoundError):
        api.list_repo_commits(f"anna/{name}", revision="nope")
