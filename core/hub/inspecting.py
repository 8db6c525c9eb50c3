"""One dataset as a trainer sees it: configurations, splits, sizes, columns, rows, and which ways of training fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from core.caller import Caller
from core.errors import InvalidInput, NotFound, SpacesError, Unexpected
from core.hub.client import Hub
from core.hub.columns import columns, conversations, formats, shown
from core.hub.names import check_name, check_repo
from core.hub.rows import number, text

MOST_ROWS = 10
_CONFIGS, _SPLITS, _COLUMNS = 10, 10, 100
_SECONDS, _ROW_SECONDS = 15, 30
_FLAGS = ("viewer", "preview", "search", "filter", "statistics")
_Said = Mapping[str, Any]


async def inspect_dataset(
    hub: Hub, caller: Caller, dataset: str, *, config: str | None = None, split: str | None = None, sample_rows: int = 3
) -> dict[str, Any]:
    """What the service of rows knows of a dataset; what it could not tell stands in `warnings`.

    Args:
        dataset: owner/name, or the bare name of an old one.
        config: a configuration of it; by default the first one.
        split: a split of that; by default the first one.
        sample_rows: rows to show, 0 to 10.

    Raises what the service refused when it told nothing at all: NotFound, Unauthorized, Forbidden, RateLimited,
    HubUnavailable, TimedOut; InvalidInput for arguments that are none.
    """
    dataset = dataset.strip()
    check_repo(dataset) if "/" in dataset else check_name(dataset)
    for name, given in (("config", config), ("split", split)):
        if given is not None and (not given or len(given) > 200 or not given.isprintable()):
            raise InvalidInput(f"{name} is the name of one, at most 200 characters.", "Leave it out for the first one.")
    if not 0 <= sample_rows <= MOST_ROWS:
        raise InvalidInput(f"sample_rows is {sample_rows}; it must be from 0 to {MOST_ROWS}.")
    warnings: list[str] = []
    failures: list[SpacesError] = []

    async def read(path: str, seconds: float, **params: str) -> _Said:
        try:
            answer = await hub.datasets.get(f"/{path}", token=caller.token, params={"dataset": dataset, **params}, timeout=seconds)
            if not isinstance(answer.data, Mapping):
                raise Unexpected("the answer is not what the service gives")
        except SpacesError as error:
            failures.append(error)
            warnings.append(f"{path}: {_reason(error)}")
            return {}
        return answer.data

    valid, listed, parquet, sizes = await asyncio.gather(
        *(read(path, _SECONDS) for path in ("is-valid", "splits", "parquet", "size"))
    )
    configs = _configs(listed)
    chosen, part = _choose(configs, config, split, warnings)
    info, first = await asyncio.gather(
        read("info", _ROW_SECONDS, config=chosen), read("first-rows", _ROW_SECONDS, config=chosen, split=part)
    )
    if not any((valid, listed, parquet, sizes, info, first)):
        raise _the_telling_one(dataset, failures)
    warnings += _unfinished({"splits": listed, "parquet": parquet, "size": sizes, "info": info})
    rows = [one["row"] for one in _objects(first.get("rows")) if isinstance(one.get("row"), Mapping)]
    told = info.get("dataset_info")
    named = columns(first.get("features")) or columns(told.get("features") if isinstance(told, Mapping) else None)
    if not named and rows:
        named = [{"name": str(name)[:200], "type": "unknown"} for name in rows[0]]
    talks = conversations(rows)
    return {
        "dataset": dataset,
        "config": chosen,
        "split": part,
        "status": {flag: valid[flag] for flag in _FLAGS if isinstance(valid.get(flag), bool)},
        "configs": _sized(configs, sizes),
        "config_count": len(configs),
        "rows_total": _whole(sizes, "num_rows"),
        "bytes": _whole(sizes, "num_bytes_original_files") or _whole(sizes, "num_bytes_parquet_files"),
        "columns": named[:_COLUMNS],
        "column_count": len(named),
        "samples": [shown(row) for row in rows[:sample_rows]],
        "conversations": talks,
        "formats": formats(named, talks) if named else [],
        "parquet": _parquet(parquet),
        "warnings": warnings,
    }


def _objects(value: Any) -> list[_Said]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _configs(listed: _Said) -> dict[str, list[str]]:
    """The splits of each configuration, in the order of the service."""
    found: dict[str, list[str]] = {}
    for one in _objects(listed.get("splits")):
        if text(one.get("config")) and text(one.get("split")):
            found.setdefault(one["config"], []).append(one["split"])
    return found


def _choose(configs: Mapping[str, Sequence[str]], config: str | None, split: str | None, warnings: list[str]) -> tuple[str, str]:
    """The configuration and the split to look into; a name that is not listed is asked for all the same, and said."""
    chosen = config or next(iter(configs), "default")
    if configs and chosen not in configs:
        warnings.append(f"There is no configuration {chosen!r}; there are {', '.join(list(configs)[:_CONFIGS])}.")
    splits = configs.get(chosen, ())
    part = split or next(iter(splits), "train")
    if splits and part not in splits:
        warnings.append(f"{chosen} has no split {part!r}; there are {', '.join(splits[:_SPLITS])}.")
    return chosen, part


def _sized(configs: Mapping[str, Sequence[str]], sizes: _Said) -> list[dict[str, Any]]:
    """At most ten configurations with at most ten splits each, and the rows of each where they are told."""
    held = sizes.get("size")
    rows: dict[tuple[str | None, str | None], int | None] = {}
    for one in _objects(held.get("splits") if isinstance(held, Mapping) else None):
        counted = number(one.get("num_rows"))
        rows[text(one.get("config")), text(one.get("split"))] = number(one.get("estimated_num_rows")) if counted is None else counted
    return [
        {
            "config": name,
            "splits": [{"split": split, "rows": rows.get((name, split))} for split in splits[:_SPLITS]],
            "split_count": len(splits),
        }
        for name, splits in list(configs.items())[:_CONFIGS]
    ]


def _whole(sizes: _Said, name: str) -> int | None:
    held = sizes.get("size")
    whole = held.get("dataset") if isinstance(held, Mapping) else None
    return number(whole.get(name)) if isinstance(whole, Mapping) else None


def _parquet(parquet: _Said) -> list[dict[str, Any]]:
    """The parquet files by configuration and split: how many, how large together, the first one's address."""
    groups: dict[tuple[str | None, str | None], dict[str, Any]] = {}
    for one in _objects(parquet.get("parquet_files")):
        at = (text(one.get("config")), text(one.get("split")))
        group = groups.setdefault(at, {"config": at[0], "split": at[1], "files": 0, "bytes": 0, "first": text(one.get("url"))})
        group["files"] += 1
        group["bytes"] += number(one.get("size")) or 0
    return list(groups.values())[:_CONFIGS]


def _unfinished(answers: Mapping[str, _Said]) -> list[str]:
    """What the service itself says is missing: parts it still works on, parts it failed at, and a look at a part only."""
    said = []
    for path, answer in answers.items():
        for state, words in (("pending", "still being prepared"), ("failed", "could not be prepared")):
            count = len(answer[state]) if isinstance(answer.get(state), list) else 0
            if count:
                said.append(f"{path}: {count} part{'s' if count != 1 else ''} of the dataset {words}.")
        if answer.get("partial") is True:
            said.append(f"{path}: the dataset is large, and this covers its beginning only.")
    return said


def _the_telling_one(dataset: str, failures: Sequence[SpacesError]) -> SpacesError:
    """The refusal worth showing: one about the dataset or the caller rather than one about the weather."""
    error = next((one for one in failures if not one.retryable), failures[0])
    fix = error.fix
    if isinstance(error, NotFound):
        fix = "Check the name with hf_search_datasets; where the Hub shows no rows of it, hf_repo_files lists its files."
    return type(error)(f"Could not inspect the dataset {dataset}: {_reason(error)}", fix, **error.details)


def _reason(error: SpacesError) -> str:
    """What went wrong, without the address that was asked."""
    return error.message.partition(": ")[2] if error.message.startswith("Could not read ") else error.message
