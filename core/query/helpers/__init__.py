"""What each helper does: one function a name, its arguments those of the tables."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from core.query.helpers import activity, collections, datasets, discussions, graph, likes, lists, people, repository, search

IMPLEMENTED: dict[str, Callable[..., Awaitable[dict[str, Any]]]] = {
    "hf_whoami": people.whoami,
    "hf_org_overview": people.org_overview,
    "hf_user_summary": people.user_summary,
    "hf_profile_summary": people.profile_summary,
    "hf_org_members": graph.org_members,
    "hf_user_graph": graph.user_graph,
    "hf_repo_likers": graph.repo_likers,
    "hf_user_likes": likes.user_likes,
    "hf_recent_activity": activity.recent_activity,
    "hf_repo_discussions": discussions.discussions,
    "hf_repo_discussion_details": discussions.discussion_details,
    "hf_repo_details": repository.details,
    "hf_trending": lists.trending,
    "hf_daily_papers": lists.daily_papers,
    "hf_collections_search": collections.collections_search,
    "hf_collection_items": collections.collection_items,
    "hf_dataset_rows": datasets.rows,
    "hf_repo_search": search.repo_search,
    "hf_models_search": search.models_search,
    "hf_datasets_search": search.datasets_search,
    "hf_spaces_search": search.spaces_search,
}
