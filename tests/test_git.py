"""The git store, checked with the git binary where it can tell more than we can."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
import tracemalloc

import pytest

from core.errors import Conflict, InvalidInput, NotFound, Outdated
from core.git import Copy, Delete, DeleteFolder, GitStore, Put

WHO = {"author": "Anna", "email": "anna@example.org"}


@pytest.fixture
def store(tmp_path) -> GitStore:
    return GitStore.create(tmp_path / "store.git")


def git(store: GitStore, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", str(store.path), *arguments], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def paths(store: GitStore, rev: str = "main") -> list[str]:
    return [entry.path for entry in store.tree(rev, recursive=True) if entry.kind == "file"]


def test_git_itself_reads_what_was_written(store):
    sha = store.commit([Put("a.txt", b"one\n"), Put("src/deep/b.py", b"two\n")], "Title\n\nBody", **WHO)
    assert git(store, "rev-parse", "HEAD") == sha == store.head()
    assert git(store, "show", "HEAD:src/deep/b.py") == "two"
    assert git(store, "log", "-1", "--format=%an <%ae>|%s|%b") == "Anna <anna@example.org>|Title|Body"
    assert git(store, "fsck", "--strict") == ""
    assert {entry.path: entry.oid for entry in store.tree("main", recursive=True)} == {
        line.split("\t")[1]: line.split()[2] for line in git(store, "ls-tree", "-rt", "HEAD").splitlines()
    }


def test_we_read_what_git_packed(store):
    for number in range(5):
        store.commit([Put("f.txt", b"line\n" * 500 + str(number).encode())], f"c{number}", **WHO)
    first = store.log("main", limit=9)[-1].oid
    git(store, "gc", "-q", "--prune=now")
    fresh = GitStore.open(store.path)
    assert fresh.read(first, "f.txt").endswith(b"\n0") and store.read("main", "f.txt").endswith(b"\n4")
    assert fresh.entry("main", "f.txt").size == 2501
    assert b"".join(fresh.stream(fresh.entry("main", "f.txt").oid, 2495, 2501)) == b"line\n4"


def test_deletions_come_first_and_empty_folders_vanish(store):
    store.commit([Put("a", b"1"), Put("d/x", b"2"), Put("d/y", b"3"), Put("e/z", b"4")], "first", **WHO)
    store.commit([Put("a/b", b"5"), Delete("a"), DeleteFolder("d/"), Delete("e/z")], "second", **WHO)
    assert [entry.path for entry in store.tree("main", recursive=True)] == ["a", "a/b"]


def test_copy_takes_the_revision_before_the_commit(store):
    store.commit([Put("a", b"old")], "first", **WHO)
    store.commit([Put("a", b"new"), Copy("a", "kept/a")], "second", **WHO)
    assert store.read("main", "a") == b"new" and store.read("main", "kept/a") == b"old"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ([Put("ok", b""), Delete("missing")], NotFound),
        ([Put("ok", b""), DeleteFolder("a")], NotFound),
        ([Put("ok", b""), Delete("d")], NotFound),
        ([Put("ok", b""), Copy("missing", "b")], NotFound),
        ([Put("ok", b""), Put("a/b", b"")], InvalidInput),
        ([Put("ok", b""), Put("d", b"")], InvalidInput),
        *(
            ([Put("ok", b""), Put(path, b"")], InvalidInput)
            for path in ("", "/a", "../a", "a/../../b", "a//b", "./a", ".git/config", "a/.GIT/x", "a\\b", "a\0b", "a\nb", "x" * 300)
        ),
    ],
)
def test_a_refused_change_leaves_everything_as_it_was(store, changes, error):
    before = store.commit([Put("a", b"1"), Put("d/x", b"2")], "first", **WHO)
    with pytest.raises(error):
        store.commit(changes, "second", **WHO)
    assert store.head() == before and paths(store) == ["a", "d/x"]


def test_a_commit_that_changes_nothing_is_not_made(store):
    first = store.commit([Put("a", b"1")], "first", **WHO)
    assert store.commit([Put("a", b"1")], "again", **WHO) == first
    assert store.commit([], "on purpose", allow_empty=True, **WHO) != first


def test_a_stale_parent_is_refused(store):
    first = store.commit([Put("a", b"1")], "first", **WHO)
    second = store.commit([Put("a", b"2")], "second", parent=first, **WHO)
    with pytest.raises(Outdated):
        store.commit([Put("a", b"3")], "third", parent=first, **WHO)
    assert store.head() == second


def test_concurrent_commits_lose_nothing(store):
    def write(number: int) -> None:
        own = GitStore.open(store.path)
        for turn in range(5):
            own.commit([Put(f"{number}-{turn}", b"x")], f"{number}-{turn}", **WHO)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(paths(store)) == 20 == store.count("main")
    assert git(store, "fsck", "--strict") == ""


def test_a_large_file_is_never_in_memory(store, tmp_path):
    big = tmp_path / "big"
    digest = hashlib.sha256()
    with big.open("wb") as file:
        for _ in range(30):
            block = os.urandom(1 << 20)
            digest.update(block)
            file.write(block)
    tracemalloc.start()
    store.commit([Put("big", big)], "big", **WHO)
    entry = store.entry("main", "big")
    read = hashlib.sha256()
    for chunk in store.stream(entry.oid):
        read.update(chunk)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert read.digest() == digest.digest() and entry.size == 30 << 20
    assert entry.oid == subprocess.check_output(["git", "hash-object", str(big)], text=True).strip()
    assert peak < 12 << 20


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (5, None), (1_500_000, 1_500_010), (2_999_990, 9_999_999), (10, 10)])
def test_a_stream_gives_exactly_the_bytes_asked(store, start, stop):
    data = bytes(range(250)) * 12_000
    store.commit([Put("f", data)], "f", **WHO)
    assert b"".join(store.stream(store.entry("main", "f").oid, start, stop)) == data[start:stop]


def test_revisions_are_found_as_git_finds_them(store):
    first = store.commit([Put("a", b"1")], "first", **WHO)
    second = store.commit([Put("a", b"2")], "second", **WHO)
    store.tag("v1", first, message="The first", **WHO)
    store.set_ref("refs/tags/light", second)
    store.set_ref("refs/heads/feature/x", first)
    store.set_ref("refs/pr/1", second)
    for rev in ("main", "HEAD", second[:7], second, "light", "refs/pr/1", "pr/1", "refs/heads/main"):
        assert store.resolve(rev) == second
    for rev in ("v1", "feature/x", "refs/tags/v1", first[:12]):
        assert store.resolve(rev) == first
    for rev in ("nope", first[:6], "0" * 40, store.entry("main", "a").oid, "../main", "", "é"):
        with pytest.raises(NotFound):
            store.resolve(rev)
    assert store.refs()["refs/tags/v1"] == first


def test_refs_move_only_from_where_they_were_expected(store):
    first = store.commit([Put("a", b"1")], "first", **WHO)
    second = store.commit([Put("a", b"2")], "second", **WHO)
    store.set_ref("refs/heads/x", first, expect="0" * 40)
    for expected in ("0" * 40, second):
        with pytest.raises(Outdated):
            store.set_ref("refs/heads/x", second, expect=expected)
    store.set_ref("refs/heads/x", second, expect=first)
    with pytest.raises(NotFound):
        store.set_ref("refs/heads/x", "1" * 40)
    with pytest.raises(Conflict):
        store.set_ref("refs/heads/x/y", first)
    for bad in ("heads/x", "refs/heads/../x", "refs/heads/a b", "refs/heads/x.lock", f"refs/heads/{first}", "refs/heads/"):
        with pytest.raises(InvalidInput):
            store.set_ref(bad, first)
    store.delete_ref("refs/heads/x")
    with pytest.raises(NotFound):
        store.delete_ref("refs/heads/x")


def test_a_lock_left_by_a_killed_process_does_not_hold_forever(store):
    store.commit([Put("a", b"1")], "first", **WHO)
    lock = store.path / "refs/heads/main.lock"
    lock.write_bytes(b"")
    os.utime(lock, (time.time() - 60, time.time() - 60))
    store.commit([Put("a", b"2")], "second", **WHO)
    assert store.read("main", "a") == b"2"


def test_history_of_one_file_and_last_commits(store):
    shas = [store.commit([Put(f, b"%d" % n)], f"c{n}", **WHO) for n, f in enumerate(["a", "b", "d/c", "a", "b"])]
    assert [commit.title for commit in store.log("main", path="a")] == ["c3", "c0"]
    assert [commit.oid for commit in store.log("main", skip=1, limit=2)] == [shas[3], shas[2]]
    last = store.last_commits("main", ["a", "b", "d", "d/c"])
    assert {path: commit.title for path, commit in last.items()} == {"a": "c3", "b": "c4", "d": "c2", "d/c": "c2"}


def test_a_diff_is_one_git_can_apply(store, tmp_path):
    old = store.commit([Put("a", b"1\n2\n3"), Put("gone", b"x\n"), Put("bin", b"\0")], "old", **WHO)
    new = store.commit([Put("a", b"1\n2!\n3"), Delete("gone"), Put("d/new", b"n\n"), Put("bin", b"\0\1")], "new", **WHO)
    diffs = {diff.path: diff for diff in store.diff(old, new)}
    assert {path: (d.status, d.added, d.removed) for path, d in diffs.items()} == {
        "a": ("changed", 1, 1),
        "bin": ("changed", 0, 0),
        "d/new": ("added", 1, 0),
        "gone": ("deleted", 0, 1),
    }
    assert diffs["bin"].patch == "" and len(store.diff(None, new)) == 3
    work = tmp_path / "work"
    store.checkout(old, work)
    patch = "".join(diff.patch for diff in diffs.values())
    subprocess.run(["git", "apply", "-p1", "-"], cwd=work, input=patch, text=True, check=True, env=os.environ | {"GIT_DIR": "/none"})
    assert (work / "a").read_bytes() == b"1\n2!\n3" and (work / "d/new").exists() and not (work / "gone").exists()


def test_a_checkout_does_not_leave_its_folder(store, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    work = tmp_path / "work"
    work.mkdir()
    (work / "link").symlink_to(outside)
    store.commit([Put("link/x", b"1")], "first", **WHO)
    with pytest.raises((InvalidInput, FileExistsError)):
        store.checkout("main", work)
    assert not list(outside.iterdir())
    blob = subprocess.check_output(["git", "-C", str(store.path), "hash-object", "-w", "--stdin"], input=b"evil").decode().strip()
    tree = subprocess.check_output(
        ["git", "-C", str(store.path), "mktree"], input=f"120000 blob {blob}\tlink\n100644 blob {blob}\ta\\..\\b\n".encode()
    )
    evil = git(store, "-c", "user.name=a", "-c", "user.email=b", "commit-tree", tree.decode().strip(), "-m", "evil")
    with pytest.raises(InvalidInput):
        store.checkout(evil, tmp_path / "other")


def test_what_a_killed_writer_left_is_removed_after_a_while(store):
    store.commit([Put("a", b"1")], "first", **WHO)
    old, fresh = (store.path / "objects/pack" / name for name in ("tmp_old", "tmp_fresh"))
    for leftover in (old, fresh):
        leftover.write_bytes(b"half")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    GitStore.open(store.path)
    assert not old.exists() and fresh.exists()
