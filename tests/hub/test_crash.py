"""A server that is killed: what was acknowledged is there, what was not is absent, nothing is broken."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import threading
import time

import httpx
import pytest


def commit_body(title: str, files: dict[str, bytes]) -> bytes:
    lines = [{"key": "header", "value": {"summary": title}}]
    for path, data in files.items():
        lines.append({"key": "file", "value": {"path": path, "content": base64.b64encode(data).decode(), "encoding": "base64"}})
    return "\n".join(json.dumps(line) for line in lines).encode()


@pytest.mark.parametrize("size", [20, 3_000_000])
def test_a_kill_in_the_middle_of_commits_leaves_a_consistent_hub(start_hub, size):
    hub = start_hub()
    hub.api().create_repo("anna/x")
    delays = random.Random(size)
    for round_number in range(2):
        accepted: list[str] = []
        bodies = [
            commit_body(str(number), {f"r{round_number}/{number}/{part}": os.urandom(size) for part in range(5)})
            for number in range(500 if size < 1000 else 3)
        ]

        def write(accepted=accepted, bodies=bodies) -> None:
            with hub.http() as client:
                for body in bodies:
                    try:
                        answered = client.post("/api/models/anna/x/commit/main", content=body)
                    except httpx.TransportError:
                        return
                    accepted.append(answered.json()["commitOid"])

        writer = threading.Thread(target=write)
        writer.start()
        time.sleep(0.2 + delays.random() * 0.3)
        hub.stop(signal.SIGKILL)
        writer.join(30)
        hub.start()
        folder = hub.data / "repos/models/anna/x.git"
        checked = subprocess.run(["git", "-C", str(folder), "fsck", "--strict"], capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr
        history = {commit.commit_id for commit in hub.api().list_repo_commits("anna/x")}
        assert set(accepted) <= history
        files = hub.api().list_repo_files("anna/x")
        assert (len(files) - 1) % 5 == 0
        assert not list((hub.data / "incoming").glob("*"))
        hub.api().upload_file(path_or_fileobj=os.urandom(50), path_in_repo=f"after/{round_number}/0", repo_id="anna/x")
        hub.api().delete_folder("after", "anna/x")


def test_everything_is_there_after_a_restart(start_hub):
    hub = start_hub()
    api = hub.api()
    api.create_repo("anna/kept", private=True, repo_type="dataset")
    sha = api.upload_file(path_or_fileobj=b"kept", path_in_repo="a", repo_id="anna/kept", repo_type="dataset").oid
    api.create_tag("anna/kept", tag="v1", repo_type="dataset")
    api.create_repo("anna/old")
    api.move_repo("anna/old", "anna/new")
    before = api.dataset_info("anna/kept")
    hub.stop()
    hub.start()
    after = api.dataset_info("anna/kept")
    assert (after.sha, after.private, after.created_at) == (sha, True, before.created_at)
    assert api.list_repo_refs("anna/kept", repo_type="dataset").tags[0].target_commit == sha
    assert api.model_info("anna/old").id == "anna/new"


def test_what_a_killed_create_or_delete_left_is_swept(start_hub):
    hub = start_hub()
    hub.api().create_repo("anna/stays")
    hub.stop(signal.SIGKILL)
    for leftover in ("repos/.new/half", "repos/.gone/half"):
        (hub.data / leftover).mkdir(parents=True)
        (hub.data / leftover / "file").write_text("x")
    hub.start()
    assert not list((hub.data / "repos/.new").iterdir()) and not list((hub.data / "repos/.gone").iterdir())
    assert hub.api().repo_exists("anna/stays")
