"""The discussions of the sample: invented conversations of invented people, below some of the named repositories."""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from core.localhub.community import Community
from core.localhub.names import Kind
from core.localhub.sample import FOLDER, draw, moment
from core.localhub.users import stable_id


@dataclass(frozen=True)
class Discussion:
    """One conversation: a first text and an answer."""

    kind: Kind
    repo: str
    num: int
    title: str
    author: str
    answerer: str
    at: str
    first: str
    answer: str
    pull_request: bool
    status: str

    @property
    def id(self) -> str:
        return stable_id("discussion", self.kind, self.repo, str(self.num))


@cache
def _data() -> dict[str, Any]:
    return json.loads((FOLDER / "discussions.json").read_text("utf-8"))


def authors() -> tuple[tuple[str, str], ...]:
    """The invented accounts: name and full name."""
    return tuple((name, fullname) for name, fullname in _data()["authors"])


@cache
def of_repo(kind: Kind, repo: str) -> tuple[Discussion, ...]:
    """The conversations of one repository, the newest first."""
    data = _data()
    known = next((name for name in data["repos"].get(kind, ()) if name.lower() == repo.lower()), None)
    if known is None:
        return ()
    people, topics = authors(), data["topics"][kind]
    first = known == data["repos"][kind][0]
    chosen = [topic for topic in topics if first or draw("topic", kind, known, topic[0]) < 0.6]
    timed = sorted((moment("2025-06-01", "discussion", kind, known, topic[0]), topic) for topic in chosen)
    made = []
    for num, (at, (title, text, answer)) in enumerate(timed, 1):
        who = int(len(people) * draw("author", kind, known, title))
        pull = title.startswith(("Add the", "Upload"))
        closed = draw("closed", kind, known, title) < 0.4
        status = ("merged" if closed else "open") if pull else ("closed" if closed else "open")
        made.append(
            Discussion(kind, known, num, title, people[who][0], people[(who + 1) % len(people)][0], at, text, answer, pull, status)
        )
    return tuple(reversed(made))


def everything() -> list[Discussion]:
    """Every conversation of the sample."""
    return [one for kind, repos in _data()["repos"].items() for repo in repos for one in of_repo(kind, repo)]


def row(one: Discussion, community: Community) -> dict[str, Any]:
    """A conversation as an entry of a list."""
    owner = one.repo.split("/")[0]
    return {
        "num": one.num,
        "author": community.author(one.author),
        "repo": {"name": one.repo, "type": one.kind},
        "title": one.title,
        "status": one.status,
        "createdAt": one.at,
        "isPullRequest": one.pull_request,
        "numComments": 2,
        "numReactionUsers": 0,
        "topReactions": [],
        "pinned": False,
        "repoOwner": {"name": owner, "type": community.author(owner)["type"], "isParticipating": False, "isDiscussionAuthor": False},
        "sample": True,
    }


def detail(one: Discussion, community: Community, *, diff: bool = False) -> dict[str, Any]:
    """A conversation with its comments and changes of status."""
    events = [_comment(one, 0, one.author, one.at, one.first, community), _comment(one, 1, one.answerer, _later(one.at, 7), one.answer, community)]
    if one.status in ("closed", "merged"):
        events.append(_event(one, 2, one.answerer, _later(one.at, 8), "status-change", {"status": one.status}, community))
    told = {
        "_id": one.id,
        "collection": "discussions",
        "author": community.author(one.author),
        "num": one.num,
        "repo": {"name": one.repo, "type": one.kind},
        "title": one.title,
        "status": one.status,
        "createdAt": one.at,
        "isPullRequest": one.pull_request,
        "isReport": False,
        "locked": False,
        "pinned": False,
        "diffUrl": None,
        "events": events,
        "sample": True,
    }
    if one.pull_request:
        told |= {"changes": {"base": "refs/heads/main"}, "filesWithConflicts": []}
        if one.status == "merged":
            told["changes"]["mergeCommitId"] = stable_id("merge", one.id) + "0" * 16
        if diff:
            told["diff"] = ""
    return told


def _event(one: Discussion, place: int, who: str, at: str, type: str, data: dict[str, Any], community: Community) -> dict[str, Any]:
    author = community.author(who) | {"isOwner": False, "isOrgMember": False}
    return {"id": stable_id("event", one.id, str(place)), "author": author, "createdAt": at, "type": type, "data": data}


def _comment(one: Discussion, place: int, who: str, at: str, text: str, community: Community) -> dict[str, Any]:
    latest = {"raw": text, "html": f"<p>{html.escape(text)}</p>", "updatedAt": at, "author": community.author(who)}
    data = {"edited": False, "hidden": False, "latest": latest, "numEdits": 0, "editors": [who], "reactions": [], "isReport": False}
    return _event(one, place, who, at, "comment", data, community)


def _later(at: str, hours: int) -> str:
    moved = datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.000Z") + timedelta(hours=hours)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.000Z")
