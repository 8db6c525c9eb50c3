"""The documentation of the Hub and its libraries: search by meaning, and one page as markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from core.caller import Caller
from core.errors import InvalidInput
from core.hub.client import Hub
from core.hub.errors import nonsense
from core.hub.rows import Row, line, text
from core.hub.search import Page, check_query

LONGEST_QUERY = 250
PAGE_LENGTH = 20_000
_HOSTS = ("huggingface.co", "www.huggingface.co", "hf.co")
_PATH = re.compile(r"/(?:docs|learn)/[\w.~/-]{1,400}")  # courses and the cookbook stand below /learn


async def find_docs(hub: Hub, caller: Caller, query: str, *, product: str | None = None, limit: int = 10) -> Page:
    """Passages of the documentation about something; without a query the libraries that have one.

    Args:
        query: a question or words; at most 250 characters.
        product: only one library's, such as transformers, hub or diffusers.
        limit: rows, 1 to 50.
    Raises InvalidInput, RateLimited, HubUnavailable, TimedOut.
    """
    query = check_query(query, limit)
    if len(query) > LONGEST_QUERY:
        raise InvalidInput(f"A question to the documentation has at most {LONGEST_QUERY} characters; this one has {len(query)}.")
    if product and not re.fullmatch(r"[\w.-]{1,80}", product):
        raise InvalidInput(f"{product[:60]!r} is not the name of a library.", "Give one such as transformers, hub or diffusers.")
    if not query:
        return await _products(hub, caller, limit)
    params = {"q": query.lower(), "limit": limit, "product": product or None}
    answer = await hub.wire.get("/api/docs/search", token=caller.token, params=params, allow_status=(404, 500, 502, 503))
    found = _rows(hub, answer.data if answer.status == 200 else None)
    if not found:
        params = {"q": query, "limit": limit, "domain": product or None}
        answer = await hub.wire.get("/api/docs/search/full-text", token=caller.token, params=params, allow_status=(404,))
        hits = answer.data.get("hits") if isinstance(answer.data, dict) else None
        found = _rows(hub, hits)
    return Page(found[:limit], None)


async def _products(hub: Hub, caller: Caller, limit: int) -> Page:
    answer = await hub.wire.get("/api/docs", token=caller.token)
    if not isinstance(answer.data, list):
        raise nonsense("list the documentation")
    entries = [one for one in answer.data if isinstance(one, dict) and text(one.get("id")) and text(one.get("url"))]
    rows = [_row(hub, one["url"], one["id"], one.get("category") or "", one["id"]) for one in entries]
    return Page(tuple(row for row in rows if row)[:limit], None)


def _rows(hub: Hub, hits: Any) -> tuple[Row, ...]:
    found = []
    for hit in hits if isinstance(hits, list) else ():
        if not isinstance(hit, Mapping):
            continue
        url = text(hit.get("source_page_url")) or text(hit.get("url"))
        title = text(hit.get("source_page_title")) or text(hit.get("hierarchy_lvl1")) or text(hit.get("hierarchy_lvl0"))
        below = text(hit.get("heading1")) or text(hit.get("hierarchy_lvl2"))
        whole = f"{title}: {below}" if title and below and below != title else title or below
        product = text(hit.get("product")) or text(hit.get("hierarchy_lvl0"))
        made = _row(hub, url, whole or url, hit.get("text") or hit.get("content") or "", product) if url else None
        found += [made] if made else []
    return tuple(found)


def _row(hub: Hub, url: str, title: str, summary: object, product: str | None) -> Row | None:
    whole = urljoin(hub.endpoint + "/", url) if not url.startswith("/") else _at(hub, url)
    if not whole.startswith(("https://", "http://")):
        return None
    return Row(
        id=whole, kind="doc", title=line(title, 150), summary=line(summary, 400), likes=0, downloads=None, updated=None,
        task=product, sdk=None, tags=(), runnable=None, url=whole,
    )  # fmt: skip


def _at(hub: Hub, path: str) -> str:
    """An address of the Hub; one that a Hub below a path already wrote with that path stays as it is."""
    parts = urlsplit(hub.endpoint)
    return f"{parts.scheme}://{parts.netloc}{path}" if parts.path and path.startswith(parts.path + "/") else hub.endpoint + path


async def fetch_docs(hub: Hub, caller: Caller, url: str, *, offset: int = 0) -> dict[str, Any]:
    """One page of the documentation as markdown.

    Args:
        url: the page, as the search gives it: https://huggingface.co/docs/…, or the path beginning with /docs/.
        offset: character to go on from: `next_offset` of the answer before.

    Returns `{url, title, text, offset, next_offset, total}`: at most 20,000 characters, `next_offset` None at the end.
    Raises InvalidInput for an address that is no page of the documentation, NotFound, HubUnavailable, TimedOut.
    """
    path = _path_of(hub, url)
    # What stands at a library itself is its list of pages.
    answer = await hub.wire.get(f"{path}/llms.txt" if path.count("/") == 2 else f"{path}.md", token=None)
    if not isinstance(answer.data, str):
        raise nonsense(f"read {path}")
    whole = answer.data
    start = max(0, min(offset, len(whole)))
    end = start + PAGE_LENGTH
    heading = re.search(r"^#\s+(.+)$", whole, re.MULTILINE)
    return {
        "url": url,
        "title": line(re.sub(r"\[\[.*?\]\]", "", heading[1]), 150) if heading else path.rpartition("/")[2],
        "text": whole[start:end],
        "offset": start,
        "next_offset": end if end < len(whole) else None,
        "total": len(whole),
    }


def _path_of(hub: Hub, url: str) -> str:
    wrong = InvalidInput(f"{url[:80]!r} is not a page of the documentation.", "Give an address that hf_search_docs found.")
    parts, own = urlsplit(url.strip()), urlsplit(hub.endpoint)
    if parts.netloc and parts.netloc != own.netloc and parts.netloc not in _HOSTS:
        raise wrong
    path = parts.path.removeprefix(own.path) if own.path and parts.path.startswith((own.path + "/docs/", own.path + "/learn/")) else parts.path
    path = path.rstrip("/").removesuffix(".md").removesuffix(".html")
    if not _PATH.fullmatch(path) or ".." in path or "//" in path:
        raise wrong
    return path
