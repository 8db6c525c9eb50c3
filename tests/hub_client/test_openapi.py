"""The description of the API, read and searched: from a Hub on a real socket."""

from __future__ import annotations

import asyncio
import shlex

import pytest
from tests.hub_client.playing_hub import answer, playing
from tests.strange import strange

from core.errors import HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError, Unexpected
from core.hub import Hub, find_api

REPO = [{"name": "namespace", "in": "path", "required": True, "schema": {"type": "string"}}, {"$ref": "#/components/parameters/repo"}]
DOCUMENT = {
    "openapi": "3.1.0",
    "servers": [{"url": "https://huggingface.co"}],
    "tags": [{"name": "discussions"}, {"name": "repos"}],
    "components": {
        "parameters": {"repo": {"name": "repo", "in": "path", "required": True, "schema": {"$ref": "#/components/schemas/Name"}}},
        "schemas": {"Name": {"type": "string", "description": "The name"}, "Loop": {"$ref": "#/components/schemas/Loop"}},
    },
    "paths": {
        "/api/models/{namespace}/{repo}/discussions": {
            "parameters": REPO,
            "get": {"operationId": "listDiscussions", "summary": "List discussions", "tags": ["discussions"],
                    "parameters": [{"name": "status", "in": "query", "schema": {"enum": ["all", "open", "closed"]}}], "responses": {"200": {"description": "The discussions"}}},
            "post": {"operationId": "createDiscussion", "summary": "Create a new discussion", "tags": ["discussions"],
                     "requestBody": {"content": {"application/json": {"schema": {"type": "object", "required": ["title"], "properties": {
                         "title": {"type": "string"}, "pullRequest": {"type": "boolean"}, "odd": {"$ref": "#/components/schemas/Loop"}}}}}},
                     "responses": {str(code): {"description": f"d{code}" * 200} for code in (200, 400, 401, 404)}},
        },
        "/api/repos/create": {"post": {"operationId": "createRepo", "summary": "Create a repository", "description": "A model, dataset or Space.", "tags": ["repos"],
                                       "requestBody": {"content": {"application/json": {"schema": {"anyOf": [
                                           {"properties": {"name": {"type": "string"}, "sdk": {"const": "gradio"}}, "required": ["name"]}]}}}}}},
        "/api/whoami-v2": {"get": {"summary": "Who the token belongs to", "tags": ["auth"]}},
        "/api/it's": {"get": {"summary": "An odd path", "tags": [], "parameters": [{"name": "q", "in": "query", "required": True}]}},
        "/api/broken": "not an object",
        "no-slash": {"get": {"summary": "create"}},
    },
}  # fmt: skip


def find(*asked, script=None, **given):
    async def whole():
        async def one(request):
            told = (script or (lambda request: answer(DOCUMENT)))(request)
            return await told if asyncio.iscoroutine(told) else told

        async with playing(one) as served:
            hub = Hub(served.url)
            try:
                return [await find_api(hub, query, **given) for query in asked or ("",)], served
            finally:
                await hub.close()

    return asyncio.run(whole())


def test_words_find_the_request_and_what_it_takes():
    (told,), served = find("creating discussions")
    first = told["items"][0]
    assert (first["method"], first["path"], first["operation"]) == ("POST", "/api/models/{namespace}/{repo}/discussions", "createDiscussion")
    assert [(one["name"], one["in"], one["required"], one["type"]) for one in first["parameters"]] == [("namespace", "path", True, "string"), ("repo", "path", True, "string")]
    assert first["parameters"][1]["description"] == "The name"
    assert [(one["name"], one["required"], one["type"]) for one in first["body"]] == [("title", True, "string"), ("pullRequest", False, "boolean"), ("odd", False, "any")]
    assert [one["status"] for one in first["responses"]] == ["200", "400", "401"] and len(first["responses"][0]["description"]) == 300
    assert told["tags"] == ["auth", "discussions", "repos"]
    assert served.asked[0].target == "/.well-known/openapi.json" and "authorization" not in served.asked[0].headers


def test_each_weight_counts_a_summary_more_than_a_parameter():
    (told,), _ = find("repository")
    assert told["items"][0]["operation"] == "createRepo"
    (told,), _ = find("status")
    assert [one["operation"] for one in told["items"]] == ["listDiscussions"]
    assert told["items"][0]["parameters"][2]["type"] == "one of: all, open, closed"


def test_the_curl_line_is_one_for_a_shell_and_holds_nobodys_token():
    (told,), served = find("create repository")
    words = shlex.split(told["items"][0]["curl"])
    assert words[:3] == ["curl", "-X", "POST"] and "Authorization: Bearer $HF_TOKEN" in words and words[-1] == f"{served.url}/api/repos/create"
    assert words[words.index("-d") + 1] == '{"name": …}'
    (told,), served = find("odd path")
    assert shlex.split(told["items"][0]["curl"])[-1] == f"{served.url}/api/it's?q={{q}}"


def test_a_tag_alone_lists_what_it_has_and_no_words_list_the_tags():
    (told,), _ = find(tag="Discussions")
    assert [one["method"] for one in told["items"]] == ["GET", "POST"] and told["total"] == 2
    (told,), _ = find()
    assert told["items"] == [] and told["tags"] and "tags" in told["note"]


def test_words_that_fit_nothing_are_said():
    (told,), _ = find("zeppelin", tag="discussions")
    assert "zeppelin" in told["note"] and told["total"] == 2
    (told,), _ = find("zeppelin")
    assert told["items"] == [] and "zeppelin" in told["note"]


def test_it_is_read_once_for_everybody():
    answers, served = find("create", "whoami", "list")
    assert len(served.asked) == 1 and all(told["items"] for told in answers)


@pytest.mark.parametrize("given", [{"tag": "nothing"}, {"limit": 0}, {"limit": 21}])
def test_wrong_arguments_are_named(given):
    with pytest.raises(InvalidInput):
        find("create", **given)
    with pytest.raises(InvalidInput):
        find("x" * 251)


@pytest.mark.parametrize(
    "bad, error",
    [
        (answer({"error": "no"}, status=404), NotFound),
        (answer({}, status=429, Retry_After="600"), RateLimited),
        (answer(body=b"<html>", type="text/html"), Unexpected),
        (answer(body=b'{"paths": {', type="application/json"), Unexpected),
        (answer({"paths": []}), HubUnavailable),
        (answer([1]), HubUnavailable),
        (answer(body=b"", Content_Length="11000000"), Unexpected),
        (answer(status=302, Location="file:///etc/passwd"), Unexpected),
        (answer(body=b"{}", Content_Length="900", Connection="close"), HubUnavailable),
    ],
)
def test_what_cannot_be_read_is_an_error_and_is_not_remembered(bad, error):
    with pytest.raises(SpacesError) as raised:
        find("create", script=lambda request: bad)
    assert type(raised.value) is error
    if error in (NotFound, Unexpected):
        assert "fetch_hf_docs" in raised.value.fix


def test_a_very_large_description_is_bounded():
    paths = {f"/api/x{n}": {"get": {"summary": f"thing {n}", "parameters": [{"name": f"p{m}", "in": "query"} for m in range(100)]}} for n in range(3_500)}
    (told,), _ = find("thing 7", script=lambda request: answer({"paths": paths}))
    assert len(told["items"]) == 20 and told["total"] == 3_000 and told["items"][0]["path"] == "/api/x7" and len(told["items"][0]["parameters"]) == 30


def test_a_description_of_other_shapes_never_crashes():
    found = 0
    for seed in range(120):
        try:
            (told,), _ = find("create discussion", script=lambda request, seed=seed: answer(strange(DOCUMENT, seed)))
        except SpacesError:
            continue
        found += bool(told["items"])
    assert found > 60
