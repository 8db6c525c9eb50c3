"""The terminal through its actions: commands in a real sealed box over a real project."""

import asyncio
import socket

import pytest

from core.doors.run import follow_action, run_action
from core.errors import InvalidInput, NotFound, Outdated, RateLimited, TooLarge, Unauthorized
from core.events import Done, Log
from core.house import build_house
from core.registry import Call
from core.settings import Settings


def run(ask, project, command, **more):
    return ask("project_run", project=project, command=command, **more)


def paths(ask, project) -> set[str]:
    return {one["path"] for one in ask("project_files", project=project)["items"]}


def test_a_command_sees_the_files_and_tells_its_output_and_exit(ask, project):
    done = run(ask, project, "ls data; cat data/a.csv; echo trouble >&2; exit 3")
    assert done["output"].split() == ["a.csv", "b.csv", "1", "trouble"]
    assert (done["exit"], done["signal"], done["killed_by"], done["run"], done["changes"]) == (3, None, None, None, [])
    assert done["seconds"] > 0 and done["layers"]


def test_what_a_command_changed_is_carried_on_kept_and_taken_back(ask, project):
    before = ask("project_history", project=project)["meta"]["count"]
    first = run(ask, project, "echo new > notes.txt; rm data/b.csv")
    assert [(one["path"], one["status"]) for one in first["changes"]] == [("data/b.csv", "deleted"), ("notes.txt", "added")]
    assert "notes.txt" not in paths(ask, project)  # nothing happens to the project by itself

    second = run(ask, project, "cat notes.txt; ls data; echo more >> data/a.csv")
    assert second["output"].split() == ["new", "a.csv"]
    assert {one["path"]: one["status"] for one in second["changes"]} == {"data/a.csv": "changed", "data/b.csv": "deleted", "notes.txt": "added"}
    with pytest.raises(NotFound):
        ask("project_run_keep", project=project, run=first["run"])

    kept = ask("project_run_keep", project=project, run=second["run"])
    assert set(kept["changed"]) == {"data/a.csv", "data/b.csv", "notes.txt"}
    assert ask("project_read", project=project, path="data/a.csv")["text"] == "1\nmore\n"
    history = ask("project_history", project=project)["items"]
    assert len(history) == before + 1 and history[0]["message"].startswith("Terminal: echo new")
    ask("project_undo", project=project)
    assert {"data/b.csv"} <= paths(ask, project) and "notes.txt" not in paths(ask, project)
    with pytest.raises(NotFound):
        ask("project_run_keep", project=project, run=second["run"])


def test_a_command_tells_where_it_ended_and_the_next_may_start_there(ask, project):
    there = run(ask, project, "mkdir -p a/b && cd a/b && false")
    assert (there["folder"], there["exit"]) == ("a/b", 1)
    on = run(ask, project, 'echo "${PWD##*/} $# $0" > made; cd ..', folder=there["folder"])
    assert (on["folder"], [one["path"] for one in on["changes"]]) == ("a", ["a/b/made"])
    assert run(ask, project, "cat a/b/made; cd /usr")["output"] == "b 0 bash\n"  # without a folder it starts at the top
    assert [run(ask, project, command, folder="data")["folder"] for command in ("cd /usr", "kill -9 $$", "exit 0")] == ["", "data", "data"]
    assert run(ask, project, "ln -sf /etc $TMPDIR/x; trap - EXIT; ln -s /etc/passwd $TMPDIR/.folder", folder="data")["folder"] == "data"
    for wrong in ("../x", "/etc", "data/a.csv"):
        with pytest.raises(InvalidInput):
            run(ask, project, "pwd", folder=wrong)


def test_what_is_discarded_is_gone(ask, project):
    made = run(ask, project, "echo x > x")
    ask("project_run_discard", project=project, run=made["run"])
    assert run(ask, project, "ls x; true")["run"] is None


def test_keeping_does_not_write_over_what_changed_meanwhile(ask, project):
    made = run(ask, project, "echo mine > data/a.csv")
    ask("project_write", project=project, files={"data/a.csv": "theirs\n"})
    with pytest.raises(Outdated):
        ask("project_run_keep", project=project, run=made["run"])
    assert ask("project_read", project=project, path="data/a.csv")["text"] == "theirs\n"


def test_a_command_that_hangs_is_ended_in_time_with_all_it_forked(ask, project):
    done = run(ask, project, "echo begun; sleep 300 & sleep 300", timeout=1)
    assert (done["killed_by"], done["exit"], done["output"].strip()) == ("timeout", None, "begun")


def test_output_is_kept_in_bounds_by_its_two_ends(ask, project):
    done = run(ask, project, "echo first; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last")
    assert len(done["output"]) < 300_000 and done["output"].startswith("first") and done["output"].endswith("last\n")
    assert "bytes left out" in done["output"]
    assert sum(len(event.text) for event in ask.events if isinstance(event, Log)) < 1_200_000


def test_nothing_outside_is_reached(ask, project, tmp_path, monkeypatch):
    (tmp_path / "outside").write_text("s3cret")
    monkeypatch.setenv("OWN_KEY", "s3cret")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0)
        port = listener.getsockname()[1]
        done = run(ask, project, f"cat {tmp_path}/outside; echo x > {tmp_path}/made; echo x > /dev/tcp/127.0.0.1/{port}; env; cat; echo end")
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert done["output"].endswith("end\n") and "s3cret" not in done["output"]
    assert not (tmp_path / "made").exists()


def test_output_is_told_as_it_comes_and_stopping_ends_the_command(ask, project):
    async def story():
        call = Call(ask.house.caller("rest"), ask.house)
        heard = []
        task = asyncio.create_task(listen(call, heard))
        for _ in range(600):
            await asyncio.sleep(0.05)
            if any("tick 2" in text for text in heard):
                break
        with pytest.raises(RateLimited):
            await run_action("project_run", {"project": project, "command": "true"}, call)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return "".join(heard)

    async def listen(call, heard):
        given = {"project": project, "command": "for i in 1 2 3; do echo tick $i; sleep 0.2; done; sleep 200"}
        async for event in follow_action("project_run", given, call):
            assert not isinstance(event, Done)
            if isinstance(event, Log):
                heard.append(event.text)

    assert asyncio.run(story()).startswith("tick 1\ntick 2")
    assert run(ask, project, "echo again")["output"] == "again\n"


@pytest.mark.parametrize("command, error", [("", InvalidInput), ("  \n", InvalidInput), ("x" * 20_001, TooLarge), ("a\0b", TooLarge)])
def test_what_is_no_command_is_a_sentence(ask, project, command, error):
    with pytest.raises(error):
        run(ask, project, command)


def test_somebody_elses_project_is_not_there_and_nobody_runs_nothing(ask, project, tmp_path):
    with pytest.raises(NotFound):
        run(ask, "0" * 32, "ls")

    house = build_house(Settings(hub="http://127.0.0.1:9", public=True, data=tmp_path / "public"), port=2)
    try:
        with pytest.raises(Unauthorized):
            asyncio.run(run_action("project_run", {"project": "0" * 32, "command": "ls"}, Call(house.caller("rest"), house)))
    finally:
        house.store.close()
