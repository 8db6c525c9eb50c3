"""What went wrong with an app, in one sentence: read from its log and its exit code."""

from __future__ import annotations

from core.errors import AppFailed
from core.failures import first_failure


def exit_error(code: int, lines: list[str], *, served: bool) -> AppFailed:
    """The error of an app that ended by itself.

    Args:
        code: its exit code, 128 + signal when a signal ended it.
        lines: its log.
        served: whether it had answered before.
    """
    told = _told(lines)
    what = "stopped" if served else "did not start"
    if told and code != 0:
        return AppFailed(f"The app {what}: {told}")
    if code == 0 and not served:
        return AppFailed("The app ended without starting a server.", "End the file with demo.launch(), or start uvicorn.")
    return AppFailed(f"The app {what}: it ended with {_exit_text(code)}.")


def no_answer(status: int | None, lines: list[str], *, seconds: float) -> AppFailed:
    """The error of an app that runs and does not serve; `status` is what it answered, if it did."""
    told = _told(lines)
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


def _told(lines: list[str]) -> str:
    found = first_failure(lines)
    return found.placed if found else ""
