"""A box with a port or hosts of its own has a network with nobody else in it, where this machine can make one."""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from core.box import Address, Egress, Entry, Launch, Limits, LocalBox, Seal, read_hosts, tree, workspace
from core.box.bubblewrap import ContainedProcess
from core.box.sealing import Means, find_means
from core.preview import Previews
from tests import machine
from tests.box.conftest import left
from tests.preview.conftest import serve

PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h
ELSEWHERE = "127.0.0.9"  # another address of this machine, as good as any other machine
KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
    print("reached")
except OSError as error:
    print("refused")
"""
ANSWER = """
import http.server, os, subprocess, sys, time
if os.fork() == 0:
    os.setsid()
    time.sleep(600)
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
DOCKERFILE = b"FROM python\nCOPY . .\nCMD sh -c 'cd . && exec python -m http.server $PORT'"


@pytest.fixture(scope="module")
def namespaces(tmp_path_factory) -> Iterator[LocalBox]:
    machine.bubblewrap()
    engine = LocalBox(tmp_path_factory.mktemp("namespaces"))
    assert engine.probe().tier == "strong", engine.probe().layers["network"].detail
    yield engine
    engine.close()


def without(means: Means, program: Path | None = None) -> Means:
    return replace(means, bubblewrap=program)


@pytest.fixture(scope="module")
def plain(tmp_path_factory) -> Iterator[LocalBox]:
    engine = LocalBox(tmp_path_factory.mktemp("plain"), means=without(find_means()))
    yield engine
    engine.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable]:
    """Start a program in an engine; what is still there afterwards is ended."""
    begun = []

    def begin(engine: LocalBox, code: str, *arguments: str, seal: Seal, server: bool = False, **env: str):
        place = workspace.create(engine.root / "live" / secrets.token_hex(6), {"main.py": code.encode()})
        launch = Launch(
            id=place.root.name, python=Path(sys.executable), workspace=place, limits=Limits(), seal=seal,
            entry=Entry(command=(sys.executable, "-I", "main.py", *arguments), server=server), env={"PATH": os.defpath, **env},
        )  # fmt: skip
        handle = engine.start(launch)
        begun.append((handle, place))
        return handle

    yield begin
    for handle, place in begun:
        handle.end()
        os.close(handle.output)
        workspace.remove(place.root)


def said(handle) -> str:
    assert handle.wait(60) == 0
    return os.read(handle.output, 1 << 16).decode().strip()


@pytest.fixture
def somebody() -> Iterator[int]:
    """A port at which somebody answers, at another address than the app's own."""
    with socket.create_server((ELSEWHERE, 0)) as listener:
        yield listener.getsockname()[1]


def until(holds: Callable[[], object], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while not (found := holds()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return bool(found)


def get(address: Address) -> int | None:
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(address.socket)), timeout=10) as client:
            return client.get("http://app/").status_code
    except httpx.TransportError:
        return None


def test_the_same_port_at_another_address_is_reached_only_without_namespaces(namespaces, plain, start, somebody):
    seal = Seal(network="tcp-own", ports=(somebody,))
    assert said(start(plain, KNOCK, ELSEWHERE, str(somebody), seal=seal)) == "reached"
    assert said(start(namespaces, KNOCK, ELSEWHERE, str(somebody), seal=seal)) == "refused"


def test_each_machine_says_which_it_is(namespaces, plain):
    strong, standard = namespaces.probe(), plain.probe()
    assert (strong.tier, strong.layers["network"].state, strong.selftest) == ("strong", "on", "30/30")
    assert (standard.tier, standard.selftest) == ("standard" if find_means().landlock >= 6 else "reduced", "15/15")
    assert standard.sealed and standard.layers["network"].state == "partial"
    assert "same port number on any other address" in standard.layers["network"].detail
    assert "is not installed" in standard.layers["network"].detail


@pytest.mark.parametrize("program, reason", [("#!/bin/sh\nexit 1\n", "cannot make namespaces"), ('#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done; shift; exec "$@"\n', "cannot make namespaces")])  # fmt: skip
def test_what_does_not_hold_is_not_used(tmp_path, start, program, reason):
    """One that fails, and one that starts the box without any namespace."""
    wrong = tmp_path / "bwrap"
    wrong.write_text(program)
    wrong.chmod(0o755)
    engine = LocalBox(tmp_path / "data", means=without(find_means(), wrong))
    status = engine.probe()
    assert status.tier != "strong" and status.layers["network"].state == "partial" and reason in status.layers["network"].detail
    handle = start(engine, KNOCK, ELSEWHERE, "1", seal=Seal(network="tcp-own", ports=(1,)))
    assert not isinstance(handle.process, ContainedProcess) and said(handle) == "refused"
    engine.close()


def test_a_sealed_box_needs_no_namespaces(namespaces, start):
    assert not isinstance(start(namespaces, "print(1)", seal=Seal()).process, ContainedProcess)


@pytest.mark.parametrize("kind", ["namespaces", "plain"])
def test_a_bare_command_serves_behind_the_proxy(kind, request, tmp_path):
    request.getfixturevalue(kind)
    engine = LocalBox(tmp_path, means=None if kind == "namespaces" else without(find_means()))
    with serve(Previews(tmp_path, engine)) as house:
        app = house.start({"hello.txt": b"hello" * 100_000, "Dockerfile": DOCKERFILE}, network="tcp-own")
        assert (app.address.port is None) == (kind == "namespaces")
        assert httpx.get(house.url(app, "hello.txt")).text == "hello" * 100_000
        statuses = []
        asking = [threading.Thread(target=lambda: statuses.append(httpx.get(house.url(app), timeout=60).status_code)) for _ in range(12)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        assert statuses == [200] * 12
        house.stop(app)
        assert left(engine) == []


def test_nothing_is_left_after_the_end(namespaces, start):
    handle = start(namespaces, ANSWER, seal=Seal(network="tcp-own"), server=True)
    assert until(lambda: get(handle.addresses[1]) == 200) and len(left(namespaces)) >= 3
    assert get(handle.addresses[0]) is None  # nobody listens on the other
    app = next(process for process in tree.below(handle.pid) if "main.py" in process.cmdline())
    counted = f"spaces-{namespaces.name}-" in Path(f"/proc/{app.pid}/cgroup").read_text()
    assert counted == namespaces.groups.counted  # its tasks are counted as in any other box
    handle.end()
    assert left(namespaces) == [] and handle.ending.signal == signal.SIGTERM
    assert not any(address.socket.exists() for address in handle.addresses)


@pytest.fixture
def adopting() -> Iterator[None]:
    """Orphans become children of this process, as they do of a server."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    yield
    prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


@pytest.mark.parametrize("whom", ["bubblewrap", "the box"])
def test_nothing_is_left_when_it_is_killed(namespaces, start, adopting, whom):
    handle = start(namespaces, ANSWER, seal=Seal(network="tcp-own"), server=True)
    assert until(lambda: get(handle.addresses[1]) == 200)
    os.kill(handle.process.outer_pid if whom == "bubblewrap" else handle.pid, signal.SIGKILL)
    assert handle.wait(60) == 137
    assert until(lambda: left(namespaces) == [])
    handle.end()
    assert not Path(f"/proc/{handle.pid}").exists()  # not even as one that nobody has collected


def test_one_that_is_ended_before_it_began_ends(namespaces, start):
    for _ in range(3):
        handle = start(namespaces, "import time; time.sleep(600)", seal=Seal(network="tcp-own"), server=True)
        handle.process.terminate()
        assert handle.wait(60) is not None
        assert left(namespaces) == []


ASK = """
import urllib.request, urllib.error
try:
    print(urllib.request.urlopen("http://not-allowed.example.net/", timeout=20).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


def test_the_gateway_is_reached_from_a_network_without_the_hosts_ports(namespaces, start, somebody):
    egress = Egress()
    way = egress.open(read_hosts(["example.org"]))
    try:
        seal = Seal(network="egress", ports=(way.port,), gateway=way.path)
        handle = start(namespaces, ASK, seal=seal, **way.environment)
        assert isinstance(handle.process, ContainedProcess)
        assert said(handle) == "403 The project's owner has not allowed this host."
        place = way.path.parent
        assert place.stat().st_mode & 0o777 == 0o700
    finally:
        egress.close()
    assert not place.exists()
