"""Every attack really runs, bare for control and in a box, and comes to what the table of docs/box.md says."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.box import Entry, Launch, Limits, LocalBox, Seal, tree, workspace
from core.box.sealing import find_means
from core.errors import Forbidden
from tests.preview.attacks.table import ATTACKS, markdown
from tests.telling import tell

INSIDE = Path(__file__).parent / "attacks" / "inside.py"
ROOT = Path(__file__).resolve().parent.parent.parent
HERE = [attack for attack in ATTACKS if not attack.elsewhere]
VICTIM = "import ctypes, time; b = ctypes.create_string_buffer(b'SECRETMARKER'); print(ctypes.addressof(b), flush=True); time.sleep(600)"


class Told(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"a package, say")

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def targets(tmp_path_factory) -> Iterator[dict]:
    """What is worth attacking, each within reach of any program of this user."""
    with ExitStack() as held:
        place = Path(held.enter_context(tempfile.TemporaryDirectory(prefix="attacked-")))
        for name in ("file", "home/.cache/huggingface/token", "other/app/main.py"):
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text("hf_SECRETMARKER")
        readable = tmp_path_factory.mktemp("readable")
        (readable / "library.py").touch()
        victim = subprocess.Popen([sys.executable, "-c", VICTIM], stdout=subprocess.PIPE, env={"KEY": "SECRETMARKER"})
        held.callback(victim.wait)
        held.callback(victim.kill)
        tcp, udp = held.enter_context(socket.create_server(("127.0.0.1", 0))), held.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        udp.bind(("127.0.0.1", 0))
        abstract = f"attacked-{secrets.token_hex(8)}"
        for address, kind in ((f"{place}/socket", socket.SOCK_STREAM), (f"{place}/datagrams", socket.SOCK_DGRAM), (f"\0{abstract}", socket.SOCK_STREAM)):
            listener = held.enter_context(socket.socket(socket.AF_UNIX, kind))
            listener.bind(address)
            if kind == socket.SOCK_STREAM:
                listener.listen(64)
        web = held.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Told))
        threading.Thread(target=web.serve_forever, daemon=True).start()
        held.callback(web.shutdown)
        yield {
            "server": os.getpid(), "victim": victim.pid, "victim_address": int(victim.stdout.readline()), "place": str(place),
            "readable": str(readable / "library.py"), "tcp": tcp.getsockname(), "udp": udp.getsockname(), "abstract": abstract,
            "http": web.server_address[1],
        }  # fmt: skip


@pytest.fixture(scope="module")
def bare(targets, tmp_path_factory) -> dict[str, str]:
    """What each attack comes to without a box, started by a shell that holds the secret too."""
    command = ["sh", "-c", '"$@"; exit $?', "sh", sys.executable, "-I", str(INSIDE)]
    env = {"TARGETS": json.dumps(targets), "KEY": "SECRETMARKER", "PATH": os.defpath}
    done = subprocess.run(command, env=env, cwd=tmp_path_factory.mktemp("bare"), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def in_a_box(engine: LocalBox, code: Path | str, targets: dict, *, seconds: float = 60) -> str:
    """What the program writes, run in a box of this engine."""
    root = engine.root / "live" / secrets.token_hex(6)
    place = workspace.create(root, {"attack.py": code.read_bytes() if isinstance(code, Path) else code.encode()})
    launch = Launch(
        id=root.name, python=Path(sys.executable), workspace=place, limits=Limits(), separate_errors=True,
        entry=Entry(command=(sys.executable, "-I", "attack.py"), server=False),
        env={"TARGETS": json.dumps(targets), "PATH": os.defpath, "HOME": str(place.home), "TMPDIR": str(place.temporary)},
        seal=Seal(read=(Path(targets["readable"]).parent,) if targets else ()),
    )  # fmt: skip
    handle = engine.start(launch)
    try:
        assert handle.wait(seconds) == 0, os.read(handle.errors, 1 << 16).decode()
        return os.read(handle.output, 1 << 16).decode()
    finally:
        handle.end()
        os.close(handle.output)
        os.close(handle.errors)
        workspace.remove(root)


def boxed(root: Path, targets: dict, version: int) -> dict[str, str]:
    """What each attack comes to in a box whose kernel had that version of Landlock."""
    engine = LocalBox(root, unsealed=True, means=find_means().capped(version))
    try:
        return json.loads(in_a_box(engine, INSIDE, targets))
    finally:
        engine.close()


@pytest.fixture(scope="module")
def sealed(targets, tmp_path_factory) -> dict[str, str]:
    return boxed(tmp_path_factory.mktemp("sealed"), targets, 99)


@pytest.mark.parametrize("attack", HERE, ids=lambda attack: f"{attack.number}: {attack.name}")
def test_an_attack_comes_to_what_the_table_says(attack, bare, sealed, record_property):
    if attack.bare:
        assert bare[attack.number] == attack.bare, "an attack that fails without a box proves nothing"
    outcome = "HIT" if sealed[attack.number] == "HIT" else "blocked"
    assert outcome == attack.boxed, sealed[attack.number]


def test_every_attack_that_runs_is_in_the_table(bare, sealed):
    assert set(bare) == set(sealed) == {attack.number for attack in HERE}
    for attack in ATTACKS:
        named = attack.elsewhere.partition("here: ")[2]
        assert named in globals() if named else (ROOT / (attack.elsewhere or "README.md")).exists()


def test_the_documentation_has_the_same_table(request, bare, sealed):
    assert markdown() in (ROOT / "docs" / "box.md").read_text()
    lines = [f" {one.number:>4}   {_word(bare[one.number]):<14} {_word(sealed[one.number]):<14} {one.name}" for one in HERE]
    tell(request.config, "attacks on the box", "\n".join(["    #   without a box  in a box       attack", *lines]))


def _word(told: str) -> str:
    return "HIT" if told == "HIT" else "blocked"


@pytest.mark.parametrize("version", [5, 3, 1])
def test_an_older_landlock_is_made_up_for_by_the_filter(version, targets, sealed, tmp_path):
    if version < find_means().landlock:
        older = boxed(tmp_path, targets, version)
        assert {row for row, told in older.items() if told == "HIT"} == {row for row, told in sealed.items() if told == "HIT"}


def test_without_landlock_the_test_says_so_and_nothing_is_run(targets, tmp_path):
    engine = LocalBox(tmp_path, means=find_means().capped(0))
    status = engine.probe()
    assert (status.sealed, status.tier, status.networks) == (False, "none", ())
    assert status.layers["files"].state == "off" and "a file of the server" in status.layers["files"].detail
    assert status.layers["network"].state == "on"
    with pytest.raises(Forbidden, match="cannot seal"):
        in_a_box(engine, INSIDE, targets)
    engine.close()
    found = boxed(tmp_path, targets, 0)
    assert {"6", "7a", "7b", "30", "31"} <= {row for row, told in found.items() if told == "HIT"}


REFORKING = """
import os, time
for n in range(8):
    if os.fork() == 0:
        os.setsid()
        while True:
            if os.fork():
                os._exit(0)
            time.sleep(.01)
print("forking", flush=True)
"""


def left_of(engine: LocalBox, root: Path) -> list:
    """Processes of this engine, without those that boxes are forked from: direct children, which stay."""
    found = tree.alive(tree.marked(f".{engine.name}", under=root))
    return [process for process in found if not (process.ppid() == os.getpid() and "zygote.py" in " ".join(process.cmdline()))]


def test_one_that_forks_while_it_is_ended_is_gone(tmp_path):
    engine = LocalBox(tmp_path)
    assert "forking" in in_a_box(engine, REFORKING, {})
    deadline = time.monotonic() + 10
    while (left := left_of(engine, tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert left == []
    engine.close()


MEETING = """
import os, socket, sys
found = []
for attempt in (lambda: open({file!r}).read(), lambda: socket.socket(socket.AF_UNIX).connect({socket!r}), lambda: os.listdir({folder!r})):
    try:
        attempt()
        found.append("reached")
    except OSError as error:
        found.append(type(error).__name__)
print(found)
"""
SERVE = "import fastapi, uvicorn\nuvicorn.run(fastapi.FastAPI())\n"


def test_two_previews_do_not_reach_each_other(house):
    docker = b"FROM python\nCOPY . .\nCMD python main.py"
    first = house.start({"main.py": SERVE.encode(), "Dockerfile": docker})
    there = {"file": str(first.workspace.app / "main.py"), "socket": str(first.address.socket), "folder": str(house.previews.places)}
    second = house.start({"main.py": (MEETING.format(**there) + SERVE).encode(), "Dockerfile": docker})
    try:
        told = [line.text for line in second.logs.lines() if line.text.startswith("[")]
        assert told == ["['PermissionError', 'PermissionError', 'PermissionError']"]
        assert open(there["file"]).read() == SERVE
    finally:
        house.stop(first)
        house.stop(second)
