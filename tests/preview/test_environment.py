"""requirements.txt: satisfied by this Python, installed from an index on this machine, or refused with the installer's words."""

import contextlib
import hashlib
import http.server
import importlib.metadata
import io
import socket
import tarfile
import threading
import zipfile
from pathlib import Path

import httpx
import pytest

from core.box import Host
from core.preview.environment import KEPT, _key, missing
from core.preview.index import index_hosts, installer_settings
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


BACKEND = """
import os, zipfile
def build_wheel(folder, config_settings=None, metadata_directory=None):
    info, name = "tinysource-1.0.dist-info", "tinysource-1.0-py3-none-any.whl"
    files = {
        "tinysource.py": "WORD = %r" % ("built, cache: " + os.environ.get("UV_CACHE_DIR", "its own")),
        info + "/METADATA": "Metadata-Version: 2.1\\nName: tinysource\\nVersion: 1.0\\n",
        info + "/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    files[info + "/RECORD"] = "".join(n + ",,\\n" for n in [*files, info + "/RECORD"])
    with zipfile.ZipFile(os.path.join(folder, name), "w") as packed:
        for path, text in files.items():
            packed.writestr(path, text)
    return name
"""


def source_package() -> bytes:
    """A package that runs code of its own to become installable."""
    files = {
        "pyproject.toml": '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n',
        "PKG-INFO": "Metadata-Version: 2.1\nName: tinysource\nVersion: 1.0\n",
        "backend.py": BACKEND,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"tinysource-1.0/{name}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


OFFERED = {
    "tinypackage": ("tinypackage-1.0-py3-none-any.whl", wheel("1.0")),
    "tinysource": ("tinysource-1.0.tar.gz", source_package()),
}


class Index(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        body = None
        for project, (name, data) in OFFERED.items():
            if self.path == f"/files/{name}":
                body = data
            elif self.path == f"/simple/{project}/":
                body = f'<a href="/files/{name}#sha256={hashlib.sha256(data).hexdigest()}">{name}</a>'.encode()
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/octet-stream")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


@contextlib.contextmanager
def serving():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def index(monkeypatch):
    """A package index (PEP 503) on this machine, and this machine's own; `.asked` are the paths it was asked for."""
    for other in ("UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS", "PIP_FIND_LINKS", "UV_OFFLINE"):
        monkeypatch.delenv(other, raising=False)
    with serving() as server:
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"http://127.0.0.1:{server.server_port}/simple")
        yield server


@pytest.fixture
def elsewhere():
    """An index nobody has allowed."""
    with serving() as server:
        yield server


SOURCE = b"""import fastapi, tinypackage, uvicorn
app = fastapi.FastAPI()
@app.get("/")
def root(): return tinypackage.WORD
@app.get("/where")
def where(): return tinypackage.__file__
uvicorn.run(app)
"""


def asking_for(requirements: str, *, package: str = "tinypackage") -> dict[str, bytes]:
    return {
        "main.py": SOURCE.replace(b"tinypackage", package.encode()),
        "requirements.txt": requirements.encode(),
        "Dockerfile": PLAIN.replace(b"CMD", b"RUN pip install -r requirements.txt\nCMD"),
    }


def test_what_is_missing_is_installed_once_beside_what_is_here(house, index):
    files = asking_for("tinypackage==1.0\n")
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
    made = list((house.previews.root / "environments").glob("*/python"))
    assert all((place.parent / "ready").exists() for place in made)


def test_what_comes_as_source_is_built_away_from_the_shared_cache(house, index):
    """Building runs the package's own code: what it may write is its environment, never the cache others install from."""
    app = house.start(asking_for("tinysource==1.0", package="tinysource"))
    found = httpx.get(house.url(app)).json()
    told = [line.text for line in app.logs.lines() if line.source == "build"]
    house.stop(app)
    assert found == "built, cache: its own" and any("as source only" in line for line in told)
    cache = house.previews.root / "environments" / "cache"
    assert not any("tinysource" in path.name and path.suffix == ".whl" for path in cache.rglob("*"))


def test_another_index_than_the_machines_is_out_of_reach(house, index, elsewhere):
    wanted = f"--extra-index-url http://127.0.0.1:{elsewhere.server_port}/simple\nonly-elsewhere"
    app = house.start(asking_for(wanted), wait=False)
    assert "could not be installed" in ended_with(app)
    told = [line.text for line in app.logs.lines()]
    assert elsewhere.asked == [] and any(f"Refused: 127.0.0.1:{elsewhere.server_port}" in line for line in told)


def test_modules_are_compiled_before_the_app_starts(house, index):
    app = house.start(asking_for("tinypackage==1.0\n# compiled"))
    folder = Path(httpx.get(house.url(app, "where")).json()).parent
    compiled = list((folder / "__pycache__").glob("tinypackage.*.pyc"))
    house.stop(app)
    assert compiled


def test_lines_that_refer_to_files_make_an_environment_the_projects_own(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for place, word in ((one, "a"), (other, "b")):
        place.mkdir()
        (place / "setup.py").write_text(word)
    assert _key("httpx==1", one) == _key("httpx==1", other)
    for line in ("-e .", "./package", "-r more.txt", "x @ file:///tmp/x.whl", "--index-url https://x.example"):
        assert _key(line, one) != _key(line, other), line


@pytest.mark.parametrize(
    "settings, expected",
    [
        ({}, set()),
        ({"UV_DEFAULT_INDEX": "https://index.example/simple"}, {Host("index.example", 443, True)}),
        ({"UV_INDEX": "own=http://10.0.0.1:8080/simple https://b.example"}, {Host("10.0.0.1", 8080, True), Host("b.example", 443, True)}),
        ({"UV_FIND_LINKS": "/opt/wheels"}, set()),
    ],
)
def test_the_machines_own_index_may_be_reached(settings, expected):
    assert set(index_hosts(settings)) - {Host("pypi.org"), Host("files.pythonhosted.org")} == expected


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


