"""Starting and stopping, idleness, eviction, a killed server, a full disk: nothing is left over, nothing is half-made."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx
import psutil
import pytest

from core.errors import AppFailed, Conflict, InvalidInput, StorageFull, TimedOut, TooLarge
from core.preview import Limits, Previews, PreviewSpec, LocalBox
from core.preview.life import pause_after
from core.box import proc, tree
from core.box.tree import MARKER, alive, marked
from tests.preview.conftest import run
from tests.preview.test_process import DAEMON, PLAIN, SERVE


def test_starting_and_stopping_leaves_nothing(house):
    def held():
        return len(os.listdir("/proc/self/fd")), len(psutil.Process().children(recursive=True)), psutil.Process().num_threads()

    source = {"main.py": b"from http.server import *\nSimpleHTTPRequestHandler.protocol_version = 'HTTP/1.1'\n"
              b"ThreadingHTTPServer(('', 7860), SimpleHTTPRequestHandler).serve_forever()",
              "Dockerfile": PLAIN}  # fmt: skip
    house.stop(house.start(source))
    before, directories = held(), sorted(os.listdir(house.previews.root / "live"))
    sockets = sorted(os.listdir(house.previews.engine.sockets))
    for number in range(20):
        app = house.start(source, wait=number % 3 > 0)
        if number % 2:
            assert httpx.get(house.url(app)).status_code in (200, 503)
        house.stop(app)
        assert app.stage == "stopped" and app.error is None
    deadline = time.monotonic() + 3
    while held() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert held() <= before
    assert sorted(os.listdir(house.previews.root / "live")) == directories
    assert sorted(os.listdir(house.previews.engine.sockets)) == sockets


def test_an_idle_app_is_stopped_and_a_used_one_is_not(house):
    idle = house.start({"index.html": b"idle"}, "static", idle_seconds=1.0)
    used = house.start({"index.html": b"used"}, "static", idle_seconds=1.0)
    for _ in range(10):
        assert httpx.get(house.url(used)).status_code == 200
        time.sleep(0.2)
    assert (idle.stage, used.stage) == ("stopped", "running")
    house.stop(used)


COUNTING = b"""
import fastapi, itertools, threading, time, uvicorn
from fastapi.responses import StreamingResponse
app, count = fastapi.FastAPI(), itertools.count()
ticks = []
def tick():
    while True:
        ticks.append(1)
        time.sleep(0.01)
threading.Thread(target=tick, daemon=True).start()
@app.get("/")
def home(): return {"asked": next(count), "ticks": len(ticks)}
@app.get("/quiet")
def quiet():
    def silence():
        yield b"open"
        time.sleep(6)
    return StreamingResponse(silence())
uvicorn.run(app)
"""


def states(app) -> set[str]:
    return {row.state for row in tree.descend(proc.snapshot(), app.pid)}


def wait_until(found, seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not found() and time.monotonic() < deadline:
        time.sleep(0.05)
    return found()


def test_an_idle_app_stands_still_and_goes_on_at_the_next_request(house):
    app = house.start({"main.py": COUNTING, "Dockerfile": PLAIN}, freeze_seconds=0.6)
    try:
        for asked in range(2):
            assert wait_until(lambda: app.frozen)
            assert wait_until(lambda: states(app) == {"T"})  # the kernel stops a process some time after the signal
            assert app.stage == "running" and app.stats()["frozen"] and app.stats()["processes"] >= 1
            cpu = [row.cpu_seconds for row in tree.descend(proc.snapshot(), app.pid)]
            time.sleep(0.5)
            assert [row.cpu_seconds for row in tree.descend(proc.snapshot(), app.pid)] == cpu
            answer = httpx.get(house.url(app))
            assert answer.status_code == 200 and answer.json()["asked"] == asked + 1  # the first was the server's own
            assert not app.frozen and "T" not in states(app)
    finally:
        house.stop(app)
    assert app.stage == "stopped" and app.error is None


def test_an_app_is_not_idle_while_somebody_is_connected(house):
    app = house.start({"main.py": COUNTING, "Dockerfile": PLAIN}, freeze_seconds=0.4, idle_seconds=2.0)
    with httpx.stream("GET", house.url(app, "quiet"), timeout=20) as answer:
        pieces = answer.iter_raw()  # held: the connection ends with it
        assert next(pieces) == b"open"
        time.sleep(3)
        assert app.stage == "running" and not app.frozen and app.idle_seconds == 0
    assert wait_until(lambda: app.frozen)
    assert wait_until(lambda: app.stage == "stopped")
    assert app.cause == "idle"


def test_a_frozen_app_can_be_stopped_and_a_deployed_one_never_freezes(house):
    idle = house.start({"main.py": COUNTING, "Dockerfile": PLAIN}, freeze_seconds=0.3)
    deployed = house.start({"main.py": COUNTING, "Dockerfile": PLAIN}, freeze_seconds=0.3, idle_seconds=None)
    assert wait_until(lambda: idle.frozen)
    left = psutil.Process(idle.pid).children(recursive=True)
    house.stop(idle)
    assert alive(left) == []
    assert not deployed.frozen
    house.stop(deployed)


def test_use_at_the_moment_of_freezing_wins(house):
    app = house.start({"main.py": COUNTING, "Dockerfile": PLAIN}, freeze_seconds=None)
    try:
        for _ in range(30):
            freezing = threading.Thread(target=app.freeze)
            freezing.start()
            app.touch()
            freezing.join()
            app.touch()
            assert not app.frozen and "T" not in states(app)
        with app.use():
            app.freeze()
            assert not app.frozen
        assert httpx.get(house.url(app)).status_code == 200
    finally:
        house.stop(app)


def test_figures_are_live_and_summed_for_the_metrics(house):
    app = house.start({"main.py": COUNTING + b"\n", "Dockerfile": PLAIN}, owner="measured")
    try:
        assert wait_until(lambda: app.stats()["threads"] >= 2 and app.stats()["memory_bytes"] > 10 << 20 and app.stats()["disk_bytes"] > 0)
        stats = app.stats()
        assert 0 < stats["memory_bytes"] <= stats["rss_bytes"] <= stats["peak_bytes"] * 2
        assert stats["processes"] >= 1 and stats["files"] >= 2 and stats["cpu_seconds"] > 0
    finally:
        house.stop(app)
    samples = dict(line.rsplit(" ", 1) for line in house.previews.metrics().splitlines() if not line.startswith("#"))
    assert float(samples['spaces_os_preview_starts_total{sdk="docker"}']) >= 1
    assert float(samples['spaces_os_preview_start_seconds_count{sdk="docker"}']) >= 1
    assert float(samples['spaces_os_preview_ends_total{why="stopped"}']) >= 1
    live = next(float(value) for name, value in samples.items() if name.startswith("spaces_os_preview_live{"))
    assert live == len([one for one in house.previews.list() if one.live])


def test_the_least_recently_used_gives_way_and_deployed_ones_stay(tmp_path):
    async def play():
        previews = Previews(tmp_path, max_live=2)
        try:

            def spec(**more):
                return PreviewSpec(files={"index.html": b"x"}, sdk="static", owner="o", label="l", **more)

            deployed = await previews.start(spec(idle_seconds=None, mount="/hub/s/one"))
            first, second = await previews.start(spec()), await previews.start(spec())
            first.touch()
            third = await previews.start(spec())
            assert previews.by_token(deployed.mount.rsplit("/")[-1]) is None
            return [preview.stage for preview in (deployed, first, second, third)], previews.list(owner="nobody")
        finally:
            await previews.close()

    assert run(play()) == (["running", "running", "stopped", "running"], [])


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from core.preview import Previews, PreviewSpec
async def main():
    previews = Previews(Path(sys.argv[1]))
    files = {"main.py": open(sys.argv[2], "rb").read(), "Dockerfile": b"FROM python\\nCOPY . .\\nCMD python main.py"}
    app = await previews.start(PreviewSpec(files=files, sdk="docker", owner="o", label="l"))
    await app.ready()
    print(app.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""


def test_a_killed_server_takes_its_apps_along_and_the_next_one_cleans_up(tmp_path):
    source = tmp_path / "main.py"
    source.write_bytes(DAEMON.replace(b", {})", b", dict(os.environ))") + SERVE)
    root = tmp_path / "data"
    command = [sys.executable, "-c", KILLED, str(root), str(source)]
    server = subprocess.run(command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, timeout=60, text=True)
    assert server.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 5
    while psutil.pid_exists(int(server.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(int(server.stdout))
    assert list((root / "live").iterdir())
    orphan = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"],
                              env={MARKER: f"lost.{LocalBox(root).name}"})  # fmt: skip

    async def restart():
        previews = Previews(root)
        left = marked(f".{previews.engine.name}")
        await previews.close()
        return alive(left)

    assert run(restart()) == []
    assert orphan.wait(5) == -signal.SIGKILL
    assert not (root / "live").exists()


def test_one_data_directory_serves_one_server(tmp_path):
    first = Previews(tmp_path)
    with pytest.raises(Conflict, match="Another server"):
        Previews(tmp_path)
    run(first.close())
    run(Previews(tmp_path).close())


FULL = """
import asyncio, resource, sys
from pathlib import Path
from core.errors import StorageFull
from core.preview import Previews, PreviewSpec
async def main():
    previews = Previews(Path(sys.argv[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    spec = PreviewSpec(files={"index.html": b"x", "big.bin": b"x" * 200_000}, sdk="static", owner="o", label="l")
    try:
        await previews.start(spec)
    except StorageFull as error:
        print(error.message, list((Path(sys.argv[1]) / "live").iterdir()), previews.list())
    await previews.close()
asyncio.run(main())
"""


def test_a_full_disk_is_said_and_nothing_stays_behind(tmp_path):
    command = [sys.executable, "-c", FULL, str(tmp_path / "data")]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, timeout=60, text=True)
    assert done.stdout.strip() == "There is no room on the disk for this preview. [] []", done.stderr


def test_an_unwritable_directory_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageFull, match="cannot be written"):
        Previews(tmp_path / "file" / "data")


@pytest.mark.parametrize(
    "files, more, error",
    [
        ({}, {}, InvalidInput),
        ({"app.py": b""}, {"app_file": "main.py"}, InvalidInput),
        ({"app.py": b"", "../x": b""}, {}, InvalidInput),
        ({"app.py": b"", "/etc/x": b""}, {}, InvalidInput),
        ({"app.py": b"", "a//b": b""}, {}, InvalidInput),
        ({"app.py": b"", "a\\b": b""}, {}, InvalidInput),
        ({"app.py": b"", "a": b"", "a/b": b""}, {}, InvalidInput),
        ({"app.py": b""}, {"env": {"A=B": "x"}}, InvalidInput),
        ({"app.py": b""}, {"mount": "/ends/"}, InvalidInput),
        ({"app.py": b"x" * 100}, {"limits": Limits(project_bytes=99)}, TooLarge),
    ],
)
def test_what_cannot_run_is_refused_before_anything_is_started(house, files, more, error):
    before = os.listdir(house.previews.root / "live")
    with pytest.raises(error):
        house.start(files, "gradio", **more)
    assert os.listdir(house.previews.root / "live") == before


def test_ready_says_when_its_patience_ends(house):
    app = house.start({"main.py": b"import time; time.sleep(60)", "Dockerfile": PLAIN}, wait=False)
    with pytest.raises(TimedOut):
        run(app.ready(0.3))
    house.stop(app)
    with pytest.raises(AppFailed, match="was stopped"):
        run(app.ready())


def test_the_engine_says_what_separates_an_app_from_this_machine(house):
    status = house.previews.status()
    assert status.available and status.sealed and status.tier in ("strong", "standard", "reduced")
    assert {name: layer.state for name, layer in status.layers.items() if name in ("files", "network", "processes", "signals")} == {
        "files": "on", "network": "on" if status.tier == "strong" else "partial", "processes": "on", "signals": "on",
    }  # fmt: skip
    assert len(set(status.selftest.split("/"))) == 1


def test_a_start_nobody_waits_for_any_more_is_ended(house):
    known = {preview.id for preview in house.previews.list()}

    async def give_up():
        spec = PreviewSpec(files={"index.html": b"x"}, sdk="static", owner="hurried", label="l")
        task = asyncio.ensure_future(house.previews.start(spec))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(give_up())
    deadline = time.monotonic() + 5
    new = [preview for preview in house.previews.list() if preview.id not in known]
    while any(preview.live for preview in new) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [preview.stage for preview in new] in ([], ["stopped"])


def test_an_ended_preview_keeps_its_log_and_neither_files_nor_secrets(house):
    app = house.start({"index.html": b"x" * 1000}, "static")
    house.stop(app)
    assert app.spec.files == {} and app.spec.owner == "me"
    assert app.logs.lines()[-1].text == "Stopped."


def test_an_app_is_met_soon_after_it_answers_however_long_it_took_and_is_not_asked_without_end():
    asked, waited = 0, 0.0
    while waited < 60:
        pause = pause_after(waited)
        assert pause <= max(0.01, waited / 20)
        asked, waited = asked + 1, waited + pause
    assert asked < 400
