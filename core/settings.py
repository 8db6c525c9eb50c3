"""The settings of one process: `agentic-config.yaml` over the environment, read once, frozen.

First found wins: `--config`, `$AGENTIC_CONFIG`, `./agentic-config.yaml|.yml|.json`; what the file does not say
comes from the environment. Providers may stand at top level or under `providers:`.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.config import read
from core.errors import InvalidInput
from core.secrets import Secret

HUGGINGFACE = "https://huggingface.co"
DATASETS_SERVER = "https://datasets-server.huggingface.co"


def _secret(value: Any) -> Any:
    return Secret(value) if isinstance(value, str) and value.strip() else (value or None)


SecretValue = Annotated[Secret | None, BeforeValidator(_secret)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _names(value: Any) -> Any:
    if isinstance(value, str):
        value = value.split(",")
    return tuple(name.strip() if isinstance(name, str) else name for name in value or ())


Names = Annotated[tuple[str, ...], BeforeValidator(_names)]


class _Place(_Part):
    """An upstream's place in the order.

    priority: before those without it. fallback: another may answer when it cannot. always_use_this_key: this key or none.
    models: what it is for, the default one first; a list or a comma-separated text; empty = any.
    timeout: seconds for one call to it.
    """

    priority: bool = False
    fallback: bool = True
    always_use_this_key: bool = False
    models: Names = ()
    timeout: float | None = Field(default=None, gt=0, le=3_600, allow_inf_nan=False)


class HuggingFace(_Place):
    """The account this process acts with where a visitor brings none of their own, and its inference providers."""

    token: SecretValue = None
    endpoint: str = HUGGINGFACE
    mcp_url: str = f"{HUGGINGFACE}/mcp"
    url: str | None = None


class Provider(_Place):
    """One upstream that answers prompts: its key, its base URL, its place in the order."""

    api_key: SecretValue = None
    url: str | None = None


Dollars = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Spending(_Part):
    """The most that may be spent on models, in USD; null is no limit. A day is a UTC day.

    per_call, per_session, per_day: for each caller, whoever pays; a caller may set lower ones for itself.
    visitor_per_day: what one visitor of a public process may spend of this process's own keys.
    visitors_per_day: what all of them together may.
    unknown_call: set aside for a call whose price nobody tells, and counted when the tokens are not told either.
    unknown_input, unknown_output: USD per million tokens counted where the price is not told.
    """

    per_call: Dollars | None = None
    per_session: Dollars | None = None
    per_day: Dollars | None = None
    visitor_per_day: Dollars | None = 0.25
    visitors_per_day: Dollars | None = 5.0
    unknown_call: Dollars = 0.05
    unknown_input: Dollars = 5.0
    unknown_output: Dollars = 25.0


def check_base(address: str) -> str:
    """The address of a service outside: https, or http on this machine, without user, query or fragment; `ValueError` otherwise."""
    try:
        parts = urlsplit(address)
        here = parts.hostname == "localhost" or _is_loopback(parts.hostname or "")
        fine = parts.hostname and parts.port != 0 and (parts.scheme == "https" or (parts.scheme == "http" and here))
    except ValueError:
        fine = False
    if not fine or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it must be an address that begins with https:// (or http:// on this machine), without user or query")
    return address.rstrip("/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


Base = Annotated[str, AfterValidator(check_base)]


class Research(_Part):
    """Where research reads, besides the Hub, and the owner's keys for it; each key goes to its own service alone."""

    semantic_scholar: Base = "https://api.semanticscholar.org"
    arxiv: Base = "https://arxiv.org"
    ar5iv: Base = "https://ar5iv.labs.arxiv.org"
    github: Base = "https://api.github.com"
    github_raw: Base = "https://raw.githubusercontent.com"
    gradio: Base = "https://www.gradio.app"
    github_token: SecretValue = None
    semantic_scholar_key: SecretValue = None


class Agent(_Part):
    """The most one turn of the agent may take, and what a chat may spend where it was told nothing else.

    iterations: replies of the model. tokens: read and written. seconds: by the clock. usd: of a whole chat, null is no limit.
    """

    iterations: int = Field(default=60, ge=1, le=1_000)
    tokens: int = Field(default=2_000_000, ge=1_000)
    seconds: float = Field(default=1_800, gt=0, le=86_400, allow_inf_nan=False)
    usd: Dollars | None = 1.0


class Settings(_Part):
    """Everything a process is told from outside.

    hub: `auto` (huggingface.co on a Space or with a token, else the Local Hub), `local`, or a Hub's URL.
    datasets_server: where rows of datasets are read; by default the Hub's own service, or the Local Hub's.
    public: strangers reach this process (it runs as a Space); the owner's keys then serve only the owner
        unless `share_owner_keys`.
    prefer: providers to ask first, in this order, before keys with priority.
    index_hosts: where packages for an app may come from, beside PyPI and this machine's own index.
    egress_hosts: on a public process, the hosts a visitor may let an app reach ("*.hf.co"); alone, any public host will do.
    hosts: names this process answers to, besides loopback; `*` for any.
    unsealed_apps: apps run also where this machine cannot seal them and they could read what this process can; never
        on a public process.
    """

    huggingface: HuggingFace = HuggingFace()
    providers: dict[str, Provider] = Field(default_factory=dict)
    prefer: Names = ()
    budget: Spending = Spending()
    agent: Agent = Agent()
    research: Research = Research()
    hub: str = "auto"
    datasets_server: str | None = None
    host: str = "0.0.0.0"
    port: int = Field(default=7860, ge=0, le=65535)
    data: Path = Path("data")
    public: bool = False
    share_owner_keys: bool = False
    hosts: tuple[str, ...] = ()
    requests_per_minute: int = Field(default=600, ge=1)
    unsealed_apps: bool = False
    max_previews: int = Field(default=6, ge=1, le=64)
    index_hosts: Names = ()
    egress_hosts: Names = ("huggingface.co", "*.huggingface.co", "hf.co", "*.hf.co", "*.hf.space")
    space_id: str | None = None

    @property
    def on_a_space(self) -> bool:
        """This process runs as a Space: huggingface.co's page shows it in a frame, over https."""
        return self.space_id is not None

    def lent(self, secret: Secret | None) -> Secret | None:
        """A key of this process's owner where it may serve whoever asks: strangers only when the owner shares it."""
        return None if self.public and not self.share_owner_keys else secret

    @property
    def hub_kind(self) -> Literal["local", "remote"]:
        if self.hub == "auto":
            return "remote" if self.on_a_space or self.huggingface.token else "local"
        return "local" if self.hub == "local" else "remote"

    @property
    def hub_url(self) -> str | None:
        """The Hub's address, or None for the embedded one, whose address depends on our own port."""
        if self.hub_kind == "local":
            return None
        return (self.huggingface.endpoint if self.hub == "auto" else self.hub).rstrip("/")


_TOP_LEVEL_PROVIDERS = ("openrouter", "sheikh")
_FILES = ("agentic-config.yaml", "agentic-config.yml", "agentic-config.json")
# Variables that hold somebody's key: taken into memory at start and removed from the environment,
# so that no child process and no library picks them up by itself.
KEY_VARIABLES = (
    "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_API_KEY", "OPENROUTER_API_KEY", "OPENROUTER_KEY",
    "SHEIKH_KEY", "OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "GITHUB_TOKEN", "GH_TOKEN",
    "S2_API_KEY", "SEMANTIC_SCHOLAR_API_KEY",
)  # fmt: skip


def load(
    path: str | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    **overrides: Any,
) -> Settings:
    """Settings from file, environment and command line (`overrides`, which win and may be None for "not given").

    Raises `InvalidInput` naming the file, the line, what is wrong and the fix.
    """
    env = os.environ if environ is None else environ
    given = _from_environment(env)
    chosen = _find(path, env, directory or Path.cwd())
    lines: dict[str, int] = {}
    if chosen:
        from_file, lines = _from_file(chosen, env)
        given = _merge(given, from_file)
    given = _merge(given, {key: value for key, value in overrides.items() if value is not None})
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        line = next((lines[key] for key in _prefixes(where) if key in lines), None)
        place = f"{chosen}, line {line}" if chosen and line else "the settings"
        fix = "Remove the key or correct its name." if first["type"] == "extra_forbidden" else f"Correct {where}."
        raise InvalidInput(f"{place}: {where}: {first['msg']}.", fix) from None


def take_keys_out_of_the_environment() -> None:
    """Remove every known key variable from this process's environment; `load` has read them."""
    for name in KEY_VARIABLES:
        os.environ.pop(name, None)


def _find(path: str | None, env: Mapping[str, str], directory: Path) -> Path | None:
    named = path or env.get("AGENTIC_CONFIG")
    if named:
        if not Path(named).is_file():
            raise InvalidInput(f"The configuration file {named} does not exist.", "Name a file that exists, or leave it out.")
        return Path(named)
    return next((directory / name for name in _FILES if (directory / name).is_file()), None)


def _from_environment(env: Mapping[str, str]) -> dict[str, Any]:
    on_a_space = env.get("SYSTEM") == "spaces"
    given: dict[str, Any] = {"huggingface": {}, "providers": {}, "public": on_a_space}
    for name, key in (("HF_TOKEN", "token"), ("HF_ENDPOINT", "endpoint"), ("HF_MCP_URL", "mcp_url")):
        if env.get(name):
            given["huggingface"][key] = env[name]
    for provider, key_names, url_name in (
        ("openrouter", ("OPENROUTER_API_KEY", "OPENROUTER_KEY"), "OPENROUTER_URL"),
        ("sheikh", ("SHEIKH_KEY",), "SHEIKH_URL"),
    ):
        key = next((env[name] for name in key_names if env.get(name)), None)
        if key:
            given["providers"][provider] = {"api_key": key}
            if env.get(url_name):
                given["providers"][provider]["url"] = env[url_name]
    for key, names in (("github_token", ("GITHUB_TOKEN", "GH_TOKEN")), ("semantic_scholar_key", ("S2_API_KEY", "SEMANTIC_SCHOLAR_API_KEY"))):
        if any(env.get(name) for name in names):
            given.setdefault("research", {})[key] = next(env[name] for name in names if env.get(name))
    if env.get("PORT") or env.get("GRADIO_SERVER_PORT"):
        given["port"] = env.get("PORT") or env["GRADIO_SERVER_PORT"]
    if env.get("SPACE_ID"):
        given["space_id"] = env["SPACE_ID"]
    if env.get("SPACE_HOST"):
        given["hosts"] = tuple(host.strip() for host in env["SPACE_HOST"].split(",") if host.strip())
    if env.get("HF_ENDPOINT"):
        given["hub"] = env["HF_ENDPOINT"]
    if on_a_space:
        given["data"] = "/tmp/agentic-data"
    if env.get("AGENTIC_PUBLIC"):
        given["public"] = env["AGENTIC_PUBLIC"]
    if env.get("AGENTIC_DATA"):
        given["data"] = env["AGENTIC_DATA"]
    return given


def _from_file(path: Path, env: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, int]]:
    raw, lines = read(path, env)
    providers = dict(raw.pop("providers", None) or {})
    for name in _TOP_LEVEL_PROVIDERS:
        if name in raw:
            providers[name] = raw.pop(name)
            for key in [key for key in lines if key == name or key.startswith(name + ".")]:
                lines["providers." + key] = lines[key]
    for name, part in list(raw.items()):
        if name not in Settings.model_fields and isinstance(part, dict) and part.keys() & {"api_key", "url"}:
            providers[name] = raw.pop(name)  # any other provider may stand at top level too
    if isinstance(providers.get("huggingface"), dict):
        given = dict(providers.pop("huggingface"))
        if "api_key" in given:
            given.setdefault("token", given.pop("api_key"))
        raw["huggingface"] = {**given, **(raw.get("huggingface") or {})}
    if providers:
        raw["providers"] = providers
    return raw, lines


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        elif value is not None:
            merged[key] = value
    return merged


def _prefixes(dotted: str) -> list[str]:
    parts = dotted.split(".")
    return [".".join(parts[:count]) for count in range(len(parts), 0, -1)]
