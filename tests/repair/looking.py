"""A look at a project without a box: its files, its packages from an index on this machine, its program run in this process."""

from __future__ import annotations

import hashlib
import http.server
import io
import os
import subprocess
import sys
import threading
import traceback
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import asdict
from pathlib import Path

from core.build import preflight, read_card
from core.failures import first_failure
from core.preview.environment import missing
from core.repair import Look

# What the index offers: package → module, its text, what it needs.
OFFERED = {
    ("opencv-python-headless", "4.0"): ("cv2", "WORD = 'no screen'\n", ()),
    ("opencv-python", "4.0"): ("cv2", "raise ImportError('libGL.so.1: cannot open shared object file: No such file or directory')\n", ()),
    ("alpha", "1.0"): ("alpha", "WORD = 'alpha'\n", ("beta<2",)),
    ("beta", "1.0"): ("beta", "WORD = 1\n", ()),
    ("beta", "3.0"): ("beta", "WORD = 3\n", ()),
    ("joblib", "1.0"): ("joblib", "WORD = 'joblib'\n", ()),
    ("scikit-learn", "1.0"): ("sklearn", "WORD = 'learn'\n", ()),
    ("beautifulsoup4", "4.0"): ("bs4", "WORD = 'soup'\n", ()),
}


def wheel(name: str, version: str) -> tuple[str, bytes]:
    module, text, needs = OFFERED[(name, version)]
    base = f"{name.replace('-', '_')}-{version}"
    needed = "".join(f"Requires-Dist: {one}\n" for one in needs)
    files = {
        f"{module}.py": text,
        f"{base}.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needed}",
        f"{base}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(f"{path},,\n" for path in files) + f"{base}.dist-info/RECORD,,\n"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in {**files, f"{base}.dist-info/RECORD": record}.items():
            archive.writestr(path, content)
    return f"{base}-py3-none-any.whl", packed.getvalue()


class Index(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"

    def do_GET(self):
        files = {file: (name, data) for name, version in OFFERED for file, data in [wheel(name, version)]}
        body = None
        if self.path.startswith("/files/"):
            body = files.get(self.path.removeprefix("/files/"), ("", None))[1]
        elif self.path.startswith("/simple/"):
            wanted = self.path.split("/")[2]
            rows = [f'<a href="/files/{file}#sha256={hashlib.sha256(data).hexdigest()}">{file}</a>' for file, (name, data) in files.items() if name == wanted]
            body = "".join(rows).encode() if rows else None
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/octet-stream")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body or b"")

    do_HEAD = do_GET

    def log_message(self, *words):
        pass


@contextmanager
def index() -> Iterator[str]:
    """A package index (PEP 503) on this machine; its address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/simple"
    server.shutdown()
    server.server_close()


def look_at(files: Mapping[str, bytes], folder: Path, address: str = "") -> Look:
    """How far it comes: preflight, install, start (the program raises), or done. address: of the index."""
    findings = tuple(asdict(one) for one in preflight(files))
    wrong = next((one for one in findings if one["severity"] == "error"), None)
    if wrong:
        return Look("preflight", False, wrong["message"], wrong["path"], wrong["line"], reached=wrong["line"], findings=findings)
    place, packages = folder / "app", folder / "packages"
    for path, data in files.items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    if missing(files.get("requirements.txt", b"").decode()):
        log = _install(place, packages, address)
        failure = first_failure(log)
        if failure:
            return Look("install", False, f"The requirements could not be installed: {failure.placed}", findings=findings, log=tuple(log))
    card = read_card(files)
    if card is None or card.sdk != "gradio":
        return Look("done", True, findings=findings)
    log = _run(place, packages, card.app_file or "app.py")
    failure = first_failure(log)
    if failure is None:
        return Look("done", True, findings=findings, log=tuple(log))
    path = next((path for path in files if failure.path.endswith("/" + path)), "")
    reached = failure.entered if path else 0
    return Look("start", False, f"The app did not start: {failure.placed}", path, failure.line if path else 0, reached, findings=findings, log=tuple(log))


def _install(place: Path, packages: Path, address: str) -> list[str]:
    lines = missing((place / "requirements.txt").read_text())
    (place / ".wanted.txt").write_text("\n".join(lines))
    command = [sys.executable, "-m", "uv", "pip", "install", "--no-cache", "--target", str(packages), "-r", str(place / ".wanted.txt"), "--only-binary", ":all:"]
    environment = {**os.environ, "UV_DEFAULT_INDEX": address, "NO_COLOR": "1", "UV_NO_PROGRESS": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return (done.stdout + done.stderr).splitlines() if done.returncode else []


def _run(place: Path, packages: Path, name: str) -> list[str]:
    """The lines the program wrote, ending with its traceback when it raised; it is imported, not launched."""
    known, path, folder = set(sys.modules), list(sys.path), os.getcwd()
    sys.path[:0] = [str(place), str(packages)]
    written = io.StringIO()
    os.chdir(place)
    try:
        with redirect_stdout(written), redirect_stderr(written):
            exec(compile((place / name).read_bytes(), str(place / name), "exec"), {"__name__": "app", "__file__": str(place / name)})
    except Exception as error:
        trace = error.__traceback__ and error.__traceback__.tb_next
        written.write("".join(traceback.format_exception(type(error), error, trace)))
    finally:
        os.chdir(folder)
        sys.path[:] = path
        for module in set(sys.modules) - known:
            if str(getattr(sys.modules[module], "__file__", "") or "").startswith((str(place), str(packages))):
                del sys.modules[module]
    return written.getvalue().splitlines()
