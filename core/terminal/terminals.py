"""The terminals of one server: one command at a time for each caller, and what the last one changed, held until it is kept."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from core.box import Executions, Monitor, SandboxEngine
from core.errors import NotFound, RateLimited
from core.terminal.command import Done, execute_command

MOST_HELD = 40
MOST_HELD_BYTES = 200_000_000


@dataclass(frozen=True)
class Held:
    """What commands changed and nobody has kept yet: made from `base`, by `commands`, path → content (None: deleted)."""

    id: str
    base: str
    commands: tuple[str, ...]
    changes: Mapping[str, bytes | None]

    @property
    def size(self) -> int:
        return sum(len(data) for data in self.changes.values() if data)


class Terminals:
    """Runs commands for callers.

    Args:
        executions: gives turns and ends what runs when the server does.
        engine, monitor, root: as `core.box.execute` takes them.
    """

    def __init__(self, executions: Executions, engine: SandboxEngine, monitor: Monitor, root: Path):
        self._executions, self._engine, self._monitor, self._root = executions, engine, monitor, root
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._held: OrderedDict[tuple[str, str], Held] = OrderedDict()

    async def run(
        self, caller: str, project: str, revision: str, files: Mapping[str, bytes], command: str,
        *, timeout: float, wrote: Callable[[bytes], None], folder: str = "",
    ) -> tuple[Done, Held | None]:  # fmt: skip
        """Run a command over the project's files with what is held put over them; what differs afterwards is held.

        Args:
            caller, project: whose, and which.
            revision: of `files`, which are the whole project.
            timeout, wrote, folder: as `execute_command` takes them; `wrote` is called in another thread.

        Returns how it went, and all that is held now, None when nothing differs from `files`.
        Raises RateLimited while another command of the caller runs, and what `execute_command` raises.
        """
        with self._lock:
            if caller in self._running:
                raise RateLimited("Another command of yours is running.", "Wait until it has ended, or stop it.")
            self._running.add(caller)
        try:
            before = self.held(caller, project)
            started_with = overlaid(files, before.changes if before else {})

            def work(cancelled: threading.Event) -> Done:
                return execute_command(
                    self._engine, self._root, command, started_with, monitor=self._monitor, timeout=timeout, cancelled=cancelled, wrote=wrote, folder=folder,
                )  # fmt: skip

            done = await self._executions.turn(caller, work)
        finally:
            with self._lock:
                self._running.discard(caller)
        now = overlaid(started_with, done.changes)
        changes = {path: data for path, data in now.items() if files.get(path) != data} | {path: None for path in files if path not in now}
        made = Held(secrets.token_hex(8), before.base if before else revision, ((before.commands if before else ()) + (command,))[-20:], changes)
        self._hold(caller, project, made if changes else None)
        return replace(done, changes=changes), made if changes else None

    def held(self, caller: str, project: str, id: str | None = None) -> Held | None:
        """What is held of a project; with an `id`, NotFound unless it is that."""
        with self._lock:
            found = self._held.get((caller, project))
        if id is not None and (found is None or found.id != id):
            raise NotFound("What this command changed is not held by it any more.", "Take `run` of the newest command, which goes on from it, or run it again.")
        return found

    def forget(self, caller: str, project: str, id: str | None = None) -> None:
        """Hold no more of a project; with an `id`, NotFound unless that is what is held."""
        self.held(caller, project, id)
        self._hold(caller, project, None)

    def hand_over(self, source: str, target: str, staying: Collection[str] = ()) -> None:
        """What is held of one caller's projects is another's, but for these projects."""
        with self._lock:
            for caller, project in [key for key in self._held if key[0] == source and key[1] not in staying]:
                self._held[target, project] = self._held.pop((caller, project))

    def _hold(self, caller: str, project: str, made: Held | None) -> None:
        with self._lock:
            self._held.pop((caller, project), None)
            if made:
                self._held[caller, project] = made
            while len(self._held) > MOST_HELD or (len(self._held) > 1 and sum(one.size for one in self._held.values()) > MOST_HELD_BYTES):
                self._held.popitem(last=False)


def overlaid(files: Mapping[str, bytes], changes: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """The files after the changes."""
    after = {path: data for path, data in files.items() if path not in changes}
    return {**after, **{path: data for path, data in changes.items() if data is not None}}
