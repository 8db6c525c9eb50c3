"""Checks JSON, formats it, and says where it is wrong."""

import json

from operations.result import Option, Result

TITLE = "JSON formatter"
ABOUT = "Checks and formats JSON; an error names its line and column."
SAMPLE = '{"name": "Ada", "languages": ["English", "French"], "born": 1815, "address": {"city": "London"}}'
OPTIONS = {"indent": Option("Indent", "2 spaces", ("2 spaces", "4 spaces", "tab", "one line")), "ordered": Option("Sort the keys", False)}
_INDENTS = {"2 spaces": 2, "4 spaces": 4, "tab": "\t", "one line": None}


def paths(value: object, at: str = "$"):
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, f"{at}.{key}")
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from paths(inner, f"{at}[{place}]")
    else:
        yield at, json.dumps(value, ensure_ascii=False)


def run(text: str, indent: str = "2 spaces", ordered: bool = False) -> Result:
    try:
        value = json.loads(text)
        rows = tuple(paths(value))
    except RecursionError:
        return Result(numbers={"Valid": "no"}, note="This JSON is nested too deeply.")
    except ValueError as error:
        where = f"Line {error.lineno}, column {error.colno}: {error.msg}." if isinstance(error, json.JSONDecodeError) else str(error)
        return Result(numbers={"Valid": "no"}, note=where)
    separators = (",", ":") if indent == "one line" else None
    pretty = json.dumps(value, indent=_INDENTS[indent], sort_keys=ordered, ensure_ascii=False, separators=separators)
    return Result(numbers={"Valid": "yes", "Values": len(rows), "Characters": len(pretty)}, text=pretty, headers=("Path", "Value"), rows=rows[:500])
