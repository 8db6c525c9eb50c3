"""Rows of some datasets of the sample, written for it, and what the dataset viewer tells about them."""

from __future__ import annotations

import json
import statistics
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Any

from core.localhub.sample import FOLDER

_NUMBERS = ("float64", "int64")
_BINS = 10


@dataclass(frozen=True)
class Table:
    """The rows of one dataset by split. A feature is a type's name, or the names of its classes."""

    dataset: str
    config: str
    features: dict[str, str | list[str]]
    splits: dict[str, list[list[Any]]]

    def rows(self, split: str) -> list[dict[str, Any]]:
        return [dict(zip(self.features, values, strict=True)) for values in self.splits[split]]


@cache
def tables() -> dict[str, Table]:
    """Every table, by its dataset's name without case."""
    data = json.loads((FOLDER / "rows.json").read_text("utf-8"))["datasets"]
    return {name.lower(): Table(name, one["config"], one["features"], one["splits"]) for name, one in data.items()}


def types(table: Table) -> dict[str, dict[str, Any]]:
    """Each column's type in the words of the datasets library."""
    return {
        name: {"names": kind, "_type": "ClassLabel"} if isinstance(kind, list) else {"dtype": kind, "_type": "Value"}
        for name, kind in table.features.items()
    }


def features(table: Table) -> list[dict[str, Any]]:
    return [{"feature_idx": place, "name": name, "type": type} for place, (name, type) in enumerate(types(table).items())]


def shown(rows: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    return [{"row_idx": place, "row": row, "truncated_cells": []} for place, row in rows]


def size(table: Table) -> dict[str, Any]:
    """Rows, columns and bytes of a dataset, its one configuration and its splits."""

    def measured(rows: list[list[Any]]) -> dict[str, int]:
        bytes = len(json.dumps(rows).encode())
        return {"num_bytes_parquet_files": bytes, "num_bytes_memory": bytes, "num_rows": len(rows)}

    every = measured([row for rows in table.splits.values() for row in rows])
    whole = every | {"num_bytes_original_files": every["num_bytes_memory"], "estimated_num_rows": None}
    at = {"dataset": table.dataset, "config": table.config}
    columns = {"num_columns": len(table.features), "estimated_num_rows": None}
    return {
        "dataset": {"dataset": table.dataset} | whole,
        "configs": [at | whole | columns],
        "splits": [at | {"split": split} | measured(rows) | columns for split, rows in table.splits.items()],
    }


def column_statistics(table: Table, split: str) -> list[dict[str, Any]]:
    """What is in each column of a split."""
    rows = table.rows(split)
    return [_column(name, kind, [row[name] for row in rows]) for name, kind in table.features.items()]


def _column(name: str, kind: str | list[str], values: list[Any]) -> dict[str, Any]:
    if isinstance(kind, list):
        counted = Counter(kind[value] for value in values)
        told: dict[str, Any] = {"no_label_count": 0, "no_label_proportion": 0.0, "n_unique": len(counted), "frequencies": dict(counted)}
        return {"column_name": name, "column_type": "class_label", "column_statistics": {"nan_count": 0, "nan_proportion": 0.0} | told}
    type = kind.removesuffix("64") if kind in _NUMBERS else "string_text"
    numbers = values if kind in _NUMBERS else [len(value) for value in values]
    told = {
        "nan_count": 0,
        "nan_proportion": 0.0,
        "min": min(numbers),
        "max": max(numbers),
        "mean": round(statistics.fmean(numbers), 5),
        "median": statistics.median(numbers),
        "std": round(statistics.stdev(numbers), 5) if len(numbers) > 1 else 0.0,
        "histogram": _histogram(numbers),
    }
    return {"column_name": name, "column_type": type, "column_statistics": told}


def _histogram(numbers: list[float]) -> dict[str, Any]:
    low, high = min(numbers), max(numbers)
    if low == high:
        return {"hist": [len(numbers)], "bin_edges": [low, high]}
    step = (high - low) / _BINS
    places = Counter(min(int((number - low) / step), _BINS - 1) for number in numbers)
    return {"hist": [places[place] for place in range(_BINS)], "bin_edges": [round(low + step * place, 5) for place in range(_BINS + 1)]}
