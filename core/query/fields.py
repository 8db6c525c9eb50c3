"""The names of columns, as data: what each family of rows carries, and the other spellings programs use."""

from __future__ import annotations

FIELDS: dict[str, tuple[str, ...]] = {
    "repo": (
        "repo_id", "repo_type", "title", "author", "likes", "downloads", "created_at", "last_modified", "pipeline_tag", "num_params",
        "repo_url", "tags", "library_name", "description", "paperswithcode_id", "sdk", "models", "datasets", "subdomain", "runtime_stage",
        "runtime", "private", "gated", "sha", "trending_score", "trending_rank",
    ),
    "actor": ("username", "fullname", "isPro", "role", "type"),
    "user": (
        "username", "fullname", "bio", "websiteUrl", "twitter", "github", "linkedin", "bluesky", "followers", "following", "likes", "isPro",
        "models", "datasets", "spaces", "discussions", "papers", "upvotes",
    ),
    "profile": (
        "handle", "entity_type", "display_name", "bio", "description", "avatar_url", "website_url", "twitter_url", "github_url", "linkedin_url",
        "bluesky_url", "followers_count", "following_count", "likes_count", "members_count", "models_count", "datasets_count", "spaces_count",
        "discussions_count", "papers_count", "upvotes_count", "organizations", "is_pro", "likes_sample", "activity_sample",
    ),
    "organization": (
        "organization", "display_name", "avatar_url", "description", "website_url", "followers", "members", "models", "datasets", "spaces",
    ),
    "user_likes": ("liked_at", "repo_id", "repo_type", "repo_author", "repo_likes", "repo_downloads", "repo_url"),
    "activity": ("event_type", "repo_id", "repo_type", "timestamp"),
    "collection": ("collection_id", "slug", "title", "owner", "owner_type", "description", "last_updated", "item_count"),
    "daily_paper": (
        "paper_id", "title", "summary", "published_at", "submitted_on_daily_at", "authors", "organization", "submitted_by", "discussion_id",
        "upvotes", "github_repo_url", "github_stars", "project_page_url", "num_comments", "is_author_participating", "repo_id", "rank",
    ),
    "discussion": ("num", "repo_id", "repo_type", "title", "author", "created_at", "status", "url"),
    "discussion_detail": (
        "num", "repo_id", "repo_type", "title", "author", "created_at", "status", "url", "comment_count", "latest_comment_author",
        "latest_comment_created_at", "latest_comment_text", "latest_comment_html",
    ),
}  # fmt: skip

_MEANT: dict[str, dict[str, str]] = {
    "repo": {"runtimestatus": "runtime_stage", "id": "repo_id"},
    "collection": {"author": "owner", "id": "collection_id"},
    "daily_paper": {"githubrepo": "github_repo_url", "projectpage": "project_page_url", "id": "paper_id"},
    "user_likes": {"author": "repo_author", "likes": "repo_likes", "downloads": "repo_downloads", "timestamp": "liked_at"},
    "activity": {"time": "timestamp", "type": "event_type"},
    "actor": {"login": "username", "user": "username", "handle": "username", "name": "fullname", "pro": "isPro", "entitytype": "type", "usertype": "type"},
    "user": {"login": "username", "user": "username", "handle": "username", "name": "fullname", "pro": "isPro", "website": "websiteUrl"},
    "discussion": {"number": "num", "discussionnum": "num", "id": "num"},
    "discussion_detail": {"number": "num", "discussionnum": "num", "id": "num"},
}  # fmt: skip

OPERATORS = ("eq", "in", "contains", "icontains", "gte", "lte")
SORTS = {
    "model": ("created_at", "downloads", "last_modified", "likes", "trending_score"),
    "dataset": ("created_at", "downloads", "last_modified", "likes", "trending_score"),
    "space": ("created_at", "last_modified", "likes", "trending_score"),
}
LIKES_SORTS = ("liked_at", "repo_likes", "repo_downloads")
# The Hub's own names for the sort keys of its listings.
UPSTREAM_SORT = {"created_at": "createdAt", "last_modified": "lastModified", "trending_score": "trendingScore", "likes": "likes", "downloads": "downloads"}


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


_SPELLINGS = {
    family: {_plain(name): name for name in names} | _MEANT.get(family, {})
    for family, names in FIELDS.items()
}


def canonical(name: str, family: str) -> str | None:
    """The column a spelling means in this family (repoId → repo_id), or None when there is no such column."""
    return _SPELLINGS[family].get(_plain(name))


def spellings(family: str) -> dict[str, str]:
    """Other accepted spellings of a family's columns, lower-case without _ and -, beside what they mean."""
    return {given: name for given, name in _SPELLINGS[family].items() if given != name}


def sort_key(given: str, allowed: tuple[str, ...]) -> str | None:
    """The sort key a spelling means (lastModified, trending, repoLikes), or None when it is not allowed here."""
    meant = {_plain(name): name for name in allowed} | {"trending": "trending_score", "recency": "liked_at", "recent": "liked_at"}
    found = meant.get(_plain(given))
    return found if found in allowed else None
