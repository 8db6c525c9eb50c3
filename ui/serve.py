"""Put page, REST, previews, Local Hub and MCP on one port, through Gradio's own `launch`."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import Any

import gradio as gr
from starlette.routing import Mount, Router
from starlette.types import ASGIApp

from core.doors import account, chats, children, connections, health, keys, metrics, openai, openrouter, providers, remembered, rest
from core.doors.gate import Gate
from core.doors.session import Session, Sessions
from core.house import HUB_PREFIX, House
from ui.mcp import add_endpoints, offer_actions
from ui.page import LAUNCH, build_page

log = logging.getLogger(__name__)


def launch(house: House, *, block: bool = True) -> gr.Blocks:
    """Serve the house on its port until interrupted, or return at once with `block=False` (close it with `.close()`)."""

    def gone(session: Session) -> None:
        house.providers.evict(session.keys.keys())
        house.forget(session.name)

    sessions = Sessions(on_gone=gone)
    demo = build_page(house, sessions)
    with demo:
        add_endpoints(house, sessions)

    @asynccontextmanager
    async def lifespan(app: Any):
        offer_actions(demo.mcp_server_obj, house, sessions)
        # The stack exists by now, and ours goes around it: Gradio's own CORS and compression must not touch what
        # previews and the Local Hub answer (6.31 answers preflights itself).
        app.middleware_stack = front(house, sessions, app.middleware_stack)
        await house.start()
        house.previews.warm_soon()
        try:
            yield
        finally:
            await house.close()

    demo.queue(default_concurrency_limit=16, max_size=128)
    demo.launch(
        server_name=house.settings.host,
        server_port=house.port,
        mcp_server=True,
        ssr_mode=False,
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        share=False,
        pwa=False,
        quiet=True,
        max_file_size="50mb",
        footer_links=[],
        prevent_thread_lock=True,
        app_kwargs={"lifespan": lifespan, "docs_url": None, "redoc_url": None, "openapi_url": None},
        **LAUNCH,
    )
    if demo.mcp_server_obj is None:
        raise RuntimeError(getattr(demo, "mcp_error", "the MCP server did not start"))
    print(f"Spaces OS: {house.base_url}  ({'Local Hub, offline sample' if house.local_hub else house.hub.endpoint})", flush=True)
    if block:
        demo.block_thread()
    return demo


def front(house: House, sessions: Sessions, gradio_app: ASGIApp) -> ASGIApp:
    """The gate, then our own routes, then Gradio."""
    routes = [
        *health.routes(house),
        *rest.routes(house, sessions),
        *chats.routes(house, sessions),
        *account.routes(house, sessions),
        *keys.routes(house, sessions),
        *connections.routes(house, sessions),
        *children.routes(house, sessions),
        *openrouter.routes(house, sessions),
        *remembered.routes(house, sessions),
        *providers.routes(house, sessions),
        *openai.routes(house, sessions),
        *metrics.routes(house),
        Mount("/p", app=house.previews.app),
    ]
    if house.local_hub:
        routes.append(Mount(HUB_PREFIX, app=house.local_hub.app))
    page = account.signing_out(house, sessions, gradio_app)
    return Gate(Router(routes=routes, default=page, redirect_slashes=False), house.settings)
