"""The people and organizations of the sample and of this Hub: who follows whom, who likes what. Read once, drawn from names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from core.errors import NotFound
from core.localhub.catalogue import Catalogue
from core.localhub.names import KINDS, Kind
from core.localhub.sample import FOLDER, draw, moment, names, table
from core.localhub.users import Users, stable_id

AVATAR = "/avatars/local.svg"
_SINCE = "2021-06-01"


@dataclass(frozen=True)
class Person:
    """An account of a person. weight: 0 to 9, how many follow; key: what draws use, `me` for the first user of this Hub."""

    name: str
    fullname: str
    id: str
    key: str
    pro: bool = False
    orgs: tuple[str, ...] = ()
    weight: int = 0
    github: str = ""
    bio: str = ""
    created: str = ""
    sample: bool = True


@dataclass(frozen=True)
class Organization:
    """An account of several people."""

    name: str
    fullname: str
    id: str
    verified: bool = False
    plan: str | None = None
    weight: int = 3
    details: str = ""
    sample: bool = True


@dataclass(frozen=True)
class Like:
    """One like; `at` as the Hub writes times."""

    person: str
    kind: Kind
    repo: str
    at: str


class Community:
    """Every account, by name without case. This Hub's own accounts hide those of the sample."""

    def __init__(self, users: Users, catalogue: Catalogue, invented: tuple[tuple[str, str], ...] = ()):
        self._users, self._catalogue, self._invented = users, catalogue, invented

    @cached_property
    def people(self) -> Mapping[str, Person]:
        found = {}
        for name, fullname, pro, orgs, weight, github, bio in table(FOLDER / "people.txt"):
            found[name.lower()] = Person(
                name, fullname, stable_id("sample", name), name, pro == "yes", tuple(names(orgs)), int(weight), github, bio,
                moment(_SINCE, "joined", name),
            )  # fmt: skip
        for name, fullname in self._invented:
            found[name] = Person(name, fullname, stable_id("sample", name), name, created=moment(_SINCE, "joined", name))
        for user in self._users.users.values():
            first = user is self._users.first
            found[user.name.lower()] = Person(
                user.name, user.fullname or user.name, user.id, "me" if first else user.name, user.isPro,
                tuple(org.name for org in user.orgs), 6 if first else 0, created=user.createdAt, sample=False,
            )  # fmt: skip
        return found

    @cached_property
    def organizations(self) -> Mapping[str, Organization]:
        found = {}
        for name, fullname, verified, plan, weight, details in table(FOLDER / "orgs.txt"):
            found[name.lower()] = Organization(
                name, fullname, stable_id("sample", name), verified == "yes", plan or None, int(weight), details
            )
        authors = [row["author"] for kind in KINDS for row in self._catalogue.entries(kind)]
        for name in (*authors, *(org for person in self.people.values() for org in person.orgs)):
            if name.lower() not in self.people:
                found.setdefault(name.lower(), Organization(name, name, stable_id("sample", name)))
        for org in self._users.orgs.values():
            found[org.name.lower()] = Organization(org.name, org.fullname or org.name, org.id, plan=org.plan, weight=0, sample=False)
        return found

    def person(self, name: str) -> Person:
        """A person by name or id; `NotFound`."""
        found = self.people.get(name.lower()) or next((p for p in self.people.values() if p.id == name), None)
        if found is None:
            raise NotFound("User not found")
        return found

    def organization(self, name: str) -> Organization:
        """An organization by name; `NotFound`."""
        found = self.organizations.get(name.lower())
        if found is None:
            raise NotFound("Organization not found")
        return found

    def account(self, name: str) -> Person | Organization | None:
        return self.people.get(name.lower()) or self.organizations.get(name.lower())

    @cached_property
    def _follows(self) -> Mapping[str, tuple[Person, ...]]:
        everyone = list(self.people.values())
        return {
            one.name: tuple(other for other in everyone if other is not one and draw("follows", one.key, other.key) < _pull(one, other))
            for one in everyone
        }

    def following(self, person: Person) -> tuple[Person, ...]:
        """Whom a person follows."""
        return self._follows[person.name]

    def followers(self, account: Person | Organization) -> tuple[Person, ...]:
        """Who follows an account."""
        if isinstance(account, Person):
            return tuple(one for one in self.people.values() if account in self._follows[one.name])
        chance = account.weight * 0.08
        return tuple(one for one in self.people.values() if one.weight and draw("follows org", one.key, account.name) < chance)

    def members(self, organization: Organization) -> tuple[Person, ...]:
        """Who belongs to an organization, in the order of their weight."""
        inside = [p for p in self.people.values() if organization.name.lower() in (name.lower() for name in p.orgs)]
        return tuple(sorted(inside, key=lambda person: (-person.weight, person.name)))

    @cached_property
    def likes(self) -> tuple[Like, ...]:
        """Every like of the sample, the newest first."""
        found = []
        people = [person for person in self.people.values() if person.weight]
        for kind in KINDS:
            for row in self._catalogue.entries(kind):
                chance = 0.02 + 0.035 * math.log10(max(row["likes"], 1))
                for person in people:
                    if draw("likes", person.key, kind, row["id"]) < chance:
                        at = moment(row["createdAt"], "liked", person.key, kind, row["id"])
                        found.append(Like(person.name, kind, row["id"], at))
        return tuple(sorted(found, key=lambda like: (like.at, like.person, like.repo), reverse=True))

    def liked_by(self, person: Person) -> list[Like]:
        return [like for like in self.likes if like.person == person.name]

    def likers(self, kind: Kind, repo: str) -> list[Person]:
        return [self.people[like.person.lower()] for like in self.likes if like.kind == kind and like.repo.lower() == repo.lower()]

    def author(self, name: str) -> dict[str, Any]:
        """An account as cards, collections and comments show it."""
        account = self.account(name)
        person = isinstance(account, Person)
        told: dict[str, Any] = {
            "_id": account.id if account else stable_id("sample", name),
            "avatarUrl": AVATAR,
            "fullname": account.fullname if account else name,
            "name": account.name if account else name,
            "type": "user" if person else "org",
            "isHf": False,
            "isHfAdmin": False,
            "isMod": False,
            "followerCount": len(self.followers(account)) if account else 0,
        }
        return told | ({"isPro": account.pro} if person else {"isEnterprise": bool(account and account.plan == "enterprise")})


def row_of(person: Person, **more: Any) -> dict[str, Any]:
    """A person as an entry of a list."""
    told = {
        "_id": person.id,
        "avatarUrl": AVATAR,
        "fullname": person.fullname,
        "isPro": person.pro,
        "user": person.name,
        "type": "user",
        "isFollowing": False,
    }
    return told | more | ({"sample": True} if person.sample else {})


def _pull(one: Person, other: Person) -> float:
    """How likely one follows the other: who is known is followed more, and nobody of the sample knows a second account here."""
    if not one.weight or not other.weight:
        return 0.0
    shared = 0.15 if set(one.orgs) & set(other.orgs) else 0.0
    return min(0.06 * other.weight + shared, 0.85)
