"""Chromium on this machine: where it is, how to get it, and the switches that leave it one address to reach."""

from __future__ import annotations

import glob
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from core.errors import NotFound

# Every check gets a name of its own below this one. Names under localhost are secure contexts, as a Space's https is.
DOMAIN = "app.localhost"
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_PLAYWRIGHT = "~/.cache/ms-playwright/chromium-*/chrome-linux*/chrome"


def find_chromium(environment: Mapping[str, str] = os.environ) -> str | None:
    """The path of a Chromium: $CHROMIUM, an installed one, Playwright's own; None when there is none."""
    named = environment.get("CHROMIUM")
    if named and os.access(named, os.X_OK):
        return named
    installed = next((path for name in _NAMES if (path := shutil.which(name))), None)
    return installed or next(iter(sorted(glob.glob(os.path.expanduser(_PLAYWRIGHT)), reverse=True)), None)


def no_chromium() -> NotFound:
    """What to tell where there is none."""
    return NotFound(
        "There is no Chromium on this machine to open the app with.",
        "Install the package `chromium`, run `python -m playwright install --with-deps chromium`, or name one in CHROMIUM; "
        "a Space installs it when its packages.txt names it.",
    )


def switches(port: int) -> list[str]:
    """Command-line switches: every name and every numeric address but `*.app.localhost` leads nowhere, that one to `port`.

    The resolver's rules also hold for numeric addresses, so no other port of this machine can be asked for.
    """
    return [
        f"--host-resolver-rules=MAP *.{DOMAIN} 127.0.0.1:{port}, MAP * ~NOTFOUND",
        "--no-proxy-server",
        "--disable-quic",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--no-pings",
        "--dns-prefetch-disable",
        "--disable-domain-reliability",
        # STUN and ICE know numeric addresses without any resolver; the switch has had both names.
        "--webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
        "--js-flags=--max-old-space-size=512",
        "--renderer-process-limit=4",
        "--mute-audio",
    ]


def environment(home: Path) -> dict[str, str]:
    """Everything the browser's processes know of ours: nothing."""
    return {
        "PATH": os.defpath + ":/usr/local/bin",
        "HOME": str(home / "home"),
        "TMPDIR": str(home / "tmp"),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }
