"""What a preview is asked to run, and how much it may use."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from core import box
from core.box import MB, Network, Remote, read_hosts, workspace
from core.errors import InvalidInput, TooLarge
from core.secrets import Secret

_ORIGIN = re.compile(r"(https|wss)://(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+(:[0-9]{1,5})?")
Sdk = Literal["gradio", "static", "docker"]


@dataclass(frozen=True)
class Limits(box.Limits):
    """The bounds of one preview: those of its box, and of the way to it."""

    start_seconds: float = 90  # from the start of the process to its first answer
    build_seconds: float = 900  # to install what requirements.txt asks for
    answer_seconds: float = 30  # from a request to the head of its answer
    stream_idle_seconds: float = 300  # between two pieces of a stream
    body_bytes: int = 100 * MB  # one request
    files: int = 2000
    project_bytes: int = 200 * MB
    egress_bytes: int = 1024 * MB  # exchanged with other hosts
    index_bytes: int = 8192 * MB  # downloaded to install what requirements.txt asks for


@dataclass(frozen=True)
class PreviewSpec:
    """One app to run.

    files: the whole project by relative POSIX path.
    sdk: gradio, static or docker (a plain Python Dockerfile).
    owner: id of the caller it belongs to; label: what a person calls it.
    app_file: the file to run, or to show for a static one ("index.html").
    env, secrets: become the app's environment; nothing else of ours does.
    mount: path prefix the app is served under; None for "/p/<id>-<token>".
    freeze_seconds: its processes stand still after so long without a request, until the next one; None for never.
    idle_seconds: stopped after so long without a request; None for never (and never evicted).
    network: what the app's process may reach: nothing (sealed), TCP on one port of its own (tcp-own), or `hosts` (egress).
    remote: run it in a machine of its own, at the cost of that account; None for here.
    hosts: for egress, names like "huggingface.co", "*.hf.co" or "example.org:8443".
    origins: what the app's pages may talk to in a visitor's browser beside the app, as "https://host"; nothing by default.
    """

    files: Mapping[str, bytes]
    sdk: Sdk
    owner: str
    label: str
    app_file: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    mount: str | None = None
    freeze_seconds: float | None = 300
    idle_seconds: float | None = 900
    limits: Limits = field(default_factory=Limits)
    network: Network = "sealed"
    hosts: tuple[str, ...] = ()
    remote: Remote | None = None
    origins: tuple[str, ...] = ()

    @property
    def entry(self) -> str:
        """The app file, with the default of the kind."""
        return self.app_file or ("index.html" if self.sdk == "static" else "app.py")


def check_spec(spec: PreviewSpec) -> None:
    """Refuse what cannot be written or run: `InvalidInput` or `TooLarge` with the first reason."""
    if spec.sdk not in ("gradio", "static", "docker"):
        raise InvalidInput(f"There is no preview for a Space of kind {spec.sdk!r}.", "Use gradio, static or docker.")
    if not spec.files:
        raise InvalidInput("The project has no files.", f"Add {spec.entry} and start it again.")
    if len(spec.files) > spec.limits.files:
        raise TooLarge(f"The project has {len(spec.files)} files; a preview takes {spec.limits.files}.")
    total = sum(len(data) for data in spec.files.values())
    if total > spec.limits.project_bytes:
        raise TooLarge(f"The project has {total} bytes; a preview takes {spec.limits.project_bytes}.")
    for path in spec.files:
        workspace.check_path(path)
    if spec.sdk != "docker" and spec.entry not in spec.files:
        raise InvalidInput(
            f"The project has no file {spec.entry}.", "Add it, or name another app_file in the README's front matter."
        )
    for name in (*spec.env, *spec.secrets):
        if not name.isidentifier() or not name.isascii():
            raise InvalidInput(f"{name!r} is not a name an environment variable can have.")
    for name, value in spec.env.items():
        if "\0" in value:
            raise InvalidInput(f"The value of {name} holds a zero byte.")
    if spec.mount is not None and (not spec.mount.startswith("/") or spec.mount.endswith("/")):
        raise InvalidInput(f"{spec.mount!r} is not a path to serve an app under.", "Start it with / and end it without.")
    if spec.network not in get_args(Network) or (spec.network == "egress") != bool(read_hosts(spec.hosts)):
        raise InvalidInput("An app is sealed, has a port of its own, or names the hosts it may reach.")
    for origin in spec.origins:
        if not _ORIGIN.fullmatch(origin):
            raise InvalidInput(f"{origin[:80]!r} is not an origin a page may talk to.", 'Write it as "https://host" or "wss://host".')
