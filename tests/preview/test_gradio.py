"""A Gradio app as it is written for a Space, started here: queue, streaming, files, MCP; in a frame of opaque origin."""

import json
from pathlib import Path

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.preview.conftest import run


def call(house, preview, name, data):
    """One event through Gradio's queue: the payloads of its stream."""
    base = house.url(preview, "gradio_api/call/" + name)
    event = httpx.post(base, json={"data": data}).json()["event_id"]
    answer = httpx.get(f"{base}/{event}", timeout=20).text
    assert "event: complete" in answer, answer
    return [json.loads(line[6:]) for line in answer.splitlines() if line.startswith("data: ")]


def test_launch_arguments_of_the_app_give_way_to_ours(house, gradio_app):
    config = httpx.get(house.url(gradio_app, "config")).json()
    assert config["root"] == house.url(gradio_app).rstrip("/")
    assert gradio_app.address.socket is not None
    text = "\n".join(line.text for line in gradio_app.logs.lines())
    assert str(gradio_app.workspace.app) in text
    assert "share" not in text and gradio_app.token not in text


def test_the_queue_streams(house, gradio_app):
    assert call(house, gradio_app, "count", ["n"]) == [["n 1"], ["n 2"], ["n 3"], ["n 3"]]


def test_files_go_up_and_down(house, gradio_app):
    sent = {"files": ("quiet.txt", b"quiet words", "text/plain")}
    (path,) = httpx.post(house.url(gradio_app, "gradio_api/upload"), files=sent).json()
    assert Path(path).is_relative_to(gradio_app.workspace.temporary)
    file = {"path": path, "meta": {"_type": "gradio.FileData"}}
    text, out = call(house, gradio_app, "shout", [file])[-1]
    assert text == "QUIET WORDS"
    assert out["url"].startswith(house.url(gradio_app))
    assert httpx.get(out["url"]).content == b"QUIET WORDS"


def test_its_tools_answer_the_mcp_client(house, gradio_app):
    async def use():
        async with streamable_http_client(house.url(gradio_app, "gradio_api/mcp/")) as (read, write, _):
            async with ClientSession(read, write) as session:
                await session.initialize()
                tools = {tool.name for tool in (await session.list_tools()).tools}
                queued = await session.call_tool("add", {"a": 2, "b": 40})
                streamed = await session.call_tool("count", {"word": "n"})
                return tools, queued, streamed

    schema = httpx.get(house.url(gradio_app, "gradio_api/mcp/schema")).json()  # what its own page and the Hub read the tools from
    assert {"add", "count", "shout"} <= {tool["name"] for tool in schema}
    tools, queued, streamed = run(use())
    assert {"add", "count", "shout"} <= tools
    assert (queued.isError, queued.content[0].text) == (False, "42")
    assert streamed.content[0].text == "n 3"


@pytest.fixture(params=["in a frame", "in its own tab"])
def opened(request, browser, house, gradio_app):
    """The app's document as a visitor has it, and the errors the browser reported meanwhile."""
    page = browser.new_page(accept_downloads=True)
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    if request.param == "in a frame":
        page.goto(house.page(gradio_app))
        document = page.frame_locator("#app")
    else:
        page.goto(house.url(gradio_app))
        document = page
    yield page, document, errors
    page.close()


def test_a_visitor_uses_it(opened, tmp_path):
    page, document, errors = opened
    document.locator("#word textarea, #word input").first.fill("hello", timeout=20_000)
    document.locator("#count").click()
    document.locator("#said textarea, #said input").first.wait_for()
    said = document.locator("#said textarea, #said input").first
    page.wait_for_function("1")  # lets the frame's events in
    for _ in range(50):
        if said.input_value() == "hello 3":
            break
        page.wait_for_timeout(100)
    assert said.input_value() == "hello 3"
    given = tmp_path / "quiet.txt"
    given.write_text("quiet words")
    document.locator("#file input[type=file]").set_input_files(given)
    text = document.locator("#text textarea, #text input").first
    for _ in range(50):
        if text.input_value():
            break
        page.wait_for_timeout(100)
    assert text.input_value() == "QUIET WORDS"
    with page.expect_download(timeout=10_000) as download:
        document.locator("#download").click()
    assert Path(download.value.path()).read_text() == "QUIET WORDS"
    assert errors == []
