"""One previewed app that tries everything, opened in every place it can be: what came of each attempt, place by place."""

from __future__ import annotations

import asyncio
import base64
import http.server
import io
import json
import threading
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page, sync_playwright

from tests import machine

PAGE = (Path(__file__).parent / "hostile.html").read_text()
SANDBOX = "allow-scripts allow-forms allow-modals allow-popups allow-downloads"
KEY = "sk-the-visitors-own-key"
SPACE = "me-app.hf.space"
# The browser's own care for popups would keep in what ours must keep in.
TRUSTING = [f"--host-resolver-rules=MAP {SPACE} 127.0.0.1", "--disable-popup-blocking"]
PLACES = {
    "unprotected": "in a frame without sandbox, our headers taken off: what the attempt is worth",
    "frame": "in the page's own frame",
    "bare frame": "in a frame that forgot its sandbox",
    "tab": "in a tab of its own",
    "space": f"in the page's own frame, the page being at {SPACE}",
}


class Elsewhere:
    """Somebody else's server; `.seen` are the paths it was asked for."""

    def __enter__(self) -> Elsewhere:
        seen: list[str] = []
        self.seen = seen

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                seen.append(self.path)
                self.send_response(200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", {"/script": "text/javascript", "/style": "text/css", "/events": "text/event-stream"}.get(self.path, "text/html"))
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *words):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        return self

    def __exit__(self, *error) -> None:
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Outcome:
    """What one place came to. attempts: as the app saw it. effects: what happened besides."""

    attempts: dict[str, str]
    effects: dict[str, bool] = field(default_factory=dict)

    def worked(self, attack: str) -> bool:
        return self.effects.get(attack, False) or self.attempts[attack].startswith("GOT")


def preview_of(server, **files: str) -> str:
    """The path of a preview of a static app with these pages."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"README.md": "---\ntitle: Friendly\nsdk: static\n---\n", **files}.items():
            archive.writestr(name, text)
    project = server.action("project_import", data=base64.b64encode(buffer.getvalue()).decode(), title="Friendly").json()
    return server.action("preview_start", project=project["id"]).json()["path"]


def place_frame(page: Page, path: str, sandbox: str | None):
    """Put a frame into the page; returns what is inside it."""
    page.evaluate(
        """([path, sandbox]) => {
            const frame = document.createElement('iframe');
            if (sandbox) frame.setAttribute('sandbox', sandbox);
            frame.src = path; frame.name = 'hostile';
            document.body.append(frame);
        }""",
        [path, sandbox],
    )
    return page.wait_for_selector("iframe[name=hostile]").content_frame()


class Stripped:
    """The same server on another port, its policies' names made unknown on the way: what it would be without them."""

    def __init__(self, port: int):
        self._port = port

    def __enter__(self) -> Stripped:
        self._loop = asyncio.new_event_loop()  # in a thread: playwright keeps one of its own in this
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        starting = asyncio.run_coroutine_threadsafe(asyncio.start_server(self._join, "127.0.0.1", 0), self._loop)
        self._server = starting.result(30)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_connection("127.0.0.1", self._port)

        async def pour(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            try:
                while data := await source.read(1 << 20):
                    sink.write(data.replace(b"content-security-policy:", b"x-ontent-security-policy:"))
                    await sink.drain()
            except OSError:
                pass
            finally:
                sink.close()

        await asyncio.gather(pour(reader, to_server), pour(server, writer))

    def __exit__(self, *error) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _end(self) -> None:
        self._server.close()
        joined = asyncio.all_tasks() - {asyncio.current_task()}
        for task in joined:
            task.cancel()
        await asyncio.wait(joined or {asyncio.create_task(asyncio.sleep(0))}, timeout=10)


def visit(page: Page, url: str) -> None:
    """The real page, with a session, a key in its storage and a cookie of its own; it listens to what frames say."""
    page.goto(url)
    page.evaluate("fetch('/api/session', {method: 'POST'})")
    page.evaluate(
        f"""() => {{ localStorage.setItem('provider-key', {KEY!r}); document.cookie = 'own=cookie-of-the-page';
        window.heard = []; new BroadcastChannel('between').onmessage = (event) => window.heard.push(event.data); }}"""
    )


def attack(server, place: str) -> Outcome:
    """Open the app in that place of a real Chromium and wait until it has tried everything."""
    port = urlsplit(server.url).port
    with Elsewhere() as elsewhere, Stripped(port) as stripped, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=machine.chromium(), args=[*machine.ARGUMENTS, *TRUSTING])
        context = browser.new_context()
        base = {"space": f"http://{SPACE}:{port}", "unprotected": stripped.url}.get(place, server.url)
        path = f"{preview_of(server, **{'index.html': PAGE, 'sw.js': '1'})}?outside={elsewhere.url}"
        before = server.action("project_list").json()["meta"]["count"]
        page = context.new_page()
        visit(page, base)
        if place == "tab":
            with context.expect_page() as opened:
                page.evaluate(f"void window.open({path!r})")  # with an opener, which our own link would not give
            inside = opened.value
        else:
            inside = place_frame(page, path, None if place in ("bare frame", "unprotected") else SANDBOX)
        inside.wait_for_selector("#outcome", timeout=90_000, state="attached")
        attempts = json.loads(inside.text_content("#outcome"))
        page.wait_for_timeout(500)
        effects = {
            "a blind write": server.action("project_list").json()["meta"]["count"] > before,
            "a channel to the page": page.evaluate("window.heard.length > 0"),
            **{name: any(urlsplit(path).path.strip("/") == way for path in elsewhere.seen) for name, way in WAYS_OUT.items()},
        }
        assert page.evaluate("localStorage.getItem('provider-key')") == KEY  # the page itself stands as it stood
        browser.close()
    return Outcome(attempts, effects)


WAYS_OUT = {
    f"words to elsewhere: {name}": way
    for name, way in {
        "fetch": "fetch", "a worker's fetch": "worker", "an image": "image", "a script": "script", "a style": "style",
        "a frame": "frame", "a beacon": "beacon", "a WebSocket": "socket", "an event source": "events",
    }.items()
}  # fmt: skip


def table(outcomes: dict[str, Outcome], attacks: list[str]) -> str:
    """Attack by place, as Markdown: "worked", "refused", or "empty" where something stands in that holds nothing."""

    def word(outcome: Outcome, attack: str) -> str:
        if outcome.worked(attack):
            return "worked"
        return "empty" if outcome.attempts[attack] == "nothing" else "refused"

    rows = [[attack, *(word(outcome, attack) for outcome in outcomes.values())] for attack in attacks]
    return "\n".join("| " + " | ".join(row) + " |" for row in [["attack", *outcomes], ["---"] * (1 + len(outcomes)), *rows])
