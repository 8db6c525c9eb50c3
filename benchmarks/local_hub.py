"""The Local Hub under the unmodified client: commits of a 10-file folder, a list page of 100, semantic search.

    python benchmarks/local_hub.py [--runs 3]

The baseline beside the commits is the same ten files committed by `git commit` in a working copy on this disk;
beside the list and the search, a request that does nothing (`/api/agent-harnesses`).
"""

from __future__ import annotations

import argparse
import os
import re
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from core.instance import free_port  # noqa: E402

os.environ |= {"HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
COMMITS, REQUESTS = 40, 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder:
        process, endpoint, token = start_hub(Path(folder))
        try:
            from huggingface_hub import CommitOperationAdd, HfApi

            api = HfApi(endpoint=endpoint, token=token)
            repo = api.create_repo("bench").repo_id

            def commit() -> None:
                changes = [CommitOperationAdd(f"file{number}.txt", secrets.token_hex(500).encode()) for number in range(10)]
                api.create_commit(repo, changes, commit_message="ten files")

            copy = Path(folder) / "copy"
            subprocess.run(["git", "init", "-q", str(copy)], check=True)
            rows = [(per_second(commit, COMMITS), per_second(lambda: by_git(copy), COMMITS)) for _ in range(runs)]
            ours, git = (statistics.median(column) for column in zip(*rows, strict=True))
            print(f"commits of 10 files    {ours:6.1f}/s    by git on disk {git:6.1f}/s    ratio {ours / git:.2f}   (medians of {runs})")
            client = httpx.Client()
            plain = median_ms(lambda: client.get(f"{endpoint}/api/agent-harnesses"))
            for what, path in {
                "list page of 100": "/api/models?limit=100",
                "semantic search": "/api/spaces/semantic-search?q=transcribe%20speech",
            }.items():
                took = median_ms(lambda path=path: client.get(endpoint + path))
                print(f"{what:22} {took:6.2f} ms   an empty answer {plain:5.2f} ms   ratio {took / plain:.2f}")
        finally:
            process.terminate()
            process.wait(30)


def by_git(copy: Path) -> None:
    for number in range(10):
        (copy / f"file{number}.txt").write_text(secrets.token_hex(500))
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.org"]
    subprocess.run(["git", "-C", str(copy), "add", "-A"], check=True)
    subprocess.run(["git", "-C", str(copy), *identity, "commit", "-qm", "ten files"], check=True)


def per_second(work: Callable[[], None], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        work()
    return times / (time.perf_counter() - began)


def median_ms(work: Callable[[], None]) -> float:
    took = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return statistics.median(took)


def start_hub(folder: Path) -> tuple[subprocess.Popen, str, str]:
    log = folder / "hub.log"
    command = [sys.executable, "-m", "core.localhub", "--port", str(free_port(0, "127.0.0.1")), "--data", str(folder / "data")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=log.open("wb"), stderr=subprocess.STDOUT)
    for _ in range(300):
        said = log.read_text()
        endpoint, token = re.search(r"http://127\.0\.0\.1:\d+", said), re.search(r"hf_\w+", said)
        if endpoint and token:
            return process, endpoint[0], token[0]
        time.sleep(0.1)
    process.terminate()
    raise SystemExit(log.read_text())


if __name__ == "__main__":
    main()
