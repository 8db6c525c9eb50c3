"""Find a Chromium, else install one. The browser tests are never skipped."""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
import sys

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHT = "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome"
# No sandbox as root; no background traffic: the tests talk to loopback only.
ARGUMENTS = [
    "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]  # fmt: skip


def find_or_install() -> str:
    """The path of a Chromium; ends the run with one sentence when there is none and none can be installed."""
    found = find()
    if found:
        return found
    for command in _installers():
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=600, check=False)
        found = find()
        if found:
            return found
    pytest.exit("The browser tests need Chromium: install the package `chromium`, or run `playwright install --with-deps chromium`.", 1)


def find() -> str | None:
    named = os.environ.get("CHROMIUM")
    if named and os.access(named, os.X_OK):
        return named
    installed = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return installed or next(iter(sorted(glob.glob(os.path.expanduser(_PLAYWRIGHT)), reverse=True)), None)


def _installers() -> list[list[str]]:
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    if os.geteuid() != 0:
        return [playwright]
    if not shutil.which("apt-get"):
        return [playwright[:-1] + ["--with-deps", "chromium"]]
    debian = [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]]
    return [*debian, playwright[:-1] + ["--with-deps", "chromium"]]
