"""What the tests need of the machine besides Python: Chromium, git and bubblewrap. Found, else installed; never a reason to skip."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from core.browser import find_chromium

# No sandbox as root; no background traffic: the tests talk to loopback only.
ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]  # fmt: skip


def chromium() -> str:
    """The path of a Chromium; ends the run with one sentence when there is none and none can be installed."""
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() == 0:
        playwright.insert(-1, "--with-deps")
    return _find_or_install(find_chromium, [*_debian("chromium"), playwright]) or pytest.exit(
        "The browser tests need Chromium: install the package `chromium`, or run `playwright install --with-deps chromium`.", 1
    )


def git() -> str:
    """The path of git, which some tests drive as a client; ends the run with one sentence when it cannot be had."""
    return _find_or_install(lambda: shutil.which("git"), _debian("git")) or pytest.exit(
        "The tests of the Local Hub drive the real git: install the package `git`.", 1
    )


def bubblewrap() -> str:
    """The path of bubblewrap, which makes namespaces for a box; ends the run with one sentence when it cannot be had."""
    return _find_or_install(lambda: shutil.which("bwrap"), _debian("bubblewrap")) or pytest.exit(
        "The tests of boxes in namespaces need bubblewrap: install the package `bubblewrap`.", 1
    )


def _find_or_install(find: Callable[[], str | None], installers: list[list[str]]) -> str | None:
    if found := find():
        return found
    with (Path(tempfile.gettempdir()) / "spaces-os-tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of one run do not install beside each other
        for command in installers:
            if found := find():
                return found
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False)
        return find()


def _debian(package: str) -> list[list[str]]:
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return []
    return [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", package]]
