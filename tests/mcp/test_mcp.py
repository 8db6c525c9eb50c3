"""The official MCP client against the running server."""

import asyncio
import json

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


def with_session(server, work, **headers):
    async def run():
        async with (
            httpx.AsyncClient(headers=headers, timeout=60) as client,
            streamable_http_client(server.url + "/gradio_api/mcp/", http_client=client) as (read, write, _),
            ClientSession(read, write) as session,
        ):
            await session.initialize()
            return await work(session)

    return asyncio.run(asyncio.wait_for(run(), 120))


def test_the_tools_are_exactly_the_registry(server):
    tools = with_session(server, lambda session: session.list_tools()).tools
    listed = httpx.get(server.url + "/api/actions").json()["items"]
    assert [(tool.name, tool.inputSchema, tool.description) for tool in tools] == [
        (item["name"], item["input_schema"], item["description"]) for item in listed
    ]
    for tool in tools:
        hints = tool.annotations
        assert None not in (hints.readOnlyHint, hints.destructiveHint, hints.idempotentHint, hints.openWorldHint), tool.name


def test_gradios_own_lists_hold_the_registry_and_nothing_else(server):
    names = {item["name"] for item in httpx.get(server.url + "/api/actions").json()["items"]}
    schema = {item["name"] for item in httpx.get(server.url + "/gradio_api/mcp/schema").json()}
    info = {name.lstrip("/") for name in httpx.get(server.url + "/gradio_api/info").json()["named_endpoints"]}
    assert schema == names and info == names


def test_results_are_json(server):
    result = with_session(server, lambda session: session.call_tool("analyze_user_request", {"idea": "a word counter"}))
    assert not result.isError and json.loads(result.content[0].text)["slug"] == "word-counter"
    assert result.structuredContent["slug"] == "word-counter"


@pytest.mark.parametrize(("name", "given", "code"), [
    ("analyze_user_request", {"idea": ""}, "invalid_input"),
    ("analyze_user_request", {"idee": "typo"}, "invalid_input"),
    ("no_such_tool", {}, "not_found"),
])  # fmt: skip
def test_errors_are_json_with_a_fix(server, name, given, code):
    result = with_session(server, lambda session: session.call_tool(name, given))
    error = json.loads(result.content[0].text)["error"]
    assert result.isError and error["code"] == code and error["fix"]


def test_long_work_reports_progress(server):
    said = []

    async def work(session):
        async def progress(done, total, message):
            said.append(message)

        return await session.call_tool("generate_app_code", {"idea": "a word counter"}, progress_callback=progress)

    assert not with_session(server, work).isError
    assert any("template" in message for message in said) and len(said) >= 4


def test_the_callers_own_token_is_used(server):
    result = with_session(server, lambda session: session.call_tool("hf_whoami", {}), Authorization="Bearer hf_wrong_wrong_wrong")
    assert result.isError and json.loads(result.content[0].text)["error"]["code"] == "unauthorized"


def test_gradios_client_can_call_an_action(server):
    from gradio_client import Client

    client = Client(server.url, verbose=False)
    assert client.predict("a word counter", api_name="/analyze_user_request")["slug"] == "word-counter"
