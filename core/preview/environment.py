"""The Python an app runs with: ours where it has what requirements.txt asks for, else a cached environment made by uv."""

from __future__ import annotations

import hashlib
import os
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
from core.failures import first_error
from core.preview.index import installer_settings, local_sources

KEPT = 8  # environments; the least recently used one goes first


@dataclass(frozen=True)
class Step:
    """One command of an installation: its environment, what it may write and read beside its workspace, and whether it asks the index."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    write: tuple[Path, ...] = ()
    read: tuple[Path, ...] = ()
    online: bool = False


Run = Callable[[Step], int]
"""Runs a step in a box of its own, its output in the log; returns the exit code."""


@dataclass(frozen=True)
class Environment:
    """python: the interpreter. folder: the environment made for this app; None for our own Python."""

    python: Path
    folder: Path | None = None

    @property
    def installed(self) -> bool:
        return self.folder is not None


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
    """The cache of environments below one directory: `<key>/python` is written by the installer's box, `<key>/ready` by us."""

    def __init__(self, root: Path):
        self.root = root
        self._lock = threading.Lock()
        self._building: dict[str, threading.Lock] = {}
        self._used: dict[str, int] = {}

    def resolve(self, requirements: str, log: LogRing, *, source: Path, run: Run) -> Environment:
        """The Python for these requirements, held until `release`; `AppFailed` with the installer's own first error, or `StorageFull`.

        Args:
            requirements: text of requirements.txt.
            log: where progress and errors go.
            source: folder with the requirements file, for what it refers to.
            run: runs one step of the installation in a box.
        """
        wanted = missing(requirements)
        if not wanted:
            return Environment(Path(sys.executable))
        log.append(f"Not installed here: {', '.join(wanted)[:500]}", "build")
        key = _key(requirements, source)
        with self._lock:
            building = self._building.setdefault(key, threading.Lock())
        with building:
            place = self.root / key
            with self._lock:
                self._used[key] = self._used.get(key, 0) + 1
            try:
                if (place / "ready").exists():
                    log.append("Using the environment made for these requirements before.", "build")
                else:
                    self._make(place, requirements, log, run, source)
                os.utime(place / "ready")
            except BaseException:
                self._let_go(key)
                raise
            self._drop_old(keep=key)
            return Environment(place / "python" / "bin" / "python", place / "python")

    def release(self, environment: Environment) -> None:
        """Its app has ended; it may be dropped when others are used more."""
        if environment.folder is not None:
            self._let_go(environment.folder.parent.name)

    def _let_go(self, key: str) -> None:
        with self._lock:
            self._used[key] = self._used.get(key, 1) - 1

    def _make(self, place: Path, requirements: str, log: LogRing, run: Run, source: Path) -> None:
        workspace.remove(place)
        inside, lines = place / "python", source / ".requirements-to-install.txt"
        try:
            inside.mkdir(mode=0o700, parents=True)
            (self.root / "cache").mkdir(mode=0o700, exist_ok=True)
            lines.write_text(requirements)
        except OSError as error:
            raise workspace.storage_error(error) from None
        try:
            self._install(inside, lines.name, log, run)
            (place / "ready").touch()
        except BaseException:
            workspace.remove(place)
            raise
        finally:
            lines.unlink(missing_ok=True)

    def _install(self, inside: Path, lines: str, log: LogRing, run: Run) -> None:
        """Wheels first, with the cache all environments share: installing one runs no code of it. What must be
        built from its source runs code of its own, so that gets a cache of its own, and compiling imports no `.pth`."""
        from uv import find_uv_bin

        uv, python = find_uv_bin(), str(inside / "bin" / "python")
        settings = installer_settings(os.environ)
        shared, read = self.root / "cache", local_sources(settings)
        env = {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_HTTP_RETRIES": "2", "UV_LINK_MODE": "copy", **settings}
        install = (uv, "pip", "install", "--python", python, "-r", lines)
        create = Step((uv, "venv", "--quiet", "--no-project", "--allow-existing", "--python", sys.executable, str(inside)), env, write=(inside,))
        wheels = Step((*install, "--only-binary", ":all:"), {**env, "UV_CACHE_DIR": str(shared)}, (inside, shared), read, online=True)
        sources = Step(install, env, (inside,), read, online=True)
        _check(run(create), log.lines())
        _layer_on_ours(inside)
        before = _last(log)
        code = run(wheels)
        if code != 0 and _needs_building(_told(log, before)):
            log.append("Some packages come as source only and are built here.", "build")
            before = _last(log)
            code = run(sources)
        _check(code, _told(log, before))
        packages = str(next((inside / "lib").glob("python*/site-packages")))
        run(Step((sys.executable, "-I", "-S", "-m", "compileall", "-qq", packages), {}, write=(inside,)))

    def _drop_old(self, *, keep: str) -> None:
        with self._lock:
            ready = sorted(self.root.glob("*/ready"), key=lambda path: path.stat().st_mtime)
            free = [path.parent for path in ready if path.parent.name != keep and not self._used.get(path.parent.name)]
            for place in free[: max(0, len(ready) - KEPT)]:
                workspace.remove(place)


def _key(requirements: str, source: Path) -> str:
    """The same for the same packages of the index. Lines that refer to files or other places make it the project's own."""
    content = hashlib.sha256(f"{sys.version}\0{sys.prefix}\0{requirements}".encode())
    if not all(_from_index(line) for line in requirements.splitlines()):
        for path in sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink()):
            content.update(f"\0{path.relative_to(source)}\0".encode())
            content.update(hashlib.sha256(path.read_bytes()).digest())
    return content.hexdigest()[:20]


def _from_index(line: str) -> bool:
    line = line.split(" #")[0].strip()
    try:
        return not line or line.startswith("#") or Requirement(line).url is None
    except InvalidRequirement:
        return False


def _last(log: LogRing) -> int:
    lines = log.lines()
    return lines[-1].number if lines else 0


def _told(log: LogRing, after: int) -> list[str]:
    return [line.text for line in log.lines(after) if line.source == "build"]


def _needs_building(told: list[str]) -> bool:
    """uv 0.13 says it in these words when only wheels were allowed."""
    text = " ".join(told).lower()
    return any(words in text for words in ("building from source is disabled", "no usable wheels", "building source distributions"))


def _check(code: int, told: list) -> None:
    if code == 0:
        return
    reason = _reason([getattr(line, "text", line) for line in told])
    if "No space left" in reason:
        raise StorageFull("There is no room on the disk to install the requirements.")
    raise AppFailed(
        f"The requirements could not be installed: {reason}",
        "Correct requirements.txt, or check the network, and start it again.",
    )


def _layer_on_ours(place: Path) -> None:
    """Packages of this Python come after the environment's own: Gradio is there without installing it again.

    Written before anything is installed, so that nothing installed can lead this write elsewhere."""
    inside = next((place / "lib").glob("python*/site-packages"))
    ours = dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))
    (inside / "_server_packages.pth").write_text("\n".join(ours) + "\n")


def _reason(lines: list[str]) -> str:
    """uv's first error with the cause it names below it, in one line."""
    for index, line in enumerate(lines):
        if line.lstrip().startswith(("×", "error:", "Error")):
            more = [text.strip(" │╰─▶├└").removeprefix("cause: ") for text in lines[index + 1 : index + 3]]
            return " ".join([line.strip(" ×").removeprefix("error: "), *more])[:400].strip()
    return first_error(lines) or (lines[-1] if lines else "the installer gave no reason")
