"""The live rooms of one process: what is opened at start and closed at the end."""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from core.agent import Agents
from core.browser import Browser
from core.box import Executions
from core.build import Projects
from core.caller import ANONYMOUS, Caller, Door, Risk
from core.errors import SpacesError
from core.hub import Hub
from core.instance import Instance
from core.localhub import LocalHub
from core.outside import Connections
from core.owners import LOCAL, Owners, is_session, of_session, of_token
from core.preview import Previews
from core.providers import Key, Keyring, Providers, keep_records
from core.query import Sandbox
from core.reading import Reader
from core.secrets import Secret
from core.settings import Settings
from core.store import Store
from core.terminal import Terminals

HUB_PREFIX = "/hub"

_WAITS, _WAIT_SECONDS = 20, 0.1

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class House:
    """settings, store, projects, previews, executions, terminals, providers and the Hub; `reader` reads other services; `local_hub` only where the embedded Hub stands in."""

    settings: Settings
    port: int
    instance: Instance
    store: Store
    projects: Projects
    previews: Previews
    executions: Executions
    terminals: Terminals
    browser: Browser
    providers: Providers
    agents: Agents
    hub: Hub
    query_sandbox: Sandbox
    reader: Reader
    outside: Connections
    local_hub: LocalHub | None
    owners: Owners
    _clearing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "clearing"), init=False, repr=False)
    _handing: asyncio.Lock = field(default_factory=asyncio.Lock, init=False, repr=False)

    @property
    def base_url(self) -> str:
        """Where this process reaches itself."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def own_token(self) -> Secret | None:
        """The Hub token this process acts with for callers that bring none: its owner's, or the Local Hub's."""
        if self.local_hub:
            return self.local_hub.default_token
        if self.settings.public and not self.settings.share_owner_keys:
            return None
        return self.settings.huggingface.token

    def caller(
        self,
        door: Door,
        *,
        session: str | None = None,
        token: Secret | None = None,
        account: str | None = None,
        keyring: Keyring | None = None,
        keys: tuple[Key, ...] = (),
    ) -> Caller:
        """Who stands behind a request: by their Hub account, by their session, by their token, or the local run itself.

        session: its name. account: what `owners.account` says of the token. On a public process a caller without token or session owns nothing and shares nothing.
        A token, or the local run's own identity, counts as having approved what it calls by name. What costs money
        needs no approval besides: the caller's own keys pay, or keys whose owner shares them within limits.
        """
        seat = of_session(session) if session and self.settings.public else ""
        if not self.settings.public:
            identity = LOCAL
        else:
            identity = account or seat or (of_token(token) if token else ANONYMOUS)
        acting = token or self.own_token
        risks: set[Risk] = {"read", "write", "spend"} | ({"destructive"} if acting else set())
        return Caller(id=identity, door=door, token=acting, approves=frozenset(risks), keyring=keyring, keys=keys, session=seat)

    async def hand_over(self, source: str, target: str) -> bool:
        """Make all that one owner has another's; whether nothing is left behind, so that it need not be tried again.

        Nothing moves while something of the source is being changed. Projects for which the target has no room stay, with their chats.
        """
        for _ in range(_WAITS):  # most of what is under way ends at once
            if not self.owners.busy(source):
                break
            await asyncio.sleep(_WAIT_SECONDS)
        async with self._handing:
            if self.owners.busy(source) or self.agents.busy(source):
                return False
            try:
                staying = await asyncio.to_thread(self.projects.hand_over, source, target)
                await self.agents.hand_over(source, target, staying)
                await self.providers.hand_over(source, target)
                await asyncio.to_thread(self.store.hand_over, source, target)
            except SpacesError as error:  # a full disk; whoever asks is served all the same, and it is tried again
                log.warning("what an owner has could not be handed over: %s", error.message)
                return False
            self.previews.hand_over(source, target, staying)
            self.terminals.hand_over(source, target, staying)
            return not staying

    def forget(self, session: str) -> None:
        """Drop what ends with a session, by its name."""
        owner = of_session(session)
        self.outside.forget(owner)
        self.agents.forget(owner)
        self._clearing.submit(self.projects.forget, lambda one: one == owner)

    async def start(self) -> None:
        """Start the Local Hub and the Spaces that should run, and keep records from here on."""
        keep_records()
        await asyncio.to_thread(self.projects.forget, is_session)  # they ended with the process before
        if self.local_hub:
            await self.local_hub.start()

    async def close(self) -> None:
        """End every process and close every file this house opened."""
        await self.agents.close()
        await asyncio.to_thread(self._clearing.shutdown, cancel_futures=True)
        await self.query_sandbox.close()
        if self.local_hub:
            await self.local_hub.close()
        await asyncio.to_thread(self.executions.close)
        await self.previews.close()
        await self.browser.close()
        await self.providers.close()
        await self.reader.close()
        await self.hub.close()
        self.store.close()
        self.instance.release()


def build_house(settings: Settings, port: int) -> House:
    """Take the data directory and make the rooms. Nothing runs and nothing listens until `start`."""
    data = settings.data.resolve()
    instance = Instance(data, port)
    # The page shows previews in a frame, and on a Space huggingface.co shows the page in one.
    ancestors = "'self' https://huggingface.co" if settings.on_a_space else "'self'"
    previews = Previews(
        data / "previews",
        max_live=settings.max_previews,
        index_hosts=settings.index_hosts,
        ancestors=ancestors,
        unsealed=settings.unsealed_apps and not settings.public,
    )
    local = None
    if settings.hub_kind == "local":
        local = LocalHub(data / "hub", previews=previews, prefix=HUB_PREFIX)
    executions = Executions(previews.engine, previews.monitor, previews.places)
    endpoint = settings.hub_url or f"http://127.0.0.1:{port}{HUB_PREFIX}"
    store = Store(data / "store.sqlite")
    hub = Hub(endpoint, local=local is not None, datasets_server=settings.datasets_server)
    return House(
        settings=settings,
        port=port,
        instance=instance,
        store=store,
        projects=Projects(data / "projects"),
        previews=previews,
        executions=executions,
        terminals=Terminals(executions, previews.engine, previews.monitor, previews.places),
        browser=Browser(data),
        providers=Providers(settings, store),
        agents=Agents(store, settings.agent),
        hub=hub,
        query_sandbox=Sandbox(),
        reader=Reader(),
        outside=Connections(hub, hub_mcp=settings.huggingface.mcp_url, allow_private=not settings.public),
        local_hub=local,
        owners=Owners(hub),
    )
