"""Projects: files with history, owned by one caller, whole or not at all."""

import errno
import os
import resource
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from core.build import Projects, read_zip, write_zip
from core.errors import Conflict, InvalidInput, NotFound, StorageFull, TooLarge

FILES = {"app.py": b"print(1)\n", "README.md": b"---\ntitle: T\nsdk: gradio\n---\n", "data/a.csv": b"a,b\n1,2\n", "logo.bin": bytes(range(256))}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def projects(tmp_path):
    return Projects(tmp_path / "projects")


@pytest.fixture
def project(projects):
    return projects.create("ada", title="My  app", files=FILES, template="gradio-text-tools")


def test_a_new_project_holds_its_files_and_facts(project):
    assert project.snapshot() == FILES
    assert (project.title, project.slug, project.sdk, project.template, project.space, project.owner) == ("My app", "my-app", "gradio", "gradio-text-tools", None, "ada")
    listed = {file.path: (file.size, file.is_text) for file in project.files()}
    assert listed == {"app.py": (9, True), "README.md": (29, True), "data/a.csv": (8, True), "logo.bin": (256, False)}
    assert [commit.title for commit in project.history()] == ["First version"]


def test_projects_survive_a_restart_and_are_listed_newest_first(projects, project, tmp_path):
    second = projects.create("ada", title="Second", files=FILES)
    project.set_space("ada/my-app")
    again = Projects(tmp_path / "projects")
    assert [one.id for one in again.list("ada")] == [second.id, project.id]
    assert again.get(project.id, "ada").space == "ada/my-app"


def test_another_owner_sees_nothing(projects, project):
    assert projects.list("eve") == []
    for id, owner in ((project.id, "eve"), ("0" * 32, "ada"), ("../" + project.id, "ada"), ("", "ada")):
        with pytest.raises(NotFound):
            projects.get(id, owner)
        with pytest.raises(NotFound):
            projects.delete(id, owner)
    assert projects.get(project.id, "ada").snapshot() == FILES


def test_ids_cannot_be_guessed(projects):
    ids = {projects.create("ada", title="x", files=FILES).id for _ in range(5)}
    assert len(ids) == 5 and all(len(id) >= 32 for id in ids)


def test_a_write_is_one_commit(project):
    before = project.revision
    after = project.write({"app.py": b"print(2)\n", "new/file.txt": b"hi", "logo.bin": None}, "Change three files")
    assert project.revision == after != before
    assert project.read("new/file.txt") == b"hi" and "logo.bin" not in project.snapshot()
    assert [commit.title for commit in project.history()] == ["Change three files", "First version"]
    assert {(file.path, file.status) for file in project.diff(before)} == {("app.py", "changed"), ("new/file.txt", "added"), ("logo.bin", "deleted")}
    assert "-print(1)" in next(file.patch for file in project.diff(before) if file.path == "app.py")


def test_writing_the_same_again_makes_no_commit(project):
    before = project.revision
    assert project.write({"app.py": FILES["app.py"]}, "Nothing") == before
    assert len(project.history()) == 1


def test_a_refused_write_changes_nothing(project):
    before = project.revision
    for changes, error in (
        ({"ok.txt": b"1", "../evil": b"2"}, InvalidInput),
        ({"ok.txt": b"1", "APP.PY": b"2"}, InvalidInput),
        ({"app.py/x": b"1"}, InvalidInput),
        ({"big": b"0" * 10_000_001}, TooLarge),
        ({"missing.txt": None}, NotFound),
        ({"ok.txt": "text"}, InvalidInput),
        ({f"f{n}": b"" for n in range(2_000)}, TooLarge),
    ):
        with pytest.raises(error):
            project.write(changes, "no")
    assert project.revision == before and project.snapshot() == FILES


def test_all_files_together_have_a_limit(project):
    with pytest.raises(TooLarge, match="50 MB"):
        project.write({f"part{n}": bytes(9_900_000) for n in range(6)}, "too much")


def test_a_file_may_take_the_place_of_a_folder_it_replaces(project):
    project.write({"data/a.csv": None, "data": b"now a file"}, "swap")
    assert project.read("data") == b"now a file"


def test_renaming_keeps_the_content(project):
    project.rename("app.py", "src/main.py")
    assert project.read("src/main.py") == FILES["app.py"]
    with pytest.raises(NotFound):
        project.read("app.py")
    with pytest.raises(Conflict):
        project.rename("README.md", "src/main.py")
    with pytest.raises(NotFound):
        project.rename("nope", "x")
    project.rename("README.md", "readme.md")  # only the case changes, and that is a change


def test_undo_and_redo_walk_through_the_changes(project):
    for text in (b"one", b"two", b"three"):
        project.write({"app.py": text}, f"Write {text.decode()}")
    project.undo()
    assert project.read("app.py") == b"two"
    project.undo()
    assert project.read("app.py") == b"one"
    project.redo()
    assert project.read("app.py") == b"two"
    project.undo()
    project.undo()
    assert project.snapshot() == FILES
    with pytest.raises(Conflict):
        project.undo()
    for expected in (b"one", b"two", b"three"):
        project.redo()
        assert project.read("app.py") == expected
    with pytest.raises(Conflict):
        project.redo()
    assert project.history()[0].title == "Redo: Write three"


def test_a_new_change_ends_what_could_be_redone(project):
    project.write({"app.py": b"one"}, "one")
    project.undo()
    project.write({"other.txt": b"x"}, "other")
    with pytest.raises(Conflict):
        project.redo()
    project.undo()
    assert project.snapshot() == FILES


def test_the_commits_of_one_work_are_undone_and_redone_together(project):
    project.write({"app.py": b"one"}, "one")
    before = project.snapshot()
    for text in (b"try", b"mended"):
        project.write({"app.py": text}, "Repair: " + text.decode(), work="repair-1")
    project.write({"x.txt": b"x"}, "Repair: more", work="repair-1")
    after = project.snapshot()
    project.write({"x.txt": b"y"}, "Repair: another", work="repair-2")
    project.undo()
    assert project.snapshot() == after
    project.undo()
    assert project.snapshot() == before and project.history()[0].title == "Undo: Repair: try, and what followed"
    project.redo()
    assert project.snapshot() == after
    project.undo()
    project.undo()
    assert project.snapshot() == FILES


def test_a_work_that_came_back_to_where_it_began_is_nothing_to_undo(project):
    at = project.write({"app.py": b"one"}, "one")
    project.write({"app.py": b"try"}, "Repair: try", work="repair-1")
    project.restore(at, work="repair-1")
    project.undo()
    assert project.snapshot() == FILES
    with pytest.raises(Conflict):
        project.undo()


def test_a_message_that_looks_like_an_undo_is_an_ordinary_change(project):
    first = project.write({"app.py": b"one"}, "one")
    project.write({"app.py": b"two"}, f"Undo: one\n\nUndoes: {first}")
    project.undo()
    assert project.read("app.py") == b"one"


def test_restoring_an_earlier_revision_is_a_change_that_can_be_undone(project):
    first = project.revision
    project.write({"app.py": b"one", "logo.bin": None}, "one")
    project.write({"x/y.txt": b"deep"}, "two")
    project.restore(first)
    assert project.snapshot() == FILES
    assert project.snapshot(first) == FILES
    project.undo()
    assert project.read("x/y.txt") == b"deep" and project.read("app.py") == b"one"
    with pytest.raises(NotFound):
        project.restore("f" * 40)


def test_zip_out_and_in_again(projects, project):
    data = project.export_zip()
    assert read_zip(data) == FILES and project.export_zip() == data
    again = projects.import_zip("bob", data)
    assert (again.title, again.sdk, again.snapshot()) == ("T", "gradio", FILES)
    assert projects.import_zip("bob", write_zip({"a.txt": b"1"}), title="Named").title == "Named"
    assert projects.import_zip("bob", write_zip({"README.md": b"---\nsdk: [\n---\n"})).sdk is None


def test_a_refused_zip_leaves_nothing(projects, tmp_path):
    with pytest.raises(InvalidInput):
        projects.import_zip("bob", b"not a zip")
    assert list((tmp_path / "projects").iterdir()) == []


def test_a_deleted_project_is_gone(projects, project, tmp_path):
    projects.delete(project.id, "ada")
    assert projects.list("ada") == [] and list((tmp_path / "projects").iterdir()) == []


def test_an_owner_may_have_50_projects(projects):
    for n in range(50):
        projects.create("ada", title=str(n), files={"a": b""})
    with pytest.raises(Conflict, match="50"):
        projects.create("ada", title="one more", files={"a": b""})
    projects.create("bob", title="his first", files={"a": b""})


@pytest.mark.parametrize("files", [{}, {"../x": b""}, {"a": b"0" * 10_000_001}])
def test_a_project_that_cannot_be_made_leaves_nothing(projects, tmp_path, files):
    with pytest.raises(InvalidInput):
        projects.create("ada", title="x", files=files)
    assert list((tmp_path / "projects").iterdir()) == []


def test_a_full_disk_is_said_and_leaves_nothing(projects, tmp_path, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(StorageFull):
        projects.create("ada", title="x", files=FILES)
    monkeypatch.undo()
    assert list((tmp_path / "projects").iterdir()) == []
    assert projects.create("ada", title="x", files=FILES).snapshot() == FILES


def test_a_write_that_meets_a_file_size_limit_keeps_the_old_state(project, tmp_path):
    """A real refusal by the kernel, in a process that may write no file above 20 kB."""
    program = f"""
        import sys, signal, os, resource
        sys.path.insert(0, {str(ROOT)!r})
        from pathlib import Path
        from core.build import Projects
        from core.errors import StorageFull
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        project = Projects(Path({str(tmp_path / "projects")!r})).get({project.id!r}, "ada")
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        try:
            project.write({{"noise.bin": os.urandom(200_000)}}, "too much")
        except StorageFull as error:
            print("full:", error.message)
    """
    ran = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, timeout=60)
    assert ran.stdout.startswith("full:"), ran.stderr
    assert project.snapshot() == FILES and len(project.history()) == 1
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] != 20_000


def test_writers_at_the_same_moment_lose_nothing(projects, project):
    def add(n):
        projects.get(project.id, "ada").write({f"file{n}.txt": str(n).encode()}, f"Add {n}")

    threads = [threading.Thread(target=add, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(project.snapshot()) == len(FILES) + 8 and len(project.history()) == 9


def test_what_a_killed_server_left_is_swept(tmp_path):
    left = tmp_path / "projects" / ".new-0123"
    (left / "files.git").mkdir(parents=True)
    os.utime(left, (0, 0))
    Projects(tmp_path / "projects")
    assert not left.exists()


def test_a_copy_has_the_history_and_goes_its_own_way(projects, project):
    first = project.revision
    project.write({"app.py": b"print(2)\n"}, "Two")
    project.set_space("ada/my-app")
    project.set_network("open")
    whole, early = projects.copy(project.id, "ada", title="Copy"), projects.copy(project.id, "ada", title="Early", revision=first)
    assert [commit.oid for commit in whole.history()] == [commit.oid for commit in project.history()]
    assert (whole.sdk, whole.template, whole.space, whole.facts.network, whole.owner, whole.slug) == ("gradio", "gradio-text-tools", None, "sealed", "ada", "copy")
    assert early.snapshot() == FILES and [commit.oid for commit in early.history()] == [first]
    assert whole.restore(first) and whole.snapshot() == FILES  # a revision of the original is one of the copy's
    assert project.read("app.py") == b"print(2)\n" and len(project.history()) == 2
    whole.undo()
    assert whole.read("app.py") == b"print(2)\n"


def test_a_copy_that_cannot_be_made_leaves_nothing(projects, project, tmp_path, monkeypatch):
    with pytest.raises(NotFound):
        projects.copy(project.id, "eve", title="Theirs")
    with pytest.raises(NotFound):
        projects.copy(project.id, "ada", title="No such", revision="0" * 40)

    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    monkeypatch.setattr("core.build.project.shutil.copyfile", full)
    with pytest.raises(StorageFull):
        projects.copy(project.id, "ada", title="Full")
    assert [one.name for one in (tmp_path / "projects").iterdir()] == [project.id]


def test_a_new_title_in_the_card_is_the_projects_also_after_an_undo(project):
    def card(title: str) -> bytes:
        return f"---\ntitle: {title}\nsdk: gradio\n---\n".encode()

    project.write({"README.md": card("First")}, "card")
    first, slug = project.title, project.slug
    project.write({"README.md": card("Second: ")[:-5] + b"# words\n---\n"}, "broken")  # no card that can be read changes nothing
    project.write({"README.md": card("Better name")}, "name it")
    assert (project.title, project.slug) == ("Better name", slug)
    project.change_facts(title="Mine")
    project.write({"README.md": card("Better name") + b"\nMore words.\n"}, "words")
    assert project.title == "Mine"
    project.write({"README.md": card("Third")}, "again")
    project.undo()
    assert first == "First" and project.title == "Better name"


def test_two_who_have_a_project_open_lose_nothing_of_what_the_other_says_of_it(projects, project):
    one, other = projects.get(project.id, project.owner), projects.get(project.id, project.owner)
    one.set_space("anna/app")
    other.set_network("egress", ("example.org",))
    found = projects.get(project.id, project.owner).facts
    assert (found.space, found.network) == ("anna/app", "egress")
