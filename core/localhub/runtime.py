"""The Spaces that run: what each is doing, and the one place where that changes.

A build of one Space follows the one before; a newer revision ends an older build. The revision that serves
keeps its address until its successor answers.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from core.errors import SpacesError
from core.git import GitStore
from core.localhub import desired as wishes
from core.localhub.desired import Desired
from core.localhub.launcher import Launcher
from core.localhub.repos import Repo
from core.localhub.space import GIVEN_AT_CREATION, Space, first_wish, runtime_shape

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

LOG = logging.getLogger(__name__)
MAX_RUNNING = 12  # Spaces; the least recently used one sleeps when another starts


class Spaces:
    """Every Space of a Hub. Lives on one event loop; hooks may call from any thread."""

    def __init__(self, hub: LocalHub):
        self._hub = hub
        self._spaces: dict[str, Space] = {}
        self._places: dict[str, Space] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._launcher = Launcher(hub, make_room=self._make_room)
        self._lock = threading.RLock()

    # ---- from outside

    async def start(self) -> None:
        """Take up what was running before, newest used first, and follow the repositories from here on."""
        self._loop = asyncio.get_running_loop()
        store = self._hub.repos
        store.on_create.append(lambda repo: self._adopt(repo) if repo.kind == "space" else None)
        store.on_update.append(lambda repo: self._hand_over(repo, self._updated))
        store.on_delete.append(lambda repo: self._hand_over(repo, self._deleted))
        store.on_move.append(lambda old, repo: self._hand_over(repo, self._renamed))
        store.on_push.append(self._on_push)
        known = await asyncio.to_thread(lambda: [self._adopt(repo) for repo in store.list("space")])
        for space in sorted(known, key=lambda space: -space.desired.used_at):
            if space.desired.state == "running":
                await self.rebuild(space)
        self._launcher.spawn(self._put_idle_ones_to_sleep())

    async def close(self) -> None:
        """Stop watching and building. The previews end with their owner; what should run is remembered."""
        for space in list(self._spaces.values()):
            await self._remember_use(space)
        await self._launcher.close()

    def get(self, repo: Repo) -> Space:
        """The Space of a repository."""
        return self._spaces.get(repo.id) or self._adopt(repo)

    def at(self, place: str) -> Space | None:
        """The Space with this part of an address. A private one answers only to its unguessable address."""
        space = self._places.get(place.partition("~")[0])
        known = space.place if space is not None else ""
        return space if hmac.compare_digest(known.encode(), place.encode("latin-1", "replace")) and place else None

    def runtime(self, repo: Repo, base: str = "") -> dict[str, Any]:
        """The runtime of a repository's Space, as the Hub tells it."""
        return runtime_shape(self.get(repo), base)

    def describe(self, repo: Repo, base: str) -> dict[str, Any]:
        """What the info of a Space adds to that of a repository."""
        space = self.get(repo)
        host = f"{base}/s/{space.place}"
        return {"subdomain": space.desired.subdomain, "host": host, "runtime": runtime_shape(space, base)}

    async def change(self, space: Space, wished: Desired, *, rebuild: bool = False) -> None:
        """Remember what the owner wants; with `rebuild` also act on it, unless the Space is to stand still."""
        space.desired = wished
        async with space.saving:
            await asyncio.to_thread(self._save, space)
        if rebuild and space.desired.state == "running":
            await self.rebuild(space)

    def build(self, space: Space, sha: str, *, fresh: bool = False) -> None:
        """Build a revision and let it take over, unless the Space is paused. fresh: end what serves before."""
        if space.desired.state == "paused":
            return
        if space.desired.state == "sleeping":
            space.desired = replace(space.desired, state="running")
        self._launcher.launch(space, sha, fresh=fresh)

    async def rebuild(self, space: Space, *, fresh: bool = False) -> None:
        """Build the head of main."""
        sha = await asyncio.to_thread(lambda: self._git(space).head())
        if sha is not None:
            self.build(space, sha, fresh=fresh)

    async def restart(self, space: Space) -> None:
        """Run it again from the head of main, whatever it does now."""
        await self.change(space, replace(space.desired, state="running", used_at=time.time()))
        await self.rebuild(space, fresh=True)

    async def halt(self, space: Space, state: Literal["paused", "sleeping"]) -> None:
        """Stop it. Only its owner starts a paused one again; the next visitor wakes a sleeping one."""
        await self.change(space, replace(space.desired, state=state))
        await self._launcher.stop(space)

    async def wake(self, space: Space) -> None:
        """Start a sleeping Space; does nothing in any other state."""
        if space.desired.state == "sleeping":
            await self.change(space, replace(space.desired, state="running", used_at=time.time()), rebuild=True)

    # ---- sleep

    async def _make_room(self, space: Space) -> None:
        running = [other for other in list(self._spaces.values()) if other.serving and not other.static and other is not space]
        for other in sorted(running, key=lambda other: other.last_used)[: max(0, len(running) - MAX_RUNNING + 1)]:
            await self._remember_use(other)
            await self.halt(other, "sleeping")

    async def _put_idle_ones_to_sleep(self) -> None:
        while True:
            await asyncio.sleep(1)
            for space in list(self._spaces.values()):
                if _idle(space):
                    try:
                        await self.halt(space, "sleeping")
                    except SpacesError as error:
                        LOG.warning("%s could not be put to sleep: %s", space.repo.full_name, error.message)

    async def _remember_use(self, space: Space) -> None:
        if space.serving is not None:
            used_at = round(time.time() - (time.monotonic() - space.last_used), 1)
            await self.change(space, replace(space.desired, used_at=used_at))

    # ---- the repositories

    def _hand_over(self, repo: Repo, act: Callable[[Repo], None]) -> None:
        if repo.kind == "space" and self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(act, repo)

    def _on_push(self, repo: Repo, ref: str, sha: str | None) -> None:
        if ref == "refs/heads/main" and sha is not None:
            self._hand_over(repo, lambda repo: self._pushed(repo, sha))

    def _pushed(self, repo: Repo, sha: str) -> None:
        if self._exists(repo):
            self.build(self.get(repo), sha)

    def _exists(self, repo: Repo) -> bool:
        return self._hub.repos.find(repo.repo) is not None

    def _updated(self, repo: Repo) -> None:
        space = self.get(repo)
        was, space.repo = space.place, repo
        if space.place != was:
            self._start_at_new_address(space)

    def _renamed(self, repo: Repo) -> None:
        space = self.get(repo)
        self._places.pop(space.desired.subdomain, None)
        space.repo = repo
        space.desired = first_wish(repo, space.desired, self._places)
        self._places[space.desired.subdomain] = space
        self._start_at_new_address(space)

    def _start_at_new_address(self, space: Space) -> None:
        """An app is told its address when it starts, so the one that runs cannot serve at another.

        At once, not after the next await: in between the Space would be said to run where nothing answers yet.
        """
        sha = self._git(space).head()
        if sha is not None and space.desired.state == "running":
            self.build(space, sha, fresh=True)
        self._launcher.spawn(self.change(space, space.desired))

    def _deleted(self, repo: Repo) -> None:
        space = self._spaces.pop(repo.id, None)
        if space is not None:
            self._places.pop(space.desired.subdomain, None)
            self._launcher.spawn(self._launcher.stop(space))

    def _adopt(self, repo: Repo) -> Space:
        with self._lock:
            if repo.id in self._spaces:
                return self._spaces[repo.id]
            saved = wishes.load(self._hub.repos.path(repo.repo)) or Desired(used_at=time.time())
            space = Space(repo, first_wish(repo, saved, self._places))
            self._spaces[repo.id] = self._places[space.desired.subdomain] = space
            self._save(space)
        if any(key in repo.settings for key in GIVEN_AT_CREATION):
            self._hand_over(repo, lambda repo: self._launcher.spawn(self._take_over_settings(repo)))
        return space

    def _save(self, space: Space) -> None:
        folder = self._hub.repos.path(space.repo.repo)
        if folder.is_dir():
            wishes.save(folder, space.desired)

    async def _take_over_settings(self, repo: Repo) -> None:
        """Secrets and wishes have one place, and it is not the repository's metadata."""
        kept = {key: value for key, value in repo.settings.items() if key not in GIVEN_AT_CREATION}
        if self._exists(repo):
            await asyncio.to_thread(lambda: self._hub.repos.update(repo, settings=kept))

    def _git(self, space: Space) -> GitStore:
        return self._hub.repos.git(space.repo)


def _idle(space: Space) -> bool:
    """Whether nobody has asked it for anything for as long as its owner allows."""
    if space.serving is None or space.trying is not None or space.static:
        return False
    return 0 < space.desired.sleep_seconds < time.monotonic() - space.last_used
