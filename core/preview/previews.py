"""All previews of one server: start, find, bound, end. Owns their threads, directories, sockets and environments."""

from __future__ import annotations

import asyncio
import fcntl
import hmac
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Collection, Mapping
from pathlib import Path

import anyio.to_thread
from starlette.types import Receive, Scope, Send

from core.box import Egress, EngineStatus, Monitor, LocalBox, SandboxEngine, Watch, workspace
from core.errors import Conflict, NotFound
from core.preview import pages
from core.preview.environment import Environments
from core.preview.exchange import Exchange
from core.preview.gauges import Gauges
from core.preview.life import Networks, begin
from core.preview.preview import Preview
from core.preview.proxy import path_below, proxy
from core.preview.renewal import Renewal
from core.preview.spec import PreviewSpec, check_spec
from core.preview.watch import attend

WARM_AFTER_SECONDS = 2.0
REMEMBERED = 50  # ended previews whose log can still be read
# A Space is itself shown in a frame of the Hub's page.
ANCESTORS = "'self' https://huggingface.co"


class Previews:
    """Runs apps below one data directory.

    Args:
        root: the directory; 0700, held by one server at a time.
        engine: what runs them; this machine's processes when None.
        max_live: how many run at once, deployed ones (idle_seconds None) not counted; the least recently used gives way.
        index_hosts: where packages for an app may come from, beside PyPI and this machine's own index.
        ancestors: who may show an app in a frame, as in CSP's frame-ancestors.
        unsealed: apps run also on a machine that cannot seal them.
    """

    def __init__(
        self,
        root: Path,
        engine: SandboxEngine | None = None,
        *,
        max_live: int = 6,
        index_hosts: tuple[str, ...] = (),
        ancestors: str = ANCESTORS,
        unsealed: bool = False,
    ):
        self.root, self.max_live, self.ancestors = root, max_live, ancestors
        self._lock = threading.RLock()
        self._held = _hold(root)
        self.engine = engine or LocalBox(root, unsealed=unsealed)
        self.environments = Environments(root / "environments")
        self.networks = Networks(Egress(), index_hosts)
        self._previews: OrderedDict[str, Preview] = OrderedDict()
        self._renewals: dict[str, Renewal] = {}
        self._stopped = threading.Event()
        self.monitor = Monitor(looked=self._attend)
        self._gauges = Gauges()
        self.sweep()

    @property
    def places(self) -> Path:
        """Where every box has its own directory while it runs."""
        return self.root / "live"

    def sweep(self) -> int:
        """End what a killed server left running and delete what it left on disk; returns how many processes were ended."""
        ended = self.engine.sweep()
        workspace.remove(self.places)
        return ended

    def warm_soon(self, seconds: float = WARM_AFTER_SECONDS) -> None:
        """Get ready for quick starts in a while, when this server's own start is over."""
        timer = threading.Timer(seconds, self._warm)
        timer.daemon = True
        timer.start()

    def _warm(self) -> None:
        if not self._stopped.is_set():
            self.engine.probe()  # known from then on
            self.engine.warm()

    def status(self, *, retest: bool = False) -> EngineStatus:
        """Which layers separate an app from this machine; tried once, and again with `retest`."""
        return self.engine.probe(retest=retest)

    async def start(self, spec: PreviewSpec) -> Preview:
        """Write the files and begin; returns at once, in stage building (a static app: soon running).

        Raises `InvalidInput`, `TooLarge`, `StorageFull`; what goes wrong later is the preview's `error`.
        """
        check_spec(spec)
        started: list[Preview] = []
        try:
            await anyio.to_thread.run_sync(lambda: started.append(self._start(spec)))
        except BaseException:
            for preview in started:  # the caller was cancelled meanwhile and will never know of it
                threading.Thread(target=preview.end, daemon=True).start()
            raise
        return started[0]

    def _start(self, spec: PreviewSpec) -> Preview:
        id, token = secrets.token_hex(5), secrets.token_urlsafe(16)
        place = workspace.create(self.places / id, spec.files)
        preview = Preview(spec, id=id, token=token, place=place, changed=self._changed)
        with self._lock:
            if self._stopped.is_set():
                workspace.remove(place.root)
                raise Conflict("The server is being stopped.", "Start it again when the server is back.")
            self._previews[id] = preview
            leaving = self._least_used() if spec.idle_seconds is not None else []
            self._forget_old()
        self.monitor.watch(preview.watch)
        for old in leaving:
            old.end(note="Stopped to make room for a newer preview.", cause="evicted")
        begin(preview, self.engine, self.environments, self.networks)
        return preview

    async def update(self, id: str, files: Mapping[str, bytes], owner: str | None = None) -> Preview:
        """Bring changed files to a running preview, at the same address; returns once they are what it serves.

        A static app has them at once. Any other starts anew beside the old process, which serves until the new one
        answers; when that never happens, the old one keeps serving, and the error is raised here. A newer update ends
        one that is still under way (`Conflict` for that one).

        Args:
            files: the whole project by path; what the app itself wrote besides stays.

        Raises `NotFound`, `Conflict` when it does not run, `AppFailed` with the log's first error, `InvalidInput`,
        `TooLarge`, `StorageFull`.
        """
        preview = self.get(id, owner)
        renewal = Renewal(preview, files, self.engine, self.environments, self.networks, self.monitor)
        with self._lock:
            older, self._renewals[id] = self._renewals.get(id), renewal
        if older is not None:
            older.refuse(Conflict("A newer change took its place before the app answered."))
        renewal.begin()
        try:
            await asyncio.shield(asyncio.wrap_future(renewal.outcome))
        finally:
            with self._lock:
                if self._renewals.get(id) is renewal:
                    del self._renewals[id]
        return preview

    def _attend(self, watch: Watch) -> None:
        with self._lock:
            preview = self._previews.get(watch.name)
        if preview is not None:
            attend(preview)

    def _changed(self, preview: Preview) -> None:
        self._gauges.note(preview)
        if not preview.live:
            self.monitor.forget(preview.watch)

    def metrics(self) -> str:
        """How many run, what they use, how they started and why they ended, as Prometheus text. Sums, no names."""
        return "\n".join(self._gauges.lines(self._live(), engine=self.status().engine)) + "\n"

    def _live(self) -> list[Preview]:
        with self._lock:
            return [preview for preview in self._previews.values() if preview.live]

    def _least_used(self) -> list[Preview]:
        """Those above `max_live`, least recently used first; the newest is never among them."""
        newest = next(reversed(self._previews.values()))
        passing = [p for p in self._live() if p.spec.idle_seconds is not None and p is not newest]
        passing.sort(key=lambda preview: preview.last_used)
        return passing[: max(0, len(passing) + 1 - self.max_live)]

    def _forget_old(self) -> None:
        ended = [id for id, preview in self._previews.items() if not preview.live]
        for id in ended[: max(0, len(ended) - REMEMBERED)]:
            del self._previews[id]

    async def stop(self, id: str, owner: str | None = None) -> None:
        """End a preview with everything it started; its address is gone for good. `NotFound` when there is none."""
        await anyio.to_thread.run_sync(self.get(id, owner).end)

    def get(self, id: str, owner: str | None = None) -> Preview:
        """The preview of that id; `NotFound` when there is none, or it is not this owner's."""
        with self._lock:
            preview = self._previews.get(id)
        if preview is None or (owner is not None and preview.spec.owner != owner):
            raise NotFound(f"There is no preview {id[:40]!r}.", "Start the preview again.")
        return preview

    def list(self, owner: str | None = None) -> list[Preview]:
        """Live and recently ended previews, oldest first; only this owner's when one is given."""
        with self._lock:
            return [p for p in self._previews.values() if owner is None or p.spec.owner == owner]

    def hand_over(self, source: str, target: str, staying: Collection[str] = ()) -> None:
        """Make the previews of one owner another's, but for those with one of these labels."""
        for preview in self.list(source):
            if preview.spec.label not in staying:
                preview.belongs_to(target)

    def by_token(self, segment: str) -> Preview | None:
        """The preview served under /p/<segment>, unless it was stopped."""
        id, _, token = segment.partition("-")
        with self._lock:
            preview = self._previews.get(id)
        known = preview.token if preview else "-" * 22
        if not hmac.compare_digest(known.encode(), token.encode()) or preview is None:
            return None
        return preview if preview.spec.mount is None and preview.stage != "stopped" else None

    async def proxy_to(self, preview: Preview, scope: Scope, receive: Receive, send: Send, *, prefix: str) -> None:
        """Serve one request or WebSocket from that app; `prefix` is the front of the path the app does not see."""
        if preview.frozen:  # waking its processes takes longer than the event loop may stand still
            await anyio.to_thread.run_sync(preview.touch)
        with preview.use():
            await proxy(preview, scope, receive, send, prefix=prefix, ancestors=self.ancestors)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application to mount at "/p": /p/<id>-<token>/… of every preview, one and the same 404 for all else."""
        if scope["type"] == "lifespan":
            return
        outside = scope.get("root_path", "")
        below = path_below(scope, outside)
        if below is None:
            outside, below = "", scope["path"]
        segment = below.lstrip("/").split("/", 1)[0]
        preview = self.by_token(segment)
        if preview is not None:
            await self.proxy_to(preview, scope, receive, send, prefix=f"{outside}/{segment}")
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await Exchange(scope, send, ancestors=self.ancestors).page(404, pages.NOT_FOUND)

    async def close(self) -> None:
        """End every preview and give up the directory."""
        self._stopped.set()
        await anyio.to_thread.run_sync(self._end_all)

    def _end_all(self) -> None:
        threads = [threading.Thread(target=preview.end) for preview in self._live()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.monitor.close()
        self.networks.egress.close()
        self.engine.close()
        workspace.remove(self.places)
        os.close(self._held)


def _hold(root: Path) -> int:
    """Lock the directory for this process; the kernel lets go of it when the process ends, however it ends."""
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        held = os.open(root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise workspace.storage_error(error) from None
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise Conflict(
            f"Another server runs its previews in {root}.", "Stop it, or start this one with another data directory."
        ) from None
    return held
