"""Which layers of a box hold on this machine, found by attacking from inside a real one."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from core.box import workspace
from core.box.engine import EngineStatus, Entry, Handle, Launch, Layer, Network, Seal, Tier
from core.box.limits import Limits
from core.box.sealing import RUNNERS, Means
from core.errors import SpacesError

SECONDS = 20.0

# Layer → the attempts that prove it, and what it means where they all fail.
LAYERS = {
    "files": (
        ("a file of the server", "a new file beside it", "a new file in the common directory", "mode of a file of the server"),
        "it reads the system's programs and writes its own directory; nothing else opens",
    ),
    "network": (
        ("a TCP connection", "a UDP packet", "a unix socket of the server", "an abstract socket of the server"),
        "it answers on the socket it was given and reaches no other",
    ),
    "processes": (
        ("environment of the server", "memory of the server", "processes of the machine"),
        "it sees no process but its own, and looks into none",
    ),
    "signals": (("a signal to the server", "limits of the server"), "it ends, slows and limits only what it started itself"),
    "system calls": (
        ("a user namespace", "memory without a file"),
        "what leads out of the box or is counted nowhere is refused by the kernel",
    ),
}


class Start(Protocol):
    def __call__(self, launch: Launch, *, namespaces: bool = False) -> Handle:
        """Start a box; with namespaces of its own, it gets a network of its own."""


def status_of(start: Start, directory: Path, means: Means, *, unsealed: bool, counted: bool) -> tuple[EngineStatus, bool]:
    """What a local engine can do here, and whether boxes in namespaces of their own held.

    Args:
        start: starts a launch in that engine.
        directory: for the boxes of the self-test.
        means: what seals a box.
        unsealed: apps may run without a seal.
        counted: the kernel counts a box's processes.
    """
    held = selftest(start, directory) if means.seccomp else {}
    found = layers(held)
    sealed = all(layer.state == "on" for layer in found.values())
    inside, lacking = _inside(start, directory, means) if sealed else ({}, "")
    namespaces = sealed and not lacking
    tier: Tier = "none" if not sealed else "reduced" if means.landlock < 6 else "strong" if namespaces else "standard"
    ports = ("tcp-own", "egress") if means.landlock >= 4 or namespaces else ()
    if ports:
        found["network"] = with_ports(found["network"], lacking=lacking)
    status = EngineStatus(
        engine="local",
        available=os.name == "posix",
        sealed=sealed,
        tier=tier,
        selftest=score(held, inside) if namespaces else score(held),
        networks=("sealed", *ports) if sealed or unsealed else (),
        layers={**found, **_constructed(counted=counted)},
    )
    return status, namespaces


def _inside(start: Start, directory: Path, means: Means) -> tuple[dict[str, bool], str]:
    """The self-test in namespaces of its own, with a port of the server open to it; and why none are used, if so."""
    if means.bubblewrap is None:
        return {}, "bubblewrap, which would give it a network of its own, is not installed"
    held = selftest(lambda launch: start(launch, namespaces=True), directory, network="tcp-own")
    off = [name for name, layer in layers(held).items() if layer.state != "on"]
    if not held:
        return held, "bubblewrap is installed, but cannot make namespaces here"
    return held, f"under bubblewrap the self-test got through at: {', '.join(off)}" if off else ""


def _constructed(*, counted: bool) -> dict[str, Layer]:
    """What holds by how a box is made, on any machine."""
    threads = ", processes and threads" if counted else "" if os.getuid() == 0 else ", threads"
    return {
        "environment": Layer("on", "clean: constructed for the app, nothing of the server's is inherited"),
        "limits": Layer("partial", f"open files, file size and memory of a process{threads} are bounded by the kernel; "
                        "memory, disk and processes of the whole app are watched, and it is ended above its bounds"),
        "tree": Layer("on", "ended whole, with everything it forked") if sys.platform == "linux"
        else Layer("partial", "ended by process group; what leaves the group stays"),
        "user": Layer("partial", "the user of the server, without any of its privileges: Landlock keeps its files apart"),
        "origin": Layer("on", "opaque: its pages cannot reach the storage and the API of this page"),
    }  # fmt: skip


def selftest(start: Callable[[Launch], Handle], directory: Path, *, network: Network = "sealed") -> dict[str, bool]:
    """Attempt → whether a real box held against it. Empty when no box could be started, with or without its seal.

    Args:
        start: starts a launch in the engine that is tested.
        directory: where the box's own directory, and the files it must not reach, are made.
        network: the profile; where it gives a port, that of a server outside, so that only the network can hold.
    """
    root = directory / f"test-{secrets.token_hex(6)}"
    place = None
    try:
        with _targets(directory) as targets:
            place = workspace.create(root, {})
            launch = Launch(
                id=root.name,
                python=Path(sys.executable),
                entry=Entry(command=(sys.executable, "-I", "-S", str(RUNNERS / "selftest.py")), server=False),
                workspace=place,
                env={"TARGETS": json.dumps(targets), "PATH": os.defpath},
                limits=Limits(cpu_seconds=int(SECONDS)),
                seal=Seal(network=network, ports=() if network == "sealed" else (targets["tcp"][1],)),
                separate_errors=True,
            )
            held = _answer(start(launch))
            if held and (Path(targets["place"]) / "file").stat().st_mode & 0o777 == 0o600:
                held["mode of a file of the server"] = True  # pretended or refused, it is as it was
            return held
    except (SpacesError, OSError):
        return {}
    finally:
        workspace.remove(root)


def _answer(handle: Handle) -> dict[str, bool]:
    told, deadline = b"", time.monotonic() + SECONDS
    try:
        while time.monotonic() < deadline and len(told) < 1 << 16:
            if select.select([handle.output], [], [], 0.2)[0]:
                piece = os.read(handle.output, 1 << 14)
                if not piece:
                    break
                told += piece
        held = json.loads(told)
        return {str(name): value is True for name, value in held.items()}
    except (ValueError, AttributeError):
        return {}
    finally:
        handle.end()
        for descriptor in (handle.output, handle.errors):
            if descriptor is not None:
                os.close(descriptor)


@contextlib.contextmanager
def _targets(directory: Path) -> Iterator[dict]:
    """Things of this server that answer, each reachable for any program of the same user."""
    with tempfile.TemporaryDirectory(prefix="spaces-test-") as place, contextlib.ExitStack() as open_sockets:
        (Path(place) / "file").touch(mode=0o600)
        os.chmod(place, 0o755)
        abstract = f"spaces-test-{secrets.token_hex(8)}"
        tcp = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
        for address in (f"{place}/socket", f"\0{abstract}"):
            if sys.platform != "linux" and address.startswith("\0"):
                continue
            listener = open_sockets.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
            listener.bind(address)
            listener.listen()
        yield {
            "server": os.getpid(),
            "place": place,
            "common": f"{tempfile.gettempdir()}/spaces-test-{secrets.token_hex(8)}",
            "tcp": tcp.getsockname(),
            "abstract": abstract,
        }


def layers(held: Mapping[str, bool]) -> dict[str, Layer]:
    """Each layer on or off by what was tried; an attempt nobody made does not hold."""
    found = {}
    for name, (attempts, meaning) in LAYERS.items():
        through = [attempt for attempt in attempts if not held.get(attempt)]
        detail = meaning if not through else f"the self-test got through to: {', '.join(through)}"
        found[name] = Layer("off" if through else "on", detail)
    return found


def score(*rounds: Mapping[str, bool]) -> str:
    """How many attempts the boxes held against, as "15/15" for one box."""
    most = sum(len(attempts) for attempts, _ in LAYERS.values())
    return f"{sum(sum(held.values()) for held in rounds)}/{most * len(rounds)}"


def with_ports(layer: Layer, *, lacking: str) -> Layer:
    """The network layer of a machine that gives apps ports or hosts of their own.

    Args:
        layer: of a sealed box.
        lacking: why such an app has no network of its own; empty where it has one.
    """
    if layer.state != "on":
        return layer
    if not lacking:
        return Layer("on", f"{layer.detail}; one with a port or hosts of its own has a network of its own, with nobody else in it")
    return Layer(
        "partial",
        f"{layer.detail}; but one that is given a port or hosts (tcp-own, egress) also reaches the same port number on any other "
        f"address, because the kernel's rules know ports and not addresses: {lacking}",
    )
