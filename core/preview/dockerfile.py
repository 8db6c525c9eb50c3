"""Reads a plain Python Dockerfile: a Python base, COPY, pip install, CMD. There is no Docker engine here."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.box import Entry
from core.errors import InvalidInput

_SERVERS = {"uvicorn", "fastapi", "flask", "hypercorn", "gunicorn", "streamlit", "gradio"}
_NEEDS_NOTHING = {"EXPOSE", "USER", "LABEL", "HEALTHCHECK", "STOPSIGNAL", "VOLUME", "MAINTAINER"}
_PREPARES_THE_IMAGE = {"useradd", "adduser", "groupadd", "mkdir", "chown", "chmod", "true"}  # nothing to do outside an image
_OURS = {"HOME", "PATH", "TMPDIR", "PORT"}
_PLAIN = "Here only a plain kind runs: FROM python, COPY, RUN pip install, CMD."


@dataclass(frozen=True)
class Recipe:
    """What a Dockerfile comes to. directory: folder of the project the command runs in ("" for its root)."""

    entry: Entry
    directory: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    requirement_files: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()


def read_dockerfile(files: Mapping[str, bytes]) -> Recipe:
    """The recipe of the project's Dockerfile.

    Args:
        files: the project by path; "Dockerfile" is read, COPY sources are looked up.

    Raises `InvalidInput` that names the first instruction this machine cannot follow.
    """
    if "Dockerfile" not in files:
        raise InvalidInput("A Docker Space needs a file called Dockerfile.", "Add one: FROM python, COPY, RUN pip install, CMD.")
    text = files["Dockerfile"].decode("utf-8", "replace")
    reading = _Reading(files)
    for word, rest in _instructions(text):
        reading.follow(word, rest)
    return reading.result()


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    found = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        found.append((word.upper(), rest.strip()))
    return found


class _Reading:
    def __init__(self, files: Mapping[str, bytes]):
        self.files = files
        self.workdir = "/"
        self.variables: dict[str, str] = {}
        self.env: dict[str, str] = {}
        self.copies: list[tuple[str, str]] = []
        self.requirement_files: list[str] = []
        self.requirements: list[str] = []
        self.entrypoint: list[str] | str | None = None
        self.command: list[str] | str | None = None
        self.stages = 0

    def follow(self, word: str, rest: str) -> None:
        if word in _NEEDS_NOTHING:
            return
        step = getattr(self, f"_{word.lower()}", None)
        if step is None or "<<" in rest:
            raise InvalidInput(f"The Dockerfile's instruction {word} {rest[:60]!r} cannot be followed on this machine.", _PLAIN)
        step(rest)

    def _from(self, rest: str) -> None:
        self.stages += 1
        image = rest.split()[0] if rest else ""
        name = image.rsplit("/", 1)[-1].split("@")[0].split(":")[0]
        if name != "python" or self.stages > 1:
            raise InvalidInput(
                f"The Dockerfile starts from {image!r}." if self.stages == 1 else "The Dockerfile has several stages.", _PLAIN
            )

    def _arg(self, rest: str) -> None:
        name, _, value = rest.partition("=")
        self.variables.setdefault(name.strip(), value.strip().strip("\"'"))

    def _env(self, rest: str) -> None:
        words = _words(rest)
        pairs = [w.split("=", 1) for w in words] if "=" in words[0] else [[words[0], " ".join(words[1:])]]
        for name, value in pairs:
            self.variables[name] = value = self._expand(value)
            if name not in _OURS:
                self.env[name] = value

    def _workdir(self, rest: str) -> None:
        self.workdir = posixpath.normpath(posixpath.join(self.workdir, self._expand(rest)))

    def _copy(self, rest: str) -> None:
        words = json.loads(rest) if rest.startswith("[") else _words(rest)
        if any(word.startswith("--from") for word in words):
            raise InvalidInput("The Dockerfile copies from another stage.", _PLAIN)
        *sources, target = [self._expand(word) for word in words if not word.startswith("--")]
        for source in sources:
            source = posixpath.normpath(source.lstrip("/") or ".")
            place = posixpath.normpath(posixpath.join(self.workdir, target))
            into = target.endswith("/") or target in (".", "..") or place == self.workdir or len(sources) > 1
            if source in self.files and into:
                place = posixpath.join(place, posixpath.basename(source))
            self.copies.append((source, place))

    _add = _copy

    def _run(self, rest: str) -> None:
        for command in re.split(r"&&|;", rest):
            words = _words(self._expand(command))
            while words and ("=" in words[0] or words[0] == "sudo"):
                words = words[1:]
            if not words or words[0] in _PREPARES_THE_IMAGE:
                continue
            match words:
                case [("pip" | "pip3"), "install", *packages]:
                    self._install(packages)
                case [("python" | "python3"), "-m", "pip", "install", *packages]:
                    self._install(packages)
                case ["uv", "pip", "install", *packages]:
                    self._install(packages)
                case _:
                    raise InvalidInput(f"The Dockerfile runs {command.strip()[:80]!r}.", _PLAIN)

    def _install(self, words: list[str]) -> None:
        words = iter(words)
        for word in words:
            if word in ("-r", "--requirement"):
                self.requirement_files.append(next(words, ""))
            elif word in ("pip", "setuptools", "wheel") or word.startswith("-"):
                continue
            else:
                self.requirements.append(word)

    def _cmd(self, rest: str) -> None:
        self.command = _command(rest)

    def _entrypoint(self, rest: str) -> None:
        self.entrypoint = _command(rest)

    def _expand(self, text: str) -> str:
        def value(match: re.Match) -> str:
            return self.variables.get(match["plain"] or match["name"], match["default"] or "")

        return re.sub(r"\$(?:(?P<plain>\w+)|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})", value, text)

    def result(self) -> Recipe:
        if not self.stages:
            raise InvalidInput("The Dockerfile has no FROM.", _PLAIN)
        if self.command is None and self.entrypoint is None:
            raise InvalidInput("The Dockerfile has no CMD, so nothing would be started.", 'Add CMD ["python", "app.py"].')
        directory = self._directory()
        files = []
        for name in self.requirement_files:
            inside = posixpath.join(self.workdir, name)
            source = next((s for s, place in reversed(self.copies) if place == inside), None)
            path = source or posixpath.normpath(posixpath.join(directory, name))
            if path not in self.files:
                raise InvalidInput(f"The Dockerfile installs {name}, which the project does not have.", f"Add {path}.")
            files.append(path)
        env = {
            name: posixpath.join(".", posixpath.relpath(value, self.workdir)) if value == self.workdir else value
            for name, value in self.env.items()
        }
        return Recipe(self._entry(), directory, env, tuple(dict.fromkeys(files)), tuple(self.requirements))

    def _directory(self) -> str:
        """Which folder of the project the image has at its WORKDIR; every copied file must keep its place beside it."""
        directory = ""
        for source, place in self.copies:
            if source not in self.files:
                if self.workdir == place or self.workdir.startswith(place.rstrip("/") + "/"):
                    directory = posixpath.normpath(posixpath.join(source, posixpath.relpath(self.workdir, place)))
        directory = "" if directory == "." else directory
        for source, place in self.copies:
            here = posixpath.normpath(posixpath.join(directory, posixpath.relpath(place, self.workdir)))
            if here != source and not (source not in self.files and directory.startswith(source)):
                if posixpath.basename(source) in ("requirements.txt",):
                    continue  # only pip reads it
                raise InvalidInput(f"The Dockerfile copies {source} to {place}, away from its place in the project.", _PLAIN)
        return directory

    def _entry(self) -> Entry:
        parts = [part for part in (self.entrypoint, self.command) if part is not None]
        words: list[str] = []
        for part in parts:
            if isinstance(part, str):
                text = re.sub(r"^exec\s+", "", self._expand_port(part))
                if re.search(r"[&|;<>()$`*]", text):
                    return Entry(command=("sh", "-c", part))  # the shell expands what it must, PORT with it
                words += _words(text)
            else:
                words += part
        match [word for word in words]:
            case [("sh" | "bash" | "/bin/sh" | "/bin/bash"), "-c", text] if not re.search(r"[&|;<>()$`*]", self._expand_port(text)):
                words = _words(re.sub(r"^exec\s+", "", self._expand_port(text)))
        return entry_of(words)

    def _expand_port(self, text: str) -> str:
        self.variables.setdefault("PORT", "7860")
        return self._expand(text)


def entry_of(words: list[str]) -> Entry:
    """How to run that command: Python programs under the bootstrap, anything else as it stands."""
    name = posixpath.basename(words[0]) if words else ""
    if not name:
        raise InvalidInput("The Dockerfile's CMD is empty.", 'Write CMD ["python", "app.py"].')
    if re.fullmatch(r"python(3(\.\d+)?)?", name):
        rest = words[1:]
        while rest and rest[0] in ("-u", "-B", "-O"):
            rest = rest[1:]
        if rest[:1] == ["-m"] and len(rest) > 1:
            return Entry(module=rest[1], arguments=tuple(rest[2:]))
        if rest and not rest[0].startswith("-"):
            return Entry(script=rest[0], arguments=tuple(rest[1:]))
        return Entry(command=("python", *words[1:]))
    if name in _SERVERS:
        return Entry(module=name, arguments=tuple(words[1:]))
    return Entry(command=tuple(words))


def _command(rest: str) -> list[str] | str:
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except ValueError:
            words = None
        if isinstance(words, list) and all(isinstance(word, str) for word in words):
            return words
        raise InvalidInput(f"The Dockerfile's {rest[:60]} is not a JSON list of strings.", 'Write CMD ["python", "app.py"].')
    return rest


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InvalidInput(f"The Dockerfile has {text[:60]!r}: {error}.".lower().capitalize(), _PLAIN) from None
