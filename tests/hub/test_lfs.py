"""Large files by git-lfs: the client library's own LFS functions, and the answers git-lfs reads."""

from __future__ import annotations

import hashlib
import json
import os

import pytest
from huggingface_hub import CommitOperationAdd
from huggingface_hub.lfs import UploadInfo, lfs_upload, post_lfs_batch_info

from tests.hub.conftest import TOKENS

# The client library's own upload says so of itself.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content")
JSON = {"Accept": "application/vnd.git-lfs+json", "Content-Type": "application/vnd.git-lfs+json"}
DATA = os.urandom(2_000_000)
OID = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def repo(hub, name) -> str:
    return hub.api().create_repo(f"anna/{name}", repo_type="dataset").repo_id


def batch(hub, repo: str, operation: str, who: str | None = "anna", oid: str = OID, size: int = len(DATA)):
    body = {"operation": operation, "transfers": ["basic"], "objects": [{"oid": oid, "size": size}]}
    return hub.http(who).post(f"/datasets/{repo}.git/info/lfs/objects/batch", json=body, headers=JSON)


def upload(hub, repo: str) -> None:
    operation = CommitOperationAdd("large.bin", DATA)
    actions, errors, _ = post_lfs_batch_info(
        [operation.upload_info], token=TOKENS["anna"], repo_type="dataset", repo_id=repo, endpoint=hub.endpoint
    )
    assert not errors and actions[0]["actions"]["upload"]
    lfs_upload(operation, actions[0], token=TOKENS["anna"], endpoint=hub.endpoint)


def test_the_client_librarys_lfs_upload_then_a_commit_of_the_pointer(hub, repo, tmp_path):
    upload(hub, repo)
    line = [{"key": "header", "value": {"summary": "LFS"}}]
    line += [{"key": "lfsFile", "value": {"path": "d/large.bin", "algo": "sha256", "oid": OID, "size": len(DATA)}}]
    body = "\n".join(json.dumps(item) for item in line)
    answered = hub.http().post(f"/api/datasets/{repo}/commit/main", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert answered.status_code == 200, answered.text

    api = hub.api()
    (entry,) = api.get_paths_info(repo, ["d/large.bin"], repo_type="dataset")
    assert (entry.size, entry.lfs.sha256, entry.lfs.size, entry.lfs.pointer_size) == (len(DATA), OID, len(DATA), 132)
    sibling = next(s for s in api.dataset_info(repo, files_metadata=True).siblings if s.rfilename == "d/large.bin")
    assert sibling.lfs.sha256 == OID and sibling.size == len(DATA)
    assert open(api.hf_hub_download(repo, "d/large.bin", repo_type="dataset"), "rb").read() == DATA
    head = hub.http().head(f"/datasets/{repo}/resolve/main/d/large.bin")
    assert head.headers["X-Linked-ETag"] == head.headers["ETag"] == f'"{OID}"'
    assert head.headers["X-Linked-Size"] == head.headers["Content-Length"] == str(len(DATA))
    part = hub.http().get(f"/datasets/{repo}/resolve/main/d/large.bin", headers={"Range": "bytes=1999990-"})
    assert part.status_code == 206 and part.content == DATA[1_999_990:]
    raw = hub.http().get(f"/datasets/{repo}/raw/main/d/large.bin").text
    assert raw == f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(DATA)}\n"
    done = hub.run("git", "clone", "-q", hub.git_url(f"datasets/{repo}"), str(tmp_path / "clone"))
    assert done.returncode == 0 and (tmp_path / "clone/d/large.bin").read_text() == raw


def test_an_object_is_uploaded_once_and_downloaded_by_a_signed_address(hub, repo):
    missing = batch(hub, repo, "download").json()["objects"][0]
    assert missing["error"]["code"] == 404 and "actions" not in missing
    upload(hub, repo)
    again = batch(hub, repo, "upload")
    assert "actions" not in again.json()["objects"][0] and again.headers["Content-Type"] == JSON["Accept"]
    found = batch(hub, repo, "download").json()
    href = found["objects"][0]["actions"]["download"]["href"]
    assert found["transfer"] == "basic" and href.startswith(f"{hub.endpoint}/datasets/{repo}.git/")
    assert hub.http(None).get(href).content == DATA
    verify = f"/datasets/{repo}.git/info/lfs/verify"
    assert hub.http().post(verify, json={"oid": OID, "size": len(DATA)}).status_code == 200
    assert hub.http().post(verify, json={"oid": OID, "size": 5}).status_code == 404
    locks = hub.http().post(f"/datasets/{repo}.git/info/lfs/locks/verify", json={})
    assert locks.json() == {"ours": [], "theirs": []}


def test_bytes_that_are_not_what_was_announced_are_refused(hub, repo):
    href = batch(hub, repo, "upload").json()["objects"][0]["actions"]["upload"]["href"]
    for body, status in ((DATA[:-1], 400), (DATA[:-1] + b"?", 400), (DATA + b"more", 413)):
        assert hub.http(None).put(href, content=body).status_code == status
    assert "error" in batch(hub, repo, "download").json()["objects"][0]
    assert not list((hub.data / "incoming").iterdir())


def test_a_signed_address_is_for_its_object_and_action_only(hub, repo):
    href = batch(hub, repo, "upload").json()["objects"][0]["actions"]["upload"]["href"]
    for forged in (
        href.replace(OID, "0" * 64),
        href.replace("size=2000000", "size=2000001"),
        href.replace("until=", "until=9"),
        href.split("sig=")[0] + "sig=00",
        href.split("?")[0],
    ):
        assert hub.http(None).put(forged, content=DATA).status_code in (400, 403)
    assert hub.http(None).get(href).status_code == 403
    assert hub.http(None).put(href, content=DATA).status_code == 200


def test_who_may_use_lfs(hub, repo, name):
    for who, status in (("bert", 403), ("anna-read", 403), (None, 401)):
        assert batch(hub, repo, "upload", who).status_code == status
    assert batch(hub, repo, "download", None).status_code == 200
    hub.api().update_repo_settings(repo, repo_type="dataset", visibility="private")
    assert batch(hub, repo, "download", "bert").status_code == 404
    assert batch(hub, repo, "download", None).status_code == 401
    for oid, size in (("x" * 64, 1), ("0" * 63, 1), (OID, -1)):
        assert batch(hub, repo, "upload", oid=oid, size=size).status_code == 400


def test_a_pointer_pushed_without_its_bytes_is_a_file_that_cannot_be_had(hub, repo):
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(DATA)}\n".encode()
    hub.api().upload_file(path_or_fileobj=pointer, path_in_repo="p.bin", repo_id=repo, repo_type="dataset")
    answered = hub.http().get(f"/datasets/{repo}/resolve/main/p.bin")
    assert answered.status_code == 404 and answered.headers["X-Error-Code"] == "EntryNotFound"
    assert UploadInfo.from_bytes(DATA).sha256.hex() == OID
