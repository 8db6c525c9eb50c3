"""Changed files of a running preview: the app starts anew beside the old one and takes its place once it answers."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import httpx

from core.box import Address, Handle, Monitor, SandboxEngine, Watch, rewrite, tree
from core.errors import AppFailed, Conflict, SpacesError
from core.preview.environment import Environments
from core.preview.life import Life, Networks
from core.preview.preview import Preview
from core.preview.spec import check_spec

LARGEST_PAGE = 16 << 20  # bytes of a Gradio app's configuration
_numbers = itertools.count(2)


class Renewal(Life):
    """One more life of a preview, with changed files. Until it serves, nothing of the one before is touched but the files.

    `outcome` ends when it serves, or with the error it did not start for: the old one then goes on serving, with its
    files as they were.
    """

    def __init__(
        self,
        preview: Preview,
        files: Mapping[str, bytes],
        engine: SandboxEngine,
        environments: Environments,
        networks: Networks,
        monitor: Monitor,
    ):
        super().__init__(preview, engine, environments, networks)
        self.spec = replace(preview.spec, files=files)
        self.id = f"{preview.id}-{next(_numbers)}"
        self.beside = True
        self.monitor = monitor
        self.outcome: Future[None] = Future()
        self.error: SpacesError | None = None
        lines = preview.logs.lines()
        self.first_line = lines[-1].number if lines else 0
        self.watch = Watch(
            self.id,
            lambda: getattr(self.handle, "pid", None),
            preview.workspace.root,
            preview.spec.limits,
            breached=lambda breach: self.refuse(breach.error),
        )

    def begin(self) -> None:
        """Start; returns at once. Changes of one preview take turns."""
        threading.Thread(target=self._take_turn, name=f"change-{self.id}", daemon=True).start()

    def _take_turn(self) -> None:
        with self.preview.renewing:
            try:
                self._write()
            except Exception as error:
                self.outcome.set_exception(error)
                return
            if self.spec.sdk == "static":
                self.preview.spec, self.preview.same_page = self.spec, False
                self.outcome.set_result(None)
                return
            self.preview.touch()
            self.page = _page(self.preview.address) if self.spec.sdk == "gradio" else None
            self.monitor.watch(self.watch)
            # A thread of its own, which lives as long as the app; the turn is over once it is clear whether it serves.
            threading.Thread(target=self.run, name=f"preview-{self.id}", daemon=True).start()
            self.outcome.exception()
            self.monitor.forget(self.watch)

    def _write(self) -> None:
        if self.error is not None:
            raise self.error
        check_spec(self.spec)
        if self.preview.stage != "running":
            raise Conflict("The preview is no longer running.", "Start it again.")
        self.before = self.preview.spec.files
        try:
            rewrite(self.preview.workspace.app, self.before, self.spec.files)
        except SpacesError:
            self._write_back()
            raise

    def _write_back(self) -> None:
        """The files as they were; what cannot be written now is said in the log."""
        try:
            rewrite(self.preview.workspace.app, self.spec.files, self.before)
        except SpacesError as error:
            self.preview.logs.append(error.message, "run")

    def refuse(self, error: SpacesError) -> None:
        """End the attempt, unless it serves already."""
        self.error = self.error or error
        if self.serving:
            return
        if self.handle is not None:
            self.handle.end()

    def _become_starting(self) -> None:
        self.preview.logs.append("Starting again with the changed files.", "run")

    def _adopt(self, handle: Handle) -> Handle:
        self.handle = handle
        self.preview.audition(handle)
        if self.error is not None:
            handle.end()
        return handle

    def _seen(self) -> frozenset[tree.Known]:
        return super()._seen() | frozenset(self.watch.seen)

    def _running(self, address: Address | None) -> None:
        left = frozenset(self.preview.seen)
        self.preview.same_page = self.page is not None and self.page == _page(address)
        old = self.preview.move(address, self.spec)
        self.serving = True
        self.outcome.set_result(None)
        old.end()
        tree.kill_known(left)

    def _told(self) -> list[str]:
        return [line.text for line in self.preview.logs.lines(self.first_line) if line.source == "run"]

    def _conclude(self, reason: SpacesError | None) -> None:
        super()._conclude(reason)
        if self.serving:
            return
        tree.kill_known(self.watch.seen)
        self.preview.next = None
        if not self.preview.ending.is_set():
            self._write_back()
        self.outcome.set_exception(self.error or reason or AppFailed("The app was stopped before it answered.", "Start it again."))


def _page(address: Address) -> dict[str, Any] | None:
    """What a Gradio page is made of. One that is open goes on with another process that has the same (measured, 6.31)."""
    if address.url:
        return None
    transport = httpx.HTTPTransport(verify=False, uds=str(address.socket) if address.socket else None)
    try:
        with httpx.Client(transport=transport, timeout=httpx.Timeout(10, connect=1), trust_env=False) as client:
            with client.stream("GET", f"http://127.0.0.1:{address.port or 7860}/config", headers={"Accept-Encoding": "identity"}) as answer:
                data = b""
                for piece in answer.iter_raw():  # an app's few kilobytes may unpack to gigabytes of this process
                    data += piece
                    if len(data) > LARGEST_PAGE:
                        return None
        page = json.loads(data)
    except (httpx.HTTPError, ValueError):
        return None
    if not isinstance(page, dict) or "components" not in page:
        return None
    page.pop("app_id", None)
    return page
