"""Pages that do not behave. Every check ends, with a verdict or with an error that says what to do."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from core.browser import Browser, Check
from core.browser.worker import sweep
from core.errors import NotFound, RateLimited, SpacesError
from tests.preview_check.conftest import command

TITLE = "<!doctype html><title>A page</title><h1>A page</h1>"


@pytest.fixture(scope="module")
def odd(python_app):
    return python_app("odd_app.py")


@pytest.mark.parametrize(
    "path, told",
    [
        ("/circle", "The app redirects in a circle."),
        ("/slow", "The app did not answer within 2 s."),
        ("/error", "The page answers 500."),
        ("/endless", "The page did not finish loading in time."),
        ("/download", "The address leads to a download, not to a page."),
    ],
)
def test_an_answer_that_is_no_page_is_named(bench, odd, path, told):
    assert told in bench.check(odd, path=path, wait_seconds=2)["verdict"]["problems"]


def test_a_page_of_fifty_megabytes_is_looked_at(bench, odd):
    found = bench.check(odd, path="/large", wait_seconds=30)
    assert found["status"] == 200 or "MB" in found["verdict"]["problems"][0]  # shown, or too much for the browser's bound
    assert len(found["accessibility"]) < 12_100
    assert bench.check(odd)["verdict"]["ok"]


@pytest.mark.parametrize(
    "script, told",
    [
        ("setInterval(() => document.body.append('.'), 20)", "never came to rest"),
        ("setTimeout(() => location.reload(), 50)", "rest"),
        ("for (let i = 0; i < 3; i++) alert('hello')", "The page opened 3 dialogs, dismissed: hello"),
        ("for (let i = 0; i < 60; i++) confirm('again')", "The page opens dialogs without end."),
        ("addEventListener('beforeunload', (event) => event.preventDefault())", ""),
        ("while (true) {}", "The page"),
        ("for (let i = 0; i < 5000; i++) console.log('line ' + i)", "4900 more console lines not kept."),
        ("const grow = []; while (true) grow.push(new Array(1e6).fill(1.5))", "The page crashed."),
        ("document.body.remove()", "The page is blank."),
        ("history.pushState({}, '', 'elsewhere')", ""),
    ],
)  # fmt: skip
def test_a_page_that_does_not_behave_ends_with_a_verdict(bench, script, told):
    found = bench.check(bench.page(f"{TITLE}<script>{script}</script>"), {"do": "read"}, wait_seconds=5)
    assert told in " ".join(found["verdict"]["problems"] + found["verdict"]["notes"])
    assert bench.check(bench.page(TITLE))["verdict"]["ok"]


def test_a_page_whose_process_dies_says_so_and_the_next_check_works(bench):
    busy = bench.page(f"{TITLE}<script>setInterval(() => document.body.append('.'), 20)</script>")
    assert bench.check(bench.page(TITLE))["verdict"]["ok"]  # the browser is warm
    ended = threading.Event()

    def end_them() -> None:
        while not ended.wait(1.5):
            for process in bench.renderers():
                process.kill()

    killer = threading.Thread(target=end_them)
    killer.start()
    try:
        found = bench.check(busy, {"do": "wait_for", "value": "never", "seconds": 60}, wait_seconds=60)
    finally:
        ended.set()
        killer.join()
    assert "The page crashed." in found["verdict"]["problems"]
    assert bench.check(bench.page(TITLE))["verdict"]["ok"]


def test_a_browser_that_dies_is_replaced(bench):
    project = bench.page(TITLE)
    assert bench.check(project)["verdict"]["ok"]
    first = bench.house.browser.worker
    threading.Timer(1.5, first.process.kill).start()
    with pytest.raises(SpacesError) as told:
        bench.check(project, {"do": "wait_for", "value": "never", "seconds": 60})
    assert "a fresh browser" in told.value.fix
    assert bench.check(project)["verdict"]["ok"]
    assert bench.house.browser.worker is not first and not first.home.exists()


def test_a_browser_that_hangs_is_ended_and_replaced(bench, monkeypatch):
    project = bench.page(TITLE)
    assert bench.check(project)["verdict"]["ok"]
    hung = bench.house.browser.worker
    monkeypatch.setattr("core.browser.browser.LOOKS_SECONDS", -10.0)  # the driver itself does not answer, so only the last limit is left
    psutil.Process(hung.process.pid).suspend()
    with pytest.raises(SpacesError) as told:
        bench.check(project, wait_seconds=2)
    assert told.value.code == "timed_out" and "was ended" in told.value.message
    monkeypatch.undo()
    assert bench.check(project)["verdict"]["ok"]
    assert not psutil.pid_exists(hung.process.pid)


def test_a_page_that_eats_memory_ends_its_browser_only(bench, monkeypatch):
    greedy = bench.page(f"{TITLE}<script>const kept = []; setInterval(() => {{ const more = new Uint8Array(40e6); crypto.getRandomValues(more.subarray(0, 65536)); more.fill(7); kept.push(more); }}, 100)</script>")  # fmt: skip
    monkeypatch.setattr(bench.house.browser, "memory_bytes", 700 << 20)
    found = bench.check(greedy, {"do": "wait_for", "value": "never", "seconds": 60})
    assert "more than 700 MB" in found["verdict"]["problems"][0]
    monkeypatch.undo()
    assert bench.check(bench.page(TITLE))["verdict"]["ok"]


def test_two_checks_run_at_once_and_too_many_are_told_to_wait(bench):
    pages = [bench.page(f"<!doctype html><title>Page {number}</title><p>{number}</p>") for number in range(4)]
    bench.check(pages[0])
    found = bench.together(*({"preview_or_project": page, "screenshot": False} for page in pages * 3))
    titles = [one["title"] for one in found if isinstance(one, dict)]
    assert set(titles) <= {f"Page {number}" for number in range(4)} and len(titles) == 10
    assert all(isinstance(one, RateLimited) for one in found if not isinstance(one, dict))


def test_the_servers_loop_goes_on_while_a_page_is_busy(bench):
    project = bench.page(f"{TITLE}<script>setInterval(() => document.body.append('.'), 5)</script>")

    async def count() -> tuple[int, float]:
        from core.registry import invoke

        beats, began = 0, time.monotonic()
        checking = asyncio.create_task(invoke("preview_check", {"preview_or_project": project, "wait_seconds": 4}, bench.call))
        while not checking.done():
            await asyncio.sleep(0.01)
            beats += 1
        await checking
        return beats, time.monotonic() - began

    beats, seconds = asyncio.run(count())
    assert beats > 10 * seconds  # of at most 100 a second: a blocked loop would count a handful


def test_a_check_that_is_given_up_frees_its_place(bench):
    project = bench.page(TITLE)

    async def give_up() -> None:
        from core.registry import invoke

        waiting = {"preview_or_project": project, "steps": [{"do": "wait_for", "value": "never", "seconds": 60}]}
        for _ in range(4):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(invoke("preview_check", waiting, bench.call), 1.5)

    asyncio.run(give_up())
    assert bench.check(project)["verdict"]["ok"]


def test_an_idle_browser_is_ended_and_leaves_nothing(tmp_path, chromium_path):
    async def story() -> tuple[bool, int]:
        browser = Browser(tmp_path, idle_seconds=0.5)

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
            await send({"type": "http.response.body", "body": TITLE.encode()})

        found = await browser.check(app, Check(), mount="/p/x")
        worker = browser.worker
        for _ in range(200):
            if browser.worker is None and not worker.home.exists():
                break
            await asyncio.sleep(0.1)
        alive = worker.process.poll() is None
        await browser.check(app, Check(screenshot=False), mount="/p/x")
        home = browser.worker.home
        left = [p.pid for p in psutil.process_iter() if str(worker.home) in " ".join(command(p))]
        await browser.close()
        left += [p.pid for p in psutil.process_iter() if str(home) in " ".join(command(p))]
        return found["verdict"]["ok"] and not alive and not home.exists(), len(left)

    assert asyncio.run(story()) == (True, 0)


def test_without_a_chromium_it_says_how_to_get_one(bench, monkeypatch):
    monkeypatch.setattr("core.browser.browser.find_chromium", lambda: None)
    with pytest.raises(NotFound) as told:
        bench.check(bench.page(TITLE))
    assert "playwright install" in told.value.fix and "packages.txt" in told.value.fix


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from core.browser import Browser, Check

async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": b"<h1>x</h1>"})

async def main():
    browser = Browser(Path(sys.argv[1]))
    await browser.check(app, Check(screenshot=False), mount="/p/x")
    print(browser.worker.home, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

asyncio.run(main())
"""


def test_a_server_that_is_killed_takes_its_browser_along_and_the_next_one_sweeps(tmp_path, chromium_path):
    root = Path(__file__).resolve().parents[2]
    killed = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], cwd=root, capture_output=True, text=True, timeout=120)
    home = Path(killed.stdout.strip())
    assert killed.returncode == -signal.SIGKILL and home.is_dir()
    for _ in range(200):
        left = [process for process in psutil.process_iter() if str(home) in " ".join(command(process))]
        if not left:
            break
        time.sleep(0.1)
    assert left == []
    sweep(Browser(tmp_path).name)
    assert not home.exists()
