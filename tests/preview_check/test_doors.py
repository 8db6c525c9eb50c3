"""The check through each door: REST and MCP."""

import asyncio
import base64
import json

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

PAGE = "<!doctype html><title>A page</title><h1>A page</h1><button onclick=\"this.textContent = 'Done'\">Do it</button>"
STEPS = [{"do": "click", "role": "button", "name": "Do it"}, {"do": "expect_text", "value": "Done"}]


@pytest.fixture(scope="module")
def project(server):
    made = server.action("generate_app_code", idea="a static page with flashcards").json()["project"]["id"]
    server.action("project_write", project=made, files={"index.html": PAGE})
    assert server.action("preview_start", project=made).json()["stage"] == "running"
    return made


def test_rest_gives_everything_as_json(server, project):
    answer = server.action("preview_check", preview_or_project=project, steps=STEPS)
    found = answer.json()
    assert answer.status_code == 200 and found["verdict"]["ok"] and [one["ok"] for one in found["steps"]] == [True, True]
    assert base64.b64decode(found["screenshot"]["base64"]).startswith(b"\x89PNG")
    assert server.action("preview_check", preview_or_project="none").status_code == 404


def test_rest_describes_a_step(server):
    schema = httpx.get(f"{server.url}/openapi.json").json()
    body = schema["paths"]["/api/actions/preview_check"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert set(body["$defs"]["Step"]["properties"]) == {"do", "role", "name", "value", "nth", "exact", "file", "base64", "seconds"}
    assert "use" in json.dumps(body["$defs"]["Step"]["properties"]["do"])


def test_mcp_gives_the_picture_as_an_image(server, project):
    async def story():
        async with (
            httpx.AsyncClient(timeout=120) as client,
            streamable_http_client(f"{server.url}/gradio_api/mcp/", http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            tools = {tool.name: tool for tool in (await session.list_tools()).tools}
            return tools["preview_check"], await session.call_tool("preview_check", {"preview_or_project": project, "steps": STEPS})

    tool, result = asyncio.run(asyncio.wait_for(story(), 180))
    text, picture = result.content
    assert not result.isError and json.loads(text.text)["verdict"]["ok"]
    assert picture.type == "image" and picture.mimeType == "image/png" and base64.b64decode(picture.data).startswith(b"\x89PNG")
    assert "base64" not in result.structuredContent["screenshot"] and result.structuredContent["screenshot"]["width"] == 1280
    assert tool.annotations.readOnlyHint is False and tool.annotations.openWorldHint is False
