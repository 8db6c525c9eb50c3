"""The command line: what `python app.py …` understands, and the headless build."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx

from core.registry import Call
from core.doors.run import follow_action
from core.errors import HubUnavailable, InvalidInput, SpacesError, TimedOut
from core.events import Done, Event, Failed, Step
from core.house import build_house
from core.instance import Running, free_port, running
from core.settings import Settings

_START_SECONDS = 60


def parser() -> argparse.ArgumentParser:
    """The arguments; without a command the page is served."""
    top = argparse.ArgumentParser(prog="app.py", description="From an idea to a running Hugging Face Space.")
    commands = top.add_subparsers(dest="command")
    build = commands.add_parser("build", help="take an idea to a running app, headless")
    build.add_argument("idea", help="what to build, in plain words; - reads it from standard input")
    build.add_argument("--deploy", action="store_true", help="publish it as a Space when it works")
    build.add_argument("--template", help="a template's id, to overrule the choice")
    build.add_argument("--name", help="the Space's name, with or without owner")
    build.add_argument("--private", action="store_true", help="only you see the Space")
    build.add_argument("--hardware", help="a Hub hardware id; the free one when empty")
    build.add_argument("--out", type=Path, metavar="DIR", help="also write the files into this new directory")
    build.add_argument("--json", action="store_true", help="print the whole result as JSON")
    stop = commands.add_parser("stop", help="end the server that works in the data directory")
    for one in (top, build, stop):
        kept = {} if one is top else {"default": argparse.SUPPRESS}
        one.add_argument("--config", metavar="FILE", help="settings, before agentic-config.yaml", **kept)
        one.add_argument("--hub", metavar="auto|local|URL", help="which Hub (default auto)", **kept)
        one.add_argument("--port", type=int, help="where to listen (default 7860)", **kept)
        one.add_argument("--host", help="the address to listen on (default 0.0.0.0)", **kept)
        one.add_argument("--data", type=Path, metavar="DIR", help="where everything is kept (default ./data)", **kept)
    return top


def build(arguments: argparse.Namespace, settings: Settings) -> int:
    """Run `build_space`, say the steps on standard error, print the address (or JSON). Returns the exit code."""
    idea = sys.stdin.read() if arguments.idea == "-" else arguments.idea
    given = {
        "idea": idea,
        "deploy": arguments.deploy,
        "template": arguments.template,
        "name": arguments.name,
        "visibility": "private" if arguments.private else "public",
        "hardware": arguments.hardware,
    }
    try:
        if arguments.out and arguments.out.exists():
            raise InvalidInput(f"{arguments.out} exists already.", "Name a directory that does not exist yet.")
        result = asyncio.run(_build(settings, given, arguments.out))
    except SpacesError as error:
        return _fail(error.to_dict(), arguments.json)
    except KeyboardInterrupt:
        return _fail({"message": "Stopped.", "fix": "The files made so far are kept as a project."}, arguments.json, code=130)
    if "error" in result:
        return _fail(result["error"], arguments.json)
    print(json.dumps(result, indent=2) if arguments.json else _address(result, arguments))
    return 0


def stop(settings: Settings) -> int:
    """End the server that works in the data directory, and wait until it is gone."""
    found = running(settings.data.resolve())
    if not found:
        print("No server works in this data directory.", file=sys.stderr)
        return 1
    os.kill(found.pid, 15)
    for _ in range(200):
        if not running(settings.data.resolve()):
            return 0
        time.sleep(0.1)
    print(f"Process {found.pid} did not end within 20 s.", file=sys.stderr)
    return 1


async def _build(settings: Settings, given: dict[str, Any], out: Path | None) -> dict[str, Any]:
    data = settings.data.resolve()
    server = running(data)
    if not server and given["deploy"] and settings.hub_kind == "local":
        # A Space on the Local Hub lives as long as its server, so the server must outlive this command.
        server = await _start_server(settings)
        print(f"The Local Hub keeps running (process {server.pid}, {server.url}); `python app.py stop` ends it.", file=sys.stderr)
    if server:
        async with httpx.AsyncClient(base_url=server.url, timeout=httpx.Timeout(30, read=None)) as client:
            result = await _show(_remote(client, given))
            if out and "error" not in result:
                files = await _remote_files(client, result["project"]["id"])
                _write_out(out, files)
        return result
    house = build_house(settings, free_port(0))
    await house.start()
    try:
        result = await _show(follow_action("build_space", given, Call(house.caller("cli"), house)))
        if "error" not in result:
            if out:
                _write_out(out, house.projects.get(result["project"]["id"], house.caller("cli").id).snapshot())
            if not result["space"]:
                result["url"] = None  # the preview ends with this command
        return result
    finally:
        await house.close()


async def _show(events: AsyncIterator[Event]) -> dict[str, Any]:
    async for event in events:
        if isinstance(event, Step) and event.state != "working":
            took = f"  {event.seconds:.1f} s" if event.seconds is not None else ""
            print(f"{event.state:8}{event.text}{took}", file=sys.stderr)
        if isinstance(event, Done):
            return event.result
        if isinstance(event, Failed):
            return {"error": event.error}
    raise AssertionError("an action ends with Done or Failed")


async def _remote(client: httpx.AsyncClient, given: dict[str, Any]) -> AsyncIterator[Event]:
    headers = {"accept": "text/event-stream"}
    try:
        async with client.stream("POST", "/api/actions/build_space", json=given, headers=headers) as response:
            kind = ""
            async for line in response.aiter_lines():
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    data = json.loads(line[6:])
                    if kind == "result":
                        yield Done(result=data)
                    elif kind == "error" or "error" in data:
                        yield Failed(error=data["error"])
                    elif data.get("event") == "Step":
                        yield Step(**{key: data[key] for key in ("name", "text", "state", "seconds")})
                elif line.startswith("{"):
                    yield Failed(error=json.loads(line)["error"])
    except httpx.HTTPError as error:
        raise HubUnavailable(f"The server stopped answering ({type(error).__name__}).", "Look at server.log in the data directory.") from None


async def _remote_files(client: httpx.AsyncClient, project: str) -> dict[str, bytes]:
    import base64
    import io
    import zipfile

    answer = (await client.post("/api/actions/project_export", json={"project": project})).raise_for_status().json()
    with zipfile.ZipFile(io.BytesIO(base64.b64decode(answer["base64"]))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


async def _start_server(settings: Settings) -> Running:
    data = settings.data.resolve()
    data.mkdir(parents=True, exist_ok=True)
    try:
        port = free_port(settings.port)
    except SpacesError:
        port = free_port(0)
    entry = Path(__file__).resolve().parent.parent / "app.py"
    command = [sys.executable, str(entry), "--data", str(data), "--port", str(port), "--hub", "local", "--host", settings.host]
    with open(data / "server.log", "ab") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    server = Running(pid=process.pid, port=port)
    deadline = time.monotonic() + _START_SECONDS
    async with httpx.AsyncClient(timeout=2) as client:
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise HubUnavailable("The Local Hub's server ended while starting.", f"Read {data / 'server.log'}.")
            try:
                if (await client.get(server.url + "/healthz")).is_success:
                    return server
            except httpx.HTTPError:
                pass
            await asyncio.sleep(0.2)
    process.terminate()
    raise TimedOut(f"The Local Hub's server did not answer within {_START_SECONDS} s.", f"Read {data / 'server.log'}.")


def _write_out(out: Path, files: dict[str, bytes]) -> None:
    out.mkdir(parents=True)
    for path, content in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _address(result: dict[str, Any], arguments: argparse.Namespace) -> str:
    if result["url"]:
        return result["url"]
    where = str(arguments.out) if arguments.out else f"project {result['project']['id']}"
    return f"{where}  (it started and answered; `python app.py` opens it, --deploy publishes it)"


def _fail(error: dict[str, Any], as_json: bool, code: int = 1) -> int:
    if as_json:
        print(json.dumps({"error": error}, indent=2))
    print(f"{error['message']} {error['fix']}", file=sys.stderr)
    return code
