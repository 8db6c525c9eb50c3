"""preview_update: files that were saved reach the running preview, and the page is told."""

import asyncio

import httpx
import pytest

import core.actions  # noqa: F401  registers them
from core.errors import AppFailed
from core.events import PreviewReady
from core.house import build_house
from core.registry import Call, invoke
from core.settings import Settings

CARD = b"---\nsdk: docker\n---\n"
MAIN = "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef root(): return %r\n"
DOCKERFILE = b'FROM python\nCOPY . .\nCMD ["uvicorn", "main:app", "--port", "7860"]\n'


def answer(preview) -> str:
    with httpx.Client(transport=httpx.HTTPTransport(uds=str(preview.address.socket))) as client:
        return client.get("http://127.0.0.1/").text


def test_saved_files_reach_the_running_preview(tmp_path):
    house = build_house(Settings(data=tmp_path, hub="local"), 7860)
    events = []
    call = Call(house.caller("rest"), house, emit=events.append)
    files = {"main.py": (MAIN % "one").encode(), "Dockerfile": DOCKERFILE, "README.md": CARD}
    project = house.projects.create(call.caller.id, title="An app", files=files, sdk="docker", message="new")

    async def story():
        first = await invoke("preview_update", {"project": project.id}, call)
        preview = house.previews.get(first["id"])
        project.write({"main.py": (MAIN % "two").encode()}, "changed")
        events.clear()
        second = await invoke("preview_update", {"project": project.id}, call)
        assert (first["changed"], second["changed"]) == ("start", "app")
        assert (second["id"], second["path"], answer(preview)) == (first["id"], first["path"], '"two"')
        assert [event.url for event in events if isinstance(event, PreviewReady)] == [first["path"]]
        project.write({"main.py": b"def broken(:"}, "broken")
        with pytest.raises(AppFailed, match="SyntaxError") as error:
            await invoke("preview_update", {"project": project.id}, call)
        assert (error.value.details["preview"], answer(preview)) == (first["id"], '"two"')
        project.write({"README.md": b"---\nsdk: static\n---\n", "index.html": b"<h1>Page</h1>"}, "another kind")
        third = await invoke("preview_update", {"project": project.id}, call)
        assert third["changed"] == "start" and third["id"] != first["id"] and preview.stage == "stopped"
        project.write({"index.html": b"<h1>Other</h1>"}, "a page")
        fourth = await invoke("preview_update", {"project": project.id}, call)
        assert (fourth["changed"], fourth["id"]) == ("files", third["id"])
        assert (house.previews.get(third["id"]).workspace.app / "index.html").read_bytes() == b"<h1>Other</h1>"

    try:
        asyncio.run(story())
    finally:
        asyncio.run(house.close())
