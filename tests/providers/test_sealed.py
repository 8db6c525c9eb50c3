"""Copies of keys: opened here, by their browser, until they end; everywhere else they are noise."""

import time
from base64 import urlsafe_b64decode

import pytest

from core.errors import NotFound, StorageFull
from core.providers.credentials import make_key, reopened
from core.providers.sealed import DAYS, Safe
from core.providers.values import Key
from core.store import Store

KEY = "sk-or-v1-0123456789abcdef-SEAL"
MINE, THEIRS = "m" * 43, "t" * 43


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "store.sqlite")
    yield made
    made.close()


@pytest.fixture
def safe(tmp_path, store) -> Safe:
    return Safe(tmp_path / "sealing.key", store)


def key(label: str = "work") -> Key:
    return make_key("openrouter", KEY, label=label, base_url="https://mine.example/v1", models="a, b")


def test_a_copy_opens_to_the_key_it_was_made_of(safe):
    copy = safe.seal(key(), MINE)
    id, held = safe.open(copy.text, MINE)
    again = reopened(held, id, allow_private=False)
    assert (again.provider, again.secret, again.label, again.base_url, again.models) == ("openrouter", key().secret, "work", "https://mine.example/v1", ("a", "b"))
    assert again.sealed == copy.id and abs(copy.until - time.time() - DAYS * 86_400) < 60


def test_a_copy_shows_nothing_of_the_key_and_two_of_one_key_are_unlike(safe, tmp_path):
    one, two = safe.seal(key(), MINE), safe.seal(key(), MINE)
    raw = urlsafe_b64decode(one.text.split(".")[1])
    assert KEY not in one.text and b"SEAL" not in raw and b"openrouter" not in raw and one.text[30:] != two.text[30:]
    for file in tmp_path.iterdir():
        assert KEY.encode() not in file.read_bytes() and MINE.encode() not in file.read_bytes()


def test_another_browser_and_a_changed_copy_open_nothing(safe):
    copy = safe.seal(key(), MINE)
    other = safe.seal(key("other"), MINE)
    middle = len(copy.text) // 2
    changed = copy.text[:middle] + ("A" if copy.text[middle] != "A" else "B") + copy.text[middle + 1 :]
    swapped = copy.id + "." + other.text.split(".")[1]
    for text, browser in ((copy.text, THEIRS), (copy.text, ""), (changed, MINE), (swapped, MINE), ("", MINE), (None, MINE), (copy.id + ".", MINE), (copy.id + ".é", MINE), ("x" * 70_000, MINE)):
        with pytest.raises(NotFound):
            safe.open(text, browser)
    assert safe.open(copy.text, MINE)


def test_what_is_forgotten_is_dead_wherever_it_was_copied_to(safe):
    one, two, three = (safe.seal(key(), MINE) for _ in range(3))
    foreign = safe.seal(key(), THEIRS)
    assert safe.forget(THEIRS, one.id) == 0 and safe.open(one.text, MINE)  # nobody ends another's
    assert safe.forget(MINE, one.id) == 1
    safe.drop(two.id)
    for gone in (one, two):
        with pytest.raises(NotFound):
            safe.open(gone.text, MINE)
    assert safe.forget(MINE) == 1 and safe.open(foreign.text, THEIRS)
    with pytest.raises(NotFound):
        safe.open(three.text, MINE)


def test_a_copy_ends_after_its_days(tmp_path, store):
    past = Safe(tmp_path / "sealing.key", store, clock=lambda: time.time() - DAYS * 86_400 - 1)
    with pytest.raises(NotFound):
        past.open(past.seal(key(), MINE).text, MINE)


def test_a_restart_with_the_secret_opens_and_one_without_it_does_not(tmp_path, store, safe):
    copy = safe.seal(key(), MINE)
    file = tmp_path / "sealing.key"
    assert file.stat().st_mode & 0o777 == 0o600 and len(file.read_bytes()) == 32
    assert Safe(file, store).open(copy.text, MINE)
    file.unlink()
    with pytest.raises(NotFound):
        Safe(file, store).open(copy.text, MINE)


def test_a_browser_keeps_few_copies_and_the_oldest_go(safe):
    copies = [safe.seal(key(), MINE) for _ in range(33)]
    with pytest.raises(NotFound):
        safe.open(copies[0].text, MINE)
    assert safe.open(copies[1].text, MINE) and safe.open(copies[-1].text, MINE)


def test_a_directory_that_keeps_no_secret_seals_nothing(tmp_path, store):
    with pytest.raises(StorageFull):
        Safe(tmp_path / "nowhere" / "sealing.key", store).seal(key(), MINE)


def test_a_copy_is_judged_by_todays_rules(safe):
    local = make_key("ollama", "sk-0123456789", base_url="http://127.0.0.1:11434/v1", allow_private=True)
    _, held = safe.open(safe.seal(local, MINE).text, MINE)
    assert reopened(held, "x", allow_private=True).allow_private
    with pytest.raises(Exception, match="https"):
        reopened(held, "x", allow_private=False)


def test_a_key_of_several_values_comes_back_whole(safe):
    account = {"type": "service_account", "project_id": "my-project", "client_email": "a@b.example", "private_key": f"-----BEGIN PRIVATE KEY-----\n{'MIIabcde' * 400}\n"}
    vertex = make_key("vertex_ai", account, models=[f"{'m' * 190}-{number}" for number in range(50)])
    _, held = safe.open(safe.seal(vertex, MINE).text, MINE)
    again = reopened(held, "x", allow_private=False)
    assert again.secret == vertex.secret and again.models == vertex.models
