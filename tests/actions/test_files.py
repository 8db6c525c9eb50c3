"""The files of a project through its actions."""

import base64

import pytest

from core.build import write_zip
from core.errors import Conflict, InvalidInput, NotFound, Outdated
from core.events import FileChanged


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def paths(ask, project) -> set[str]:
    return {one["path"] for one in ask("project_files", project=project)["items"]}


def test_a_change_is_compared_written_undone_redone_and_restored(ask, project):
    opened = ask("project_read", project=project, path="index.html")
    text = opened["text"] + "<!-- mine -->\n"
    seen = ask("project_compare", project=project, files={"index.html": text})["items"]
    assert [(one["path"], one["added"]) for one in seen] == [("index.html", 1)] and "+<!-- mine -->" in seen[0]["patch"]
    assert ask("project_read", project=project, path="index.html")["text"] == opened["text"]

    written = ask("project_write", project=project, files={"index.html": text}, base=opened["revision"])
    assert written["changed"] == ["index.html"]
    assert [event.path for event in ask.events if isinstance(event, FileChanged)][-1] == "index.html"
    undone = ask("project_undo", project=project)
    done = ask("project_history", project=project)["items"][1]["message"].split("\n")[0]
    assert undone["changed"] == ["index.html"] and done and undone["undone"] == done
    assert ask("project_read", project=project, path="index.html")["text"] == opened["text"]
    assert ask("project_redo", project=project)["redone"] == done
    assert ask("project_read", project=project, path="index.html")["text"] == text
    with pytest.raises(Conflict):
        ask("project_redo", project=project)
    ask("project_restore", project=project, revision=opened["revision"])
    assert ask("project_read", project=project, path="index.html")["text"] == opened["text"]


def test_writing_from_an_old_base_is_told_and_keeps_theirs(ask, project):
    base = ask("project_read", project=project, path="data/a.csv")["revision"]
    ask("project_write", project=project, files={"data/a.csv": "theirs\n"})
    with pytest.raises(Outdated, match="changed by somebody else"):
        ask("project_write", project=project, files={"data/a.csv": "mine\n"}, base=base)
    assert ask("project_read", project=project, path="data/a.csv")["text"] == "theirs\n"


def test_files_folders_and_archives_are_uploaded_in_one_change(ask, project):
    before = len(ask("project_history", project=project)["items"])
    files = {"notes.txt": encoded(b"hello"), "pics/logo.bin": encoded(bytes(range(256))), "more.zip": encoded(write_zip({"top/x.txt": b"x", "top/y/z.txt": b"z"}))}
    put = ask("project_upload", project=project, files=files, folder="in")
    assert set(put["changed"]) == {"in/notes.txt", "in/pics/logo.bin", "in/x.txt", "in/y/z.txt"}
    assert len(ask("project_history", project=project)["items"]) == before + 1
    read = ask("project_read", project=project, path="in/pics/logo.bin")
    assert base64.b64decode(read["base64"]) == bytes(range(256))


@pytest.mark.parametrize("files", [{}, {"a": "no base64!"}, {"../a": ""}, {"a/../../b": ""}, {"x.zip": encoded(b"no zip")}])
def test_an_upload_with_anything_wrong_changes_nothing(ask, project, files):
    before = paths(ask, project)
    with pytest.raises(InvalidInput):
        ask("project_upload", project=project, files={"fine.txt": encoded(b"1"), **files} if files else {})
    assert paths(ask, project) == before


def test_a_folder_is_renamed_deleted_and_brought_back(ask, project):
    assert set(ask("project_rename", project=project, path="data", new_path="tables")["changed"]) == {"data/a.csv", "data/b.csv", "tables/a.csv", "tables/b.csv"}
    assert set(ask("project_remove", project=project, path="tables")["changed"]) == {"tables/a.csv", "tables/b.csv"}
    ask("project_undo", project=project)
    assert {"tables/a.csv", "tables/b.csv"} <= paths(ask, project)
    with pytest.raises(NotFound):
        ask("project_remove", project=project, path="data")
