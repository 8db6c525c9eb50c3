"""Find models, datasets, Spaces, papers, people, collections and pages of the documentation."""

from __future__ import annotations

from typing import Literal

from core.actions.shapes import listing
from core.hub import Page, find_collections, find_docs, find_papers, find_people, search
from core.registry import Call, action

Sort = Literal["relevance", "likes", "downloads", "updated", "created", "trending"]


@action(risk="read", title="Search models")
async def hf_search_models(
    call: Call,
    query: str = "",
    limit: int = 10,
    filter: str | list[str] | None = None,
    task: str | None = None,
    library: str | None = None,
    author: str | None = None,
    license: str | None = None,
    provider: str | None = None,
    size: str | None = None,
    sort: Sort = "relevance",
    cursor: str | None = None,
) -> dict:
    """Search models by name and words; items have id, title, summary, task, likes, downloads, runnable, url.

    Args:
        query: words of the name; empty lists the most used.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as text-generation, gguf or license:mit.
        task: the pipeline tag, such as text-to-image or automatic-speech-recognition.
        library: such as transformers, diffusers or gguf.
        author: only this user's or organization's.
        license: its id, such as mit or apache-2.0.
        provider: only what this inference provider serves now, such as together or groq; all for any.
        size: parameters, such as max:3B or min:6B,max:70B.
        sort: relevance (the Hub's own order), likes, downloads, updated, created or trending.
        cursor: `meta.next` of the page before.
    """
    by = {"task": task, "library": library, "author": author, "license": license, "provider": provider, "size": size}
    return await _search(call, "model", query, limit, filter, by, sort, cursor)


@action(risk="read", title="Search datasets")
async def hf_search_datasets(
    call: Call,
    query: str = "",
    limit: int = 10,
    filter: str | list[str] | None = None,
    task: str | None = None,
    library: str | None = None,
    author: str | None = None,
    license: str | None = None,
    language: str | None = None,
    size: str | None = None,
    sort: Sort = "relevance",
    cursor: str | None = None,
) -> dict:
    """Search datasets by name and words; items have id, title, summary, likes, downloads, url.

    Args:
        query: words of the name; empty lists the most used.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as language:en or task_categories:summarization.
        task: the task category, such as summarization.
        library: what reads it, such as datasets or polars.
        author: only this user's or organization's.
        license: its id, such as mit or cc-by-4.0.
        language: its code, such as en.
        size: number of rows, as the Hub names the classes: n<1K, 1K<n<10K, 10K<n<100K, 100K<n<1M, 1M<n<10M and so on.
        sort: relevance (the Hub's own order), likes, downloads, updated, created or trending.
        cursor: `meta.next` of the page before.
    """
    by = {"task": task, "library": library, "author": author, "license": license, "language": language, "size": size}
    return await _search(call, "dataset", query, limit, filter, by, sort, cursor)


@action(risk="read", title="Search Spaces")
async def hf_search_spaces(
    call: Call,
    query: str = "",
    limit: int = 10,
    filter: str | list[str] | None = None,
    sdk: Literal["gradio", "static", "docker", "streamlit"] | None = None,
    author: str | None = None,
    license: str | None = None,
    sort: Sort = "relevance",
    cursor: str | None = None,
) -> dict:
    """Search Spaces by what they do (semantic); items have id, title, summary, sdk, likes, runnable, url.

    Args:
        query: what the app should do, in plain words; empty lists the most liked.
        limit: 1 to 50.
        filter: a tag, or several that must all be there, such as gradio or mcp-server.
        sdk: gradio, static, docker or streamlit.
        author: only this user's or organization's; words are then looked for in names.
        license: its id, such as mit.
        sort: relevance, likes, updated, created or trending.
        cursor: `meta.next` of the page before.
    """
    return await _search(call, "space", query, limit, filter, {"sdk": sdk, "author": author, "license": license}, sort, cursor)


@action(risk="read", title="Search papers")
async def hf_search_papers(call: Call, query: str = "", limit: int = 10, cursor: str | None = None) -> dict:
    """Search papers by what they are about; items have id (arXiv), title, summary, likes (upvotes), updated, tags, url.

    Args:
        query: words or a question; empty lists the daily papers.
        limit: 1 to 50.
        cursor: `meta.next` of the page before.
    """
    return _listed(call, await find_papers(call.house.hub, call.caller, query.strip()[:500], limit=_bounded(limit), cursor=cursor))


@action(risk="read", title="Search people")
async def hf_search_people(call: Call, query: str = "", limit: int = 10, cursor: str | None = None) -> dict:
    """Search users and organizations by name; items have id (the handle), title, task (user or organization), likes (followers), summary, url.

    Args:
        query: a handle or a part of one; empty lists those whose work trends.
        limit: 1 to 50; the Hub names at most 20 users and 20 organizations.
        cursor: `meta.next` of the page before.
    """
    return _listed(call, await find_people(call.house.hub, call.caller, query.strip()[:500], limit=_bounded(limit), cursor=cursor))


@action(risk="read", title="Search collections")
async def hf_search_collections(
    call: Call,
    query: str = "",
    limit: int = 10,
    author: str | None = None,
    sort: Literal["relevance", "likes", "updated", "trending"] = "relevance",
    cursor: str | None = None,
) -> dict:
    """Search collections by title; items have id (the slug), title, summary, likes (upvotes), updated, tags (kinds in it), url.

    Args:
        query: words of the title; empty lists what trends.
        limit: 1 to 50.
        author: only this user's or organization's.
        sort: relevance (the Hub's own order), likes, updated or trending.
        cursor: `meta.next` of the page before.
    """
    page = await find_collections(
        call.house.hub, call.caller, query.strip()[:500], owner=author, limit=_bounded(limit), sort=sort, cursor=cursor
    )
    return _listed(call, page)


@action(risk="read", title="Search the documentation")
async def hf_search_docs(call: Call, query: str = "", product: str | None = None, limit: int = 10) -> dict:
    """Search the documentation of the Hub and its libraries; items have id (the page's address), title, summary (the passage), task (the library).

    Args:
        query: a question or words, at most 250 characters; empty lists the libraries that have documentation.
        product: only one library's, such as transformers, hub or diffusers.
        limit: 1 to 50.
    """
    return _listed(call, await find_docs(call.house.hub, call.caller, query.strip(), product=product, limit=_bounded(limit)))


async def _search(
    call: Call, kind, query: str, limit: int, filter: str | list[str] | None, by: dict[str, str | None], sort: Sort, cursor: str | None
) -> dict:
    tags = [filter] if isinstance(filter, str) else filter or []
    page = await search(
        call.house.hub, call.caller, kind, query.strip()[:500], limit=_bounded(limit), filter=tags, by=by, sort=sort, cursor=cursor
    )
    return _listed(call, page)


def _bounded(limit: int) -> int:
    return max(1, min(limit, 50))


def _listed(call: Call, page: Page) -> dict:
    sample = {"sample": True} if call.house.local_hub else {}
    if sample and not page.items:
        sample["note"] = "The Local Hub holds a small sample: that nothing is found in it proves nothing about huggingface.co."
    return listing([row.to_dict() for row in page.items], next=page.next, **sample)
