"""Projects from whole files and from Spaces, and edits by search and replace, over a real house and a real Local Hub."""

import asyncio

import pytest
from huggingface_hub import CommitOperationAdd, HfApi
from tests.deploy.local_hub import WRITER, LocalHubProcess

from core.doors.run import run_action
from core.errors import Conflict, InvalidInput, NotFound, Outdated
from core.events import FileChanged
from core.house import build_house
from core.registry import Call
from core.settings import HuggingFace, Settings

APP = "import gradio as gr\n\n\ndef greet(name):\n    return f'Hello {name}'\n\n\ngr.Interface(greet, 'text', 'text').launch()\n"


def test_a_project_is_made_from_files_and_gets_the_card_it_lacks(ask):
    made = ask("project_create", title="Greeter", files={"app.py": APP})
    assert made["sdk"] == "gradio" and made["warnings"] == [] and made["written"] == ["README.md"]
    card = ask("project_read", project=made["project"], path="README.md")["text"]
    assert card.startswith("---\ntitle: Greeter\n") and "sdk: gradio\nsdk_version: 6." in card


def test_a_card_that_says_something_keeps_it(ask):
    readme = "---\ntitle: Mine\nlicense: mit\n---\n\nRead me.\n"
    made = ask("project_create", title="Other", files={"README.md": readme, "index.html": "<h1>x</h1>"})
    card = ask("project_read", project=made["project"], path="README.md")["text"]
    assert "title: Mine" in card and "license: mit" in card and "sdk: static" in card and card.endswith("Read me.\n")
    whole = "---\ntitle: Mine\nsdk: static\n---\n"
    made = ask("project_create", title="Other", files={"README.md": whole, "index.html": "<h1>x</h1>"})
    assert ask("project_read", project=made["project"], path="README.md")["text"] == whole


def test_what_would_not_start_is_told_and_kept_all_the_same(ask):
    made = ask("project_create", title="Broken", sdk="gradio", files={"app.py": "def f(:\n", "data.json": "{", "README.md": "---\nsdk: nonsense\n---\n"})
    told = {(one["path"], one["line"]) for one in made["warnings"]}
    assert {("app.py", 1), ("data.json", 1), ("README.md", 2)} <= told
    assert "app.py" in made["files"]


@pytest.mark.parametrize("files", [{}, {"notes.txt": "x"}, {"app.py": "x", "../y": "z"}, {"app.py": "\ud800"}])
def test_files_that_make_no_project_leave_none(ask, files):
    with pytest.raises(InvalidInput):
        ask("project_create", title="Nothing", files=files)
    assert ask("project_list")["items"] == []


def test_the_same_is_warned_of_however_a_file_comes(ask):
    told = [{"path": "app.py", "line": 1, "message": "Imported, not in requirements.txt: matplotlib.", "fix": "Add matplotlib to requirements.txt."}]
    made = ask("project_create", title="Plot", files={"README.md": "---\nsdk: gradio\n---\n", "app.py": f"import matplotlib\n{APP}"})
    assert (made["warnings"], made["written"]) == (told, [])
    assert ask("project_write", project=made["project"], files={"app.py": f"import matplotlib\n\n{APP}"})["warnings"] == told
    edited = ask("project_edit", project=made["project"], edits=[{"path": "app.py", "search": "Hello", "replace": "Hi"}])
    assert edited["warnings"] == told
    assert ask("project_write", project=made["project"], files={"requirements.txt": "matplotlib\n"})["warnings"] == []
    assert ask("project_write", project=made["project"], files={"style.css": "a {}"})["warnings"] == []


@pytest.fixture
def greeter(ask) -> str:
    return ask("project_create", title="Greeter", files={"app.py": APP, "style.css": "a {}\n"})["project"]


def test_edits_are_one_change_with_its_diff_and_undo_takes_it_back(ask, greeter):
    ask.events.clear()
    edits = [
        {"path": "app.py", "search": "return f'Hello {name}'", "replace": "return f'Hi {name}'"},
        {"path": "extra.py", "search": "", "replace": "X = 1\n"},
    ]
    made = ask("project_edit", project=greeter, edits=edits, message="Say hi")
    assert made["changed"] == ["app.py", "extra.py"] and made["warnings"] == []
    assert made["applied"][0] == {"path": "app.py", "line": 5, "how": "exact", "places": 1}
    assert "-    return f'Hello {name}'\n+    return f'Hi {name}'" in made["diff"]
    assert [event.path for event in ask.events if isinstance(event, FileChanged)] == ["app.py", "extra.py"]
    assert ask("project_history", project=greeter)["items"][0]["message"] == "Say hi"
    ask("project_undo", project=greeter)
    assert ask("project_read", project=greeter, path="app.py")["text"] == APP


def test_one_wrong_edit_leaves_everything_and_says_exactly_why(ask, greeter):
    before = ask("project_history", project=greeter)["items"]
    with pytest.raises(InvalidInput) as caught:
        ask("project_edit", project=greeter, edits=[
            {"path": "style.css", "search": "a {}", "replace": "b {}"},
            {"path": "app.py", "search": "def greet(nam):\n    return 1", "replace": "x"},
        ])  # fmt: skip
    told = caught.value.details["edits"]
    assert told[0]["edit"] == 2 and told[0]["nearest"]["from_line"] == 4 and told[0]["differs"]["there"] == "def greet(name):"
    assert ask("project_history", project=greeter)["items"] == before


def test_broken_syntax_is_a_warning_and_the_edit_stays(ask, greeter):
    made = ask("project_edit", project=greeter, edits=[{"path": "app.py", "search": "def greet(name):", "replace": "def greet(name:"}])
    assert made["changed"] == ["app.py"] and made["warnings"][0]["path"] == "app.py" and made["warnings"][0]["line"] == 4


def test_edits_from_an_old_revision_are_outdated(ask, greeter):
    old = ask("project_history", project=greeter)["items"][0]["revision"]
    ask("project_write", project=greeter, files={"style.css": "b {}\n"})
    with pytest.raises(Outdated):
        ask("project_edit", project=greeter, edits=[{"path": "style.css", "search": "b {}", "replace": "c {}"}], base=old)
    assert ask("project_edit", project=greeter, edits=[{"path": "app.py", "search": "Hello", "replace": "Hi"}], base=old)["changed"] == ["app.py"]


def test_the_names_other_houses_use_are_understood(ask, greeter):
    made = ask("project_edit", project=greeter, edits=[{"file_path": "app.py", "old_string": "Hello", "new_string": "Hi", "replace_all": True}])
    assert made["changed"] == ["app.py"]
    with pytest.raises(InvalidInput, match="colour"):
        ask("project_edit", project=greeter, edits=[{"path": "app.py", "search": "Hi", "replace": "Ho", "colour": "red"}])


def test_a_project_of_somebody_else_is_not_found(ask):
    with pytest.raises(NotFound):
        ask("project_edit", project="0" * 32, edits=[{"path": "a", "search": "", "replace": "b"}])


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    running = LocalHubProcess(tmp_path_factory.mktemp("local-hub"))
    running.wait()
    yield running
    running.close()


@pytest.fixture
def at_hub(process, tmp_path):
    """Actions as anna, at a Hub that is a process of its own."""
    house = build_house(Settings(hub=process.endpoint, data=tmp_path, huggingface=HuggingFace(token=WRITER)), port=1)
    yield lambda name, /, **given: asyncio.run(run_action(name, given, Call(house.caller("rest"), house)))
    house.store.close()


@pytest.fixture
def api(process):
    return HfApi(endpoint=process.endpoint, token=WRITER)


def space(api: HfApi, name: str, files: dict[str, bytes]) -> str:
    repo = f"anna/{name}"
    api.create_repo(repo, repo_type="space", space_sdk="static")
    api.create_commit(repo, repo_type="space", operations=[CommitOperationAdd(path, data) for path, data in files.items()], commit_message="x")
    return repo


def test_a_project_from_a_space_has_its_files(at_hub, api):
    picture = bytes(range(256)) * 4
    readme = b"---\ntitle: Clock\nsdk: static\n---\n"
    repo = space(api, "clock", {"index.html": b"<h1>Clock</h1>\n", "img/a.png": picture, "README.md": readme})
    made = at_hub("project_from_space", repo=repo)
    assert made["title"] == "Clock" and made["sdk"] == "static" and made["left_out"] == []
    assert set(made["files"]) == {"index.html", "img/a.png", "README.md"} and made["files"]["img/a.png"] == 1024
    assert at_hub("project_read", project=made["project"], path="index.html")["text"] == "<h1>Clock</h1>\n"
    at_hub("project_edit", project=made["project"], edits=[{"path": "index.html", "search": "Clock", "replace": "Watch"}])
    assert api.hf_hub_download(repo, "index.html", repo_type="space")  # the Space is as it was
    assert at_hub("project_list")["items"][0]["space"] == repo  # one's own: a deploy goes back there


def test_files_too_large_for_a_project_are_left_out_and_named(at_hub, api, monkeypatch):
    monkeypatch.setattr("core.hub.copying.FILE_BYTES", 1_000)
    repo = space(api, "heavy", {"index.html": b"<h1>x</h1>", "big.bin": b"\0" * 1_001})
    made = at_hub("project_from_space", repo=repo)
    assert [one["path"] for one in made["left_out"]] == ["big.bin"] and "big.bin" not in made["files"]


def test_a_space_with_an_unsafe_name_in_it_is_refused_whole(at_hub, api):
    repo = space(api, "unsafe", {"index.html": b"x", "con.txt": b"x"})
    with pytest.raises(InvalidInput, match="con.txt"):
        at_hub("project_from_space", repo=repo)
    assert at_hub("project_list")["items"] == []


@pytest.mark.parametrize("repo", ["anna/nothing-here", "bert/../anna", "nobody"])
def test_a_space_that_is_not_there_is_said(at_hub, repo):
    with pytest.raises((NotFound, InvalidInput)):
        at_hub("project_from_space", repo=repo)


def test_an_entry_of_the_sample_has_no_files_and_says_so(at_hub):
    with pytest.raises((NotFound, InvalidInput), match=r"files|exist"):
        at_hub("project_from_space", repo="openai/whisper")


def test_a_space_is_duplicated_to_the_own_account(at_hub, api):
    repo = space(api, "original", {"index.html": b"<h1>original</h1>", "README.md": b"---\ntitle: O\nsdk: static\n---\n"})
    made = at_hub("space_duplicate", repo=repo, name="copy")
    assert made["repo"] == "anna/copy" and made["from"] == repo
    info = api.space_info("anna/copy")
    assert info.private and {"index.html", "README.md"} <= {file.rfilename for file in info.siblings}
    with pytest.raises(Conflict):
        at_hub("space_duplicate", repo=repo, name="copy")
