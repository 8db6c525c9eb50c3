"""What a browser sees at a repository's address: its files, how to get them, and where its Space runs."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.localhub import access, info, wire
from core.localhub.names import PLURAL
from core.localhub.repos import Repo

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-popups allow-top-navigation-by-user-activation"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
 :root {{ color-scheme: light dark }} body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }}
 h1 {{ font-size: 1.25rem }} table {{ width: 100%; border-collapse: collapse }} td {{ padding: 4px 0; border-top: 1px solid #8883 }}
 td:last-child {{ text-align: right; font-variant-numeric: tabular-nums }} pre {{ padding: 12px; overflow: auto; border: 1px solid #8883; border-radius: 8px }}
</style><main><p>{kind} on the Local Hub</p><h1>{title}</h1>{body}</main></html>"""


def routes(hub: LocalHub) -> list[Route]:
    """`GET /{namespace}/{name}`, `/datasets/…`, `/spaces/…` and the page of one commit below them."""

    async def repository(request: Request) -> Response:
        repo = access.readable(hub, request)
        known = await to_thread.run_sync(info.snapshot, hub, repo)
        here = f"{wire.base_url(request, hub.prefix)}/{repo.repo.path}"
        rows = "".join(
            f'<tr><td><a href="{here}/resolve/main/{quote(file.path)}">{escape(file.path)}</a></td><td>{file.size:,} B</td></tr>'
            for file in (known.files if known else ())
        )
        described = hub.describe_space(repo, wire.base_url(request, hub.prefix)) if repo.repo.kind == "space" else {}
        runs = f'<p><a href="{escape(described["host"])}/"><b>Open the app</b></a></p>' if described.get("host") else ""
        return _page(repo, f"{runs}<pre>git clone {escape(here)}</pre><table>{rows}</table>")

    async def commit(request: Request) -> Response:
        repo = access.readable(hub, request)
        git = hub.repos.git(repo)
        sha = await to_thread.run_sync(info.resolve, git, request.path_params["sha"])
        one = (await to_thread.run_sync(lambda: git.log(sha, limit=1)))[0]
        changes = await to_thread.run_sync(git.diff, next(iter(one.parents), None), sha)
        shown = "".join(f"<p>{escape(each.path)} ({each.status})</p><pre>{escape(each.patch[:20_000])}</pre>" for each in changes[:100])
        return _page(repo, f"<p><b>{escape(one.title)}</b><br>{escape(one.author)}, {one.at:%Y-%m-%d %H:%M} UTC, {sha[:7]}</p>{shown}")

    return [
        Route(prefix + "/{namespace}/{name}" + rest, page, methods=["GET"])
        for prefix in ("/{kind:kind}", "")
        for rest, page in (("", repository), ("/commit/{sha}", commit))
    ]


def _page(repo: Repo, body: str) -> HTMLResponse:
    kind = PLURAL[repo.repo.kind][:-1].capitalize()
    return HTMLResponse(_PAGE.format(title=escape(str(repo.repo)), kind=kind, body=body), headers={"Content-Security-Policy": _POLICY})
