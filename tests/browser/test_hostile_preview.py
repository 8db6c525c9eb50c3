"""A previewed app that tries to steal: from every place it can be opened in, beside what each attempt is worth unhindered."""

import re
from pathlib import Path

import pytest

from tests.browser import hostile
from tests.browser.hostile import KEY, PLACES, SANDBOX, SPACE, Elsewhere, Stripped, place_frame, preview_of, visit
from tests.conftest import start_server
from tests.telling import tell

KEPT = Path(__file__).parents[2] / "docs" / "origin.md"
ATTACKS = re.findall(r'^  "([^"]+)": (?:async )?(?:\(|asked)', hostile.PAGE, re.MULTILINE) + ["a channel to the page"]
# Without anybody's hindrance these come to nothing either; what refuses them is tested at the gate.
WORTHLESS = {"the page that opened the tab", "a WebSocket to the page's server"}


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A server that is also known by a Space's name."""
    running = start_server(tmp_path_factory.mktemp("space") / "data", SPACE_HOST=SPACE)
    yield running
    running.end()


@pytest.fixture(scope="module")
def outcomes(house, request):
    """What came of every attack in every place."""
    found = {place: hostile.attack(house, place) for place in PLACES}
    tell(request.config, "what a hostile preview reached", hostile.table(found, ATTACKS))
    return found


@pytest.mark.parametrize("attack", ATTACKS)
def test_it_reaches_nothing(outcomes, attack):
    assert attack in WORTHLESS or outcomes["unprotected"].worked(attack), "the attempt proves nothing"
    assert [place for place in PLACES if place != "unprotected" and outcomes[place].worked(attack)] == []


def test_its_origin_is_its_own_and_it_saw_no_secret(outcomes):
    for place in PLACES.keys() - {"unprotected"}:
        attempts = outcomes[place].attempts
        assert attempts["origin"] == "null"
        assert KEY not in str(attempts) and "cookie-of-the-page" not in str(attempts)
        assert set(attempts) == {*ATTACKS, "origin"}


def test_the_table_in_the_documentation_is_what_was_seen(outcomes):
    assert hostile.table(outcomes, ATTACKS) in KEPT.read_text()


LEAVING = {
    "location.href": "location.href = '%s'",
    "a form": "const form = Object.assign(document.createElement('form'), {action: '%s'}); document.body.append(form); form.submit()",
    "top.location": "top.location.href = '%s'",
    "a form over the whole tab": "const form = Object.assign(document.createElement('form'), {action: '%s', target: '_top'}); document.body.append(form); form.submit()",
    "a link over the whole tab": "const link = Object.assign(document.createElement('a'), {href: '%s', target: '_top'}); document.body.append(link); link.click()",
    "a refresh": "const meta = document.createElement('meta'); meta.httpEquiv = 'refresh'; meta.content = '0; url=%s'; document.head.append(meta)",
    "a frame inside": "const frame = document.createElement('iframe'); frame.src = '%s'; document.body.append(frame)",
}


@pytest.mark.parametrize("way", LEAVING)
def test_navigating_carries_nothing_out(house, browser, way):
    with Elsewhere() as elsewhere, Stripped(int(house.url.rsplit(":", 1)[1])) as stripped:
        path = preview_of(house, **{"index.html": "<!doctype html><html><head></head><body>friendly</body></html>"})
        for base, sandbox, expected in ((stripped.url, None, True), (house.url, SANDBOX, False)):
            page = browser.new_page()
            visit(page, base)
            inside = place_frame(page, path, sandbox)
            inside.wait_for_selector("body")
            # Later: what leaves at once would take the answer to this call with it.
            inside.evaluate(f"() => void setTimeout(() => {{ {LEAVING[way] % (elsewhere.url + '/out')} }}, 100)")
            for _ in range(300 if expected else 10):
                if "/out" in [seen.rstrip("?") for seen in elsewhere.seen]:
                    break
                page.wait_for_timeout(100)
            # Only /out would carry something: a browser that showed the page there asks for its icon whenever it likes.
            assert ("/out" in [seen.rstrip("?") for seen in elsewhere.seen]) is expected
            elsewhere.seen.clear()
            if not expected:
                assert page.url.startswith(base)


def test_two_previews_do_not_reach_each_other_by_guessing(house, browser):
    other = preview_of(house, **{"index.html": "the other's words"})
    path = preview_of(house, **{"index.html": "<!doctype html><html><head></head><body>friendly</body></html>"})
    page = browser.new_page()
    visit(page, house.url)
    inside = place_frame(page, path, SANDBOX)
    inside.wait_for_selector("body")
    id_of_the_other = other.split("/")[2].split("-")[0]
    for guess in (f"/p/{id_of_the_other}/", f"/p/{id_of_the_other}-{'x' * 22}/", "/p/", "../"):
        said = inside.evaluate(f"fetch(new URL({guess!r}, document.baseURI)).then((a) => a.text(), () => '')")
        assert "the other's words" not in said and other not in said


def test_after_it_is_stopped_its_address_is_nobodys(server, page):
    made = server.action("generate_app_code", idea="a word counter", template="static-page").json()["project"]["id"]
    live = server.action("preview_start", project=made).json()
    assert page.goto(live["url"]).status == 200
    server.action("preview_stop", preview=live["id"])
    assert page.goto(live["url"]).status == 404
