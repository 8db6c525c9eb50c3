"""`python -m core.localhub --port P --data DIR [--users FILE]`: the Local Hub by itself, on loopback."""

from __future__ import annotations

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from core.errors import SpacesError
from core.localhub.server import LocalHub
from core.preview import Previews


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m core.localhub", description=__doc__)
    parser.add_argument("--port", type=int, default=7870, help="TCP port; 7870")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on; 127.0.0.1")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps everything; made when missing")
    parser.add_argument("--users", type=Path, default=None, help="JSON file of users, tokens and organizations")
    parser.add_argument("--prefix", default="", help='path the Hub answers below, such as "/hub"; none')
    chosen = parser.parse_args()
    try:
        app = _application(chosen.data.resolve(), chosen.users, chosen.prefix.rstrip("/"), chosen.host, chosen.port)
    except SpacesError as error:
        print(f"{error.message} {error.fix}", file=sys.stderr)
        return 2
    # Idle keep-alive connections of clients must not hold a stopping server.
    uvicorn.run(
        app, host=chosen.host, port=chosen.port, log_level="warning", timeout_graceful_shutdown=3, timeout_keep_alive=30
    )
    return 0


def _application(data: Path, users: Path | None, prefix: str, host: str, port: int) -> Starlette:
    previews = Previews(data / "previews")
    previews.warm_soon()
    hub = LocalHub(data, previews=previews, prefix=prefix, users=users)
    endpoint = f"http://{host}:{port}{prefix}"

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        await hub.start()
        print(f"Local Hub at {endpoint}\nHF_ENDPOINT={endpoint}", flush=True)
        if users is None:
            # Its owner is the one who reads this terminal; the token works for this Hub alone.
            print(f"user {hub.default_user}, HF_TOKEN={hub.default_token.reveal()}", flush=True)
        yield
        await hub.close()
        await previews.close()

    return Starlette(routes=[Mount(prefix or "/", app=hub.app)], lifespan=lifespan)


if __name__ == "__main__":
    sys.exit(main())
