"""Plain pages for the addresses clients print: a repository's files, and a commit. For people; no script, no login."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.errors import NotFound
from core.localhub import access, info, wire
from core.localhub.names import PREFIX
from core.localhub.repos import Repo
from core.localhub.routes.content import rev_and_path

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

MAX_ROWS = 1000
MAX_PATCH = 200_000
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "sandbox allow-popups allow-top-navigation-by-user-activation"
)
_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><style>
:root{{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}}body{{max-width:60rem;margin:2rem auto;padding:0 1rem}}
h1{{font-size:1.4rem;overflow-wrap:anywhere}}table{{border-collapse:collapse;width:100%}}td{{padding:.35rem .5rem;border-top:1px solid #8884}}
td+td{{text-align:right;white-space:nowrap}}pre,code{{font:.85rem/1.45 ui-monospace,monospace}}
pre{{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:.5rem}}.quiet{{opacity:.75}}a{{overflow-wrap:anywhere}}
</style></head><body>{body}</body></html>"""


def routes(hub: LocalHub) -> list[Route]:
    async def folder(request: Request) -> Response:
        repo = access.readable(hub, request)
        rev, path = rev_and_path(request) if "rev" in request.path_params else ("main", "")
        base = wire.base_url(request, hub.prefix)
        return await to_thread.run_sync(lambda: _answer(str(repo.repo), _folder(hub, repo, base, rev, path)))

    async def commit(request: Request) -> Response:
        repo = access.readable(hub, request)
        base = wire.base_url(request, hub.prefix)
        sha = wire.segment(request, "rev")
        return await to_thread.run_sync(lambda: _answer(f"{repo.repo} at {sha[:7]}", _commit(hub, repo, base, sha)))

    listed = []
    for prefix in ("/{kind:kind}", ""):
        at = prefix + "/{namespace}/{name}"
        listed += [Route(at, folder), Route(at + "/tree/{rev}", folder), Route(at + "/tree/{rev}/{path:path}", folder)]
        listed += [Route(at + "/commit/{rev}", commit)]
    return listed


def _answer(title: str, body: str) -> Response:
    page = _PAGE.format(title=escape(title), body=body).encode("utf-8", "replace")
    return HTMLResponse(page, headers={"Content-Security-Policy": _POLICY, "Cache-Control": "no-cache"})


def _folder(hub: LocalHub, repo: Repo, base: str, rev: str, path: str) -> str:
    git = hub.repos.git(repo)
    commit = info.resolve(git, rev)
    try:
        entries = git.tree(commit, path)
    except NotFound as error:
        raise wire.EntryNotFound(error.message, commit=commit) from None
    at = f"{base}/{PREFIX[repo.kind]}{repo.repo}"
    rows = [_row(at, rev, entry.path, entry.path.rsplit("/", 1)[-1], entry.kind, entry.size) for entry in entries[:MAX_ROWS]]
    if path:
        rows.insert(0, _row(at, rev, path.rpartition("/")[0], "..", "directory", 0))
    if len(entries) > MAX_ROWS:
        rows.append(f"<tr><td class=quiet>and {len(entries) - MAX_ROWS} more</td><td></td></tr>")
    latest = git.log(commit, limit=1)[0]
    lines = [f"<h1>{escape(repo.kind.capitalize())} {escape(str(repo.repo))}</h1>"]
    if repo.kind == "space":
        host = hub.describe_space(repo, base)["host"]
        lines.append(f'<p><a href="{escape(host.rstrip("/"))}/">Open the app</a></p>')
    lines.append(f'<p class=quiet><a href="{at}/commit/{latest.oid}">{escape(latest.title)}</a>, {latest.at:%Y-%m-%d %H:%M} UTC</p>')
    lines.append(f"<table>{''.join(rows)}</table><p class=quiet>Get it all:</p><pre>git clone {escape(at)}</pre>")
    return "\n".join(lines)


def _row(at: str, rev: str, path: str, shown: str, kind: str, size: int) -> str:
    verb = "tree" if kind == "directory" else "resolve"
    target = f"{at}/{verb}/{quote(rev, safe='')}/{quote(path, errors='surrogateescape')}"
    return f'<tr><td><a href="{escape(target)}">{escape(shown)}{"/" if kind == "directory" else ""}</a></td><td>{_size(kind, size)}</td></tr>'


def _size(kind: str, size: int) -> str:
    if kind == "directory":
        return ""
    for unit in ("bytes", "kB", "MB"):
        if size < 1000 or unit == "MB":
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return ""


def _commit(hub: LocalHub, repo: Repo, base: str, rev: str) -> str:
    git = hub.repos.git(repo)
    found = git.log(info.resolve(git, rev), limit=1)[0]
    diffs = git.diff(found.parents[0] if found.parents else None, found.oid)
    patch = "".join(diff.patch or f"{diff.status} {diff.path} (binary or large)\n" for diff in diffs)
    cut = patch[:MAX_PATCH] + ("\n…" if len(patch) > MAX_PATCH else "")
    at = f"{base}/{PREFIX[repo.kind]}{repo.repo}"
    return (
        f'<h1>{escape(found.title)}</h1><p class=quiet>{escape(found.author)}, {found.at:%Y-%m-%d %H:%M} UTC, {found.oid} in '
        f'<a href="{at}/tree/{found.oid}">{escape(str(repo.repo))}</a></p>'
        f"{f'<p>{escape(found.body)}</p>' if found.body else ''}<pre>{escape(cut)}</pre>"
    )
