"""Documentation: the products, their pages, and the two searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from core.errors import InvalidInput, NotFound
from core.localhub import doc_pages, wire
from core.localhub.doc_pages import DocPage, Section

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_QUERY = 250
LARGEST_PAGE = 50
_NOTE = "Written for the sample of a Local Hub; the real documentation is at https://huggingface.co/docs."


def routes(hub: LocalHub) -> list[Route]:
    async def products(request: Request) -> Response:
        first = {page.product: page for page in reversed(doc_pages.pages())}
        listed = [{"id": name, "url": f"/docs/{name}", "category": first[name].category, "sample": True} for name in sorted(first)]
        return wire.answer(listed)

    def asked(request: Request, product: str) -> tuple[str, str, int]:
        query = request.query_params.get("q", "").strip()
        if not query or len(query) > MAX_QUERY:
            raise InvalidInput(f'"q" must be a text of 1 to {MAX_QUERY} characters')
        return query, request.query_params.get(product, ""), min(wire.number(request, "limit", 10, low=1), LARGEST_PAGE)

    async def search(request: Request) -> Response:
        query, product, limit = asked(request, "product")
        found = await to_thread.run_sync(doc_pages.by_meaning, query, product)
        base = wire.base_url(request, hub.prefix)
        return wire.answer([_hit(page, section, base) for page, section in found[:limit]])

    async def full_text(request: Request) -> Response:
        query, product, limit = asked(request, "domain")
        hits = [
            {
                "url": f"{page.path}#{section.anchor}",
                "hierarchy_lvl0": page.product,
                "hierarchy_lvl1": page.title,
                "hierarchy_lvl2": section.heading,
                "content": section.text,
                "sample": True,
            }
            for page, section in doc_pages.by_words(query, product)[:limit]
        ]
        return wire.answer({"hits": hits})

    async def manifest(request: Request) -> Response:
        product = wire.segment(request, "product")
        listed = [page for page in doc_pages.pages() if page.product == product]
        if not listed:
            raise NotFound("Not Found")
        base = wire.base_url(request, hub.prefix)
        lines = [f"# {product}", "", _NOTE, "", *(f"- [{page.title}]({base}{page.path}.md)" for page in listed)]
        return _text("\n".join(lines) + "\n")

    async def page(request: Request) -> Response:
        product, name = wire.segment(request, "product"), wire.segment(request, "page").removesuffix(".md")
        found = next((page for page in doc_pages.pages() if (page.product, page.name) == (product, name)), None)
        if found is None:
            raise NotFound("Not Found")
        return _text(f"{found.text}\n{_NOTE}\n")

    return [
        Route("/api/docs", products),
        Route("/api/docs/search", search),
        Route("/api/docs/search/full-text", full_text),
        Route("/docs/{product}/llms.txt", manifest),
        Route("/docs/{product}/{page}", page),
    ]


def _text(text: str) -> Response:
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")


def _hit(page: DocPage, section: Section, base: str) -> dict[str, Any]:
    return {
        "text": section.text,
        "product": page.product,
        "heading1": page.title,
        "heading2": section.heading,
        "source_page_url": f"{base}{page.path}#{section.anchor}",
        "source_page_title": page.title,
        "sample": True,
    }
