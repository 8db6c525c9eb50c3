"""JSON and CSV"""

import csv
import io
import json
from typing import Literal


def check_json(text: str = '{"name": "Ada", "born": 1815}') -> dict:
    """Say whether a text is valid JSON; when it is not, where and why; when it is, its pretty form.

    Args:
        text: the JSON.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        return {"valid": False, "line": error.lineno, "column": error.colno, "reason": error.msg}
    except RecursionError:
        return {"valid": False, "line": 1, "column": 1, "reason": "nested too deeply"}
    return {"valid": True, "kind": type(value).__name__, "pretty": json.dumps(value, indent=2, ensure_ascii=False)}


def csv_to_json(text: str = "name,born\nAda,1815\nGrace,1906", separator: Literal["comma", "semicolon", "tab"] = "comma") -> list:
    """Turn CSV with a header line into a list of objects; at most 1,000 rows.

    Args:
        text: the CSV.
        separator: what stands between the fields.
    """
    rows = csv.DictReader(io.StringIO(text), delimiter={"comma": ",", "semicolon": ";", "tab": "\t"}[separator])
    return [{key or "": value for key, value in row.items() if key is not None} for _, row in zip(range(1000), rows)]


def pick_json(text: str = '{"people": [{"name": "Ada"}]}', path: str = "people.0.name") -> str:
    """Take one value out of JSON by a path of keys and positions.

    Args:
        text: the JSON.
        path: keys and positions with dots between them, such as people.0.name.
    """
    value = json.loads(text)
    for part in path.split("."):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ValueError(f"There is no {part!r} in the path {path}.") from None
    return json.dumps(value, ensure_ascii=False)
