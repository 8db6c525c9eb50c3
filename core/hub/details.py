"""One model, dataset or Space in full: what it is, its files, its card, who serves it, what belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from core.caller import Caller
from core.errors import SpacesError
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.names import check_name, check_repo
from core.hub.rows import Kind, check_kind, row, text, web_url

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_LISTED_FILES = 200
_LINKED = 8
_CARD_LENGTH = 60_000


async def details(hub: Hub, caller: Caller, kind: Kind, repo: str) -> dict[str, Any]:
    """One model, dataset or Space in full.

    Args:
        kind: model, dataset or space.
        repo: namespace/name; old models have a bare name.

    Returns the row's fields and `revision, private, gated, license, library, created, files: [{path, size}]` (at most
    200), `file_count`, `card`, `papers` (arXiv ids); Spaces also `stage, hardware, host, models, datasets`.
    Raises NotFound, Unauthorized, Forbidden, RateLimited, HubUnavailable, TimedOut.
    """
    kind = check_kind(kind)
    check_repo(repo) if "/" in repo or kind == "space" else check_name(repo)
    doing = f"read the {kind} {repo}"

    def question(api: HfApi) -> dict[str, Any]:
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        # Asked for directly, so that what a newer Hub adds survives and dates stay as they were sent.
        response = get_session().get(
            f"{api.endpoint}/api/{kind}s/{repo}", params={"blobs": True}, headers=build_hf_headers(token=api.token)
        )
        hf_raise_for_status(response)
        return response.json()

    entry = await hub.ask(caller, question, doing=doing, timeout=30, retry=True)
    made = row(kind, entry, hub.endpoint) if isinstance(entry, dict) else None
    if made is None:
        raise nonsense(doing)
    card = entry.get("cardData") if isinstance(entry.get("cardData"), dict) else {}
    files = [file for file in entry.get("siblings") or [] if isinstance(file, dict)]
    tags = [tag for tag in entry.get("tags") or [] if isinstance(tag, str)]
    shape = made.to_dict() | {
        "url": web_url(hub.endpoint, kind, made.id),
        "author": made.id.rpartition("/")[0] or text(entry.get("author")),
        "revision": entry.get("sha"),
        "private": bool(entry.get("private")),
        "gated": entry.get("gated") or False,
        "license": card.get("license"),
        "library": text(entry.get("library_name")) or text(card.get("library_name")),
        "created": entry.get("createdAt"),
        "files": [{"path": file.get("rfilename"), "size": file.get("size")} for file in files[:_LISTED_FILES]],
        "file_count": len(files),
        "card": card,
        "papers": [tag.removeprefix("arxiv:") for tag in tags if tag.startswith("arxiv:")][:_LINKED],
    }
    if kind == "space":
        runtime = entry.get("runtime") or {}
        shape |= {
            "stage": runtime.get("stage"),
            "hardware": (runtime.get("hardware") or {}).get("current"),
            "host": entry.get("host"),
            "models": (entry.get("models") or [])[:50],
            "datasets": (entry.get("datasets") or [])[:50],
        }
    return shape


async def about(hub: Hub, caller: Caller, kind: Kind, repo: str) -> dict[str, Any]:
    """What `details` gives, with `readme` (markdown, at most 60,000 characters, None where there is none), `spaces`
    (ids of up to 8 Spaces that use it, most liked first) and, for a model, `providers: [{provider, task, live}]`.

    What only surrounds the repository may fail without the whole failing: it is None then.
    """
    found, readme, spaces, providers = await asyncio.gather(
        details(hub, caller, kind, repo),
        _quietly(_readme(hub, caller, kind, repo)),
        _quietly(_used_by(hub, caller, kind, repo)),
        _quietly(_providers(hub, caller, repo)) if kind == "model" else _nothing(),
    )
    more: dict[str, Any] = {"readme": readme}
    if kind != "space":
        more["spaces"] = spaces
    if kind == "model":
        more["providers"] = providers
    return found | more


async def _nothing() -> None:
    return None


async def _quietly(work) -> Any:
    try:
        return await work
    except SpacesError:
        return None


async def _readme(hub: Hub, caller: Caller, kind: Kind, repo: str) -> str | None:
    prefix = "" if kind == "model" else f"{kind}s/"
    answer = await hub.wire.get(f"/{prefix}{repo}/raw/main/README.md", token=caller.token, allow_status=(401, 403, 404))
    if answer.status != 200 or not isinstance(answer.data, str):
        return None
    return without_front_matter(answer.data)[:_CARD_LENGTH]


def without_front_matter(readme: str) -> str:
    """The text of a card behind the YAML block it begins with."""
    words = readme.removeprefix("\ufeff").replace("\r\n", "\n")
    if not words.startswith("---\n"):
        return words
    end = words.find("\n---", 3)
    return words if end < 0 else words[end + 4 :].partition("\n")[2].lstrip("\n")


async def _used_by(hub: Hub, caller: Caller, kind: Kind, repo: str) -> list[str] | None:
    if kind == "space":
        return None
    params = {f"{kind}s": repo, "limit": _LINKED, "sort": "likes", "direction": -1}
    answer = await hub.wire.get("/api/spaces", token=caller.token, params=params)
    rows = answer.data if isinstance(answer.data, list) else []
    return [one["id"] for one in rows if isinstance(one, dict) and isinstance(one.get("id"), str)][:_LINKED]


async def _providers(hub: Hub, caller: Caller, repo: str) -> list[dict[str, Any]]:
    params = {"expand": "inferenceProviderMapping"}
    answer = await hub.wire.get(f"/api/models/{repo}", token=caller.token, params=params)
    told = answer.data.get("inferenceProviderMapping") if isinstance(answer.data, dict) else None
    if isinstance(told, dict):  # one repository's mapping goes by provider, a listing's is a list
        told = [{"provider": name, **one} for name, one in told.items() if isinstance(one, Mapping)]
    rows = [one for one in told or () if isinstance(one, Mapping) and isinstance(one.get("provider"), str)]
    return [{"provider": one["provider"], "task": text(one.get("task")), "live": one.get("status") == "live"} for one in rows[:30]]
