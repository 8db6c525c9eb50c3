from concurrent.futures import ThreadPoolExecutor

import pytest

from core.store import Store


def test_a_run_left_running_is_interrupted_after_the_next_start(tmp_path):
    first = Store(tmp_path / "s.sqlite")
    run = first.begin_run("me", "build", "a timer")
    done = first.begin_run("me", "build", "a quiz")
    first.end_run(done, "completed", {"url": "/p/x"})
    first.close()
    second = Store(tmp_path / "s.sqlite")
    by_id = {row["id"]: row for row in second.runs("me")}
    assert by_id[run]["status"] == "interrupted"
    assert by_id[done]["status"] == "completed" and by_id[done]["result"] == {"url": "/p/x"}
    assert second.runs("somebody else") == []


def test_the_audit_keeps_who_called_what(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    store.record("local", "mcp", "space_delete", "forbidden")
    assert store.audit()[0] | {"at": 0} == {"at": 0, "caller": "local", "door": "mcp", "action": "space_delete", "outcome": "forbidden"}


ABOUT = {"owner": "o", "provider": "p", "model": "m", "paid_by": "visitor"}


def test_a_reservation_counts_everywhere_or_nowhere(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    limits = {"day:2026-01-01:o": 1.0, "session:s": 0.5}
    assert store.reserve("a", 0.4, limits, **ABOUT) is None
    assert store.reserve("b", 0.2, limits, **ABOUT) == ("session:s", 0.4)
    assert store.spent(limits) == {"day:2026-01-01:o": 0.4, "session:s": 0.4}
    store.settle("a", 0.1, 0.1)
    store.settle("a", 9.0, 9.0)  # a row is settled once
    assert store.spent(limits) == pytest.approx({"day:2026-01-01:o": 0.1, "session:s": 0.1})


def test_parallel_reservations_never_pass_a_limit_together(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda n: store.reserve(str(n), 0.1, {"session:s": 1.05}, **ABOUT) is None, range(40)))
    assert sum(kept) == 10


def test_what_a_killed_server_reserved_stays_counted(tmp_path):
    first = Store(tmp_path / "s.sqlite")
    first.reserve("a", 0.3, {"session:s": None}, **ABOUT)
    first.close()
    second = Store(tmp_path / "s.sqlite")
    second.settle("a", 0.0, 0.0)
    assert second.spent(["session:s"]) == {"session:s": 0.3}


def test_receipts_are_their_owners_and_come_in_pages(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    for number in range(5):
        store.keep_receipt(f"r{number}", float(number), "me", {"id": f"r{number}"})
    store.keep_receipt("x", 9.0, "you", {"id": "x"})
    assert [one["id"] for one in store.receipts("me", limit=2)] == ["r4", "r3"]
    assert [one["id"] for one in store.receipts("me", before=3.0)] == ["r2", "r1", "r0"]


def chat(store: Store, owner: str = "me", title: str = "A timer") -> str:
    return store.make_chat(owner, title, None, {"model": "m"})


def test_a_chat_keeps_its_events_in_order_and_its_messages_as_they_stand(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    one = chat(store)
    store.add_chat_events(one, [(1, 1.0, False, "a"), (2, 2.0, True, "bb"), (3, 3.0, False, "ccc")])
    store.keep_chat_messages(one, 0, ["m0", "m1", "m2"])
    store.keep_chat_messages(one, 1, ["n1"])
    store.change_chat(one, status="done", spent={"usd": 0.5}, owner="somebody else")
    store.close()
    again = Store(tmp_path / "s.sqlite")
    assert again.chat_events(one, after=1) == ["bb", "ccc"] and again.chat_events(one, limit=1) == ["a"]
    assert again.chat_messages(one) == ["m0", "n1"]
    assert again.chat_pictures(one) == [(2, "bb")] and again.chat_size(one) == (3, 6)
    found = again.chat(one)
    assert (found["owner"], found["status"], found["spent"], found["settings"]) == ("me", "done", {"usd": 0.5}, {"model": "m"})


def test_events_are_cut_from_either_end(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    one, other = chat(store), chat(store)
    for id in (one, other):
        store.add_chat_events(id, [(seq, 0.0, False, "x" * 10) for seq in range(1, 6)])
    store.cut_chat_events(one, characters=25)
    assert store.chat_size(one) == (5, 20)
    store.cut_chat_events(one, since=5)
    assert len(store.chat_events(one)) == 1 and store.chat_size(other) == (5, 50)


def test_a_chat_that_is_gone_takes_no_more_events(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    one = chat(store)
    store.drop_chat(one)
    store.add_chat_events(one, [(1, 0.0, False, "late")])
    store.keep_chat_messages(one, 0, ["late"])
    assert (store.chat(one), store.chat_events(one), store.chat_messages(one)) == (None, [], [])


def test_the_chats_that_were_quiet_longest_go_but_never_one_that_runs(tmp_path):
    store = Store(tmp_path / "s.sqlite")
    first, second = chat(store), chat(store)
    store.add_chat_events(second, [(1, 0.0, False, "x")])
    theirs = chat(store, owner="you")
    store.change_chat(first, status="running")
    for _ in range(200):
        chat(store)
    assert store.chat(first) and store.chat(theirs) and store.chat(second) is None and store.chat_events(second) == []
    assert store.running_chats() == [first]


def test_chats_of_sessions_end_with_the_process(tmp_path):
    first = Store(tmp_path / "s.sqlite")
    mine, theirs = chat(first), chat(first, owner="session:abc")
    first.add_chat_events(theirs, [(1, 0.0, False, "private")])
    first.close()
    second = Store(tmp_path / "s.sqlite")
    assert second.chat(mine) and second.chat(theirs) is None and second.chat_events(theirs) == []


def test_who_opens_many_sessions_pushes_out_no_accounts_chats(tmp_path, monkeypatch):
    monkeypatch.setattr("core.store._KEEP_CHATS", 3)
    store = Store(tmp_path / "s.sqlite")
    kept = [chat(store, owner="account:a"), chat(store, owner="account:a")]
    passing = [chat(store, owner=f"session:{number}") for number in range(5)]
    assert all(store.chat(one) for one in kept)
    assert [one for one in passing if store.chat(one)] == passing[-1:]
    full = [chat(store, owner="account:b") for _ in range(2)]
    newest = chat(store, owner="session:late")
    assert store.chat(newest) and all(store.chat(one) for one in full)  # what was just begun is there
