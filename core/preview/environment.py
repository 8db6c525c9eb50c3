"""The Python an app runs with: ours where it has what requirements.txt asks for, else a cached environment made by uv."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import sysconfig
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from core.box import LogRing, workspace
from core.errors import AppFailed, StorageFull
from core.preview.failures import first_error

KEPT = 8  # environments; the least recently used one goes first

Run = Callable[[tuple[str, ...], Mapping[str, str]], int]
"""Runs a command with that environment inside the preview's box, its output in the log; returns the exit code."""


@dataclass(frozen=True)
class Environment:
    """python: the interpreter. installed: an environment was made for this app."""

    python: Path
    installed: bool = False


def missing(requirements: str) -> list[str]:
    """The lines that this Python does not satisfy: names, versions, extras and markers are all looked at."""
    lines = (line.split(" #")[0].strip() for line in requirements.splitlines())
    return [line for line in lines if line and not line.startswith("#") and not _satisfied(line)]


def _satisfied(line: str) -> bool:
    if line.startswith("-"):
        return not line.startswith(("-r", "-c", "-e", "--requirement", "--constraint", "--editable"))
    try:
        return _has(Requirement(line.split(" --")[0]), set())
    except InvalidRequirement:
        return False


def _has(requirement: Requirement, seen: set[tuple[str, str]], *, extra: str = "") -> bool:
    if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
        return True
    try:
        found: Distribution = distribution(requirement.name)
    except PackageNotFoundError:
        return False
    if requirement.url or not requirement.specifier.contains(found.version, prereleases=True):
        return False
    for name in requirement.extras:
        if (requirement.name, name) in seen:
            continue
        seen.add((requirement.name, name))
        for line in found.requires or []:
            wanted = Requirement(line)
            if wanted.marker and "extra" in str(wanted.marker) and not _has(wanted, seen, extra=name):
                return False
    return True


class Environments:
    """The cache of environments below one directory."""

    def __init__(self, root: Path):
        self.root = root
        self._lock = threading.Lock()
        self._building: dict[str, threading.Lock] = {}
        self._used: dict[str, int] = {}

    def resolve(self, requirements: str, log: LogRing, *, source: Path, run: Run) -> Environment:
        """The Python for these requirements; `AppFailed` with the installer's own first error, or `StorageFull`.

        Args:
            requirements: text of requirements.txt.
            log: where progress and errors go.
            source: folder with the requirements file, for what it refers to.
            run: runs the installer in the preview's box.
        """
        wanted = missing(requirements)
        if not wanted:
            return Environment(Path(sys.executable))
        log.append(f"Not installed here: {', '.join(wanted)[:500]}", "build")
        key = hashlib.sha256(f"{sys.version}\0{sys.prefix}\0{requirements}".encode()).hexdigest()[:20]
        with self._lock:
            building = self._building.setdefault(key, threading.Lock())
        with building:
            place = self.root / key
            if (place / "ready").exists():
                log.append("Using the environment made for these requirements before.", "build")
            else:
                self._make(place, requirements, log, run, source)
            os.utime(place / "ready")
            self._drop_old(keep=key)
            return Environment(place / "bin" / "python", installed=True)

    def hold(self, environment: Environment) -> None:
        """This environment is in use and not to be dropped."""
        with self._lock:
            key = environment.python.parent.parent.name
            self._used[key] = self._used.get(key, 0) + 1

    def release(self, environment: Environment) -> None:
        with self._lock:
            key = environment.python.parent.parent.name
            self._used[key] = self._used.get(key, 1) - 1

    def _make(self, place: Path, requirements: str, log: LogRing, run: Run, source: Path) -> None:
        from uv import find_uv_bin

        shutil.rmtree(place, ignore_errors=True)
        lines = source / ".requirements-to-install.txt"
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lines.write_text(requirements)
        except OSError as error:
            raise workspace.storage_error(error) from None
        uv, before = find_uv_bin(), log.lines()
        env = {"UV_CACHE_DIR": str(self.root / "cache"), "UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_HTTP_RETRIES": "2"}
        env |= installer_settings(os.environ)
        steps = (
            (uv, "venv", "--quiet", "--no-project", "--python", sys.executable, str(place)),
            (uv, "pip", "install", "--python", str(place / "bin" / "python"), "--compile-bytecode", "-r", lines.name),
        )
        try:
            for step in steps:
                if run(step, env) != 0:
                    after = before[-1].number if before else 0
                    told = [line.text for line in log.lines(after) if line.source == "build"]
                    reason = _reason(told)
                    if "No space left" in reason:
                        raise StorageFull("There is no room on the disk to install the requirements.")
                    raise AppFailed(
                        f"The requirements could not be installed: {reason}",
                        "Correct requirements.txt, or check the network, and start it again.",
                    )
            _layer_on_ours(place)
            (place / "ready").touch()
        except BaseException:
            shutil.rmtree(place, ignore_errors=True)
            raise
        finally:
            lines.unlink(missing_ok=True)

    def _drop_old(self, *, keep: str) -> None:
        with self._lock:
            ready = sorted(self.root.glob("*/ready"), key=lambda path: path.stat().st_mtime)
            free = [path.parent for path in ready if path.parent.name != keep and not self._used.get(path.parent.name)]
            for place in free[: max(0, len(ready) - KEPT)]:
                shutil.rmtree(place, ignore_errors=True)


def _layer_on_ours(place: Path) -> None:
    """Packages of this Python come after the environment's own: Gradio is there without installing it again."""
    inside = next((place / "lib").glob("python*/site-packages"))
    ours = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (inside / "_server_packages.pth").write_text("\n".join(ours) + "\n")


# Where packages come from is the machine's setting, and all an installer needs of our environment.
_SETTINGS = {
    "UV_DEFAULT_INDEX": "UV_DEFAULT_INDEX",
    "UV_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "UV_INDEX": "UV_INDEX",
    "UV_FIND_LINKS": "UV_FIND_LINKS",
    "PIP_FIND_LINKS": "UV_FIND_LINKS",
    "UV_OFFLINE": "UV_OFFLINE",
    "UV_HTTP_RETRIES": "UV_HTTP_RETRIES",
    "UV_HTTP_TIMEOUT": "UV_HTTP_TIMEOUT",
    "SSL_CERT_FILE": "SSL_CERT_FILE",
    "PIP_CERT": "SSL_CERT_FILE",
    "HTTPS_PROXY": "HTTPS_PROXY",
    "https_proxy": "HTTPS_PROXY",
    "NO_PROXY": "NO_PROXY",
}


def installer_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The index and proxy settings of this machine; one with a password in its address is left out."""
    found: dict[str, str] = {}
    for name, target in _SETTINGS.items():
        value = environ.get(name, "")
        if value and "@" not in value:
            found.setdefault(target, value)
    return found


def _reason(lines: list[str]) -> str:
    """uv's first error with the cause it names below it, in one line."""
    for index, line in enumerate(lines):
        if line.lstrip().startswith(("×", "error:", "Error")):
            more = [text.strip(" │╰─▶├└") for text in lines[index + 1 : index + 3]]
            return " ".join([line.strip(" ×").removeprefix("error: "), *more])[:400].strip()
    return first_error(lines) or (lines[-1] if lines else "the installer gave no reason")
