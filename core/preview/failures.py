"""What went wrong with an app, in one sentence: read from its log and its exit code."""

from __future__ import annotations

import os
import re

from core.errors import AppFailed


def first_error(lines: list[str]) -> str | None:
    """The sentence of the first error in a log: a Python traceback's last line with the place in the app, or a line that says Error."""
    place = ""
    inside = False
    for line in lines:
        if line.startswith("Traceback (most recent call last)"):
            inside, place = True, ""
        elif inside and line.startswith('  File "'):
            place = line.strip()
        elif inside and line and not line.startswith((" ", "\t")):
            return f"{line.strip()}{_where(place)}"
        elif not inside and line.startswith('  File "'):
            inside, place = True, line.strip()
    for line in lines:
        word = line.split(":", 1)[0].strip().lower()
        if word.startswith(("error", "fatal", "×")) or word.endswith("error"):
            return re.sub(r"^(error|fatal)\s*:\s+", "", line.strip(), flags=re.IGNORECASE)
    return None


def _where(place: str) -> str:
    """' (app.py, line 3)' from a traceback's File line."""
    parts = place.split('"')
    if len(parts) < 3:
        return ""
    number = parts[2].split(",")[1].strip() if "," in parts[2] else ""
    return f" ({os.path.basename(parts[1])}{', ' + number if number else ''})"


def exit_error(code: int, lines: list[str], *, served: bool) -> AppFailed:
    """The error of an app that ended by itself.

    Args:
        code: its exit code, 128 + signal when a signal ended it.
        lines: its log.
        served: whether it had answered before.
    """
    told = first_error(lines)
    what = "stopped" if served else "did not start"
    if told and code != 0:
        return AppFailed(f"The app {what}: {told}")
    if code == 0 and not served:
        return AppFailed("The app ended without starting a server.", "End the file with demo.launch(), or start uvicorn.")
    return AppFailed(f"The app {what}: it ended with {_exit_text(code)}.")


def no_answer(status: int | None, lines: list[str], *, seconds: float) -> AppFailed:
    """The error of an app that runs and does not serve; `status` is what it answered, if it did."""
    told = first_error(lines)
    tail = f": {told}" if told else "."
    if status is not None:
        return AppFailed(f"The app has answered with an error ({status}) for {seconds:g} seconds{tail}")
    return AppFailed(
        f"The app did not start to serve within {seconds:g} seconds{tail}",
        "Check that it starts a server (demo.launch(), uvicorn) and does so before long work.",
    )


def _exit_text(code: int) -> str:
    if code == 137:
        return "a kill signal (out of memory, or killed by itself)"
    return f"signal {code - 128}" if code > 128 else f"exit code {code}"
