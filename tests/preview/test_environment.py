"""requirements.txt: satisfied by this Python, installed from an index on this machine, or refused with the installer's words."""

import hashlib
import http.server
import importlib.metadata
import io
import socket
import threading
import zipfile

import httpx
import pytest

from core.preview.environment import KEPT, installer_settings, missing
from tests.preview.test_process import PLAIN, ended_with

HERE = importlib.metadata.version("httpx")


@pytest.mark.parametrize(
    "line, is_missing",
    [
        ("httpx", False),
        ("HTTPX==" + HERE, False),
        ("httpx>=0.20,<99  # the client", False),
        ("httpx==0.0.1", True),
        ("surely-not-installed-anywhere", True),
        ("surely-not-installed; python_version < '3'", False),
        ("gradio[mcp]", False),
        ("pandas[gcp]", True),
        ("# a comment", False),
        ("", False),
        ("--extra-index-url https://x.example/simple", False),
        ("-r more.txt", True),
        ("name @ https://x.example/name.whl", True),
        ("not a requirement at all!", True),
    ],
)
def test_what_this_python_lacks(line, is_missing):
    assert bool(missing(line)) is is_missing


def test_an_index_with_a_password_is_not_handed_on():
    given = {"PIP_INDEX_URL": "https://me:secret@x.example/simple", "UV_INDEX": "https://y.example/simple", "HF_TOKEN": "hf_x"}
    assert installer_settings(given) == {"UV_INDEX": "https://y.example/simple"}


def wheel(version: str) -> bytes:
    """A package of one module, as an index offers it."""
    info = f"tinypackage-{version}.dist-info"
    files = {
        "tinypackage.py": f"WORD = 'installed {version}'\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: tinypackage\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{name},,\n" for name in files) + f"{info}/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(name, text)
    return packed.getvalue()


@pytest.fixture
def index(monkeypatch):
    """A package index (PEP 503) on this machine; `.asked` are the paths it was asked for."""
    name, data = "tinypackage-1.0-py3-none-any.whl", wheel("1.0")
    page = f'<a href="/files/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'.encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            server.asked.append(self.path)
            body = {"/simple/tinypackage/": page, f"/files/{name}": data}.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html" if body is page else "application/octet-stream")
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body or b"")

        do_HEAD = do_GET

        def log_message(self, *words):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
    for other in ("UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS", "PIP_FIND_LINKS", "UV_OFFLINE", "HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(other, raising=False)
    yield server
    server.shutdown()
    server.server_close()


SOURCE = b"""import fastapi, tinypackage, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def root(): return tinypackage.WORD
uvicorn.run(app)
"""


def test_what_is_missing_is_installed_once_beside_what_is_here(house, index):
    files = {
        "main.py": SOURCE,
        "requirements.txt": b"tinypackage==1.0\n",
        "Dockerfile": PLAIN.replace(b"CMD", b"RUN pip install -r requirements.txt\nCMD"),
    }
    app = house.start(files)
    assert httpx.get(house.url(app)).json() == "installed 1.0"
    told = [line.text for line in app.logs.lines() if line.source == "build"]
    assert any("tinypackage" in line for line in told)
    house.stop(app)
    index.asked.clear()
    again = house.start(files)
    assert httpx.get(house.url(again)).json() == "installed 1.0"
    assert index.asked == []
    house.stop(again)


def test_the_installers_own_error_is_what_one_reads(house, index):
    files = {"main.py": SOURCE, "Dockerfile": PLAIN.replace(b"CMD", b"RUN pip install tinypackage==9.9\nCMD")}
    message = ended_with(house.start(files, wait=False))
    assert message.startswith("The requirements could not be installed: ")
    assert "tinypackage==9.9" in message


def test_without_a_network_it_says_so(house, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{closed.getsockname()[1]}/simple")
        monkeypatch.setenv("UV_HTTP_RETRIES", "1")
        files = {"app.py": b"", "requirements.txt": b"nowhere-to-be-found\n"}
        app = house.start(files, "gradio", wait=False)
        message = ended_with(app)
    assert "could not be installed" in message and "nowhere-to-be-found" in message
    assert not any((house.previews.root / "environments").glob("*/pyvenv.cfg")) or all(
        (place.parent / "ready").exists() for place in (house.previews.root / "environments").glob("*/pyvenv.cfg")
    )


def test_stopping_ends_an_installation(house, monkeypatch):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{silent.getsockname()[1]}/simple")
        app = house.start({"app.py": b"", "requirements.txt": b"never-answered\n"}, "gradio", wait=False)
        silent.settimeout(10)
        connection, _ = silent.accept()
        assert app.stage == "building"
        house.stop(app)
        connection.close()
    assert app.stage == "stopped" and not app.workspace.root.exists()


def test_old_environments_give_way(house):
    environments = house.previews.environments
    for number in range(KEPT + 3):
        (environments.root / f"old{number}").mkdir(parents=True)
        (environments.root / f"old{number}" / "ready").touch()
    environments._drop_old(keep=f"old{KEPT + 2}")
    left = [path.parent.name for path in environments.root.glob("*/ready")]
    assert len(left) == KEPT and f"old{KEPT + 2}" in left


