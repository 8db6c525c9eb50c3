"""The command line as a person runs it."""

import json
import subprocess
import sys

import httpx
import pytest

from core.instance import free_port
from tests.conftest import ROOT, clean_environment


def run(*arguments: str, data, **options) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "app.py"), *arguments, "--data", str(data)]
    return subprocess.run(command, capture_output=True, text=True, timeout=150, env=clean_environment(), check=False, **options)


def test_an_idea_becomes_a_space_that_serves_after_the_command_has_ended(tmp_path):
    data = tmp_path / "data"
    try:
        done = run("build", "a pomodoro timer", "--deploy", "--json", "--port", str(free_port(0)), data=data)
        assert done.returncode == 0, done.stderr
        result = json.loads(done.stdout)
        assert "pomodoro" in httpx.get(result["url"]).text.lower()
        again = run("build", "a pomodoro timer", "--deploy", data=data)  # the same words update the same Space
        assert again.returncode == 0, again.stderr
        assert again.stdout.strip() == result["url"]
    finally:
        ended = run("stop", data=data)
    assert ended.returncode == 0
    with pytest.raises(httpx.ConnectError):
        httpx.get(result["url"])


def test_without_deploy_it_checks_the_app_and_can_write_its_files(tmp_path):
    done = run("build", "a pomodoro timer", "--out", str(tmp_path / "app"), data=tmp_path / "data")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "app" / "index.html").is_file() and str(tmp_path / "app") in done.stdout
    again = run("build", "a pomodoro timer", "--out", str(tmp_path / "app"), data=tmp_path / "data")
    assert again.returncode == 1 and "exists already" in again.stderr


@pytest.mark.parametrize("idea", ["", "   ", "generate images of cats", "qwertz uiop asdf"])
def test_what_cannot_be_built_ends_with_one_plain_sentence(tmp_path, idea):
    done = run("build", idea, data=tmp_path / "data")
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1 and done.stdout == "" and last.endswith(".") and "Traceback" not in done.stderr


def test_a_binary_idea_from_standard_input_is_refused(tmp_path):
    done = run("build", "-", "--json", data=tmp_path / "data", input="\x00\x01\x02" * 1000)
    assert done.returncode == 1 and json.loads(done.stdout)["error"]["code"] == "invalid_input"


def test_a_taken_port_is_one_sentence(tmp_path):
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run("--host", "127.0.0.1", "--port", str(taken.getsockname()[1]), data=tmp_path / "data")
    assert done.returncode == 1 and "--port" in done.stderr and "Traceback" not in done.stderr


def test_a_mistake_in_the_settings_names_the_line(tmp_path):
    config = tmp_path / "c.yaml"
    config.write_text("port: 1\nprot: 2\n")
    done = run("--config", str(config), data=tmp_path / "data")
    assert done.returncode == 1 and "line 2" in done.stderr and "Traceback" not in done.stderr
