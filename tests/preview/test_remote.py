"""An app in a machine of its own, driven by the unmodified huggingface_hub client, behind the same address as any other."""

from __future__ import annotations

import json
import time

import httpx
import huggingface_hub.constants
import pytest

from core.box import Remote
from core.secrets import Secret
from tests.preview.jobs import machines
from tests.preview.test_process import PLAIN, ended_with

TOKEN = "hf_RemoteTestTokenOfNobody000000000"
SERVES = b"""import fastapi, os, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def home(request: fastapi.Request):
    return {"environment": dict(os.environ), "headers": dict(request.headers), "word": open("word.txt").read()}
uvicorn.run(app, port=int(os.environ["PORT"]))
"""


@pytest.fixture
def cloud(tmp_path, monkeypatch):
    with machines(tmp_path / "cloud", token=TOKEN) as made:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", made.url)
        yield made


def remote(cloud) -> Remote:
    return Remote(Secret(TOKEN), flavor="t4-small", endpoint=cloud.url)


def test_an_app_runs_there_and_answers_here(house, cloud):
    files = {"main.py": SERVES, "word.txt": b"hello", "Dockerfile": PLAIN}
    app = house.start(files, remote=remote(cloud), env={"COLOUR": "blue"})
    said = httpx.get(house.url(app), headers={"Authorization": "Bearer visitor"}).json()
    job = cloud.jobs["job0"]
    log = "\n".join(line.text for line in app.logs.lines())
    house.stop(app)
    assert said["word"] == "hello" and said["environment"]["COLOUR"] == "blue"
    assert TOKEN not in json.dumps(said) and "authorization" not in said["headers"]
    assert job["flavor"] == "t4-small" and TOKEN not in json.dumps([job["environment"], job["secrets"]])
    assert "sandbox (t4-small)" in log and TOKEN not in log
    assert cloud.stage("job0") == "CANCELED"


def test_the_way_there_carries_the_owners_headers_and_no_visitor_sees_them(house, cloud):
    app = house.start({"main.py": SERVES, "word.txt": b"x", "Dockerfile": PLAIN}, remote=remote(cloud))
    answer = httpx.get(house.url(app))
    house.stop(app)
    asked = [headers for path, headers in cloud.seen if path.startswith("/v1/proxy/7860")]
    assert asked and all(headers["authorization"] == f"Bearer {TOKEN}" for headers in asked)
    assert TOKEN not in answer.text and TOKEN not in str(answer.headers)


def test_a_gradio_app_runs_there(house, cloud):
    source = b'import gradio as gr\ngr.Interface(lambda text: text.upper(), "text", "text").launch()\n'
    app = house.start({"app.py": source}, "gradio", remote=remote(cloud))
    config = httpx.get(house.url(app, "config")).json()
    house.stop(app)
    assert config["root"].endswith(app.url.rstrip("/"))


def test_an_app_that_ends_ends_its_machine(house, cloud):
    app = house.start({"main.py": b"raise SystemExit('no luck')", "Dockerfile": PLAIN}, remote=remote(cloud), wait=False)
    assert "exit code 1" in ended_with(app) and any("no luck" in line.text for line in app.logs.lines())
    deadline = time.monotonic() + 20
    while cloud.stage("job0") == "RUNNING" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cloud.stage("job0") == "CANCELED"


@pytest.mark.parametrize("status, word", [(401, "may not start"), (403, "may not start"), (402, "no credit"), (418, "418")])
def test_a_refusal_is_told(house, cloud, status, word):
    cloud.refuse = status
    app = house.start({"main.py": SERVES, "Dockerfile": PLAIN}, remote=remote(cloud), wait=False)
    assert word in ended_with(app) and cloud.jobs == {}


def test_requirements_that_cannot_be_installed_are_told(house, cloud):
    dockerfile = PLAIN.replace(b"CMD", b"RUN pip install ./not-there\nCMD")
    app = house.start({"main.py": SERVES, "Dockerfile": dockerfile}, remote=remote(cloud), wait=False)
    assert "requirements" in ended_with(app)
    assert cloud.stage("job0") == "CANCELED"


def test_another_hub_has_no_machines(house, cloud):
    elsewhere = Remote(Secret(TOKEN), endpoint="http://127.0.0.1:1")
    app = house.start({"main.py": SERVES, "Dockerfile": PLAIN}, remote=elsewhere, wait=False)
    assert "another Hub" in ended_with(app)
