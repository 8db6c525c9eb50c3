"""The thread of one preview: build, start, wait for the first answer, wait for the end, clean up."""

from __future__ import annotations

import os
import sys
import threading
import time
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import httpx

from core.box import (
    MB,
    Address,
    Egress,
    Entry,
    Gateway,
    Handle,
    Host,
    Launch,
    RemoteEngine,
    SandboxEngine,
    Seal,
    Source,
    pump,
    read_hosts,
    tree,
    workspace,
)
from core.errors import AppFailed, SpacesError, TimedOut, Unexpected
from core.preview.dockerfile import Recipe, read_dockerfile
from core.preview.environment import Environment, Environments, Step
from core.preview.failures import exit_error, no_answer
from core.preview.index import index_hosts
from core.preview.preview import Ended, Preview

# While the stock packages are being loaded, waiting for them is quicker than to load them once more for Gradio alone.
STOCK_WAIT_SECONDS = 10.0


@dataclass(frozen=True)
class Networks:
    """The ways out of this server's boxes. index_hosts: where packages may come from beside PyPI."""

    egress: Egress
    index_hosts: tuple[str, ...] = ()


def begin(preview: Preview, engine: SandboxEngine, environments: Environments, networks: Networks) -> None:
    """Start the thread. It lives as long as the app: the kernel ends the app with the thread that started it."""
    life = Life(preview, engine, environments, networks)
    threading.Thread(target=life.run, name=f"preview-{preview.id}", daemon=True).start()


class Life:
    """What the thread of one preview does."""

    def __init__(self, preview: Preview, engine: SandboxEngine, environments: Environments, networks: Networks):
        self.preview, self.spec = preview, preview.spec
        self.engine = RemoteEngine(self.spec.remote) if self.spec.remote is not None else engine
        self.environments, self.networks = environments, networks
        self.id = preview.id  # of its trees
        self.ways: list[Gateway] = []
        self.handle: Handle | None = None
        self.held: Environment | None = None
        self.serving = self.beside = False
        self.began = time.monotonic()

    def run(self) -> None:
        preview, reason = self.preview, None
        try:
            if self.spec.sdk == "static":
                self._running(None)
                preview.ending.wait()  # served from the workspace, without a process
                raise Ended
            self._live()
        except Ended:
            pass
        except SpacesError as error:
            reason = error
        except Exception as error:
            preview.logs.append(f"{type(error).__name__}: {error}", "run")
            reason = Unexpected(f"The preview could not be run: {type(error).__name__}.")
        finally:
            self._conclude(reason)

    def _live(self) -> None:
        recipe = self._recipe()
        self.held = self._environment(recipe)
        self._become_starting()
        self._serve(recipe, self.held)

    def _become_starting(self) -> None:
        self.preview.become("starting")

    def _conclude(self, reason: SpacesError | None) -> None:
        """Give back what this life held; with the last life of a preview, all that is left of it."""
        if self.held is not None:
            self.environments.release(self.held)
        if self.handle is not None:
            self.handle.end()
        self._close_ways()
        if self.preview.leave(self.handle):  # no newer life took its place
            tree.kill_known(self.preview.seen)
            workspace.remove(self.preview.workspace.root)
            self.preview.finish(reason)

    def _environment(self, recipe: Recipe) -> Environment:
        """The Python to run it with. A remote machine installs for itself."""
        if self.spec.remote is not None:
            return Environment(Path(sys.executable))
        return self.environments.resolve(
            self._requirements(recipe), self.preview.logs, source=self.preview.workspace.app, run=self._run_build_step
        )

    def _running(self, address: Address | None) -> None:
        self.serving = True
        self.preview.address = address
        self.preview.ready_seconds = time.monotonic() - self.began
        self.preview.touch()
        self.preview.become("running")

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
            self.preview.logs.append("packages.txt names Debian packages; they are not installed here.", "build")
        return "\n".join(lines)

    def _run_build_step(self, step: Step) -> int:
        limits = replace(self.spec.limits, file_bytes=8192 * MB, data_bytes=8192 * MB, open_files=4096)
        seal, env = Seal(read=step.read, write=step.write), dict(step.env)
        if step.online:
            way = self._open_way(index_hosts(step.env, self.networks.index_hosts), limits.index_bytes, "build")
            seal, env = replace(seal, network="egress", ports=(way.port,), gateway=way.path), env | way.environment | {"NO_PROXY": ""}
        launch = Launch(
            id=self.id,
            python=Path(sys.executable),
            entry=Entry(command=step.command, server=False),
            workspace=self.preview.workspace,
            env={**self._base_env(Path(sys.executable)), **env},
            limits=limits,
            seal=seal,
            beside=self.beside,
        )
        handle, reader = self._open(launch, "build")
        code = handle.wait(self.spec.limits.build_seconds)
        self._end(handle, reader)
        self._close_ways()
        if self.preview.ending.is_set():
            raise Ended
        if code is None:
            raise TimedOut(f"The requirements were not installed within {self.spec.limits.build_seconds:g} seconds.")
        return code

    def _open_way(self, hosts: tuple[Host, ...], most_bytes: int, source: Source) -> Gateway:
        """A way out for this preview; what is refused on it stands in the log."""
        way = self.networks.egress.open(hosts, most_bytes=most_bytes, say=lambda line: self.preview.logs.append(line, source))
        self.ways.append(way)
        return way

    def _close_ways(self) -> None:
        while self.ways:
            self.ways.pop().close()

    def _remote_requirements(self, recipe: Recipe) -> str:
        """A Space's Python has Gradio before its own requirements; so has the remote machine."""
        stock = [f"gradio=={version('gradio')}"] if self.spec.sdk == "gradio" else []
        return "\n".join([*stock, self._requirements(recipe)])

    def _network(self, folder: Path | None) -> tuple[Seal, dict[str, str]]:
        """What the app may reach, and the environment that tells it so."""
        if self.spec.network not in self.engine.probe().networks:
            raise AppFailed(f"This machine cannot enforce the network profile {self.spec.network}.", "Keep the app sealed.")
        seal = Seal(network=self.spec.network, read=(folder,) if folder else ())
        if self.spec.network != "egress":
            return seal, {}
        way = self._open_way(read_hosts(self.spec.hosts), self.spec.limits.egress_bytes, "run")
        return replace(seal, ports=(way.port,), gateway=way.path), way.environment

    def _base_env(self, python: Path) -> dict[str, str]:
        place = self.preview.workspace
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
            "MPLBACKEND": "Agg",
            "GRADIO_ANALYTICS_ENABLED": "False",
            **recipe.env,
            **self.spec.env,
            **{name: secret.reveal() for name, secret in self.spec.secrets.items()},
            **self._base_env(python),
            "GRADIO_TEMP_DIR": str(self.preview.workspace.temporary / "gradio"),
        }

    def _open(self, launch: Launch, source: Source) -> tuple[Handle, threading.Thread]:
        """Start a tree and the thread that reads what it writes."""
        handle = self.engine.start(launch)
        try:
            self.handle = self._adopt(handle)
        except Ended:
            os.close(handle.output)  # nobody will read it
            raise
        reader = threading.Thread(
            target=pump,
            args=(handle.output, self.preview.logs),
            kwargs={"source": source, "rate": self.spec.limits.log_bytes_per_second},
            daemon=True,
        )
        reader.start()
        return handle, reader

    def _adopt(self, handle: Handle) -> Handle:
        return self.preview.adopt(handle)

    def _seen(self) -> frozenset[tree.Known]:
        """Processes met below this life's tree."""
        return frozenset(self.preview.seen) if self.preview.handle is self.handle else frozenset()

    def _end(self, handle: Handle, reader: threading.Thread) -> None:
        """End the tree, then read what it had still written."""
        handle.end()
        tree.kill_known(self._seen())  # would hold the pipe open: it had slipped out of the tree
        reader.join(5)

    def _serve(self, recipe: Recipe, environment: Environment) -> None:
        place, python = self.preview.workspace, environment.python
        seal, way = self._network(environment.folder)
        launch = Launch(
            id=self.id,
            python=python,
            entry=recipe.entry,
            workspace=place,
            directory=recipe.directory,
            env=self._app_env(python, recipe) | way,
            limits=self.spec.limits,
            mount=self.preview.mount,
            seal=seal,
            requirements=self._remote_requirements(recipe) if self.spec.remote is not None else "",
            beside=self.beside,
            fork_within=STOCK_WAIT_SECONDS if self.spec.sdk == "gradio" else 0.0,
        )
        handle, reader = self._open(launch, "run")
        code = self._await_answer(handle)
        if code is None:
            code = handle.wait(None)
        self._end(handle, reader)
        if self.preview.ending.is_set():
            raise Ended
        raise exit_error(code, self._told(), served=self.serving)

    def _await_answer(self, handle: Handle) -> int | None:
        """Ask until the app answers below 500; returns its exit code when it ended instead."""
        seconds = self.spec.limits.build_seconds if self.spec.remote is not None else self.spec.limits.start_seconds
        began, status = time.monotonic(), None
        while (waited := time.monotonic() - began) < seconds and not self.preview.ending.is_set():
            for address in handle.addresses:
                answer = _ask(address, "/")
                status = answer or status
                if answer is not None and answer < 500 and handle.owns(address):
                    if self.spec.sdk == "gradio":
                        _ask(address, "/gradio_api/startup-events")  # without it Gradio's queue never starts
                    self._running(address)
                    return None
            code = handle.wait(pause_after(waited))
            if code is not None:
                return code
        if self.preview.ending.is_set():
            raise Ended
        raise no_answer(status, self._told(), seconds=seconds)

    def _told(self) -> list[str]:
        return [line.text for line in self.preview.logs.lines() if line.source == "run"]


def pause_after(waited: float) -> float:
    """Seconds until an app that has not answered yet is asked again: a twentieth of what it has taken, so that none is met much later than it could be."""
    return min(max(waited / 20, 0.01), 0.25)


def _ask(address: Address, path: str) -> int | None:
    """Status of one GET, or None when nobody answers."""
    transport = httpx.HTTPTransport(verify=address.url is not None, uds=str(address.socket) if address.socket else None)
    port = address.port or 7860
    try:
        with httpx.Client(transport=transport, timeout=httpx.Timeout(5, connect=1), trust_env=False) as client:
            base = (address.url or f"http://127.0.0.1:{port}").rstrip("/")
            with client.stream("GET", base + path, headers=address.headers) as response:
                return response.status_code
    except httpx.HTTPError:
        return None
