"""One thread that looks at every live preview twice a second: memory, processes, disk, idleness."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from core.box import MB, tree, workspace
from core.errors import AppFailed, SpacesError
from core.preview.preview import Preview

log = logging.getLogger(__name__)
TICK_SECONDS = 0.5
DISK_EVERY = 2  # ticks


def start_watching(live: Callable[[], list[Preview]], stopped: threading.Event) -> threading.Thread:
    """Watch until `stopped`; a preview that breaks a limit is ended in a thread of its own."""
    thread = threading.Thread(target=_watch, args=(live, stopped), name="preview-watch", daemon=True)
    thread.start()
    return thread


def _watch(live: Callable[[], list[Preview]], stopped: threading.Event) -> None:
    tick = 0
    while not stopped.wait(TICK_SECONDS):
        tick += 1
        for preview in live():
            try:
                look(preview, disk=tick % DISK_EVERY == 0)
            except Exception:  # one preview that cannot be measured must not leave the others unwatched
                log.exception("preview %s could not be measured", preview.id)
            found = None if preview.ending.is_set() else verdict(preview)
            if found is not None:
                reason, note = found
                threading.Thread(target=preview.end, args=(reason,), kwargs={"note": note}, daemon=True).start()


def look(preview: Preview, *, disk: bool) -> None:
    """Measure one preview."""
    if preview.pid is not None:
        limits, before = preview.spec.limits, preview.usage.cpu_seconds
        processes = tree.below(preview.pid)
        usage = tree.measure(processes[: 2 * limits.processes])
        if usage.rss_bytes > limits.memory_bytes:
            usage = replace(usage, rss_bytes=tree.proportional_bytes(processes[: 2 * limits.processes]) or usage.rss_bytes)
        preview.usage = replace(usage, processes=max(usage.processes, len(processes)))
        preview.cpu_percent = max(0.0, usage.cpu_seconds - before) / TICK_SECONDS * 100
        preview.remember(processes)
    if disk:
        preview.disk_bytes = workspace.size(preview.workspace.root, most=2 * preview.spec.limits.workspace_bytes)


def verdict(preview: Preview) -> tuple[SpacesError | None, str] | None:
    """Why this preview has to end, and the line for its log; None when it may go on."""
    limits, usage = preview.spec.limits, preview.usage
    if usage.processes > limits.processes:
        sentence = f"The app started more than {limits.processes} processes and was stopped."
        return AppFailed(sentence, "Start fewer processes."), sentence
    if usage.rss_bytes > limits.memory_bytes:
        sentence = f"The app used more than {limits.memory_bytes // MB} MB of memory and was stopped."
        return AppFailed(sentence, "Load less at once, or a smaller model."), sentence
    if preview.disk_bytes > limits.workspace_bytes:
        sentence = f"The app wrote more than {limits.workspace_bytes // MB} MB to disk and was stopped."
        return AppFailed(sentence, "Write less, or delete what is no longer needed."), sentence
    idle = preview.spec.idle_seconds
    if idle is not None and preview.stage == "running" and time.monotonic() - preview.last_used > idle:
        return None, f"Stopped after {idle:g} seconds without a request."
    return None
