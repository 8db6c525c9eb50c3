"""Every helper as data: signature, spellings of both generations, limits, columns, where its rows come from.

The contract check, the binding of arguments and the capabilities all read these tables and nothing else.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Any

REQUIRED = object()

SELECTIVE_CAP = 200
EXHAUSTIVE_CAP = 2_000
GRAPH_CAP = 10_000
SEARCH_CAP = 5_000
LIKES_WINDOW = 40
LIKES_WINDOW_CAP = 50
ROWS_CAP = 1_000
ACTIVITY_PAGES = 10
ACTIVITY_PAGE_SIZE = 100


@dataclass(frozen=True)
class Parameter:
    """One argument. `type` is str, int, bool, list, dict or any; `default` is REQUIRED where it must be given."""

    name: str
    type: str
    default: Any = REQUIRED


@dataclass(frozen=True)
class Helper:
    """One helper: what it does, its parameters, other accepted names for them (`also`), columns and limits."""

    name: str
    does: str
    parameters: tuple[Parameter, ...]
    also: dict[str, str] = field(default_factory=dict)
    family: str | None = None
    default_limit: int | None = None
    cap: int | None = None
    scan_cap: int | None = None
    upstream: tuple[str, ...] = ()
    calls: str = "1"

    @property
    def signature(self) -> str:
        """How it is called, as one line of Python."""
        return f"await {self.name}({', '.join(map(_shown, self.parameters))})"

    @property
    def accepted(self) -> dict[str, str]:
        """Every accepted argument name beside the parameter it means."""
        return {parameter.name: parameter.name for parameter in self.parameters} | self.also

    def parameter(self, name: str) -> Parameter | None:
        """The parameter an argument name means, or None."""
        meant = self.accepted.get(name)
        return next((parameter for parameter in self.parameters if parameter.name == meant), None)


def _shown(parameter: Parameter) -> str:
    return f"{parameter.name}: {parameter.type}" + ("" if parameter.default is REQUIRED else f" = {parameter.default!r}")


def _parameters(signature: str) -> tuple[Parameter, ...]:
    arguments = ast.parse(f"def f({signature}): ...").body[0].args
    defaults: list[Any] = [REQUIRED] * (len(arguments.args) - len(arguments.defaults)) + [ast.literal_eval(node) for node in arguments.defaults]
    return tuple(Parameter(a.arg, a.annotation.id, default) for a, default in zip(arguments.args, defaults, strict=True))


HELPERS: dict[str, Helper] = {}


def _define(name: str, does: str, signature: str = "", *, also: dict[str, str] | None = None, **more: Any) -> None:
    HELPERS[name] = Helper(name, does, _parameters(signature), dict(also or {}), **more)


_LIMIT = {"limit": "return_limit"}
_WHERE = "where: dict = None, fields: list = None"
_SEARCH = {"search": "query", "filter": "filters", "post_filter": "where"}
_TYPED = "limit: int = 20, expand: list = None, full: bool = None, where: dict = None, fields: list = None"
_REPO = dict(family="repo", default_limit=20, cap=SEARCH_CAP)

_define("hf_runtime_capabilities", "What this runtime offers: helpers, fields, limits, raw endpoints.", "section: str = None", calls="0")
_define("hf_whoami", "Who the caller is.", family="user", upstream=("/api/whoami-v2",), calls="0-1")
_define(
    "hf_org_overview", "An organization's name, description and counts.", "organization: str",
    family="organization", upstream=("/api/organizations/{organization}/overview",),
)  # fmt: skip
_define(
    "hf_org_members", "Members of an organization.",
    f"organization: str, return_limit: int = None, scan_limit: int = None, count_only: bool = False, {_WHERE}",
    also=_LIMIT, family="actor", default_limit=1_000, cap=GRAPH_CAP, scan_cap=GRAPH_CAP,
    upstream=("/api/organizations/{organization}/overview", "/api/organizations/{organization}/members"), calls="1 + pages",
)  # fmt: skip
_define(
    "hf_user_summary", "A profile under item.overview, with samples of likes and activity when included.",
    "username: str = None, include: list = None, sample_limit: int = 10, activity_limit: int = 10, graph_pro_only: bool = None",
    also={"handle": "username", "likes_limit": "sample_limit"}, family="user",
    upstream=("/api/users/{username}/overview", "/api/users/{username}/socials"), calls="1-3 + includes",
)  # fmt: skip
_define(
    "hf_profile_summary", "A profile of a user or an organization as one flat item, with samples of likes and activity when included.",
    "handle: str = None, include: list = None, likes_limit: int = 10, activity_limit: int = 10",
    also={"username": "handle", "sample_limit": "likes_limit"}, family="profile",
    upstream=("/api/users/{handle}/overview", "/api/users/{handle}/socials", "/api/organizations/{handle}/overview"), calls="1-3 + includes",
)  # fmt: skip
_define(
    "hf_user_graph", "Followers or followed accounts of a user; followers of an organization.",
    f"username: str = None, relation: str = 'followers', return_limit: int = None, scan_limit: int = None, count_only: bool = False, pro_only: bool = None, {_WHERE}",
    also=_LIMIT | {"handle": "username", "entity": "username"}, family="actor", default_limit=1_000, cap=GRAPH_CAP, scan_cap=GRAPH_CAP,
    upstream=("/api/users/{username}/overview", "/api/users/{username}/{relation}", "/api/organizations/{username}/followers"), calls="1 + pages",
)  # fmt: skip
_define(
    "hf_repo_likers", "Who liked a repository.",
    f"repo_id: str, repo_type: str, return_limit: int = None, count_only: bool = False, pro_only: bool = None, {_WHERE}",
    also=_LIMIT, family="actor", default_limit=1_000, cap=GRAPH_CAP, scan_cap=GRAPH_CAP, upstream=("/api/{repo_type}s/{repo_id}/likers",), calls="pages",
)  # fmt: skip
_define(
    "hf_user_likes", "Repositories a user liked, newest first or by popularity.",
    "username: str = None, repo_types: list = None, return_limit: int = None, scan_limit: int = None, count_only: bool = False, "
    f"{_WHERE}, sort: str = None, ranking_window: int = None",
    also=_LIMIT | {"handle": "username"}, family="user_likes", default_limit=100, cap=EXHAUSTIVE_CAP, scan_cap=GRAPH_CAP,
    upstream=("/api/users/{username}/likes", "/api/{repo_type}s/{repo_id}"), calls="pages + 0-50 when ranked",
)  # fmt: skip
_define(
    "hf_recent_activity", "What a user or an organization did lately.",
    "feed_type: str = None, entity: str = None, activity_types: list = None, repo_types: list = None, return_limit: int = None, "
    f"max_pages: int = None, start_cursor: str = None, count_only: bool = False, {_WHERE}",
    also=_LIMIT, family="activity", default_limit=100, cap=EXHAUSTIVE_CAP, scan_cap=ACTIVITY_PAGES * ACTIVITY_PAGE_SIZE,
    upstream=("/api/recent-activity",), calls="1-10",
)  # fmt: skip
_define(
    "hf_repo_discussions", "Discussions and pull requests of a repository.", "repo_type: str, repo_id: str, limit: int = 20, fields: list = None",
    family="discussion", default_limit=20, cap=SELECTIVE_CAP, upstream=("/api/{repo_type}s/{repo_id}/discussions",), calls="pages",
)  # fmt: skip
_define(
    "hf_repo_discussion_details", "One discussion with its latest comment.",
    "repo_type: str, repo_id: str, discussion_num: int, fields: list = None",
    family="discussion_detail", upstream=("/api/{repo_type}s/{repo_id}/discussions/{discussion_num}",),
)  # fmt: skip
_define(
    "hf_repo_details", "One repository or several by exact id; type auto tries model, dataset, space.",
    "repo_id: str = None, repo_ids: list = None, repo_type: str = 'auto', fields: list = None",
    family="repo", cap=100, upstream=("/api/{repo_type}s/{repo_id}",), calls="1-3 each",
)  # fmt: skip
_define(
    "hf_trending", "The Hub's own trending order, as trending_rank.", f"repo_type: str = 'model', limit: int = 20, {_WHERE}",
    family="repo", default_limit=20, cap=20, upstream=("/api/trending",),
)  # fmt: skip
_define(
    "hf_daily_papers", "Papers of the day, ranked.", f"limit: int = 20, {_WHERE}",
    family="daily_paper", default_limit=20, cap=SELECTIVE_CAP, upstream=("/api/daily_papers",), calls="pages",
)  # fmt: skip
_define(
    "hf_collections_search", "Collections by words or by owner.",
    f"query: str = None, owner: str = None, return_limit: int = 20, count_only: bool = False, {_WHERE}",
    also=_LIMIT | {"search": "query"}, family="collection", default_limit=20, cap=500, upstream=("/api/collections",), calls="pages",
)  # fmt: skip
_define(
    "hf_collection_items", "Repositories inside one collection.",
    f"collection_id: str, repo_types: list = None, return_limit: int = 100, count_only: bool = False, {_WHERE}",
    also=_LIMIT, family="repo", default_limit=100, cap=500, upstream=("/api/collections/{collection_id}",),
)  # fmt: skip
_define(
    "hf_dataset_rows", "Rows of a dataset as {row_idx, row}, from offset on or those that hold some words; the first configuration and split unless named.",
    "dataset: str, config: str = None, split: str = None, query: str = None, offset: int = 0, limit: int = 20",
    also={"repo_id": "dataset", "search": "query", "return_limit": "limit"}, default_limit=20, cap=ROWS_CAP,
    upstream=("/rows", "/search", "/splits"), calls="1 + pages of 100",
)  # fmt: skip
_define(
    "hf_repo_search", "Models, datasets or Spaces by words, author and filters.",
    "query: str = None, repo_type: str = None, repo_types: list = None, author: str = None, filters: list = None, sort: str = None, "
    f"limit: int = 20, {_WHERE}, advanced: dict = None",
    also=_SEARCH, upstream=("/api/models", "/api/datasets", "/api/spaces"), calls="pages of each type", **_REPO,
)  # fmt: skip
_define(
    "hf_models_search", "Models by words, author and the Hub's own filters.",
    "query: str = None, filters: list = None, author: str = None, apps: list = None, gated: bool = None, inference: str = None, "
    "inference_provider: list = None, model_name: str = None, trained_dataset: list = None, pipeline_tag: str = None, "
    f"emissions_thresholds: list = None, sort: str = None, {_TYPED}, card_data: bool = False, fetch_config: bool = False",
    also=_SEARCH | {"cardData": "card_data"}, upstream=("/api/models",), calls="pages", **_REPO,
)  # fmt: skip
_define(
    "hf_datasets_search", "Datasets by words, author and the Hub's own filters.",
    "query: str = None, filters: list = None, author: str = None, benchmark: str = None, dataset_name: str = None, gated: bool = None, "
    "language_creators: list = None, language: list = None, multilinguality: list = None, size_categories: list = None, "
    f"task_categories: list = None, task_ids: list = None, sort: str = None, {_TYPED}",
    also=_SEARCH, upstream=("/api/datasets",), calls="pages", **_REPO,
)  # fmt: skip
_define(
    "hf_spaces_search", "Spaces by words, author, and the models or datasets they use.",
    f"query: str = None, filters: list = None, author: str = None, datasets: list = None, models: list = None, linked: bool = False, sort: str = None, {_TYPED}",
    also=_SEARCH, upstream=("/api/spaces",), calls="pages", **_REPO,
)  # fmt: skip
_define(
    "call_api", "A raw GET for what no helper does; gives {ok, status, url, data, error}.",
    "endpoint: str, params: dict = None, method: str = 'GET', json_body: dict = None", upstream=("the allowlist",),
)  # fmt: skip

# What advanced= of hf_repo_search takes: the arguments only the typed searches have.
_COMMON = {"query", "filters", "author", "sort", "limit", "where", "fields"}
ADVANCED = {
    kind: tuple(p.name for p in HELPERS[f"hf_{kind}s_search"].parameters if p.name not in _COMMON) for kind in ("model", "dataset", "space")
}
KINDS = ("model", "dataset", "space")
