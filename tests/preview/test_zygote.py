"""Apps forked from a process with the stock packages loaded: alone with what is theirs, ended like any other."""

import os
import signal
import time
from pathlib import Path

import httpx
import psutil
import pytest

from core.box import tree
from core.preview import Previews
from core.secrets import Secret
from tests.preview.conftest import serve

APP = b'''
import asyncio, multiprocessing, os, random, stat, sys, tempfile
import gradio, huggingface_hub, numpy
from fastapi import FastAPI
import beside

app = FastAPI()
asyncio.run(asyncio.sleep(0))

def is_a(kind, number):
    try:
        return kind(os.fstat(number).st_mode)
    except OSError:
        return False

@app.get("/")
def facts():
    return {
        "environment": dict(os.environ),
        "proc": open("/proc/self/environ").read() if os.access("/proc/self/environ", os.R_OK) else "",
        "arguments": sys.argv,
        "path": sys.path[0],
        "random": [random.random(), float(numpy.random.rand()), multiprocessing.current_process().authkey.hex()],
        "temporary": tempfile.gettempdir(),
        "directories": [gradio.utils.get_upload_folder(), gradio.route_utils.DEFAULT_TEMP_DIR, huggingface_hub.constants.HF_HOME],
        "beside": beside.WORD,
        "name": __name__,
        "matrix": float((numpy.ones((9, 9)) @ numpy.ones((9, 9))).sum()),
        "pipes": [n for n in range(64) if is_a(stat.S_ISFIFO, n)],
        "sockets": [n for n in range(64) if is_a(stat.S_ISSOCK, n)],
        "pid": os.getpid(),
    }

import uvicorn
if __name__ == "__main__":
    uvicorn.run(app, port=7860)
'''
FILES = {"app.py": APP, "beside.py": b"WORD = 'found'", "Dockerfile": b'FROM python\nCOPY . .\nCMD ["python", "app.py", "one", "two"]'}


@pytest.fixture(scope="module")
def warm(tmp_path_factory):
    """A house whose previews are forked."""
    previews = Previews(tmp_path_factory.mktemp("forked"), max_live=8)
    with serve(previews) as house:
        assert previews.engine.warm(120)
        yield house


def zygote(house) -> int:
    return house.previews.engine.zygotes.pid


def facts(house, app) -> dict:
    return httpx.get(house.url(app), timeout=20).json()


@pytest.fixture(scope="module")
def app(warm):
    app = warm.start(FILES, env={"GREETING": "hello"}, secrets={"KEY": Secret("sk-very-own")})
    yield app
    warm.stop(app)


def test_an_app_is_a_fork_of_it(warm, app):
    assert zygote(warm) in [process.pid for process in psutil.Process(app.pid).parents()]
    assert facts(warm, app)["pid"] in [process.pid for process in psutil.Process(app.pid).children(recursive=True)]


def test_it_has_one_thread_and_an_empty_environment(warm, app):
    status = Path(f"/proc/{zygote(warm)}/status").read_text()
    assert "Threads:\t1\n" in status
    environment = Path(f"/proc/{zygote(warm)}/environ").read_text()
    assert all(name not in environment for name in ("KEY", "sk-very-own", "PWD", "TOKEN", str(warm.previews.root)))


def test_an_app_has_what_a_new_interpreter_would_give_it(warm, app):
    found = facts(warm, app)
    place = app.workspace
    assert found["environment"]["KEY"] == "sk-very-own" and found["environment"]["GREETING"] == "hello"
    assert found["environment"]["HOME"] == str(place.home) and "OPENBLAS_NUM_THREADS" not in found["environment"]
    assert "sk-very-own" not in found["proc"]
    assert (found["arguments"], found["path"], found["name"]) == (["app.py", "one", "two"], str(place.app) + "/", "__main__")
    assert (found["beside"], found["matrix"]) == ("found", 729.0)
    assert found["temporary"] == str(place.temporary)
    assert found["directories"] == [str(place.temporary / "gradio")] * 2 + [str(place.home / ".cache/huggingface")]
    assert "/unset" not in str(found["environment"])


def test_an_app_holds_no_descriptor_of_others(warm, app):
    other = warm.start(FILES)
    try:
        found = facts(warm, other)
        assert found["pipes"] == [1, 2]
        assert len(found["sockets"]) == 4, found  # the listener, the loop's own pair, this request
    finally:
        warm.stop(other)


def test_two_apps_draw_different_numbers_and_hold_nothing_of_each_other(warm, app):
    other = warm.start(FILES)
    try:
        for one, two in zip(facts(warm, app)["random"], facts(warm, other)["random"], strict=True):
            assert one != two
        here = httpx.get(warm.url(other)).text
        assert "sk-very-own" not in here and "GREETING" not in here
    finally:
        warm.stop(other)


def test_how_an_app_ends_is_told_as_of_any_other(warm):
    ends = {
        b"import sys; sys.exit(3)": "it ended with exit code 3",
        b"import os; os.kill(os.getpid(), 9)": "kill signal",
        b"def broken(:": "SyntaxError: invalid syntax (app.py, line 1)",
        b"import sys; sys.exit('no way')": "no way",
        b"import threading, atexit\natexit.register(print, 'last words', flush=True)\nthreading.Timer(.2, print, ['timed']).start()": "without starting",
    }
    for source, message in ends.items():
        app = warm.start(FILES | {"app.py": source}, wait=False)
        app.ended.wait(60)
        told = "\n".join(line.text for line in app.logs.lines())
        assert message in app.error["message"] + told, (source, app.error)
    assert "timed\nlast words" in told


def test_a_variable_read_at_import_means_a_new_interpreter(warm):
    app = warm.start(FILES, env={"HF_ENDPOINT": "http://hub.example"})
    try:
        assert zygote(warm) not in [process.pid for process in psutil.Process(app.pid).parents()]
    finally:
        warm.stop(app)


def test_stopping_ends_what_it_forked(warm):
    source = b"import os, time\nif os.fork() == 0:\n os.setsid()\n if os.fork(): os._exit(0)\n time.sleep(600)\n" + APP
    app = warm.start(FILES | {"app.py": source})
    left = psutil.Process(app.pid).children(recursive=True)
    assert len(left) >= 2
    warm.stop(app)
    assert tree.alive(left) == []
    assert app.stage == "stopped" and not (warm.previews.root / "live" / app.id).exists()


def test_after_its_death_apps_start_and_a_new_one_takes_over(warm):
    first, live = zygote(warm), warm.start(FILES)
    os.kill(first, signal.SIGKILL)
    live.ended.wait(60)
    assert live.stage == "failed"
    after = warm.start(FILES)  # by a new interpreter, while the next one loads
    try:
        assert facts(warm, after)["beside"] == "found"
    finally:
        warm.stop(after)
    assert warm.previews.engine.warm(120) and zygote(warm) != first
    again = warm.start(FILES)
    assert zygote(warm) in [process.pid for process in psutil.Process(again.pid).parents()]
    warm.stop(again)


def test_after_so_many_forks_another_takes_over_and_the_first_keeps_its_apps(tmp_path):
    previews = Previews(tmp_path, max_live=8)
    zygotes = previews.engine.zygotes
    zygotes._most = 1
    with serve(previews) as house:
        assert zygotes.warm(120)
        first = psutil.Process(zygotes.pid)
        app = house.start(FILES)
        assert first.pid in [process.pid for process in psutil.Process(app.pid).parents()]
        assert zygotes.warm(120) and zygotes.pid != first.pid
        assert facts(house, app)["beside"] == "found"
        house.stop(app)
        gone, _ = psutil.wait_procs([first], timeout=30)
        assert gone == [first]
        last = psutil.Process(zygotes.pid)
    assert not last.is_running() or last.status() == psutil.STATUS_ZOMBIE


def test_it_ends_with_the_server_however_that_ends(tmp_path):
    import subprocess
    import sys

    source = f"""
from pathlib import Path
from core.box import LocalBox
engine = LocalBox(Path({str(tmp_path)!r}))
assert engine.warm(120)
print(engine.zygotes.pid, flush=True)
import time; time.sleep(600)
"""
    server = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    pid = int(server.stdout.readline())
    server.kill()
    server.wait()
    deadline = time.monotonic() + 20
    while psutil.pid_exists(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
