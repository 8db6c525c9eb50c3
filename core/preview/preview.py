"""One live preview: its stage, its log, and the thread that builds, starts, watches and ends it."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import httpx

from core.errors import AppFailed, SpacesError, TimedOut, Unexpected
from core.preview import tree, workspace
from core.preview.dockerfile import Recipe, read_dockerfile
from core.preview.engine import Address, Entry, Handle, Launch, SandboxEngine, Workspace
from core.preview.environment import Environments
from core.preview.logs import LogRing, first_error, pump
from core.preview.spec import MB, PreviewSpec
from core.secrets import redact

Stage = Literal["building", "starting", "running", "failed", "stopped"]
ENDED = ("failed", "stopped")


class Ended(Exception):
    """The preview was stopped while it was being built or started."""


class Preview:
    """An app under one capability address.

    `url` is where it is served on our port (mount + "/"), `stage` one of building, starting, running,
    failed, stopped; `error` is the shape of a `SpacesError` once it failed.
    """

    def __init__(self, spec: PreviewSpec, *, id: str, token: str, place: Workspace, engine: SandboxEngine, environments: Environments):
        self.spec, self.id, self.token = spec, id, token
        self.mount = spec.mount if spec.mount is not None else f"/p/{id}-{token}"
        self.url = self.mount + "/"
        self.stage: Stage = "building"
        self.error: dict[str, Any] | None = None
        self.started_at = datetime.now(UTC)
        self.ready_seconds: float | None = None
        self.last_used = time.monotonic()
        self.address: Address | None = None
        self.workspace = place
        limits = spec.limits
        hidden = tuple(spec.secrets.values())
        self.logs = LogRing(
            lines=limits.log_lines, size=limits.log_bytes, clean=lambda text: redact(text.replace(token, "…"), *hidden)
        )
        self.usage = tree.Usage(0, 0.0, 0)
        self.cpu_percent = 0.0
        self.disk_bytes = 0
        self.clients: dict[asyncio.AbstractEventLoop, httpx.AsyncClient] = {}
        self._seen: set[tuple[int, float]] = set()
        self.done = threading.Event()
        self._engine, self._environments = engine, environments
        self._began = time.monotonic()
        self._lock = threading.RLock()
        self._handle: Handle | None = None
        self._ending = False
        self._static_end = threading.Event()
        self._reason: SpacesError | None = None
        self._wakers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    # ---- what others ask

    @property
    def live(self) -> bool:
        return self.stage not in ENDED

    @property
    def pid(self) -> int | None:
        """The process at the root of the tree, while there is one."""
        return getattr(self._handle, "pid", None)

    def touch(self) -> None:
        """It was used just now; idleness counts from here."""
        self.last_used = time.monotonic()

    def stats(self) -> dict[str, Any]:
        """`{rss_bytes, cpu_percent, processes, disk_bytes}` as last measured, at most a second ago."""
        return {
            "rss_bytes": self.usage.rss_bytes,
            "cpu_percent": round(self.cpu_percent, 1),
            "processes": self.usage.processes,
            "disk_bytes": self.disk_bytes,
        }

    async def ready(self, timeout: float = 60) -> None:
        """Wait until the app answers. `AppFailed` (or what it failed with) when it does not, `TimedOut` after `timeout` seconds."""
        try:
            async with asyncio.timeout(timeout):
                while (stage := self.stage) in ("building", "starting"):
                    await self.wait_stage_change(stage)
        except TimeoutError:
            raise TimedOut(f"The app did not answer within {timeout:g} seconds.", "Look at its log, or wait longer.") from None
        if self._reason is not None and self.stage == "failed":
            raise self._reason
        if self.stage == "stopped":
            raise AppFailed("The app was stopped before it answered.", "Start it again.")

    async def wait_stage_change(self, after: Stage | None = None) -> None:
        """Return at the next change of stage; at once when the stage is no longer `after`, or has ended."""
        waker = (asyncio.get_running_loop(), asyncio.Event())
        with self._lock:
            if (after is not None and self.stage != after) or not self.live:
                return
            self._wakers.add(waker)
        try:
            await waker[1].wait()
        finally:
            with self._lock:
                self._wakers.discard(waker)

    def remember(self, processes: set[tuple[int, float]]) -> None:
        """Processes seen below it: ended with it even if they slip out of its tree."""
        self._seen = processes | (self._seen if len(self._seen) < 1000 else set())

    # ---- what ends it

    def end(self, reason: SpacesError | None = None, *, note: str = "") -> None:
        """End the app, with everything it forked, and wait until that is so. Blocks; safe to call twice.

        Args:
            reason: the preview failed because of this; None when it was simply stopped.
            note: a line for the log.
        """
        with self._lock:
            if not self._ending:
                self._ending, self._reason = True, self._reason or reason
                if note or reason:
                    self.logs.append(note or reason.message, "run")
            handle = self._handle
        if handle is not None:
            handle.end()
        self._static_end.set()
        self.done.wait(30)

    # ---- its own thread

    def begin(self) -> None:
        """Start the thread. It lives as long as the app: the kernel ends the app with the thread that started it."""
        threading.Thread(target=self._live, name=f"preview-{self.id}", daemon=True).start()

    def _live(self) -> None:
        held = None
        try:
            if self.spec.sdk == "static":
                self.ready_seconds = time.monotonic() - self._began
                self._become("running")
                self._static_end.wait()  # served from the workspace, without a process
                raise Ended
            recipe = self._recipe()
            held = self._environments.resolve(
                self._requirements(recipe), self.logs, source=self.workspace.app, run=self._run_build_step
            )
            self._environments.hold(held)
            self._become("starting")
            self._serve(recipe, held.python)
        except Ended:
            pass
        except SpacesError as error:
            self._reason = self._reason or error
        except Exception as error:
            self._reason = self._reason or Unexpected(f"The preview could not be run: {type(error).__name__}.")
            self.logs.append(f"{type(error).__name__}: {error}", "run")
        finally:
            if held is not None:
                self._environments.release(held)
            self._finish()

    def _finish(self) -> None:
        handle = self._handle
        if handle is not None:
            handle.end()
        for pid, created in self._seen:
            tree.kill_same(pid, created)
        workspace.remove(self.workspace.root)
        if self._reason is not None:
            self.error = self._reason.to_dict()
        self._become("failed" if self._reason is not None else "stopped")
        self.logs.close()
        self.done.set()

    def _recipe(self) -> Recipe:
        if self.spec.sdk == "docker":
            return read_dockerfile(self.spec.files)
        return Recipe(Entry(script=self.spec.entry), requirement_files=("requirements.txt",))

    def _requirements(self, recipe: Recipe) -> str:
        lines = list(recipe.requirements)
        for name in ("pre-requirements.txt", *recipe.requirement_files):
            if name in self.spec.files:
                lines += self.spec.files[name].decode("utf-8", "replace").splitlines()
        if self.spec.files.get("packages.txt", b"").strip() and self.spec.sdk == "gradio":
            self.logs.append("packages.txt names Debian packages; they are not installed here.", "build")
        return "\n".join(lines)

    def _run_build_step(self, command: tuple[str, ...], env: Mapping[str, str]) -> int:
        limits = replace(self.spec.limits, file_bytes=8192 * MB, data_bytes=8192 * MB, open_files=4096)
        launch = Launch(
            id=self.id,
            python=Path(sys.executable),
            entry=Entry(command=command, server=False),
            workspace=self.workspace,
            env={**self._base_env(Path(sys.executable)), **env},
            limits=limits,
        )
        handle, reader = self._open(launch, "build")
        code = handle.wait(self.spec.limits.build_seconds)
        handle.end()
        reader.join(5)
        if self._ending:
            raise Ended
        if code is None:
            raise TimedOut(f"The requirements were not installed within {self.spec.limits.build_seconds:g} seconds.")
        return code

    def _base_env(self, python: Path) -> dict[str, str]:
        place = self.workspace
        return {
            "PATH": os.pathsep.join((str(python.parent), "/usr/local/bin", "/usr/bin", "/bin")),
            "HOME": str(place.home),
            "TMPDIR": str(place.temporary),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
        }

    def _app_env(self, python: Path, recipe: Recipe) -> dict[str, str]:
        """Everything the app's environment holds. Ours is not among it."""
        return {
            **recipe.env,
            **self._base_env(python),
            "GRADIO_ANALYTICS_ENABLED": "False",
            "GRADIO_TEMP_DIR": str(self.workspace.temporary / "gradio"),
            "MPLBACKEND": "Agg",
            **self.spec.env,
            **{name: secret.reveal() for name, secret in self.spec.secrets.items()},
        }

    def _open(self, launch: Launch, source: Literal["build", "run"]) -> tuple[Handle, threading.Thread]:
        with self._lock:
            if self._ending:
                raise Ended
            handle = self._handle = self._engine.start(launch)
        reader = threading.Thread(
            target=pump,
            args=(handle.output, self.logs),
            kwargs={"source": source, "rate": self.spec.limits.log_bytes_per_second},
            daemon=True,
        )
        reader.start()
        return handle, reader

    def _serve(self, recipe: Recipe, python: Path) -> None:
        place = self.workspace
        launch = Launch(
            id=self.id,
            python=python,
            entry=recipe.entry,
            workspace=place,
            directory=recipe.directory,
            env=self._app_env(python, recipe),
            limits=self.spec.limits,
            mount=self.mount,
        )
        handle, reader = self._open(launch, "run")
        code = self._await_answer(handle)
        if code is None:
            code = handle.wait(None)
        handle.end()
        reader.join(5)
        if self._ending:
            raise Ended
        raise self._exit_error(code)

    def _await_answer(self, handle: Handle) -> int | None:
        """Ask until the app answers below 500; returns its exit code when it ended instead."""
        deadline = time.monotonic() + self.spec.limits.start_seconds
        status, pause = None, 0.02
        while time.monotonic() < deadline and not self._ending:
            for address in handle.addresses:
                answer = _ask(address, "/")
                status = answer or status
                if answer is not None and answer < 500 and handle.owns(address):
                    if self.spec.sdk == "gradio":
                        _ask(address, "/gradio_api/startup-events")  # without it Gradio's queue never starts
                    self.address = address
                    self.ready_seconds = time.monotonic() - self._began
                    self.touch()
                    self._become("running")
                    return None
            code = handle.wait(pause)
            if code is not None:
                return code
            pause = min(pause * 1.3, 0.25)
        if self._ending:
            raise Ended
        told = first_error([line.text for line in self.logs.lines() if line.source == "run"])
        waited = f"{self.spec.limits.start_seconds:g} seconds"
        if status is not None:
            raise AppFailed(f"The app answers with an error ({status}) since {waited}{': ' + told if told else '.'}")
        raise AppFailed(
            f"The app did not start to serve within {waited}{': ' + told if told else '.'}",
            "Check that it starts a server (demo.launch(), uvicorn) and does so before long work.",
        )

    def _exit_error(self, code: int) -> AppFailed:
        lines = [line.text for line in self.logs.lines() if line.source == "run"]
        told = first_error(lines)
        what = "did not start" if self.address is None else "stopped"
        if told and code != 0:
            return AppFailed(f"The app {what}: {told}")
        if code == 0 and self.address is None:
            return AppFailed("The app ended without starting a server.", "End the file with demo.launch(), or start uvicorn.")
        return AppFailed(f"The app {what}: it ended with {_exit_text(code)}.")

    def _become(self, stage: Stage) -> None:
        with self._lock:
            self.stage = stage
            wakers, self._wakers = self._wakers, set()
        for loop, event in wakers:
            try:
                loop.call_soon_threadsafe(event.set)
            except RuntimeError:
                continue  # that loop is closed


def _exit_text(code: int) -> str:
    if code == 137:
        return "a kill signal (out of memory, or killed by itself)"
    return f"signal {code - 128}" if code > 128 else f"exit code {code}"


def _ask(address: Address, path: str) -> int | None:
    """Status of one GET, or None when nobody answers."""
    transport = httpx.HTTPTransport(uds=str(address.socket)) if address.socket else httpx.HTTPTransport()
    port = address.port or 7860
    try:
        with httpx.Client(transport=transport, timeout=httpx.Timeout(5, connect=1), trust_env=False) as client:
            with client.stream("GET", f"http://127.0.0.1:{port}{path}") as response:
                return response.status_code
    except httpx.HTTPError:
        return None
