"""Find models, datasets and Spaces on the Hub."""

from __future__ import annotations

from typing import Literal

from core.actions.shapes import listing
from core.hub import details, search
from core.registry import Call, action

Sort = Literal["relevance", "likes", "downloads", "updated", "trending"]


@action(risk="read", title="Search models")
async def hf_search_models(
    call: Call, query: str = "", limit: int = 10, filter: str | list[str] | None = None, sort: Sort = "relevance", cursor: str | None = None
) -> dict:
    """Search models by name and words; items have id, title, summary, task, likes, downloads, runnable, url.

    Args:
        query: words of the name; empty lists the most used.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as text-generation, gguf or license:mit.
        sort: relevance (the Hub's own order), likes, downloads, updated or trending.
        cursor: `meta.next` of the page before.
    """
    return await _search(call, "model", query, limit, filter, sort, cursor)


@action(risk="read", title="Search datasets")
async def hf_search_datasets(
    call: Call, query: str = "", limit: int = 10, filter: str | list[str] | None = None, sort: Sort = "relevance", cursor: str | None = None
) -> dict:
    """Search datasets by name and words; items have id, title, summary, likes, downloads, url.

    Args:
        query: words of the name; empty lists the most used.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as language:en or task_categories:summarization.
        sort: relevance (the Hub's own order), likes, downloads, updated or trending.
        cursor: `meta.next` of the page before.
    """
    return await _search(call, "dataset", query, limit, filter, sort, cursor)


@action(risk="read", title="Search Spaces")
async def hf_search_spaces(
    call: Call, query: str = "", limit: int = 10, filter: str | list[str] | None = None, sort: Sort = "relevance", cursor: str | None = None
) -> dict:
    """Search Spaces by what they do (semantic); items have id, title, summary, sdk, likes, runnable, url.

    Args:
        query: what the app should do, in plain words; empty lists the most liked.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as gradio or mcp-server.
        sort: relevance, likes, updated or trending.
        cursor: `meta.next` of the page before.
    """
    return await _search(call, "space", query, limit, filter, sort, cursor)


@action(risk="read", title="Model details")
async def hf_model_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one model: task, library, tags, licence, size, files, numbers.

    Args:
        id: owner/name, or a one-part id such as gpt2.
    """
    return await details(call.house.hub, call.caller, "model", id)


@action(risk="read", title="Dataset details")
async def hf_dataset_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one dataset: tags, licence, size, files, numbers.

    Args:
        id: owner/name, or a one-part id such as squad.
    """
    return await details(call.house.hub, call.caller, "dataset", id)


@action(risk="read", title="Space details")
async def hf_space_details(call: Call, id: str) -> dict:
    """Everything the Hub tells about one Space: SDK, stage, address, models, tags, files, numbers.

    Args:
        id: owner/name.
    """
    return await details(call.house.hub, call.caller, "space", id)


async def _search(call: Call, kind, query: str, limit: int, filter: str | list[str] | None, sort: Sort, cursor: str | None) -> dict:
    page = await search(
        call.house.hub, call.caller, kind, query.strip()[:500], limit=max(1, min(limit, 50)), filter=[filter] if isinstance(filter, str) else filter or [], sort=sort, cursor=cursor
    )
    sample = {"sample": True} if call.house.local_hub else {}
    return listing([row.to_dict() for row in page.items], next=page.next, **sample)
