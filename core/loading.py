"""The settings of one process: `agentic-config.yaml` over the environment, read once.

First found wins: `--config`, `$AGENTIC_CONFIG`, `./agentic-config.yaml|.yml|.json`; what the file does not say
comes from the environment. Providers may stand at top level or under `providers:`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from core.config import read
from core.errors import InvalidInput
from core.settings import Settings

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
