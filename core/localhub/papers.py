"""The papers of the sample: real ones, each with a sentence of our own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from typing import Any

from core.localhub.community import Community
from core.localhub.sample import FOLDER, draw, names, table
from core.localhub.users import stable_id

_SUBMITTERS = ("akhaliq", "merve", "davanstrien", "burtenshaw", "akhaliq", "sergiopaniego")


@dataclass(frozen=True)
class Paper:
    """One paper by its arXiv id. day: when it was published."""

    id: str
    day: date
    upvotes: int
    github: str
    organization: str
    title: str
    authors: tuple[str, ...]
    summary: str
    keywords: tuple[str, ...]

    @property
    def submitted(self) -> date:
        return self.day + timedelta(days=1)

    @property
    def submitter(self) -> str:
        return _SUBMITTERS[int(len(_SUBMITTERS) * draw("submits", self.id))]

    @property
    def comments(self) -> int:
        return int(1 + 5 * draw("comments", self.id))


@cache
def papers() -> tuple[Paper, ...]:
    """Every paper, the newest first."""
    made = [
        Paper(id, date.fromisoformat(day), int(upvotes), github, organization, title, tuple(names(authors, ";")), summary, tuple(names(keywords)))
        for id, day, upvotes, github, organization, title, authors, summary, keywords in table(FOLDER / "papers.txt")
    ]
    return tuple(sorted(made, key=lambda paper: (paper.day, paper.id), reverse=True))


def found(query: str) -> list[Paper]:
    """Papers that hold every word of the query somewhere; those with words in their title first."""
    words = query.lower().split()

    def place(paper: Paper) -> tuple[int, int] | None:
        everything = " ".join((paper.title, paper.summary, *paper.keywords, *paper.authors, paper.id)).lower()
        if not all(word in everything for word in words):
            return None
        return (-sum(word in paper.title.lower() for word in words), -paper.upvotes)

    placed = [(where, paper) for paper in papers() if (where := place(paper)) is not None]
    return [paper for _, paper in sorted(placed, key=lambda pair: pair[0])]


def told(paper: Paper, community: Community) -> dict[str, Any]:
    """A paper by itself."""
    shape: dict[str, Any] = {
        "id": paper.id,
        "authors": [{"_id": stable_id("author", name), "name": name, "hidden": False} for name in paper.authors],
        "publishedAt": f"{paper.day}T12:00:00.000Z",
        "submittedOnDailyAt": f"{paper.submitted}T06:00:00.000Z",
        "submittedOnDailyBy": community.author(paper.submitter) | {"user": paper.submitter},
        "title": paper.title,
        "summary": paper.summary,
        "ai_summary": paper.summary,
        "ai_keywords": list(paper.keywords),
        "upvotes": paper.upvotes,
        "discussionId": stable_id("paper", paper.id),
    }
    if paper.github:
        shape |= {"githubRepo": f"https://github.com/{paper.github}", "githubStars": int(500 + 30_000 * draw("stars", paper.github) ** 2)}
    if paper.organization:
        shape["organization"] = _organization(paper, community)
    return shape | {"sample": True}


def daily(paper: Paper, community: Community) -> dict[str, Any]:
    """A paper as the daily list and the search wrap it."""
    shape = {
        "paper": told(paper, community),
        "publishedAt": f"{paper.day}T12:00:00.000Z",
        "title": paper.title,
        "summary": paper.summary,
        "thumbnail": f"https://cdn-thumbnails.huggingface.co/social-thumbnails/papers/{paper.id}.png",
        "numComments": paper.comments,
        "submittedBy": community.author(paper.submitter),
        "isAuthorParticipating": draw("takes part", paper.id) < 0.3,
        "sample": True,
    }
    return shape | ({"organization": _organization(paper, community)} if paper.organization else {})


def named_by(id: str, rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The repositories whose tags name a paper."""
    return [row for row in rows if f"arxiv:{id}" in row["tags"]]


def _organization(paper: Paper, community: Community) -> dict[str, Any]:
    author = community.author(paper.organization)
    return {"_id": author["_id"], "name": author["name"], "fullname": author["fullname"], "avatar": author["avatarUrl"]}
