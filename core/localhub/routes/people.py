"""People and organizations: overviews, followers, members, likes, and who likes a repository."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.localhub import access, discussions, wire
from core.localhub.community import AVATAR, Community, Like, Organization, Person, row_of
from core.localhub.names import KINDS, SINGULAR
from core.localhub.papers import papers

if TYPE_CHECKING:
    from core.localhub.server import LocalHub

PAGE = 100
QUICK = 20


def routes(hub: LocalHub) -> list[Route]:
    community = hub.community = Community(hub.users, hub.catalogue, discussions.authors())

    async def listed(request: Request, people: list[Person] | tuple[Person, ...]) -> Response:
        access.identify(hub, request)
        shown, link = wire.page(request, hub.prefix, people, wire.number(request, "limit", PAGE, low=1))
        return wire.answer([row_of(person) for person in shown], headers=link)

    def person(request: Request) -> Person:
        return community.person(wire.segment(request, "user"))

    def organization(request: Request) -> Organization:
        return community.organization(wire.segment(request, "organization"))

    async def counts(request: Request, name: str) -> dict[str, int]:
        who, base = access.identify(hub, request), wire.base_url(request, hub.prefix)

        def count() -> dict[str, int]:
            return {
                f"num{kind.capitalize()}s": sum(row["author"].lower() == name.lower() for row in hub.shelf.rows(kind, who, base))
                for kind in KINDS
            }

        return await to_thread.run_sync(count)

    async def user_overview(request: Request) -> Response:
        one = person(request)
        told = {
            "_id": one.id,
            "avatarUrl": AVATAR,
            "isPro": one.pro,
            "fullname": one.fullname,
            "user": one.name,
            "type": "user",
            "details": one.bio,
            "numDiscussions": sum(talk.author == one.name for talk in discussions.everything()),
            "numPapers": sum(one.fullname in paper.authors for paper in papers()),
            "numUpvotes": sum(paper.submitter == one.name for paper in papers()),
            "numLikes": len(await to_thread.run_sync(community.liked_by, one)),
            "numFollowing": len(community.following(one)),
            "numFollowers": len(community.followers(one)),
            "isFollowing": False,
            "orgs": [_membership(community, name) for name in one.orgs],
            "createdAt": one.created,
        }
        return wire.answer(told | await counts(request, one.name) | _sample(one))

    async def socials(request: Request) -> Response:
        one = person(request)
        handles = {"github": one.github} if one.github else {}
        return wire.answer({"_id": one.id, "user": one.name, "socialHandles": handles})

    async def organization_socials(request: Request) -> Response:
        one = organization(request)
        return wire.answer({"_id": one.id, "name": one.name, "socialHandles": {}})

    async def avatar(request: Request) -> Response:
        organization(request) if "organization" in request.path_params else person(request)
        return wire.answer({"avatarUrl": AVATAR})

    async def organization_overview(request: Request) -> Response:
        one = organization(request)
        told = {
            "_id": one.id,
            "avatarUrl": AVATAR,
            "fullname": one.fullname,
            "name": one.name,
            "type": "org",
            "isEnterprise": one.plan == "enterprise",
            "isVerified": one.verified,
            "isFollowing": False,
            "details": one.details,
            "numUsers": len(community.members(one)),
            "numFollowers": len(community.followers(one)),
            "numPapers": sum(paper.organization.lower() == one.name.lower() for paper in papers()),
            "plan": one.plan,
        }
        return wire.answer(told | await counts(request, one.name) | _sample(one))

    async def followers(request: Request) -> Response:
        return await listed(request, community.followers(person(request)))

    async def following(request: Request) -> Response:
        return await listed(request, community.following(person(request)))

    async def organization_followers(request: Request) -> Response:
        return await listed(request, community.followers(organization(request)))

    async def quick(request: Request) -> Response:
        """Accounts whose name or full name holds the words, the best known first; of what else there is, the lists tell."""
        access.identify(hub, request)
        words, limit = request.query_params.get("q", "").strip().lower(), wire.number(request, "limit", QUICK, low=1, high=QUICK)
        wanted = wire.many(request, "type") or ["user", "org"]

        def found(accounts: Mapping[str, Person | Organization]) -> list[Any]:
            fitting = [one for one in accounts.values() if words in f"{one.name} {one.fullname}".lower()]
            return sorted(fitting, key=lambda one: (not one.name.lower().startswith(words), -one.weight, one.name))[:limit]

        users = [row_of(one) for one in found(community.people)] if "user" in wanted else []
        orgs = [community.author(one.name) | _sample(one) for one in found(community.organizations)] if "org" in wanted else []
        return wire.answer({"users": users, "orgs": orgs})

    async def members(request: Request) -> Response:
        one = organization(request)
        word = request.query_params.get("search", "").lower()
        everyone = community.members(one)
        inside = [p for p in everyone if word in f"{p.name} {p.fullname}".lower()]
        access.identify(hub, request)
        shown, link = wire.page(request, hub.prefix, inside, wire.number(request, "limit", PAGE, low=1))
        return wire.answer([row_of(p, role=_role(hub, p, one, first=p is everyone[0])) for p in shown], headers=link)

    async def likes(request: Request) -> Response:
        one = person(request)
        access.identify(hub, request)
        liked = await to_thread.run_sync(community.liked_by, one)
        shown, link = wire.page(request, hub.prefix, liked, wire.number(request, "limit", PAGE, low=1, high=10_000))
        return wire.answer([_like(hub, like) for like in shown], headers=link)

    async def likers(request: Request) -> Response:
        kind, name = SINGULAR[request.path_params["kind"]], access.named(request)
        sampled = hub.repos.find(name) is None and hub.catalogue.get(kind, str(name))
        if not sampled:
            access.readable(hub, request)
        people = await to_thread.run_sync(community.likers, kind, str(name)) if sampled else []
        return await listed(request, people)

    user, org = "/api/users/{user}", "/api/organizations/{organization}"
    return [
        Route("/api/quicksearch", quick),
        Route(f"{user}/overview", user_overview),
        Route(f"{user}/socials", socials),
        Route(f"{user}/avatar", avatar),
        Route(f"{user}/followers", followers),
        Route(f"{user}/following", following),
        Route(f"{user}/likes", likes),
        Route(f"{org}/overview", organization_overview),
        Route(f"{org}/socials", organization_socials),
        Route(f"{org}/avatar", avatar),
        Route(f"{org}/followers", organization_followers),
        Route(f"{org}/members", members),
        Route("/api/{kind:kind}/{namespace}/{name}/likers", likers),
    ]


def _sample(account: Person | Organization) -> dict[str, bool]:
    return {"sample": True} if account.sample else {}


def _membership(community: Community, name: str) -> dict[str, Any]:
    org = community.organization(name)
    return {"id": org.id, "name": org.name, "fullname": org.fullname, "avatarUrl": AVATAR}


def _role(hub: LocalHub, one: Person, org: Organization, *, first: bool) -> str:
    user = hub.users.user(one.name)
    if user is None:
        return "admin" if first else "write"
    return next((membership.role for membership in user.orgs if membership.name.lower() == org.name.lower()), "read")


def _like(hub: LocalHub, like: Like) -> dict[str, Any]:
    row = hub.catalogue.get(like.kind, like.repo)
    data = {key: row[key] for key in ("id", "author", "likes", "downloads") if key in row}
    return {"createdAt": like.at, "repo": {"name": like.repo, "type": like.kind}, "repoData": data | {"type": like.kind}, "sample": True}
