"""What a first look says of an app, without any step."""

import pytest

TITLE = "<!doctype html><title>A page</title><h1>A page</h1>"


@pytest.mark.parametrize(
    "html, ok, told",
    [
        (TITLE, True, None),
        ("<!doctype html><title>Nothing</title><div></div>", False, "The page is blank."),
        ("<!doctype html><canvas width=50 height=50></canvas>", True, None),
        (TITLE + "<script>null.x</script>", False, "1 uncaught error: TypeError: Cannot read properties of null"),
        (TITLE + "<script>Promise.reject(new Error('nobody waits'))</script>", False, "1 uncaught error: Error: nobody waits"),
        (TITLE + "<script>console.error('out of paint'); console.warn('low')</script>", False, "1 error on the console: out of paint"),
        (TITLE + "<script>console.warn('low'); console.log('fine')</script>", True, None),
        (TITLE + "<img src='missing.png' alt='x'>", False, "1 failed request: /missing.png (404)"),
        (TITLE + "<script src='/absolute.js'></script>", False, "1 failed request: /absolute.js (404)"),
        (TITLE + "<script>fetch('data.json')</script>", False, "1 failed request: /data.json (404)"),
    ],
)
def test_a_page_is_judged_by_what_it_shows_and_what_fails(bench, html, ok, told):
    verdict = bench.check(bench.page(html))["verdict"]
    assert verdict["ok"] is ok
    assert (verdict["problems"][0].startswith(told) and len(verdict["problems"]) == 1) if told else verdict["problems"] == []


def test_everything_that_was_found_stands_in_the_result(bench):
    found = bench.check(bench.page(TITLE + "<img src=a.png><script>console.log('hello'); console.error('bad'); null.x</script>"))
    assert {"level": "info", "text": "hello"} in found["console"]
    assert [entry["level"] for entry in found["console"]] == ["info", "error", "uncaught"]
    assert found["failed_requests"] == [{"url": "/a.png", "status": 404}]
    assert [one["ok"] for one in found["verdict"]["checks"]] == [True, False, False]


def test_the_address_of_the_preview_stands_nowhere_in_the_result(bench):
    project = bench.page(TITLE + "<a href='/x'>x</a><script>console.log(location.href); fetch('y'); document.title = location.pathname</script>")
    live = bench.house.previews.list()[-1]
    found = bench.check(project, {"do": "read"})
    assert live.spec.label == project and live.token not in str(found) and "app.localhost" not in str(found)


@pytest.mark.parametrize("path, status", [("/", 200), ("/other.html", 200), ("/nothing.html", 404)])
def test_any_page_of_the_app_can_be_opened(bench, path, status):
    project = bench.page(TITLE, **{"other.html": b"<!doctype html><title>Other</title><p>other</p>"})
    found = bench.check(project, path=path)
    assert found["status"] == status and found["verdict"]["ok"] is (status == 200)
    assert ("Other" in found["title"]) is (path == "/other.html")


def test_a_preview_that_was_stopped_is_not_checked(bench):
    project = bench.page(TITLE)
    bench.run("preview_stop", preview=bench.house.previews.list()[-1].id)
    with pytest.raises(Exception, match="stopped|does not run"):
        bench.check(project)


def test_nobody_checks_the_preview_of_another(bench):
    from core.caller import Caller
    from core.errors import NotFound
    from core.registry import Call
    from tests.preview_check.conftest import Bench

    project = bench.page(TITLE)
    other = Bench(bench.house, Call(Caller(id="somebody-else", door="rest", token=None, approves=frozenset({"read", "write"})), bench.house))
    with pytest.raises(NotFound):
        other.check(project)
