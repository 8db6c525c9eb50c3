"""A small Hub on loopback for the query runtime: answers in the Hub's shapes, pages by Link, and misbehaves on request."""

from __future__ import annotations

import asyncio
import copy
import json
from pathlib import Path
from typing import Any

from aiohttp import web

PAYLOADS = Path(__file__).parent / "payloads"
TOKEN = "hf_" + "QueryTestToken0123456789"


def payload(name: str) -> Any:
    """One recorded or derived answer of the Hub."""
    return json.loads((PAYLOADS / f"{name}.json").read_text())


def people(count: int, prefix: str = "fan", pro_every: int = 3) -> list[dict]:
    """Rows of a followers listing; every third is Pro."""
    row = payload("followers")[0]
    return [{**copy.deepcopy(row), "user": f"{prefix}{n}", "fullname": f"Fan {n}", "isPro": n % pro_every == 0} for n in range(count)]


def models(count: int, author: str = "acme") -> list[dict]:
    """Rows of a model listing, the most downloaded first."""
    row = payload("models_list_expand")[0]
    return [{**copy.deepcopy(row), "id": f"{author}/m{n}", "author": author, "downloads": 1000 - n, "likes": n} for n in range(count)]


class Upstream:
    """The server. `listings` page by Link, `answers` come whole, `faults` replace an answer, `requests` remember."""

    def __init__(self):
        self.requests: list[tuple[str, dict[str, Any], str | None]] = []
        self.delay = 0.0
        self.under_way = self.most_under_way = 0
        self.faults: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """The same small world before every test."""
        self.requests.clear()
        self.faults.clear()
        self.delay = 0.0
        self.most_under_way = self.under_way = 0
        self.epoch = object()  # what an earlier test left on its way is not counted
        user, org = payload("user_overview"), payload("org_overview")
        fans, likes = people(250), payload("user_likes")[0]
        self.listings = {
            "/api/users/alice/followers": fans,
            "/api/users/alice/following": people(7, "idol"),
            "/api/organizations/acme/followers": people(12, "orgfan"),
            "/api/organizations/acme/members": [{**row, "role": "admin" if n == 0 else "write"} for n, row in enumerate(people(2, "member"))],
            "/api/users/alice/likes": [
                {**likes, "createdAt": f"2026-09-{30 - n:02}T08:00:00.000Z", "repo": {"name": f"acme/m{n}", "type": "model"}} for n in range(6)
            ],
            "/api/models/acme/m1/likers": payload("likers") + people(4, "liker"),
            "/api/models": models(60),
            "/api/datasets": [{**payload("datasets_list_default")[0], "id": f"acme/d{n}", "author": "acme", "downloads": 50 - n} for n in range(8)],
            "/api/spaces": [{**payload("spaces_list_default")[0], "id": f"acme/s{n}", "likes": 100 + n} for n in range(8)],
            "/api/collections": payload("collections_list"),
            "/api/daily_papers": [{**payload("daily_papers")[0], "title": f"Paper {n}"} for n in range(30)],
        }
        self.answers = {
            "/api/whoami-v2": {**payload("whoami_v2"), "name": "alice"},
            "/api/users/alice/overview": {**user, "numFollowers": 250, "numFollowing": 7, "numLikes": 6},
            "/api/users/alice/socials": {"socialHandles": {"twitter": "alice_x", "github": "alice-gh"}},
            "/api/organizations/acme/overview": org,
            "/api/trending": {"recentlyTrending": [one for one in payload("trending")["recentlyTrending"]]},
            "/api/collections/alice/my-tools-65f0b3a1b2c3d4e5f6a7b8c9": payload("collection"),
            "/api/models/acme/m1/discussions/1": payload("discussion_detail"),
            "/api/models/gpt2": {**payload("model_revision_200"), "id": "gpt2", "author": None},
            "/api/datasets/alice/ds": payload("dataset_info"),
            "/api/spaces/alice/demo": payload("space_info"),
            "/datasets-server/splits": payload("dv_splits"),
        }
        for row in models(60):
            self.answers[f"/api/models/{row['id']}"] = row

    async def start(self) -> str:
        """Listen; the address."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = "http://127.0.0.1:%d" % self._runner.addresses[0][1]
        return self.url

    async def close(self) -> None:
        await self._runner.cleanup()

    def asked(self, path: str) -> list[dict[str, Any]]:
        """The arguments of every request for a path."""
        return [query for there, query, _ in self.requests if there == path]

    async def _answer(self, request: web.Request) -> web.Response:
        query = {name: request.query.getall(name) if len(request.query.getall(name)) > 1 else request.query[name] for name in request.query}
        self.requests.append((request.path, query, request.headers.get("Authorization")))
        epoch = self.epoch
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await asyncio.sleep(self.delay)
            return self._made(request, query)
        finally:
            self.under_way -= epoch is self.epoch

    def _made(self, request: web.Request, query: dict[str, Any]) -> web.Response:
        path = request.path
        fault = self.faults.get(f"{path}?{query.get('at', '')}") or self.faults.get(path)
        if fault is not None:
            return fault() if callable(fault) else web.Response(status=fault, headers={"X-Error-Message": f"fault {fault}"})
        if path == "/api/recent-activity":
            return self._activity(query)
        if path.endswith("/discussions"):
            row, start = payload("discussions_list")["discussions"][0], int(query.get("p", 0)) * 10
            rows = [{**row, "num": 23 - n} for n in range(start, min(23, start + 10))]
            return web.json_response({"discussions": rows, "count": 23, "start": start})
        if path in ("/datasets-server/rows", "/datasets-server/search"):
            row, start, size = payload("dv_rows"), int(query["offset"]), int(query["length"])
            count = 3 if path.endswith("search") else 250
            rows = [{**row["rows"][0], "row_idx": n} for n in range(start, min(count, start + min(size, 100)))]
            return web.json_response({**row, "rows": rows, "num_rows_total": count})
        if path in self.listings:
            return self._listing(request, self._chosen(path, query), query)
        if path in self.answers and (path != "/api/whoami-v2" or request.headers.get("Authorization") == f"Bearer {TOKEN}"):
            return web.json_response(self.answers[path])
        if path == "/api/whoami-v2":
            return web.json_response({"error": "Invalid username or password."}, status=401)
        return web.json_response({"error": "Not found"}, status=404, headers={"X-Error-Code": "RepoNotFound"})

    def _chosen(self, path: str, query: dict[str, Any]) -> list[dict]:
        rows = self.listings[path]
        if query.get("owner"):
            rows = [row for row in rows if row["owner"]["name"] == query["owner"]]
        if query.get("search"):
            rows = [row for row in rows if query["search"] in row["id"]]
        return rows

    def _listing(self, request: web.Request, rows: list[dict], query: dict[str, Any]) -> web.Response:
        start, size = int(query.get("at", 0)), min(int(query.get("limit", 100)), 100)
        headers = {}
        if start + size < len(rows):
            headers["Link"] = f'<{request.url.update_query(at=str(start + size))}>; rel="next"'
        return web.json_response(rows[start : start + size], headers=headers)

    def _activity(self, query: dict[str, Any]) -> web.Response:
        rows, page = payload("recent_activity")["recentActivity"], int(query.get("cursor", 0))
        data = {"recentActivity": [{**row, "time": f"2026-09-{25 - page:02}T0{n}:00:00.000Z"} for n, row in enumerate(reversed(rows))]}
        return web.json_response(data | ({"cursor": str(page + 1)} if page < 14 else {}))
