"""A dataset looked into, against a service of rows on a real socket that answers in its recorded shapes, and badly."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.hub_client.playing_hub import answer, playing
from tests.strange import strange

from core.caller import Caller
from core.errors import Forbidden, HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError, TimedOut, Unauthorized
from core.hub import Hub, inspect_dataset
from core.secrets import Secret

ALICE = Caller(id="alice", token=Secret("hf_aliceWriteTokenAAAAAAAAAAAAAAAAAA"))
TEXT = {"dtype": "string", "_type": "Value"}
TALK = [{"role": TEXT, "content": TEXT}]
MESSAGES = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi" * 100}, {"role": "assistant", "content": "Hello"}]
PLAIN = {
    "/is-valid": {"preview": True, "viewer": True, "search": True, "filter": False, "statistics": True},
    "/splits": {
        "splits": [{"dataset": "a/chat", "config": config, "split": split} for config in ("default", "long") for split in ("train", "test")],
        "pending": [], "failed": [],
    },
    "/parquet": {
        "parquet_files": [
            {"dataset": "a/chat", "config": "default", "split": "train", "url": f"https://hf.example/{n}.parquet", "filename": f"{n}.parquet", "size": 1_000}
            for n in range(3)
        ],
        "pending": [], "failed": [], "partial": False,
    },
    "/size": {
        "size": {
            "dataset": {"dataset": "a/chat", "num_rows": 207, "num_bytes_original_files": 9_000, "num_bytes_parquet_files": 3_000},
            "configs": [],
            "splits": [{"config": "default", "split": "train", "num_rows": 200}, {"config": "default", "split": "test", "num_rows": 7}],
        },
        "pending": [], "failed": [], "partial": False,
    },
    "/info": {"dataset_info": {"features": {"messages": TALK, "label": {"names": ["bad", "good"], "_type": "ClassLabel"}}}, "partial": False},
    "/first-rows": {
        "features": [{"feature_idx": 0, "name": "messages", "type": TALK}, {"feature_idx": 1, "name": "label", "type": {"names": ["bad", "good"], "_type": "ClassLabel"}}],
        "rows": [{"row_idx": n, "row": {"messages": MESSAGES, "label": 1}, "truncated_cells": []} for n in range(5)],
        "truncated": False,
    },
}  # fmt: skip


def inspect(over=None, *, caller=ALICE, dataset="a/chat", **given):
    """What is told of the dataset when some of the service's answers are others; and what was asked."""
    told = PLAIN | (over or {})

    async def script(request):
        found = told[urlsplit(request.target).path]
        found = found(request) if callable(found) else found
        if asyncio.iscoroutine(found):
            found = await found
        return found if isinstance(found, bytes) or found is None else answer(found)

    async def whole():
        async with playing(script) as service:
            hub = Hub("http://127.0.0.1:9/hub", datasets_server=service.url)
            try:
                return await inspect_dataset(hub, caller, dataset, **given), service.asked
            finally:
                await hub.close()

    return asyncio.run(whole())


def rows(features, *held):
    return {
        "/first-rows": {
            "features": [{"feature_idx": n, "name": name, "type": type} for n, (name, type) in enumerate(features.items())],
            "rows": [{"row_idx": n, "row": row, "truncated_cells": []} for n, row in enumerate(held)],
        }
    }


def fitting(told):
    return {one["format"]: one for one in told["formats"]}


def test_everything_the_service_knows_comes_together():
    told, asked = inspect(sample_rows=2)
    assert (told["config"], told["split"], told["rows_total"], told["bytes"]) == ("default", "train", 207, 9_000)
    assert told["configs"][0] == {"config": "default", "splits": [{"split": "train", "rows": 200}, {"split": "test", "rows": 7}], "split_count": 2}
    assert told["config_count"] == 2 and told["status"]["viewer"] is True and told["status"]["filter"] is False
    assert told["columns"] == [{"name": "messages", "type": "list of {role: string, content: string}"}, {"name": "label", "type": "class: bad, good"}]
    assert len(told["samples"]) == 2 and len(told["samples"][0]["messages"]) == 150 and told["samples"][0]["label"] == 1
    assert told["parquet"] == [{"config": "default", "split": "train", "files": 3, "bytes": 3_000, "first": "https://hf.example/0.parquet"}]
    assert told["warnings"] == []
    assert {request.headers["authorization"] for request in asked} == {f"Bearer {ALICE.token.reveal()}"}
    first = next(request for request in asked if request.target.startswith("/first-rows"))
    assert parse_qs(urlsplit(first.target).query) == {"dataset": ["a/chat"], "config": ["default"], "split": ["train"]}


def test_a_column_of_messages_says_who_speaks_and_what_it_fits():
    told, _ = inspect()
    (talk,) = told["conversations"]
    assert talk["column"] == "messages" and talk["style"] == "role/content" and not talk["as_text"] and not talk["tool_calls"]
    assert talk["roles"] == {"system": 5, "user": 5, "assistant": 5} and talk["ends_with"] == {"assistant": 5} and talk["keys"] == ["content", "role"]
    assert len(talk["example"][1]["content"]) == 100
    assert fitting(told)["SFT"]["fits"] and fitting(told)["SFT"]["columns"] == ["messages"]
    assert not fitting(told)["DPO"]["fits"] and not fitting(told)["GRPO"]["fits"]


@pytest.mark.parametrize(
    "features, row, name, fits, columns, change",
    [
        ({"text": TEXT}, {"text": "x"}, "SFT", True, ["text"], []),
        ({"prompt": TEXT, "completion": TEXT}, {"prompt": "a", "completion": "b"}, "SFT", True, ["prompt", "completion"], []),
        ({"prompt": TEXT, "chosen": TALK, "rejected": TALK}, {"prompt": "a", "chosen": MESSAGES, "rejected": MESSAGES}, "DPO", True, ["prompt", "chosen", "rejected"], []),
        ({"chosen": TEXT, "rejected": TEXT}, {"chosen": "a", "rejected": "b"}, "DPO", True, ["chosen", "rejected"], []),
        ({"prompt": TALK, "solution": TEXT}, {"prompt": MESSAGES, "solution": "4"}, "GRPO", True, ["prompt"], []),
        ({"question": TEXT, "answer": TEXT}, {"question": "a", "answer": "b"}, "GRPO", False, ["question"], ["Rename question to prompt."]),
        ({"prompt": {"dtype": "int64", "_type": "Value"}}, {"prompt": 3}, "GRPO", False, [], ["It needs prompt."]),
        ({"prompt": TEXT, "completion": TEXT, "label": {"dtype": "bool", "_type": "Value"}}, {"prompt": "a", "completion": "b", "label": True}, "KTO", True, ["prompt", "completion", "label"], []),
        ({"conversations": [{"from": TEXT, "value": TEXT}]}, {"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yes"}]}, "SFT", False, ["conversations"],
         ["Rename conversations to messages.", "Write the messages of conversations as role and content (from/value now)."]),
        ({"messages": TEXT}, {"messages": '[{"role": "user", "content": "hi"}]'}, "SFT", False, ["messages"], ["Read the JSON text in messages into lists."]),
        ({"messages": TEXT}, {"messages": "just words"}, "SFT", False, [], ["It needs messages or prompt + completion or text."]),
        ({"pixels": {"_type": "Image"}}, {"pixels": {"src": "x"}}, "SFT", False, [], ["It needs messages or prompt + completion or text."]),
    ],
)  # fmt: skip
def test_the_ways_of_training_follow_from_names_and_what_the_columns_hold(features, row, name, fits, columns, change):
    told, _ = inspect(rows(features, row))
    assert (fitting(told)[name]["fits"], fitting(told)[name]["columns"], fitting(told)[name]["change"]) == (fits, columns, change)


@pytest.mark.parametrize(
    "feature, named",
    [
        ({"feature": TEXT, "_type": "List"}, "list of string"),
        ({"feature": {"a": TEXT}, "_type": "Sequence"}, "list of {a: string}"),
        ({"names": [f"n{n}" for n in range(25)], "_type": "ClassLabel"}, "and 5 more"),
        ({"_type": "Audio", "sampling_rate": 16_000}, "audio"),
        (None, "unknown"),
    ],
)
def test_types_are_said_in_short_words(feature, named):
    told, _ = inspect(rows({"x": feature}, {"x": 1}))
    assert named in told["columns"][0]["type"]


@pytest.mark.parametrize(
    "path, bad, word",
    [
        ("/size", answer({"error": "unexpected"}, status=501), "does not offer"),
        ("/parquet", answer({"error": "not ready"}, status=404), "does not exist"),
        ("/info", answer(body=b"<html>busy</html>", type="text/html"), "web page"),
        ("/first-rows", answer(body=b'{"rows": [', type="application/json"), "JSON"),
        ("/is-valid", answer([1, 2]), "not what the service gives"),
        ("/parquet", answer(body=b"", Content_Length="20000000"), "10 MB"),
        ("/info", answer(status=302, Location="ftp://elsewhere.example/x"), "not followed"),
    ],
)  # fmt: skip
def test_one_failure_is_named_and_the_rest_is_told(path, bad, word):
    told, _ = inspect({path: bad})
    (warning,) = told["warnings"]
    assert warning.startswith(path[1:]) and word in warning
    assert told["columns"] and told["configs"]


def test_a_rate_limit_half_way_leaves_what_came_before():
    limited = answer({}, status=429, Retry_After="900")
    told, _ = inspect({"/info": limited, "/first-rows": limited})
    assert told["configs"] and told["columns"] == [] and len(told["warnings"]) == 2
    assert all("takes no more requests" in warning for warning in told["warnings"])


def test_without_rows_the_columns_come_from_the_description():
    told, _ = inspect({"/first-rows": answer({"error": "x"}, status=404)})
    assert [one["name"] for one in told["columns"]] == ["messages", "label"] and told["samples"] == []
    assert fitting(told)["SFT"]["fits"]


@pytest.mark.parametrize(
    "status, headers, error",
    [(404, {}, NotFound), (401, {}, Unauthorized), (403, {}, Forbidden), (429, {"Retry_After": "600"}, RateLimited)],
)
def test_an_error_stands_only_where_nothing_came(status, headers, error):
    refused = answer({"error": f"no {ALICE.token.reveal()}"}, status=status, **headers)
    with pytest.raises(error) as raised:
        inspect(dict.fromkeys(PLAIN, refused))
    assert "a/chat" in raised.value.message and ALICE.token.reveal() not in raised.value.message + raised.value.fix
    if error is NotFound:
        assert "hf_repo_files" in raised.value.fix


def test_a_service_that_breaks_off_or_never_answers_is_said(monkeypatch):
    with pytest.raises(HubUnavailable):
        inspect(dict.fromkeys(PLAIN, lambda request: None))
    monkeypatch.setattr("core.hub.inspecting._SECONDS", 0.2)
    monkeypatch.setattr("core.hub.inspecting._ROW_SECONDS", 0.2)

    async def never(request):
        await asyncio.sleep(30)

    with pytest.raises(TimedOut):
        inspect(dict.fromkeys(PLAIN, never))


def test_what_is_unfinished_or_not_there_is_said():
    told, asked = inspect(
        {
            "/splits": PLAIN["/splits"] | {"failed": [{"config": "x"}]},
            "/parquet": PLAIN["/parquet"] | {"pending": [{"config": "x"}, {"config": "y"}]},
            "/size": PLAIN["/size"] | {"partial": True},
        },
        config="other",
    )
    assert told["warnings"] == [
        "There is no configuration 'other'; there are default, long.",
        "splits: 1 part of the dataset could not be prepared.",
        "parquet: 2 parts of the dataset still being prepared.",
        "size: the dataset is large, and this covers its beginning only.",
    ]
    assert any("config=other" in request.target for request in asked)


def test_missing_and_strange_fields_do_no_harm():
    strange = {"/splits": {"splits": [None, {"config": 3}, {"config": "c", "split": "s"}]}, "/size": {"size": None}, "/parquet": {}, "/info": {"dataset_info": []},
               "/first-rows": {"features": "x", "rows": [{"row": None}, {"row": {"a": {"b": 1}, "c": "x" * 500}}]}}  # fmt: skip
    told, _ = inspect(strange)
    assert told["config"] == "c" and told["rows_total"] is None and told["parquet"] == []
    assert told["columns"] == [{"name": "a", "type": "unknown"}, {"name": "c", "type": "unknown"}] and len(told["samples"][0]["c"]) == 150


@pytest.mark.parametrize("given", [{"dataset": "../x"}, {"dataset": "a/b/c"}, {"dataset": ""}, {"config": "a\nb"}, {"split": "x" * 201}, {"sample_rows": 11}])
def test_what_makes_no_sense_is_not_asked(given):
    with pytest.raises(InvalidInput):
        inspect({path: lambda request: pytest.fail("it was asked") for path in PLAIN}, **{"dataset": "a/chat"} | given)


def test_answers_of_other_shapes_become_warnings_and_never_a_crash():
    whole = 0
    for seed in range(40):
        try:
            told, _ = inspect({path: strange(held, seed + place) for place, (path, held) in enumerate(PLAIN.items())})
        except SpacesError:
            continue
        whole += bool(told["columns"])
        assert len(json.dumps(told)) < 20_000
    assert whole > 12


def test_values_nested_without_end_are_cut():
    deep = b"[" * 800 + b"]" * 800
    body = b'{"features": [{"name": "x", "type": %s}], "rows": [{"row": {"x": %s}}]}' % (deep, deep)
    told, _ = inspect({"/first-rows": answer(body=body)})
    assert told["samples"] == [{"x": "(nested too deeply to show)"}] and len(told["columns"][0]["type"]) <= 300
