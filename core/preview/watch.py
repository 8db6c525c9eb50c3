"""What happens to a preview nobody uses: it stands still for a while, then it ends."""

from __future__ import annotations

import threading

from core.preview.preview import Preview


def attend(preview: Preview) -> None:
    """Freeze or stop a preview that has been idle for as long as its spec says; a running one only, and quick to return.

    An open connection counts as use, however quiet: the page of a Gradio or Streamlit app holds one while it is open.
    """
    spec, idle = preview.spec, preview.idle_seconds
    if preview.stage != "running" or preview.ending.is_set():
        return
    if spec.idle_seconds is not None and idle > spec.idle_seconds:
        note = f"Stopped after {spec.idle_seconds:g} seconds without a request."
        threading.Thread(target=preview.end, kwargs={"note": note, "cause": "idle"}, daemon=True).start()
    elif spec.idle_seconds is not None and spec.freeze_seconds is not None and idle > spec.freeze_seconds:
        preview.freeze()
