"""The engine for who outgrows one machine: a virtual machine of its own at Hugging Face, paid by the caller's account.

One `huggingface_hub.Sandbox` an app (never a pool: its members share one machine's control plane). Read in
huggingface_hub 1.33, where the API is marked experimental; never run against huggingface.co from here, so what its
servers do beyond the client's own code is not known.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import tarfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.box.engine import Address, Ending, EngineStatus, Launch, Layer
from core.errors import AppFailed, PaymentRequired, SpacesError, Unauthorized
from core.secrets import Secret, redact

if TYPE_CHECKING:
    from huggingface_hub import Sandbox

APP_PORT = 7860
IDLE_SECONDS = 600  # it ends itself so long after this server's last word: what a killed server leaves is paid that long
WORD_SECONDS = 60
START_SECONDS = 180
_HERE = {"PATH", "HOME", "TMPDIR", "GRADIO_TEMP_DIR", "TZ", "LANG"}  # of this machine, not of that one


@dataclass(frozen=True)
class Remote:
    """Where to run, and who pays. flavor: as `hf jobs hardware` lists them. namespace: the account or organisation billed."""

    token: Secret
    flavor: str = "cpu-basic"
    namespace: str | None = None
    image: str = "python:3.12"
    endpoint: str = "https://huggingface.co"


class RemoteEngine:
    """Starts each launch in a sandbox of its own."""

    def __init__(self, remote: Remote):
        self.remote = remote

    def probe(self, *, retest: bool = False) -> EngineStatus:
        return EngineStatus(
            engine="remote",
            available=True,
            sealed=True,
            tier="strong",
            networks=("sealed", "tcp-own", "egress"),
            layers={
                "machine": Layer("on", "a virtual machine of its own at Hugging Face"),
                "network": Layer("partial", "open: it reaches the internet, and nothing of this machine"),
                "payment": Layer("on", f"{self.remote.flavor}, by the hour, from the account whose token started it"),
            },
        )

    def warm(self, seconds: float = 0) -> bool:
        return False

    def start(self, launch: Launch) -> RemoteHandle:
        return RemoteHandle(self.remote, launch)

    def sweep(self) -> int:
        return 0  # what was left ends itself by idleness

    def close(self) -> None:
        """Nothing is held."""


class RemoteHandle:
    """One sandbox, from its making to its end, in a thread of its own; what happens is told on `output`."""

    def __init__(self, remote: Remote, launch: Launch):
        self.remote, self.launch = remote, launch
        self.output, self._writer = os.pipe()
        self.errors: int | None = None
        self.ending: Ending | None = None
        self.addresses: tuple[Address, ...] = ()
        self._sandbox: Sandbox | None = None
        self._code: int | None = None
        self._ending, self._over = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        threading.Thread(target=self._run, name=f"remote-{launch.id}", daemon=True).start()

    def poll(self) -> int | None:
        return self._code

    def wait(self, timeout: float | None) -> int | None:
        self._over.wait(timeout)
        return self._code

    def owns(self, address: Address) -> bool:
        return address in self.addresses

    def end(self) -> None:
        """Delete the sandbox. Safe to call twice; returns when it is gone, or after 30 seconds."""
        self._ending.set()
        with self._lock:
            sandbox = self._sandbox
        if sandbox is not None:
            sandbox.kill()
        self._over.wait(30)

    def _say(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(self._writer, redact(text, self.remote.token).encode("utf-8", "replace"))

    def _run(self) -> None:
        code = 1
        try:
            code = self._live()
        except SpacesError as error:
            self._say(f"Error: {error.message}\n")
        except Exception as error:  # of the client, whose classes are its own
            if not self._ending.is_set():
                self._say(f"Error: {_reason(error)}\n")
        finally:
            with self._lock:
                sandbox, self._sandbox = self._sandbox, None
            if sandbox is not None:
                sandbox.kill()
                sandbox.close()
            self.addresses = ()
            self._code = code
            os.close(self._writer)
            self._over.set()

    def _live(self) -> int:
        launch = self.launch
        self._say(f"Starting a sandbox ({self.remote.flavor}).\n")
        sandbox = self._create()
        with self._lock:
            self._sandbox = sandbox
        if self._ending.is_set():
            return 143
        threading.Thread(target=self._keep_alive, args=(sandbox,), daemon=True).start()
        sandbox.files.write("/tmp/project.tar.gz", _packed(launch.workspace.app))
        sandbox.run("mkdir -p /app && tar -xzf /tmp/project.tar.gz -C /app && rm /tmp/project.tar.gz")
        if launch.requirements.strip():
            self._say("Installing the requirements.\n")
            sandbox.files.write("/tmp/requirements.txt", launch.requirements)
            done = self._command(sandbox, "pip install --disable-pip-version-check --no-input -q -r /tmp/requirements.txt", {})
            if done != 0:
                raise AppFailed("The requirements could not be installed in the sandbox.")
        self.addresses = (_address(sandbox, self.remote),)
        return self._command(sandbox, _command_line(launch), _environment(launch))

    def _create(self) -> Sandbox:
        from huggingface_hub import Sandbox, constants
        from huggingface_hub.errors import HfHubHTTPError

        if constants.ENDPOINT.rstrip("/") != self.remote.endpoint.rstrip("/"):
            raise AppFailed("Remote sandboxes run at Hugging Face, and this instance works with another Hub.")
        try:
            return Sandbox.create(
                self.remote.image,
                flavor=self.remote.flavor,
                idle_timeout=IDLE_SECONDS,
                namespace=self.remote.namespace,
                start_timeout=START_SECONDS,
                token=self.remote.token.reveal(),
            )
        except HfHubHTTPError as error:
            status = error.response.status_code if error.response is not None else None
            if status in (401, 403):
                raise Unauthorized("The token may not start sandboxes.", "Use one with the scope job.write.") from None
            if status == 402:
                raise PaymentRequired("The account has no credit for a sandbox.", "Add credit at Hugging Face, or run it here.") from None
            raise

    def _keep_alive(self, sandbox: Sandbox) -> None:
        """A command that runs does not count as use; a word from here does."""
        while not self._over.wait(WORD_SECONDS):
            with contextlib.suppress(Exception):  # the next word may get through; what really ended is seen by its command
                sandbox.processes()

    def _command(self, sandbox: Sandbox, command: str, env: dict[str, str]) -> int:
        """Run it to its end, its output told; 128 + signal when a signal ended it."""
        result = sandbox.run(
            command, env=env, cwd=f"/app/{self.launch.directory}".rstrip("/"), on_stdout=self._say, on_stderr=self._say,
            check=False, capture_output=False,
        )  # fmt: skip
        return 128 + result.signal if result.signal else int(result.exit_code or 0)


def _packed(folder: Path) -> bytes:
    """The project as tar.gz: plain files and folders only."""
    packed = io.BytesIO()

    def plain(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        entry.uid = entry.gid = 0
        entry.uname = entry.gname = ""
        return entry if entry.isreg() or entry.isdir() else None

    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as archive:
        archive.add(folder, arcname=".", filter=plain)
    return packed.getvalue()


def _address(sandbox: Sandbox, remote: Remote) -> Address:
    """Where the app answers; the headers are this server's to send and nobody else's to see."""
    scheme = f"{urlsplit(remote.endpoint).scheme}://"
    return Address(url=sandbox.proxy_url_for(APP_PORT, "/", scheme=scheme), headers=dict(sandbox.proxy_headers))


def _command_line(launch: Launch) -> str:
    entry = launch.entry
    if entry.command:
        return shlex.join(entry.command)
    if entry.module:
        return shlex.join(("python", "-u", "-m", entry.module, *entry.arguments))
    return shlex.join(("python", "-u", entry.script or "app.py", *entry.arguments))


def _environment(launch: Launch) -> dict[str, str]:
    """The app's own variables, and what a Space sets for it."""
    port = str(APP_PORT)
    ours = {"PORT": port, "GRADIO_SERVER_PORT": port, "GRADIO_SERVER_NAME": "127.0.0.1", "GRADIO_ROOT_PATH": launch.mount}
    return {name: value for name, value in launch.env.items() if name not in _HERE} | ours


def _reason(error: Exception) -> str:
    """The client's own words, in one line."""
    return " ".join(str(error).split())[:400] or type(error).__name__


