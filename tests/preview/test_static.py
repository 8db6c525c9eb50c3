"""A static Space is served as the Hub serves it, without a process."""

import os

import httpx
import pytest

from core.preview.documents import Document, is_document
from core.preview.static import answer, find

FILES = {
    "index.html": b"<!doctype html><title>Home</title>",
    "404.html": b"<!doctype html><title>Lost</title>",
    "sub/index.html": b"sub",
    "app.js": b"export const a = 1;",
    "style.css": b"body{}",
    "data.bin": bytes(range(256)),
    "module.wasm": b"\0asm",
    ".env": b"SECRET=1",
    ".git/config": b"[core]",
    "a b/\u00fc.txt": b"umlaut",
}


@pytest.fixture(scope="module")
def site(house):
    app = house.start(FILES, "static")
    os.symlink("/etc/passwd", app.workspace.app / "link.txt")
    os.symlink("/etc", app.workspace.app / "etc")
    os.mkfifo(app.workspace.app / "pipe")
    yield app
    house.stop(app)


@pytest.mark.parametrize(
    "path, status, kind, body",
    [
        ("", 200, "text/html; charset=utf-8", b"Home"),
        ("sub/", 200, "text/html; charset=utf-8", b"sub"),
        ("app.js", 200, "text/javascript; charset=utf-8", b"export const a = 1;"),
        ("style.css", 200, "text/css; charset=utf-8", b"body{}"),
        ("module.wasm", 200, "application/wasm", b"\0asm"),
        ("a%20b/%C3%BC.txt", 200, "text/plain; charset=utf-8", b"umlaut"),
        ("missing", 404, "text/html; charset=utf-8", b"Lost"),
        (".env", 404, "text/html; charset=utf-8", b"Lost"),
        (".git/config", 404, "text/html; charset=utf-8", b"Lost"),
        ("%2egit/config", 404, "text/html; charset=utf-8", b"Lost"),
        ("link.txt", 404, "text/html; charset=utf-8", b"Lost"),
        ("etc/passwd", 404, "text/html; charset=utf-8", b"Lost"),
        ("pipe", 404, "text/html; charset=utf-8", b"Lost"),
        ("..%2f..%2flock", 404, "text/html; charset=utf-8", b"Lost"),
    ],
)
def test_files_and_types(house, site, path, status, kind, body):
    got = httpx.get(house.url(site, path))
    assert (got.status_code, got.headers["content-type"]) == (status, kind)
    assert body in got.content
    assert got.headers["content-security-policy"].startswith("sandbox")


@pytest.mark.parametrize(
    "wanted, status, span, size",
    [
        ("bytes=0-9", 206, "bytes 0-9/256", 10),
        ("bytes=250-", 206, "bytes 250-255/256", 6),
        ("bytes=-4", 206, "bytes 252-255/256", 4),
        ("bytes=10-9999", 206, "bytes 10-255/256", 246),
        ("bytes=256-", 416, "bytes */256", 0),
        ("bytes=-0", 416, "bytes */256", 0),
        ("bytes=0-1,4-5", 200, None, 256),
        ("lines=1-2", 200, None, 256),
    ],
)
def test_ranges(house, site, wanted, status, span, size):
    got = httpx.get(house.url(site, "data.bin"), headers={"range": wanted})
    assert (got.status_code, got.headers.get("content-range"), len(got.content)) == (status, span, size)
    if status == 206:
        first = int(span.split()[1].split("-")[0])
        assert got.content == bytes(range(256))[first : first + size]


def test_an_unchanged_file_is_not_sent_again(house, site):
    first = httpx.get(house.url(site, "data.bin"))
    again = httpx.get(house.url(site, "data.bin"), headers={"if-none-match": first.headers["etag"]})
    since = httpx.get(house.url(site, "data.bin"), headers={"if-modified-since": first.headers["last-modified"]})
    assert (again.status_code, since.status_code, again.content) == (304, 304, b"")


def test_only_reading_is_allowed(house, site):
    assert httpx.post(house.url(site, "data.bin")).status_code == 405
    head = httpx.head(house.url(site, "data.bin"))
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "256", b"")


def test_looking_for_files_leaks_no_descriptors(site):
    root = site.workspace.app
    before = len(os.listdir("/proc/self/fd"))
    for path in ("missing/x", "app.js/x", "etc/passwd", "pipe", "sub", ".env", "a/b/c") * 30:
        file = find(root, path, "index.html")
        if file:
            os.close(file.descriptor)
    assert len(os.listdir("/proc/self/fd")) < before + 30  # the server beside this test opens and closes a few of its own


def test_a_document_is_changed_the_same_however_it_is_cut():
    page = b'<!DOCTYPE html><html><HEAD lang="a">' + b"<a class='x' href='/y'>y</a><img alt=q src=\"/p/m/z\"><b data-href='/no'>" * 40
    whole = Document("/p/m", absolute=True)
    expected = whole.feed(page) + whole.finish()
    assert expected.count(b"href='/p/m/y'") == 40 and expected.count(b'src="/p/m/z"') == 40
    for size in (1, 7, 100):
        cut = Document("/p/m", absolute=True)
        got = b"".join(cut.feed(page[at : at + size]) for at in range(0, len(page), size)) + cut.finish()
        assert got == expected


@pytest.mark.parametrize("page", [b"", b"just text", b"x" * 200_000, b"<p>" + b"y" * 70_000 + b"<head>"])
def test_a_document_without_a_head_still_gets_the_shim_and_loses_nothing(page):
    document = Document("/p/m", absolute=False)
    got = document.feed(page) + document.finish()
    assert got.count(b"localStorage") == 1
    assert len(got) > len(page) and got.replace(document._shim, b"") == page


def test_pieces_that_scripts_fetch_are_no_documents():
    assert is_document("text/html; charset=utf-8", {b"sec-fetch-dest": b"iframe"}, "")
    assert not is_document("text/html", {b"sec-fetch-dest": b"empty"}, "")
    assert not is_document("text/html", {b"sec-fetch-dest": b"iframe"}, "gzip")
    assert not is_document("text/plain", {b"sec-fetch-dest": b"iframe"}, "")
    assert not is_document("text/html", {b"accept": b"*/*"}, "")


def test_an_answer_never_promises_more_than_the_file(tmp_path):
    (tmp_path / "empty").touch()
    file = find(tmp_path, "empty", "index.html")
    found = answer(file, {b"range": b"bytes=0-"})
    os.close(file.descriptor)
    assert (found.status, found.length) == (416, 0)
