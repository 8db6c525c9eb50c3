"""Who somebody is: the caller, a user, an organization; profiles with samples."""

from __future__ import annotations

from typing import Any

from core.errors import InvalidInput, NotFound, SpacesError
from core.query.envelope import envelope, limit_of, sentence
from core.query.helpers import activity, likes, names
from core.query.reach import Reach

INCLUDES = ("likes", "activity")
_COUNTS = {
    "followers": "numFollowers", "following": "numFollowing", "likes": "numLikes", "members": "numUsers", "models": "numModels",
    "datasets": "numDatasets", "spaces": "numSpaces", "discussions": "numDiscussions", "papers": "numPapers", "upvotes": "numUpvotes",
}  # fmt: skip
_SOCIAL = {
    "twitter": "https://twitter.com/{}",
    "github": "https://github.com/{}",
    "linkedin": "https://www.linkedin.com/in/{}",
    "bluesky": "https://bsky.app/profile/{}",
}


async def whoami(reach: Reach) -> dict[str, Any]:
    """The account behind the caller's token."""
    me = await names.identity(reach)
    row = {"username": me["name"], "fullname": me.get("fullname"), "isPro": me.get("isPro"), "is_pro": me.get("isPro"), "type": me.get("type")}
    row["organizations"] = [org["name"] for org in me.get("orgs") or [] if isinstance(org, dict) and org.get("name")]
    return envelope(reach, "/api/whoami-v2", [_present(row)], **_one())


async def org_overview(reach: Reach, *, organization: str) -> dict[str, Any]:
    """An organization's counts under the names of both generations."""
    name = names.handle(organization, "name of an organization")
    raw = await reach.json(f"/api/organizations/{name}/overview")
    made = {"organization": raw.get("name") or name, "displayName": raw.get("fullname"), "display_name": raw.get("fullname")}
    made |= {"avatarUrl": raw.get("avatarUrl"), "avatar_url": raw.get("avatarUrl"), "description": raw.get("details")}
    made |= {"websiteUrl": raw.get("websiteUrl"), "website_url": raw.get("websiteUrl")}
    made |= {key: raw.get(_COUNTS[key]) for key in ("followers", "members", "models", "datasets", "spaces", "papers")}
    return envelope(reach, f"/api/organizations/{name}/overview", [_present(made)], organization=name, **_one())


async def user_summary(
    reach: Reach, *, username: str | None, include: list | None, sample_limit: int, activity_limit: int, graph_pro_only: bool | None
) -> dict[str, Any]:
    """{username, entity_type, overview, likes?, activity?}; an organization's overview when the name is one."""
    name = await names.whoever(reach, username)
    kind, raw, socials = await _entity(reach, name)
    links = {key: socials.get(key) for key in _SOCIAL}
    overview = {"username": raw.get("user") or raw.get("name") or name, "fullname": raw.get("fullname"), "bio": raw.get("details")}
    overview |= {"websiteUrl": raw.get("websiteUrl"), "website_url": raw.get("websiteUrl"), **links}
    overview |= {"isPro": raw.get("isPro"), "is_pro": raw.get("isPro"), "type": kind}
    overview |= {key: raw.get(upstream) for key, upstream in _COUNTS.items()}
    item: dict[str, Any] = {"username": overview["username"], "entity_type": kind, "overview": _present(overview)}
    samples, meta = await _samples(reach, name, kind, include, sample_limit, activity_limit)
    for key, answer in samples.items():
        item[key] = {"sample": answer["items"], "total": answer["meta"].get("total")}
    if graph_pro_only is not None:
        meta["graph_pro_only"] = "use hf_user_graph(pro_only=...)"
    return envelope(reach, f"/api/{kind}s/{name}/overview", [item], username=name, entity_type=kind, **meta, **_one())


async def profile_summary(reach: Reach, *, handle: str | None, include: list | None, likes_limit: int, activity_limit: int) -> dict[str, Any]:
    """One flat item; counts end in _count, addresses in _url."""
    name = await names.whoever(reach, handle, "handle")
    kind, raw, socials = await _entity(reach, name)
    item = {"handle": raw.get("user") or raw.get("name") or name, "entity_type": kind, "display_name": raw.get("fullname")}
    item |= {"avatar_url": raw.get("avatarUrl"), "website_url": raw.get("websiteUrl"), "is_pro": raw.get("isPro")}
    item["bio" if kind == "user" else "description"] = raw.get("details")
    item |= {f"{key}_url": _address(key, socials.get(key)) for key in _SOCIAL}
    item |= {f"{key}_count": raw.get(upstream) for key, upstream in _COUNTS.items()}
    if kind == "user":
        item["organizations"] = [org["name"] for org in raw.get("orgs") or [] if isinstance(org, dict) and org.get("name")]
    samples, meta = await _samples(reach, name, kind, include, likes_limit, activity_limit)
    item |= {f"{key}_sample": answer["items"] for key, answer in samples.items()}
    limits = {"likes_limit": likes_limit, "activity_limit": activity_limit}
    return envelope(reach, f"/api/{kind}s/{name}/overview", [_present(item)], handle=name, entity_type=kind, **limits, **meta, **_one())


async def _entity(reach: Reach, name: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """(user or organization, its overview, its social handles); a name of nobody is `NotFound`."""
    try:
        raw = await reach.json(f"/api/users/{name}/overview")
    except NotFound:
        return "organization", await reach.json(f"/api/organizations/{name}/overview"), {}
    socials = {key: raw.get(key) for key in _SOCIAL}
    if not all(socials.values()) and reach.budget.remaining > 0:
        try:
            more = await reach.json(f"/api/users/{name}/socials")
            found = more.get("socialHandles") if isinstance(more.get("socialHandles"), dict) else {}
            socials = {key: socials[key] or found.get(key) for key in _SOCIAL}
        except SpacesError:
            pass  # the profile is complete without them
    return "user", raw, socials


async def _samples(
    reach: Reach, name: str, kind: str, include: list | None, likes_limit: int, activity_limit: int
) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    wanted = list(dict.fromkeys(include or []))
    unknown = [str(one) for one in wanted if one not in INCLUDES]
    if unknown:
        raise InvalidInput(f"include has {unknown[0][:40]!r}.", f"It takes {' and '.join(INCLUDES)}.")
    errors, ignored, samples = {}, [], {}
    for one in wanted:
        if one == "likes" and kind != "user":
            ignored.append(one)
            continue
        try:
            if one == "likes":
                count = limit_of(likes_limit, 10, 500).applied
                samples[one] = await likes.user_likes(reach, username=name, return_limit=count, count_only=count == 0)
            else:
                count = limit_of(activity_limit, 10, 500).applied
                feed = "user" if kind == "user" else "org"
                samples[one] = await activity.recent_activity(reach, feed_type=feed, entity=name, return_limit=count, count_only=count == 0)
            if not samples[one]["ok"]:
                errors[one] = samples[one]["error"]
        except SpacesError as error:
            errors[one] = sentence(error)
            samples[one] = {"items": [], "meta": {}}
    meta: dict[str, Any] = {"include": wanted}
    return samples, meta | ({"section_errors": errors} if errors else {}) | ({"ignored_includes": ignored} if ignored else {})


def _address(key: str, given: Any) -> str | None:
    if not isinstance(given, str) or not given:
        return None
    return given if given.startswith("https://") else _SOCIAL[key].format(given.lstrip("@"))


def _present(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _one() -> dict[str, Any]:
    return {"complete": True, "exact_count": True, "more_available": False, "truncated": False, "truncated_by": "none", "returned": 1, "total": 1}
