"""Hosted repositories and the catalogue side by side: one list of descriptions, one index of Spaces to search."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from core.localhub import access, info
from core.localhub.catalogue import Catalogue
from core.localhub.names import Kind
from core.localhub.repos import Repo
from core.localhub.search import Document, Index
from core.localhub.users import Identity, stable_id

if TYPE_CHECKING:
    from core.localhub.server import LocalHub


class Shelf:
    """What lists and searches look through. Safe from any thread.

    Hosted repositories are described once and again after each change; a Space's runtime is always its present one.
    """

    def __init__(self, hub: LocalHub, catalogue: Catalogue):
        self._hub, self._catalogue = hub, catalogue
        self._lock = threading.Lock()
        self._described: dict[str, dict[str, Any]] = {}
        self._index: Index | None = None
        self._changes = 0
        hub.repos.on_push.append(lambda repo, ref, sha: self._forget(repo))
        for hooks in (hub.repos.on_update, hub.repos.on_create, hub.repos.on_delete):
            hooks.append(self._forget)
        hub.repos.on_move.append(lambda old, repo: self._forget(repo))

    def rows(self, kind: Kind, who: Identity | None, base: str) -> list[dict[str, Any]]:
        """The description of every repository of a kind that this caller may see. A hosted one hides its sample."""
        hosted = self._hub.repos.list(kind)
        taken = {repo.full_name.lower() for repo in hosted}
        rows = [self._row(repo, base) for repo in hosted if access.visible(repo, who)]
        return rows + [row for row in self._catalogue.entries(kind) if row["id"].lower() not in taken]

    def rank(self, query: str) -> list[tuple[str, float]]:
        """Ids of Spaces by how well they meet the query, private ones among them: the caller keeps what may be seen."""
        with self._lock:
            if self._index is None:
                self._index = Index(_document(row) for row in self._every_space())
            index = self._index
        return index.rank(query)

    def card(self, row: dict[str, Any], score: float) -> dict[str, Any]:
        """A Space as the search tells it."""
        card = row.get("cardData") or {}
        name = row["author"]
        user, org = self._hub.users.user(name), self._hub.users.org(name)
        author = {
            "_id": (user or org).id if user or org else stable_id("sample", name),
            "avatarUrl": "/avatars/local.svg",
            "fullname": (user or org).fullname if user or org else name,
            "name": name,
            "type": "user" if user else "org",
            "isPro": bool(user and user.isPro),
            "isHf": False,
            "isHfAdmin": False,
            "isMod": False,
            "followerCount": 0,
        }
        told = {
            "author": name,
            "authorData": author,
            "colorFrom": card.get("colorFrom", "gray"),
            "colorTo": card.get("colorTo", "gray"),
            "emoji": card.get("emoji", "🚀"),
            "pinned": bool(card.get("pinned")),
            "repoType": "space",
            "shortDescription": card.get("short_description"),
            "title": card.get("title") or row["id"].split("/")[1],
            "isLikedByUser": False,
            "semanticRelevancyScore": score,
        }
        same = ("id", "createdAt", "lastModified", "likes", "private", "sdk", "runtime", "tags", "trendingScore",
                "ai_short_description", "ai_category", "sample")  # fmt: skip
        return told | {key: row[key] for key in same if key in row}

    def _row(self, repo: Repo, base: str) -> dict[str, Any]:
        row = self._described.get(repo.id)
        if row is None:
            before = self._changes
            row = info.listed(self._hub, repo, base, full=True)
            with self._lock:
                if before == self._changes:  # else it may be older than a change that was told meanwhile
                    self._described[repo.id] = row
        return row | self._hub.describe_space(repo, base) if repo.kind == "space" else row

    def _every_space(self) -> list[dict[str, Any]]:
        hosted = self._hub.repos.list("space")
        taken = {repo.full_name.lower() for repo in hosted}
        rows = [info.listed(self._hub, repo, "", full=True) for repo in hosted]
        return rows + [row for row in self._catalogue.entries("space") if row["id"].lower() not in taken]

    def _forget(self, repo: Repo) -> None:
        with self._lock:
            self._changes += 1
            self._described.pop(repo.id, None)
            if repo.kind == "space":
                self._index = None


def _document(row: dict[str, Any]) -> Document:
    card = row.get("cardData") or {}
    texts = (
        (card.get("title"), 3.0),
        (card.get("short_description"), 2.0),
        (row.get("ai_category"), 2.0),
        (" ".join(tag for tag in row["tags"] if ":" not in tag and tag != row.get("sdk")), 1.0),
        (row["id"].replace("/", " "), 1.0),
        (" ".join(row.get("models") or ()), 0.5),
    )
    return Document(row["id"], tuple((str(text), weight) for text, weight in texts if text))
