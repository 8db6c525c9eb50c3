"""Builds that fail, follow each other, come by git; logs; a server that is started again."""

from __future__ import annotations

import base64
import json
import signal
import threading
import time

import httpx
import pytest

from tests.hub.space_apps import create, page, push, readme, settled, until, visit, web_app


@pytest.fixture(scope="module")
def api(hub):
    return hub.api()


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"README.md": "# No front matter\n", "app.py": "print()"}, "front matter"),
        ({"README.md": readme("gradio").replace("sdk: gradio", "sdk: cobol"), "app.py": "print()"}, "line 6"),
        ({"README.md": "---\ntitle: [\n---\n", "app.py": "print()"}, "README.md line"),
        (web_app("x") | {"Dockerfile": "FROM node:22\nCMD node server.js\n"}, "node"),
        (web_app("x") | {"Dockerfile": "FROM python:3.12\nRUN apt-get install -y ffmpeg\nCMD python main.py\n"}, "no Docker engine"),
    ],
    ids=["no front matter", "unknown sdk", "broken yaml", "not python", "system packages"],
)
def test_a_configuration_that_cannot_be_used_is_named(api, name, files, says):
    api.create_repo(f"anna/{name}", repo_type="space", space_sdk="gradio")
    push(api, f"anna/{name}", {path: text for path, text in files.items() if path != "README.md"})
    commit_readme(api, f"anna/{name}", files["README.md"])
    runtime = settled(api, f"anna/{name}")
    assert runtime.stage == "CONFIG_ERROR"
    assert says in runtime.raw["errorMessage"]
    assert any("CONFIG_ERROR" in line for line in api.fetch_space_logs(f"anna/{name}", build=True))


def commit_readme(api, repo: str, text: str) -> None:
    """A commit without the validation the client asks for first."""
    file = {"path": "README.md", "content": base64.b64encode(text.encode()).decode(), "encoding": "base64"}
    lines = [{"key": "header", "value": {"summary": "readme"}}, {"key": "file", "value": file}]
    body = "\n".join(json.dumps(line) for line in lines)
    headers = {"Authorization": f"Bearer {api.token}", "Content-Type": "application/x-ndjson"}
    httpx.post(f"{api.endpoint}/api/spaces/{repo}/commit/main", content=body, headers=headers).raise_for_status()


def test_requirements_that_cannot_be_installed_are_a_build_error_in_the_installers_words(api, name):
    repo = f"anna/{name}"
    broken = web_app("x") | {"requirements.txt": "nothing @ file:///nowhere/nothing-1.0-py3-none-any.whl\n"}
    broken["Dockerfile"] = broken["Dockerfile"].replace("COPY . .", "COPY . .\nRUN pip install -r requirements.txt")
    runtime = create(api, repo, broken)
    assert runtime.stage == "BUILD_ERROR" and "nothing-1.0" in runtime.raw["errorMessage"]
    assert "nothing-1.0" in "".join(api.fetch_space_logs(repo, build=True))
    assert "sha" not in runtime.raw and visit(api, repo).status_code == 503


def test_an_app_that_crashes_at_import_is_a_runtime_error_with_its_own_words(api, name):
    repo = f"anna/{name}"
    runtime = create(api, repo, web_app("x") | {"main.py": "print('so far')\nimport module_that_is_nowhere\n"})
    assert runtime.stage == "RUNTIME_ERROR"
    assert "module_that_is_nowhere" in runtime.raw["errorMessage"] and "main.py" in runtime.raw["errorMessage"]
    log = "".join(api.fetch_space_logs(repo))
    assert "so far" in log and "ModuleNotFoundError" in log


def test_an_app_that_never_listens_is_a_runtime_error(api, name):
    files = {"README.md": readme("gradio", "startup_duration_timeout: 2s"), "app.py": "import time\nprint('up', flush=True)\ntime.sleep(600)\n"}
    runtime = create(api, f"anna/{name}", files)
    assert runtime.stage == "RUNTIME_ERROR" and "within 2 seconds" in runtime.raw["errorMessage"]


def test_an_app_that_stops_later_is_a_runtime_error_with_its_exit_code(api, name):
    repo = f"anna/{name}"
    leave = "\n\n@app.get('/leave')\ndef leave():\n    os._exit(7)\n"
    create(api, repo, web_app("x") | {"main.py": web_app("x")["main.py"] + leave})
    visit(api, repo, "/leave")
    until(lambda: api.get_space_runtime(repo).stage == "RUNTIME_ERROR")
    assert "7" in api.get_space_runtime(repo).raw["errorMessage"]


def test_the_old_revision_serves_until_the_new_one_answers(api, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("one"))
    first = api.space_info(repo).sha
    stages, words, done = set(), set(), threading.Event()
    host = api.space_info(repo).host

    def watch():
        while not done.is_set():
            stages.add(api.get_space_runtime(repo).stage)
            words.add(httpx.get(f"{host}/").json()["word"])

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        crash = push(api, repo, web_app("broken") | {"main.py": "import time\ntime.sleep(0.5)\nraise SystemExit(3)\n"})
        runtime = settled(api, repo)
        assert runtime.stage == "RUNTIME_ERROR" and runtime.raw["sha"] == first != crash
        assert words == {"one"}
        second = push(api, repo, web_app("two") | {"main.py": "import time\ntime.sleep(0.5)\n" + web_app("two")["main.py"]})
        runtime = settled(api, repo)
        assert (runtime.stage, runtime.raw["sha"]) == ("RUNNING", second) and "errorMessage" not in runtime.raw
        until(lambda: "two" in words)
    finally:
        done.set()
        watcher.join()
    assert words == {"one", "two"}
    assert stages & {"RUNNING_BUILDING", "RUNNING_APP_STARTING"} and not stages & {"BUILDING", "APP_STARTING"}


def test_a_newer_push_ends_an_older_build(api, name):
    repo = f"anna/{name}"
    slow = web_app("old") | {"main.py": "import time\ntime.sleep(20)\n" + web_app("old")["main.py"]}
    api.create_repo(repo, repo_type="space", space_sdk="docker")
    push(api, repo, slow)
    until(lambda: api.get_space_runtime(repo).stage == "APP_STARTING")
    began = time.monotonic()
    newest = push(api, repo, web_app("new"))
    runtime = settled(api, repo)
    assert (runtime.stage, runtime.raw["sha"]) == ("RUNNING", newest) and time.monotonic() - began < 15
    assert visit(api, repo).json() == {"word": "new"}


def test_a_git_push_builds_the_space(api, hub, name, tmp_path):
    api.create_repo(f"anna/{name}", repo_type="space", space_sdk="static")
    folder = tmp_path / "clone"
    assert hub.run("git", "clone", hub.git_url(f"spaces/anna/{name}"), str(folder)).returncode == 0
    (folder / "index.html").write_text("<h1>by git</h1>")
    for command in (("add", "."), ("commit", "-qm", "page"), ("push", "-q")):
        done = hub.run("git", *command, cwd=folder)
        assert done.returncode == 0, done.stderr
    runtime = settled(api, f"anna/{name}")
    assert runtime.stage == "RUNNING"
    assert runtime.raw["sha"] == hub.run("git", "rev-parse", "HEAD", cwd=folder).stdout.strip()
    assert "by git" in visit(api, f"anna/{name}").text


def test_a_push_to_another_branch_builds_nothing(api, name):
    repo = f"anna/{name}"
    create(api, repo, page("main"))
    running = api.get_space_runtime(repo).raw["sha"]
    api.create_branch(repo, branch="draft", repo_type="space")
    api.upload_file(path_or_fileobj=b"draft", path_in_repo="index.html", repo_id=repo, repo_type="space", revision="draft")
    time.sleep(0.5)
    assert api.get_space_runtime(repo).raw["sha"] == running and "main" in visit(api, repo).text


def test_logs_are_events_in_the_hubs_own_form_and_replay_the_same(api, hub, name):
    repo = f"anna/{name}"
    create(api, repo, web_app("logged"))
    with hub.http() as http:
        first = http.get(f"/api/spaces/{repo}/logs/build")
        assert first.headers["content-type"].startswith("text/event-stream")
        events = first.text.split("\n\n")
        assert events.pop() == "" and all(event.startswith('data: {"data":"') for event in events)
        shapes = [json.loads(event.removeprefix("data: ")) for event in events]
        assert shapes[0]["data"].startswith("===== Build Queued at ") and shapes[0]["data"].endswith(" =====\n")
        assert all(shape["timestamp"].endswith("Z") for shape in shapes)
        assert http.get(f"/api/spaces/{repo}/logs/build").text == first.text
    assert list(api.fetch_space_logs(repo, build=True)) == [shape["data"] for shape in shapes]


def test_following_the_run_log_brings_new_lines_and_ends_with_the_app(api, name):
    repo = f"anna/{name}"
    talk = "\n\n@app.get('/say')\ndef say(text: str):\n    print('said', text, flush=True)\n"
    create(api, repo, web_app("x") | {"main.py": web_app("x")["main.py"] + talk})
    lines: list[str] = []
    reader = threading.Thread(target=lambda: lines.extend(api.fetch_space_logs(repo, follow=True)))
    reader.start()
    for number in range(3):
        visit(api, repo, f"/say?text=line{number}")
    time.sleep(0.5)
    api.pause_space(repo)
    reader.join(30)
    assert not reader.is_alive()
    assert "the word is x\n" in lines
    assert [line for line in lines if line.startswith("said")] == ["said line0\n", "said line1\n", "said line2\n"]


def test_the_command_line_client(api, hub, name):
    repo = f"anna/{name}"
    api.create_repo(repo, repo_type="space", space_sdk="docker")
    push(api, repo, web_app("cli"))
    waited = hub.run("hf", "spaces", "wait", repo, "--timeout", "30s")
    assert waited.returncode == 0, waited.stderr
    for arguments, shown in (
        (("info", repo), "RUNNING"),
        (("logs", repo, "--build"), "Build Queued"),
        (("variables", "add", repo, "-e", "A=b"), ""),
        (("variables", "ls", repo), "A"),
        (("pause", repo), "PAUSED"),
        (("search", "remove the background", "--format", "json"), "not-lain/background-removal"),
        (("templates",), "templates/page"),
        (("hardware",), "cpu-basic"),
    ):
        done = hub.run("hf", "spaces", *arguments)
        assert done.returncode == 0, (arguments, done.stderr)
        assert shown in done.stdout, (arguments, done.stdout)


@pytest.mark.parametrize("with_signal", [signal.SIGTERM, signal.SIGKILL], ids=["stopped", "killed"])
def test_spaces_run_again_at_the_same_address_after_the_server_was_started_again(start_hub, with_signal):
    own = start_hub("/hub")
    api = own.api()
    create(api, "anna/app", web_app("back"), space_secrets=[{"key": "KEY", "value": "kept"}], private=True)
    create(api, "anna/page", page("still here"))
    create(api, "anna/paused", web_app("x"))
    api.pause_space("anna/paused")
    hosts = {repo: api.space_info(repo).host for repo in ("anna/app", "anna/page")}
    own.stop(with_signal)
    own.start()
    for repo, host in hosts.items():
        assert settled(api, repo).stage == "RUNNING" and api.space_info(repo).host == host
    assert httpx.get(f"{hosts['anna/app']}/env").json()["KEY"] == "kept"
    assert "still here" in visit(api, "anna/page").text
    assert api.get_space_runtime("anna/paused").stage == "PAUSED"
    own.stop()
