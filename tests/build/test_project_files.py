"""Moving, deleting and comparing files of a project, and writing over what somebody else changed."""

import pytest

from core.build import Projects
from core.errors import Conflict, InvalidInput, NotFound, Outdated

FILES = {"app.py": b"print(1)\n", "data/a.csv": b"1\n", "data/deep/b.csv": b"2\n", "database.txt": b"3\n"}


@pytest.fixture
def project(tmp_path):
    return Projects(tmp_path / "projects").create("ada", title="My app", files=FILES)


def test_a_folder_moves_whole_and_its_neighbour_stays(project):
    project.rename("data/", "in/put")
    assert project.snapshot() == {"app.py": b"print(1)\n", "in/put/a.csv": b"1\n", "in/put/deep/b.csv": b"2\n", "database.txt": b"3\n"}
    project.undo()
    assert project.snapshot() == FILES


@pytest.mark.parametrize(
    "old, new, error",
    [
        ("nothing", "x", NotFound),
        ("data", "app.py", Conflict),
        ("app.py", "data", Conflict),
        ("app.py", "data/a.csv", Conflict),
        ("data", "data/inner", InvalidInput),
        ("app.py", "../app.py", InvalidInput),
        ("data", ".git", InvalidInput),
        ("app.py", "DATA/app.py", InvalidInput),
        ("app.py", "database.txt/app.py", InvalidInput),
    ],
)
def test_a_move_that_would_lose_or_escape_is_refused_and_changes_nothing(project, old, new, error):
    before = project.revision
    with pytest.raises(error):
        project.rename(old, new)
    assert project.revision == before and project.snapshot() == FILES


def test_the_spelling_of_a_name_can_be_changed(project):
    project.rename("app.py", "App.py")
    assert "App.py" in project.snapshot() and "app.py" not in project.snapshot()


def test_a_file_and_a_folder_are_deleted_and_come_back(project):
    project.remove("data")
    assert set(project.snapshot()) == {"app.py", "database.txt"}
    project.remove("app.py")
    assert set(project.snapshot()) == {"database.txt"}
    project.undo()
    project.undo()
    assert project.snapshot() == FILES
    with pytest.raises(NotFound):
        project.remove("dat")


def test_comparing_tells_what_writing_would_change_and_writes_nothing(project):
    before = project.revision
    found = {one.path: one for one in project.compare({"app.py": b"print(2)\n", "new.py": b"x\n", "data/a.csv": None, "database.txt": b"3\n"})}
    assert {path: (one.status, one.added, one.removed) for path, one in found.items()} == {"app.py": ("changed", 1, 1), "new.py": ("added", 1, 0), "data/a.csv": ("deleted", 0, 1)}
    assert "-print(1)\n+print(2)\n" in found["app.py"].patch
    assert project.revision == before


def test_a_file_changed_meanwhile_is_not_written_over(project):
    base = project.revision
    project.write({"app.py": b"theirs\n"}, "theirs")
    now = project.revision
    with pytest.raises(Outdated) as refused:
        project.write({"app.py": b"mine\n", "data/a.csv": b"mine too\n"}, "mine", base=base)
    assert refused.value.details == {"paths": ["app.py"], "revision": now}
    assert project.revision == now and project.read("data/a.csv") == b"1\n"
    project.write({"app.py": b"mine\n"}, "mine over theirs", base=now)
    assert project.read("app.py") == b"mine\n"


def test_a_change_elsewhere_or_to_the_same_text_is_no_conflict(project):
    base = project.revision
    project.write({"database.txt": b"theirs\n"}, "theirs")
    project.write({"app.py": b"mine\n"}, "mine", base=base)
    project.write({"app.py": b"mine\n"}, "the same again", base=base)
    assert project.read("app.py") == b"mine\n" and project.read("database.txt") == b"theirs\n"


def test_a_file_deleted_or_made_meanwhile_is_a_conflict(project):
    base = project.revision
    project.write({"app.py": None, "new.py": b"theirs\n"}, "theirs")
    for path in ("app.py", "new.py"):
        with pytest.raises(Outdated):
            project.write({path: b"mine\n"}, "mine", base=base)
