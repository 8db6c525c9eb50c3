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
