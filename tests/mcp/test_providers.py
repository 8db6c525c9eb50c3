"""The model router of a server as a newcomer starts it, by MCP; and what the process wrote while it worked."""

from __future__ import annotations

import asyncio
import json

import httpx
import pytest
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from tests.conftest import start_server
from tests.providers.upstream import upstream

OWNERS = "sk-owners-0123456789abcdef-OWNR"
HEADERS = "sk-headers-0123456789abcdef-HEAD"


@pytest.fixture(scope="module")
def routed(tmp_path_factory):
    """A server whose only model provider is an upstream of ours, and that upstream."""
    folder = tmp_path_factory.mktemp("routed")
    with upstream("mine") as mine:
        (folder / "agentic-config.yaml").write_text(f"mine:\n  api_key: ${{MINE_KEY}}\n  url: {mine.base_url}\n")
        running = start_server(folder / "data", "--config", str(folder / "agentic-config.yaml"), MINE_KEY=OWNERS)
        yield running, mine, folder
        running.end()
    written = (folder / "data.log").read_text() + "".join(path.read_bytes().decode("latin-1") for path in (folder / "data").glob("store.sqlite*"))
    assert '"event": "model_attempt"' in written and '"event": "model_request"' in written
    assert OWNERS not in written and HEADERS not in written and "a private question" not in written


def tool(server, name: str, arguments: dict, **headers: str) -> tuple[bool, dict]:
    async def call():
        async with httpx.AsyncClient(headers=headers, timeout=30) as http:
            async with streamable_http_client(server.url + "/gradio_api/mcp/", http_client=http) as (read, write, *_), ClientSession(read, write) as session:
                await session.initialize()
                return await session.call_tool(name, arguments)

    result = asyncio.run(call())
    return bool(result.isError), json.loads(result.content[0].text)


def test_an_agent_asks_a_model_and_gets_the_receipt(routed):
    server, mine, _ = routed
    failed, body = tool(server, "provider_route_request", {"model": "ok", "prompt": "a private question"})
    assert not failed and body["text"] == "hello from mine" and body["receipt"]["attempts"][0]["outcome"] == "answered"
    assert mine.requests[-1].headers["authorization"] == f"Bearer {OWNERS}"


def test_an_agents_own_key_comes_by_header_and_is_never_given_back(routed):
    server, mine, _ = routed
    failed, body = tool(server, "provider_route_request", {"model": "ok", "prompt": "a private question"}, **{"X-Provider-Key-mine": HEADERS})
    assert not failed and mine.requests[-1].headers["authorization"] == f"Bearer {HEADERS}"
    _, keys = tool(server, "provider_manage_keys", {}, **{"X-Provider-Key-mine": HEADERS})
    assert [row["owner"] for row in keys["items"]] == ["visitor", "instance"]
    assert not any(key in json.dumps([body, keys]) for key in (OWNERS, HEADERS))


def test_who_asks_for_progress_reads_the_answer_while_it_comes(routed):
    server, mine, _ = routed
    mine.go.clear()
    said: list[tuple[float, str]] = []

    async def progress(done, total, message):
        said.append((done, message))
        mine.go.set()  # the upstream goes on only when the first piece has come all the way

    async def call():
        async with httpx.AsyncClient(timeout=60) as http:
            async with streamable_http_client(server.url + "/gradio_api/mcp/", http_client=http) as (read, write, *_), ClientSession(read, write) as session:
                await session.initialize()
                given = {"model": "waits-for-go", "prompt": "a private question"}
                return await session.call_tool("provider_route_request", given, progress_callback=progress)

    result = asyncio.run(call())
    assert mine.go.is_set() and said[0][1] == "first "
    assert json.loads(result.content[0].text)["text"] == "".join(message for _, message in said) == "first then last"
    assert [number for number, _ in said] == list(range(1, len(said) + 1))


def test_an_answer_that_is_refused_is_an_error_with_its_receipt(routed):
    server, _, _ = routed
    failed, body = tool(server, "provider_route_request", {"model": "402", "prompt": "a private question"})
    error = body.get("error", body)
    assert failed and error["code"] == "payment_required" and error["details"]["receipt"]["attempts"][0]["status"] == 402


def test_the_page_and_the_whole_front_stand_before_the_same_router(routed):
    server, _, _ = routed
    streamed = httpx.post(server.url + "/v1/chat/completions", json={"model": "ok", "messages": [{"role": "user", "content": "a private question"}], "stream": True})
    assert streamed.headers["content-type"].startswith("text/event-stream") and streamed.text.rstrip().endswith("data: [DONE]")
    assert "spaces_os_model_attempts_total" in httpx.get(server.url + "/metrics").text
    refused = httpx.post(server.url + "/v1/chat/completions", json={}, headers={"origin": "https://evil.example"})
    assert refused.status_code == 403
