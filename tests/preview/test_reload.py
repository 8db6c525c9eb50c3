"""Changed files of a running preview: the same address, the old app until the new one answers, and after a broken edit."""

import gzip
import os
import threading
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from core.box import Address, rewrite, tree
from core.errors import AppFailed, Conflict, InvalidInput
from core.preview import renewal
from tests.outside.mcp_server import answering, status
from tests.preview.conftest import DOCKERFILE, run


def source(word: str, more: str = "") -> bytes:
    return f"""
from fastapi import FastAPI
import os, pathlib
{more}
app = FastAPI()
@app.get("/")
def root():
    return {{"word": {word!r}, "data": pathlib.Path("data.txt").read_text(), "pid": os.getpid(), "notes": os.path.exists("notes.txt")}}
@app.get("/note")
def note():
    pathlib.Path("notes.txt").write_text("of the app")
""".encode()


def files(word: str, data: str = "first", more: str = "") -> dict[str, bytes]:
    return {"main.py": source(word, more), "data.txt": data.encode(), "Dockerfile": DOCKERFILE}


def update(house, app, changed):
    return run(house.previews.update(app.id, changed))


@pytest.fixture
def app(house):
    app = house.start(files("one"))
    yield app
    house.stop(app)


def ask(house, app) -> dict:
    return httpx.get(house.url(app), timeout=20).json()


def test_the_new_app_answers_at_the_same_address(house, app):
    before, processes, folder = ask(house, app), psutil.Process(app.pid).children(recursive=True), os.stat(app.workspace.app).st_ino
    httpx.get(house.url(app, "note"))
    address = app.url
    update(house, app, files("two", "second"))
    after = ask(house, app)
    assert (before["word"], after["word"], after["data"]) == ("one", "two", "second")
    assert after["notes"] and app.url == address and app.stage == "running" and app.stages.count("running") == 1
    assert os.stat(app.workspace.app).st_ino == folder
    assert tree.alive(processes) == []
    assert after["pid"] in [process.pid for process in psutil.Process(app.pid).children(recursive=True)]


def test_no_request_fails_meanwhile(house, app):
    failed, done = [], threading.Event()

    def visit():
        while not done.is_set():
            answer = httpx.get(house.url(app), timeout=20)
            if answer.status_code != 200:
                failed.append(answer.status_code)

    visitor = threading.Thread(target=visit)
    visitor.start()
    try:
        for word in ("two", "three"):
            update(house, app, files(word))
    finally:
        done.set()
        visitor.join()
    assert len(failed) <= 2, failed  # those that were on their way to a process that ended
    assert ask(house, app)["word"] == "three"


BROKEN = {
    "does not parse": ("def broken(:", "SyntaxError: invalid syntax (main.py, line 4)"),
    "fails": ("raise ValueError('on purpose')", "ValueError: on purpose (main.py, line 4)"),
    "ends": ("raise SystemExit(4)", "exit code 4"),
}


@pytest.mark.parametrize("edit", BROKEN)
def test_after_a_broken_edit_the_old_app_goes_on(house, app, edit):
    more, message = BROKEN[edit]
    before = ask(house, app)
    with pytest.raises(AppFailed) as error:
        update(house, app, files("two", "second", more))
    assert message in error.value.message
    assert ask(house, app) == before and app.stage == "running"
    assert (app.workspace.app / "main.py").read_bytes() == source("one")
    update(house, app, files("three", "third"))
    assert (ask(house, app)["word"], ask(house, app)["data"]) == ("three", "third")


def test_a_newer_change_ends_one_that_is_under_way(house, app):
    refused = []

    def hang():
        try:
            update(house, app, files("two", more="import time; time.sleep(600)"))
        except Conflict as error:
            refused.append(error)

    older = threading.Thread(target=hang)
    older.start()
    while app.next is None:
        older.join(0.02)
    update(house, app, files("three"))
    older.join(60)
    assert len(refused) == 1 and "newer change" in refused[0].message
    assert ask(house, app)["word"] == "three"


def test_what_a_change_uses_too_much_of_ends_the_change_alone(house):
    from core.box import MB
    from core.preview import Limits

    app = house.start(files("one"), limits=Limits(memory_bytes=260 * MB))
    try:
        more = "held = []\nimport time, mmap\nwhile True:\n held.append(bytearray(b'x') * (40 << 20)); time.sleep(.05)"
        with pytest.raises(AppFailed, match="more than 260 MB of memory"):
            update(house, app, files("two", more=more))
        assert ask(house, app)["word"] == "one"
    finally:
        house.stop(app)


def test_stopping_ends_a_change_with_the_app(house):
    app = house.start(files("one"))
    failed = []

    def hang():
        try:
            update(house, app, files("two", more="import time; time.sleep(600)"))
        except AppFailed as error:
            failed.append(error)

    change = threading.Thread(target=hang)
    change.start()
    while app.next is None:
        change.join(0.02)
    pids = [psutil.Process(pid) for pid in (app.pid, app.next.pid)]
    house.stop(app)
    change.join(60)
    assert len(failed) == 1 and tree.alive(pids) == [] and not app.workspace.root.exists()


def test_a_static_page_changes_at_once(house):
    app = house.start({"index.html": b"<h1>One</h1>", "old.txt": b"old"}, "static")
    try:
        update(house, app, {"index.html": b"<h1>Two</h1>", "more/new.txt": b"new"})
        assert "Two" in httpx.get(house.url(app)).text
        assert httpx.get(house.url(app, "more/new.txt")).text == "new"
        assert httpx.get(house.url(app, "old.txt")).status_code == 404
        with pytest.raises(InvalidInput):
            update(house, app, {"index.html": b"", "../outside.txt": b""})
        assert "Two" in httpx.get(house.url(app)).text
    finally:
        house.stop(app)
    with pytest.raises(Conflict):
        update(house, app, {"index.html": b"<h1>Three</h1>"})


def test_files_are_written_past_whatever_the_app_made_of_its_folder(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "app"
    (outside).mkdir()
    (outside / "file.txt").write_text("of others")
    root.mkdir()
    os.mkfifo(root / "pipe.txt")
    (root / "link.txt").symlink_to(outside / "file.txt")
    (root / "folder").symlink_to(outside)
    rewrite(root, {}, {"pipe.txt": b"new", "link.txt": b"new"})
    assert (root / "pipe.txt").read_bytes() == (root / "link.txt").read_bytes() == b"new"
    for path in ("folder/file.txt", "folder/new.txt"):
        with pytest.raises(Conflict):
            rewrite(root, {}, {path: b"new"})
    rewrite(root, {"folder/file.txt": b""}, {})
    assert [path.name for path in outside.iterdir()] == ["file.txt"] and (outside / "file.txt").read_text() == "of others"
    assert not [path for path in root.iterdir() if path.name.endswith(".new")]


GRADIO = """
import gradio as gr
with gr.Blocks() as demo:
    a = gr.Textbox(label="A", elem_id="a")
    b = gr.Textbox(label={label!r}, elem_id="b")
    gr.Button("Go", elem_id="go").click(lambda text: {word!r} + text, a, b)
demo.launch()
"""


def test_a_page_that_is_open_keeps_its_inputs_when_only_code_changed(browser, house):
    def gradio(word, label="B"):
        return {"app.py": GRADIO.format(word=word, label=label).encode()}

    app = house.start(gradio("one "), "gradio")
    page = browser.new_page()
    try:
        page.goto(house.url(app))
        page.locator("#a textarea").fill("hello", timeout=30_000)
        update(house, app, gradio("two "))
        assert app.same_page
        page.locator("#go").click()
        page.wait_for_function("document.querySelector('#b textarea').value == 'two hello'", timeout=30_000)
        update(house, app, gradio("three ", label="Another"))
        assert not app.same_page
    finally:
        page.close()
        house.stop(app)


def test_what_an_app_sends_compressed_is_not_unpacked_here():
    config = b'{"components": []}'
    for body, headers, page in ((config, {}, {"components": []}), (gzip.compress(config), {"Content-Encoding": "gzip"}, None)):
        with answering(status(200, body, "application/json", **headers)) as url:
            assert renewal._page(Address(port=urlsplit(url).port)) == page
