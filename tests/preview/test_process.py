"""What an app's processes hold, what they may use, and that nothing of them is left."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from core.errors import AppFailed
from core.preview import Limits, Preview
from core.box import MB
from core.box.tree import MARKER, alive, marked
from core.secrets import Secret
from tests.preview.conftest import run

PLAIN = b"FROM python\nCOPY . .\nCMD python main.py"
SERVE = b"import fastapi, uvicorn\nuvicorn.run(fastapi.FastAPI())\n"


def ended_with(preview: Preview) -> str:
    """Waits until the preview has failed; its error's sentence."""

    async def wait() -> str:
        while preview.live:
            await asyncio.wait_for(preview.wait_stage_change(preview.stage), 30)
        return preview.error["message"] if preview.error else ""

    return run(wait())


def left_of(preview: Preview) -> list:
    return alive(marked(preview.handle._marker))


def test_the_child_holds_nothing_of_ours(house, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_SECRETMARKER_of_the_server")
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-SECRETMARKER")
    source = (Path(__file__).parent / "apps" / "fastapi_app.py").read_bytes()
    app = house.start({"main.py": source}, env={"MODEL": "tiny"}, secrets={"HF_TOKEN": Secret("hf_of_the_app_itself")})
    try:
        told = httpx.get(house.url(app, "process")).json()
        assert told["environment"].pop("HF_TOKEN") == "hf_of_the_app_itself"
        assert told["environment"].pop("MODEL") == "tiny"
        assert set(told["environment"]) == {
            "PATH", "HOME", "TMPDIR", "LANG", "TZ", "PORT", "MPLBACKEND", "GRADIO_ANALYTICS_ENABLED", "GRADIO_TEMP_DIR", MARKER,
        }  # fmt: skip
        assert told["environment"]["HOME"].startswith(str(app.workspace.root))
        for pid in (app.pid, told["pid"]):
            environ = Path(f"/proc/{pid}/environ").read_bytes()
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            assert b"SECRETMARKER" not in environ + command
            assert b"hf_of_the_app" not in command and app.token.encode() not in command
        assert b"hf_of_the_app" not in Path(f"/proc/{app.pid}/environ").read_bytes()
        open_files = {os.readlink(f"/proc/{told['pid']}/fd/{fd}") for fd in os.listdir(f"/proc/{told['pid']}/fd")}
        named = {name for name in open_files if name.startswith("/") and not name.startswith("/dev/")}
        assert named == set()
        limits = Path(f"/proc/{told['pid']}/limits").read_text().splitlines()
        read = {line[:26].strip(): line[26:].split()[:2] for line in limits}
        assert read["Max core file size"] == ["0", "0"]
        assert read["Max open files"] == [str(app.spec.limits.open_files)] * 2
        assert read["Max file size"] == [str(app.spec.limits.file_bytes)] * 2
        assert read["Max data size"] == [str(app.spec.limits.data_bytes)] * 2
        assert os.getsid(told["pid"]) != os.getsid(0)
        assert psutil.Process(told["pid"]).nice() == psutil.Process().nice() + 5
        assert app.workspace.root.stat().st_mode & 0o777 == 0o700
        assert app.address.socket.parent.stat().st_mode & 0o777 == 0o700
        listening = psutil.Process(told["pid"]).net_connections(kind="inet")
        assert listening == []
    finally:
        house.stop(app)


def test_secrets_and_the_token_are_taken_out_of_the_log(house):
    secret = Secret("very-private-value-1234")
    app = house.start({"main.py": b"import os\nprint('key', os.environ['KEY'], 'hf_abcdefghijklmnopqrstuv')\n" + SERVE, "Dockerfile": PLAIN},
                      secrets={"KEY": secret})  # fmt: skip
    try:
        text = "\n".join(line.text for line in app.logs.lines())
        assert "key …1234 …stuv" in text
        assert app.token not in text and secret.reveal() not in text
    finally:
        house.stop(app)


def test_an_app_in_a_folder_finds_what_lies_beside_it(house):
    files = {"src/main.py": b"import beside, os\nprint(beside.WORD, os.path.basename(os.getcwd()))\n" + SERVE, "src/beside.py": b"WORD = 'found'",
             "Dockerfile": b"FROM python\nCOPY . .\nCMD python src/main.py"}  # fmt: skip
    app = house.start(files)
    assert "found app" in [line.text for line in app.logs.lines()]
    house.stop(app)


@pytest.mark.parametrize("command", ["sh -c 'cd . && exec python -m http.server $PORT --bind 127.0.0.1'"])
def test_a_bare_command_is_reached_on_loopback(house, command):
    app = house.start({"hello.txt": b"hello", "Dockerfile": f"FROM python\nCOPY . .\nCMD {command}".encode()}, network="tcp-own")
    try:
        in_namespaces = house.previews.status().tier == "strong"  # then its port is in a network of its own, and a socket leads there
        assert (app.address.socket is not None) == in_namespaces and (app.address.port is None) == in_namespaces
        assert httpx.get(house.url(app, "hello.txt")).text == "hello"
        listening = [c.laddr.ip for p in psutil.Process(app.pid).children(recursive=True) for c in p.net_connections() if c.status == "LISTEN"]
        assert {ip.removeprefix("::ffff:") for ip in listening} == (set() if in_namespaces else {"127.0.0.1"})
    finally:
        house.stop(app)


def test_a_bare_command_needs_the_profile_with_a_port(house):
    app = house.start({"Dockerfile": b"FROM python\nCOPY . .\nCMD sh -c 'cd . && exec python -m http.server $PORT'"}, wait=False)
    assert "sh serves on a TCP port of its own, and the network of this app is sealed" in ended_with(app)


BAD = {
    "exits at once": (b"import sys; sys.exit(3)", {}, "did not start: it ended with exit code 3"),
    "ends quietly": (b"print('bye')", {}, "ended without starting a server"),
    "has a syntax error": (b"x = 1\ndef broken(:\n  pass", {}, "SyntaxError: invalid syntax (main.py, line 2)"),
    "imports what is not there": (b"import time\nimport no_such_thing", {}, "ModuleNotFoundError: No module named 'no_such_thing' (main.py, line 2)"),
    "never listens": (b"import time; time.sleep(60)", {"start_seconds": 1.5}, "did not start to serve within 1.5 seconds"),
    "only answers errors": (
        b"import fastapi, uvicorn\napp = fastapi.FastAPI()\n@app.get('/')\ndef f(): raise ValueError('on purpose')\nuvicorn.run(app)",
        {"start_seconds": 5}, "answered with an error (500)",
    ),
    "kills itself": (b"import os; os.kill(os.getpid(), 9)", {}, "kill signal"),
    "takes too much memory": (
        b"import time, mmap\nheld = []\nwhile True: held.append(bytearray(b'x') * (40 << 20)); time.sleep(.05)",
        {"memory_bytes": 300 * MB}, "more than 300 MB of memory",
    ),
    "takes too much private memory": (b"x = bytearray(b'x') * (900 << 20)", {"data_bytes": 400 * MB}, "MemoryError"),
    "fills the disk": (
        b"import time\nfor n in range(10000):\n open(f'f{n}', 'wb').write(b'x' * (4 << 20)); time.sleep(.02)",
        {"workspace_bytes": 60 * MB}, "more than 60 MB to disk",
    ),
    "writes one huge file": (b"f = open('f', 'wb')\nwhile True: f.write(b'x' * (1 << 20))", {"file_bytes": 20 * MB}, "File too large"),
    "forks and forks": (
        b"import os, time\ntime.sleep(.2)\nfor n in range(400):\n if os.fork() == 0:\n  os.setsid(); time.sleep(60)\ntime.sleep(60)",
        {"processes": 40}, "more than 40 processes",
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_app_ends_with_its_reason_and_leaves_nothing(house, kind):
    source, limits, sentence = BAD[kind]
    app = house.start({"main.py": source, "Dockerfile": PLAIN}, wait=False, limits=Limits(**limits))
    assert sentence in ended_with(app)
    assert app.stage == "failed" and app.error["code"] == "app_failed"
    with pytest.raises(AppFailed):
        run(app.ready())
    assert left_of(app) == []
    assert not app.workspace.root.exists()
    assert not app.handle.addresses[0].socket.exists()
    assert httpx.get(house.url(app)).status_code == 502


def test_a_flood_of_log_lines_blocks_the_writer_and_nobody_else(house):
    source = b"import threading\ndef flood():\n  while True: print('x' * 199)\nthreading.Thread(target=flood, daemon=True).start()\n" + SERVE
    app = house.start({"main.py": source, "Dockerfile": PLAIN})
    try:
        before = app.logs.lines()[-1].number
        cpu = psutil.Process().cpu_times().user
        time.sleep(1.5)
        lines = app.logs.lines()
        assert 1000 < lines[-1].number - before < 12_500  # 200 bytes each, 1 MB per second
        assert len(lines) <= 5000
        assert psutil.Process().cpu_times().user - cpu < 1.2
        assert httpx.get(house.url(app)).status_code == 404
    finally:
        house.stop(app)


DAEMON = b"""
import os, subprocess, sys, time
sleep = "import time; time.sleep(300)"
subprocess.Popen([sys.executable, "-c", sleep])
if os.fork() == 0:  # a daemon: new session, parent gone, environment replaced
    os.setsid()
    if os.fork() == 0:
        os.execve(sys.executable, [sys.executable, "-c", sleep], {})
    os._exit(0)
"""


@pytest.mark.parametrize("how", ["stopped", "box killed"])
def test_everything_it_forked_ends_with_it(house, how):
    app = house.start({"main.py": DAEMON + SERVE, "Dockerfile": PLAIN})
    below = psutil.Process(app.pid).children(recursive=True)
    tree = alive(below)
    assert len(tree) == 3
    if how == "box killed":
        time.sleep(1.2)  # the watch has seen them
        os.kill(app.pid, signal.SIGKILL)
        ended_with(app)
    else:
        house.stop(app)
    psutil.wait_procs(tree, timeout=3)
    assert alive(tree) == []
