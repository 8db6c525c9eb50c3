"""Reading, filtering and grouping a table. Knows nothing of the page."""

import csv
from pathlib import Path

import pandas as pd

MOST_ROWS = 500_000
SHOWN_ROWS = 1_000
TESTS = ("contains", "is", "is not", "at least", "at most", "is empty", "is not empty")
SUMS = ("count", "sum", "mean", "median", "min", "max")


def load(path: str) -> pd.DataFrame:
    """The table of a .csv, .tsv, .txt or .parquet file; ValueError in plain words when it is none."""
    suffix = Path(path).suffix.lower()
    try:
        if suffix in (".parquet", ".pq"):
            frame = pd.read_parquet(path)
        else:
            frame = pd.read_csv(path, sep=_separator(path), nrows=MOST_ROWS, encoding="utf-8-sig", encoding_errors="replace")
    except Exception as error:
        raise ValueError(f"This file could not be read as a table: {str(error)[:200]}") from None
    if frame.empty and not len(frame.columns):
        raise ValueError("This file holds no table.")
    frame = frame.head(MOST_ROWS)
    frame.columns = [str(name) for name in frame.columns]
    for name in frame.columns:
        if frame[name].dtype == object or pd.api.types.is_string_dtype(frame[name]):
            frame[name] = _as_dates(frame[name])
    return frame


def _separator(path: str) -> str:
    with open(path, encoding="utf-8-sig", errors="replace") as file:
        head = file.read(8_000)
    try:
        return csv.Sniffer().sniff(head, delimiters=",;\t|").delimiter
    except csv.Error:
        return ","


def _as_dates(column: pd.Series) -> pd.Series:
    """ISO dates as dates; anything else as it is."""
    head = column.dropna().astype(str).head(50)
    if len(head) and head.str.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?.*)?").all():
        dates = pd.to_datetime(column, errors="coerce")
        return dates if dates.notna().sum() == column.notna().sum() else column
    return column


def narrow(frame: pd.DataFrame, search: str = "", column: str | None = None, test: str = "contains", value: str = "") -> pd.DataFrame:
    """The rows that hold `search` anywhere and pass the test on one column."""
    if search.strip():
        hits = pd.Series(False, index=frame.index)
        for name in frame.columns:
            hits |= frame[name].astype(str).str.contains(search.strip(), case=False, regex=False, na=False)
        frame = frame[hits]
    if column in frame.columns and (value.strip() or test.endswith("empty")):
        frame = frame[_passes(frame[column], test, value.strip())]
    return frame


def _passes(column: pd.Series, test: str, value: str) -> pd.Series:
    words = column.astype(str)
    if test == "is empty":
        return column.isna() | (words.str.strip() == "")
    if test == "is not empty":
        return ~(column.isna() | (words.str.strip() == ""))
    if test == "contains":
        return words.str.contains(value, case=False, regex=False, na=False)
    known: object = value
    try:
        if pd.api.types.is_datetime64_any_dtype(column):
            known = pd.Timestamp(value)
        elif pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
            known = float(value.replace(",", "."))
    except ValueError:
        raise ValueError(f"“{value}” cannot be compared with the column {column.name}.") from None
    column = column if known is not value else words.str.casefold()
    known = value.casefold() if known is value else known
    if test == "is":
        return column == known
    if test == "is not":
        return column != known
    return column >= known if test == "at least" else column <= known


def group(frame: pd.DataFrame, by: str, how: str, value: str | None) -> pd.DataFrame:
    """One row for each value of `by`; dates are taken by month when there are more than 40 of them."""
    key = frame[by]
    if pd.api.types.is_datetime64_any_dtype(key) and key.nunique() > 40:
        key = key.dt.strftime("%Y-%m")
    elif pd.api.types.is_numeric_dtype(key) and key.nunique() > 40:
        key = pd.cut(key, 12).astype(str)
    if how == "count" or value is None:
        made = frame.groupby(key, observed=True).size().rename("count")
    else:
        made = frame.groupby(key, observed=True)[value].agg(how).rename(f"{how} of {value}")
    made.index.name = by
    made = made.reset_index()
    return made if str(made[by].iloc[0] if len(made) else "")[:4].isdigit() else made.sort_values(made.columns[-1], ascending=False)


def describe(frame: pd.DataFrame) -> pd.DataFrame:
    """One row for each column: its kind, empty cells, different values, smallest, middle and largest."""
    rows = []
    for name in frame.columns:
        column = frame[name].dropna()
        ordered = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
        dated = pd.api.types.is_datetime64_any_dtype(column)
        low, high = (column.min(), column.max()) if len(column) and (ordered or dated) else ("", "")
        middle = column.mean() if ordered and len(column) else ""
        rows.append((name, "date" if dated else "number" if ordered else "text", int(frame[name].isna().sum()), int(column.astype(str).nunique()), _short(low), _short(middle), _short(high)))
    return pd.DataFrame(rows, columns=["Column", "Kind", "Empty", "Different", "Smallest", "Mean", "Largest"])


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """The first rows, dates as text."""
    head = frame.head(SHOWN_ROWS).copy()
    for name in head.columns:
        if pd.api.types.is_datetime64_any_dtype(head[name]):
            head[name] = head[name].dt.strftime("%Y-%m-%d").str.replace("NaT", "")
    return head


def numeric(frame: pd.DataFrame) -> list[str]:
    return [name for name in frame.columns if pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_bool_dtype(frame[name])]


def _short(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d")
    return f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
