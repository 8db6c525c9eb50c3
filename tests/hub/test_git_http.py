"""The git binary against the Local Hub."""

from __future__ import annotations

import gzip
import hashlib
import os
import random

import pytest

from tests.hub.conftest import TOKENS


@pytest.fixture
def repo(hub, name) -> str:
    return hub.api().create_repo(f"anna/{name}", repo_type="space", space_sdk="static").repo_id


def git(hub, *arguments: str, cwd=None, fails: bool = False, who: str | None = "anna") -> str:
    done = hub.run("git", *arguments, cwd=cwd, who=who)
    assert (done.returncode != 0) == fails, f"{arguments}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def commit_file(hub, work, path: str, data: bytes, message: str = "by git") -> None:
    (work / path).parent.mkdir(parents=True, exist_ok=True)
    (work / path).write_bytes(data)
    git(hub, "add", "-A", cwd=work)
    git(hub, "commit", "-qm", message, cwd=work)


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
@pytest.mark.parametrize("suffix", ["", ".git"])
def test_clone_change_push_and_read_back_by_the_api(either_hub, name, tmp_path, kind, suffix):
    hub, api = either_hub, either_hub.api()
    repo = api.create_repo(f"anna/{name}", repo_type=kind, space_sdk="static" if kind == "space" else None).repo_id
    prefix = "" if kind == "model" else f"{kind}s/"
    work = tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(f"{prefix}{repo}{suffix}"), str(work))
    commit_file(hub, work, "d/é.txt", b"from git")
    git(hub, "push", "-q", cwd=work)
    head = git(hub, "rev-parse", "HEAD", cwd=work).strip()
    assert api.repo_info(repo, repo_type=kind).sha == head
    assert open(api.hf_hub_download(repo, "d/é.txt", repo_type=kind)).read() == "from git"
    done = api.upload_file(path_or_fileobj=b"from the API", path_in_repo="b", repo_id=repo, repo_type=kind)
    git(hub, "pull", "-q", cwd=work)
    assert (work / "b").read_text() == "from the API" and git(hub, "rev-parse", "HEAD", cwd=work).strip() == done.oid
    assert git(hub, "fsck", "--strict", cwd=work).count("error") == 0


def test_a_push_of_thirty_megabytes_arrives_whole(hub, repo, tmp_path):
    work = tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(f"spaces/{repo}"), str(work))
    words = random.Random(7)
    for number in range(300):
        text = "\n".join(f"{words.random()}" for _ in range(40))
        (work / f"f{number}.txt").write_text(text)
    commit_file(hub, work, "big.bin", os.urandom(30_000_000))
    for number in range(300):
        with (work / f"f{number}.txt").open("a") as file:
            file.write(f"\nline {number}")
    git(hub, "commit", "-qam", "deltas", cwd=work)
    git(hub, "push", "-q", cwd=work)
    other = tmp_path / "other"
    git(hub, "clone", "-q", hub.git_url(f"spaces/{repo}"), str(other))
    names = [path.name for path in work.iterdir() if path.is_file()]
    assert len(names) > 300
    for file in names:
        assert hashlib.sha256((other / file).read_bytes()).digest() == hashlib.sha256((work / file).read_bytes()).digest()
    git(hub, "fsck", "--full", "--strict", cwd=other)
    shallow = tmp_path / "shallow"
    git(hub, "clone", "-q", "--depth", "1", hub.git_url(f"spaces/{repo}"), str(shallow))
    assert git(hub, "rev-list", "--count", "HEAD", cwd=shallow).strip() == "1"
    assert (shallow / "f7.txt").read_bytes() == (work / "f7.txt").read_bytes()


def test_branches_tags_and_force(hub, repo, tmp_path):
    api, work = hub.api(), tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(f"spaces/{repo}"), str(work))
    git(hub, "checkout", "-qb", "feature/x", cwd=work)
    commit_file(hub, work, "a", b"1")
    git(hub, "tag", "-a", "v1", "-m", "tagged", cwd=work)
    git(hub, "tag", "light", cwd=work)
    git(hub, "push", "-q", "origin", "feature/x", "--tags", cwd=work)
    refs = api.list_repo_refs(repo, repo_type="space")
    head = git(hub, "rev-parse", "HEAD", cwd=work).strip()
    assert {ref.name: ref.target_commit for ref in refs.tags} == {"v1": head, "light": head}
    assert {ref.name for ref in refs.branches} == {"main", "feature/x"}
    git(hub, "commit", "-q", "--amend", "-m", "amended", cwd=work)
    assert "rejected" in git(hub, "push", "-q", "origin", "feature/x", cwd=work, fails=True)
    git(hub, "push", "-qf", "origin", "feature/x", cwd=work)
    git(hub, "push", "-q", "origin", ":feature/x", ":refs/tags/light", cwd=work)
    refs = api.list_repo_refs(repo, repo_type="space")
    assert [ref.name for ref in refs.branches] == ["main"] and [ref.name for ref in refs.tags] == ["v1"]
    assert "Cannot delete refs/heads/main" in git(hub, "push", "-q", "origin", ":main", cwd=work, fails=True)
    assert "only branches and tags" in git(hub, "push", "-q", "origin", "HEAD:refs/odd/x", cwd=work, fails=True)


def test_a_push_that_lost_the_race_is_refused(hub, repo, tmp_path):
    work = tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(f"spaces/{repo}"), str(work))
    theirs = hub.api().upload_file(path_or_fileobj=b"1", path_in_repo="a", repo_id=repo, repo_type="space").oid
    commit_file(hub, work, "b", b"2")
    assert "rejected" in git(hub, "push", "-q", cwd=work, fails=True)
    assert hub.api().space_info(repo).sha == theirs
    git(hub, "pull", "-q", "--rebase", cwd=work)
    git(hub, "push", "-q", cwd=work)
    assert {"a", "b"} <= set(hub.api().list_repo_files(repo, repo_type="space"))


def test_who_may_clone_and_push(hub, name, tmp_path):
    repo = hub.api().create_repo(f"anna/{name}", private=True).repo_id
    for who in (None, "bert"):
        git(hub, "clone", "-q", hub.git_url(repo, who), str(tmp_path / "no"), fails=True)
        assert not (tmp_path / "no").exists()
    work = tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(repo, "anna-read"), str(work))
    commit_file(hub, work, "a", b"1")
    assert "403" in git(hub, "push", "-q", cwd=work, fails=True)
    git(hub, "push", "-q", hub.git_url(repo), "main", cwd=work)
    bearer = f"http.extraHeader=Authorization: Bearer {TOKENS['anna']}"
    git(hub, "-c", bearer, "clone", "-q", hub.git_url(repo, None), str(tmp_path / "bearer"))
    assert (tmp_path / "bearer/a").exists()
    public = hub.api().create_repo(f"anna/{name}-public").repo_id
    git(hub, "clone", "-q", hub.git_url(public, None), str(tmp_path / "public"))
    wrong = hub.git_url(repo, None).replace("//", "//anna:hf_wrong@")
    assert "Authentication" in git(hub, "clone", "-q", wrong, str(tmp_path / "wrong"), fails=True)


def test_git_is_asked_for_its_password_first(hub, repo):
    answered = hub.http(None).get(f"/spaces/{repo}/info/refs", params={"service": "git-receive-pack"})
    assert answered.status_code == 401 and answered.headers["WWW-Authenticate"].startswith("Basic ")
    answered = hub.http(None).get(f"/spaces/{repo}/info/refs", params={"service": "git-upload-pack"})
    assert answered.status_code == 200 and answered.headers["Content-Type"] == "application/x-git-upload-pack-advertisement"
    assert "no-cache" in answered.headers["Cache-Control"]


def test_broken_requests_get_an_answer_and_change_nothing(hub, repo):
    before = hub.api().space_info(repo).sha
    head = hub.http().get(f"/api/spaces/{repo}/refs").json()["branches"][0]["targetCommit"].encode()

    def packet(line: bytes) -> bytes:
        return b"%04x" % (len(line) + 4) + line

    missing = packet(head + b" " + b"1" * 40 + b" refs/heads/main\0report-status\n") + b"0000"
    empty_pack = b"PACK\0\0\0\2\0\0\0\0"
    bodies = [
        b"", b"zzzz", b"0004", packet(b"nonsense\n") + b"0000", packet(b"want " + b"1" * 40 + b"\n") + b"0000" + packet(b"done\n"),
        missing, missing + b"PACKgarbage", missing + empty_pack + hashlib.sha1(empty_pack).digest(), os.urandom(5000),
    ]  # fmt: skip
    for service in ("git-upload-pack", "git-receive-pack"):
        for body in bodies:
            headers = {"Content-Type": f"application/x-{service}-request"}
            answered = hub.http().post(f"/spaces/{repo}/{service}", content=body, headers=headers)
            assert answered.status_code < 500 and b"Traceback" not in answered.content, (service, body)
            packed = {**headers, "Content-Encoding": "gzip"}
            answered = hub.http().post(f"/spaces/{repo}/{service}", content=gzip.compress(body)[:-3], headers=packed)
            assert answered.status_code < 500
        assert hub.http().post(f"/spaces/{repo}/{service}", content=b"0000").status_code == 422
    assert hub.http().get(f"/spaces/{repo}/info/refs", params={"service": "git-upload-archive"}).status_code == 400
    assert hub.api().space_info(repo).sha == before


def test_a_small_body_that_unpacks_to_a_very_large_one_does_not_fill_the_disk(hub, repo):
    headers = {"Content-Type": "application/x-git-upload-pack-request", "Content-Encoding": "gzip"}
    answered = hub.http().post(f"/spaces/{repo}/git-upload-pack", content=gzip.compress(bytes(40_000_000), 1), headers=headers)
    assert answered.status_code == 413


def test_a_push_whose_objects_are_not_all_there_moves_nothing(hub, repo, tmp_path):
    work = tmp_path / "work"
    git(hub, "clone", "-q", hub.git_url(f"spaces/{repo}"), str(work))
    tree = "100644 blob " + "1" * 40 + "\tmissing\n"
    (tmp_path / "tree").write_text(tree)
    made = hub.run("sh", "-c", f"git mktree --missing < {tmp_path / 'tree'}", cwd=work).stdout.strip()
    commit = hub.run("git", "commit-tree", made, "-m", "hollow", cwd=work).stdout.strip()
    pack = hub.run("sh", "-c", f"printf '{commit}\\n{made}\\n' | git pack-objects -q {tmp_path / 'p'}", cwd=work).stdout.strip()
    line = f"{'0' * 40} {commit} refs/heads/hollow\0report-status\n".encode()
    body = b"%04x" % (len(line) + 4) + line + b"0000" + (tmp_path / f"p-{pack}.pack").read_bytes()
    headers = {"Content-Type": "application/x-git-receive-pack-request"}
    answered = hub.http().post(f"/spaces/{repo}/git-receive-pack", content=body, headers=headers)
    assert b"ng refs/heads/hollow missing necessary objects" in answered.content
    assert [ref.name for ref in hub.api().list_repo_refs(repo, repo_type="space").branches] == ["main"]
