"""The seam between an app and what runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from core.box.limits import Limits


Network = Literal["sealed", "tcp-own", "egress"]


Tier = Literal["strong", "standard", "reduced", "none"]


@dataclass(frozen=True)
class Layer:
    """One thing that separates an app from this machine: whether it holds, and what it means, in a sentence."""

    state: Literal["on", "partial", "off"]
    detail: str


@dataclass(frozen=True)
class EngineStatus:
    """What separates an app from this machine, layer by layer.

    sealed: the app reaches neither files nor network nor processes but its own, so a stranger's code may run.
    tier: strong (namespaces beside the kernel's other means), standard, reduced (an older kernel), none.
    selftest: how many attacks from inside were held against, as "15/15"; None where none were made. Where two kinds of box
        are tested, the attacks on both.
    networks: the profiles that can be enforced.
    """

    engine: str
    available: bool
    layers: Mapping[str, Layer] = field(default_factory=dict)
    sealed: bool = False
    tier: Tier = "none"
    selftest: str | None = None
    networks: tuple[Network, ...] = ()

    def to_dict(self) -> dict:
        return asdict(self) | {"networks": list(self.networks)}


@dataclass(frozen=True)
class Seal:
    """What a tree may reach besides its own workspace, the system's programs and its interpreter. Nothing, unless said.

    network: sealed: only the inherited socket. tcp-own: TCP on `ports` (to bind and to connect to). egress: TCP toward
        `ports`, where the host's allowlisting proxy listens.
    gateway: the unix socket of that proxy, for a box whose network has no way to the host's ports.
    read: directories it may read and run programs from. write: directories it may write to.
    """

    network: Network = "sealed"
    ports: tuple[int, ...] = ()
    gateway: Path | None = None
    read: tuple[Path, ...] = ()
    write: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Workspace:
    """The directories of one preview, each 0700 and its own."""

    root: Path

    @property
    def app(self) -> Path:
        return self.root / "app"

    @property
    def home(self) -> Path:
        return self.root / "home"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"


@dataclass(frozen=True)
class Entry:
    """What to run: a script or a module under the bootstrap, or a command as it stands.

    server: the bootstrap brings uvicorn and Gradio onto the inherited socket; a bare command gets PORT instead.
    """

    script: str | None = None
    module: str | None = None
    command: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    server: bool = True


@dataclass(frozen=True)
class Launch:
    """One process tree to start. `env` is the whole environment, constructed, nothing inherited."""

    id: str
    python: Path
    entry: Entry
    workspace: Workspace
    env: Mapping[str, str]
    limits: Limits
    mount: str = ""
    directory: str = ""  # folder of the project it runs in
    seal: Seal = field(default_factory=Seal)
    requirements: str = ""  # text of requirements.txt, for an engine that installs them itself
    separate_errors: bool = False  # standard error on a pipe of its own
    beside: bool = False  # another box works in the same workspace
    fork_within: float | None = None  # seconds it may wait for a process with the stock packages loaded; None: a new interpreter


@dataclass(frozen=True)
class Address:
    """Where an app answers: a unix socket, a port on the loopback interface, or a remote address.

    headers: sent with every request to a remote address, and seen by no visitor.
    """

    socket: Path | None = None
    port: int | None = None
    url: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, hash=False)


@dataclass(frozen=True)
class Ending:
    """How an app ended, as its box saw it: by an exit code or by a signal. peak_bytes: the most one process held at once."""

    exit: int | None
    signal: int | None
    peak_bytes: int


class Handle(Protocol):
    """A running tree."""

    output: int  # read end of the pipe with stdout and stderr; the reader owns it
    errors: int | None  # read end of stderr's own pipe, where the launch asked for one
    addresses: tuple[Address, ...]  # tried in this order
    ending: Ending | None  # after `end`, where the engine knows it

    def poll(self) -> int | None:
        """Exit code of the app (128 + signal when it was ended by one), or None while it runs."""

    def wait(self, timeout: float | None) -> int | None:
        """Like poll, after at most `timeout` seconds; None waits for the end."""

    def owns(self, address: Address) -> bool:
        """Whether what listens there belongs to this tree."""

    def end(self) -> None:
        """End every process of the tree, whatever it forked, and remove the socket. Safe to call twice."""


class SandboxEngine(Protocol):
    """Runs untrusted code. Calls block and are made from a thread that lives as long as the app."""

    def probe(self, *, retest: bool = False) -> EngineStatus:
        """Which layers are on, found by trying; what was found is kept until it is asked for again with `retest`."""

    def warm(self, seconds: float = 0) -> bool:
        """Begin to get ready for quick starts; whether that is done within `seconds`. Costs memory, so it is asked for."""

    def start(self, launch: Launch) -> Handle:
        """Start the tree; `StorageFull` or `AppFailed` when it cannot be."""

    def sweep(self) -> int:
        """End what a killed server left running and remove its sockets; returns how many processes that were."""

    def close(self) -> None:
        """Remove what the engine itself holds."""
