"""From an idea to a Space that serves, through each door that is not the page."""

import asyncio
import json
import os
import signal

import httpx
import psutil
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client

from core.box.tree import alive
from tests.conftest import start_server


def test_by_rest(server):
    answer = httpx.post(server.url + "/api/spaces", json={"idea": "a to-do list", "deploy": True, "name": "rest-journey"}, timeout=120)
    assert answer.status_code == 200, answer.text
    built = answer.json()
    assert built["space"]["created"] and built["space"]["repo"].endswith("/rest-journey")
    assert "<html" in httpx.get(built["url"]).text
    status = httpx.get(f"{server.url}/api/spaces/{built['space']['repo']}").json()
    assert status["stage"] == "RUNNING" and status["serving"] is True
    gone = httpx.delete(f"{server.url}/api/spaces/{built['space']['repo']}")
    assert gone.json()["deleted"] is True
    assert httpx.get(f"{server.url}/api/spaces/{built['space']['repo']}").status_code == 404


def test_by_mcp(server):
    async def journey():
        async with streamable_http_client(server.url + "/gradio_api/mcp/") as (read, write, _), ClientSession(read, write) as session:
            await session.initialize()

            async def tool(tool_name, /, **arguments):
                result = await session.call_tool(tool_name, arguments)
                body = json.loads(result.content[0].text)
                assert not result.isError, body
                return body

            built = await tool("build_space", idea="a REST API for a list of books")
            assert built["template"] == "docker-fastapi" and built["preview"]["stage"] == "running"
            project = built["project"]["id"]
            plan = await tool("deploy_plan", project=project, name="mcp-journey")
            assert plan["repo"].endswith("/mcp-journey") and plan["files"]
            space = await tool("deploy_to_space", project=project, name="mcp-journey")
            assert httpx.get(space["url"] + "openapi.json").json()["openapi"]
            await tool("project_write", project=project, files={"NOTES.md": "changed\n"})
            update = await tool("deploy_to_space", project=project)
            assert update["repo"] == space["repo"] and update["revision"] != space["revision"] and not update["created"]
            same = await tool("deploy_to_space", project=project)
            assert same["unchanged"] and same["revision"] == update["revision"]
            paused = await tool("space_control", repo=space["repo"], command="pause")
            assert paused["stage"] == "PAUSED" and httpx.get(space["url"]).status_code == 503
            await tool("space_delete", repo=space["repo"])

    asyncio.run(asyncio.wait_for(journey(), 150))


def test_a_killed_server_loses_nothing_and_leaves_nothing_running(tmp_path):
    first = start_server(tmp_path / "data", "--hub", "local")
    built = first.action("build_space", idea="a REST API for a list of books", deploy=True, name="survivor").json()
    assert "error" not in built, built
    children = psutil.Process(first.process.pid).children(recursive=True)
    assert children
    os.kill(first.process.pid, signal.SIGKILL)
    first.process.wait()
    port = int(first.url.rsplit(":", 1)[1])
    second = start_server(tmp_path / "data", "--hub", "local", port=port)
    try:
        psutil.wait_procs(children, timeout=10)
        assert alive(children) == []
        assert [item["id"] for item in second.action("project_list").json()["items"]] == [built["project"]["id"]]
        status = httpx.get(f"{second.url}/api/spaces/{built['space']['repo']}").json()
        for _ in range(100):
            if status["stage"] == "RUNNING":
                break
            status = httpx.get(f"{second.url}/api/spaces/{built['space']['repo']}").json()
        assert status["stage"] == "RUNNING"
        assert httpx.get(built["url"]).status_code == 200  # the same address as before
    finally:
        second.end()


def test_what_would_stop_the_deploy_is_told_before_the_app_is_started(server):
    running = {item["id"] for item in server.action("preview_list").json()["items"]}
    for name, code in (("bad name!", "invalid_input"), ("someone-else/x", "forbidden")):
        answer = server.action("build_space", idea="a to-do list", deploy=True, name=name)
        error = answer.json()["error"]
        assert error["code"] == code and error["details"]["project"]
    assert {item["id"] for item in server.action("preview_list").json()["items"]} <= running
