"""What a command left in its directory, as the host reads it: plain files only, whatever else lies there."""

import os
import socket

import pytest

from core.terminal.command import changed
from core.terminal.terminals import overlaid

BEFORE = {"app.py": b"1\n", "data/a.csv": b"a\n", "lib/x.py": b"x\n"}


@pytest.fixture
def place(tmp_path):
    for path, data in BEFORE.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    return tmp_path


def test_added_changed_and_deleted_files_are_found_and_no_others(place):
    (place / "app.py").write_bytes(b"2\n")
    (place / "new").mkdir()
    (place / "new/file.bin").write_bytes(bytes(range(256)))
    (place / "data/a.csv").unlink()
    assert changed(place, BEFORE) == ({"app.py": b"2\n", "new/file.bin": bytes(range(256)), "data/a.csv": None}, {})


def test_what_tools_leave_behind_is_no_change(place):
    for path in ("__pycache__/app.cpython-311.pyc", ".git/config", "node_modules/x/index.js", "lib/stray.pyc", ".pytest_cache/v"):
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(b"?")
    assert changed(place, BEFORE) == ({}, {})


def test_links_pipes_sockets_and_second_names_are_left_out_and_never_followed(place, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret").write_text("s3cret")
    os.symlink(outside / "secret", place / "link")
    os.symlink(outside, place / "folder")
    os.symlink("/etc/passwd", place / "passwd")
    os.link(outside / "secret", place / "second-name")
    os.mkfifo(place / "pipe")
    listener = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(place)
    listener.bind("socket")
    os.chdir(here)
    (place / "app.py").unlink()
    os.symlink(outside / "secret", place / "app.py")  # in place of a file of the project
    changes, left_out = changed(place, BEFORE)
    listener.close()
    assert changes == {}
    assert set(left_out) == {"link", "folder", "passwd", "second-name", "pipe", "socket"}
    assert not any("s3cret" in why for why in left_out.values())


def test_names_and_sizes_no_project_holds_are_left_out_with_the_reason(place):
    (place / "con").write_bytes(b"")
    (place / "back\\slash").write_bytes(b"")
    (place / os.fsdecode(b"latin-\xe9")).write_bytes(b"")
    (place / "large").write_bytes(bytes(10_000_001))
    for number in range(6):
        (place / f"many{number}").write_bytes(bytes(9_000_000))
    changes, left_out = changed(place, BEFORE)
    assert set(changes) == {f"many{number}" for number in range(5)}
    assert {"con", "back\\slash", "large", "many5"} < set(left_out) and len(left_out) == 5
    assert "10000000 bytes" in left_out["large"] and "50 MB" in left_out["many5"]


def test_a_hundred_thousand_files_are_bounded(place):
    (place / "heap").mkdir()
    for number in range(11_000):
        os.close(os.open(place / "heap" / f"{number}", os.O_CREAT | os.O_WRONLY))
    changes, _ = changed(place, BEFORE)
    assert len(changes) <= 11_100


def test_changes_are_put_over_files():
    assert overlaid(BEFORE, {"app.py": b"2", "data/a.csv": None, "new": b"3"}) == {"app.py": b"2", "lib/x.py": b"x\n", "new": b"3"}
