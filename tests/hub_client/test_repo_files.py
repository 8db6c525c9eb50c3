"""Files of a repository, listed and read: against a Hub that answers in its recorded shapes, and badly."""

from __future__ import annotations

import ast
import asyncio
import inspect
import socket

import pytest
from tests.hub_client.playing_hub import answer, playing

from core.caller import Caller
from core.errors import Forbidden, HubUnavailable, InvalidInput, NotFound, RateLimited, SpacesError, Unauthorized
from core.hub import Hub, list_files, read_file, repo_files
from core.secrets import Secret

ALICE = Caller(id="alice", token=Secret("hf_aliceWriteTokenAAAAAAAAAAAAAAAAAA"))


def play(script, ask):
    async def whole():
        async def one(request):
            told = script(request)
            return await told if asyncio.iscoroutine(told) else told

        async with playing(one) as served:
            hub = Hub(served.url)
            try:
                return await ask(hub), served.asked
            finally:
                await hub.close()

    return asyncio.run(whole())


def listed(script, repo="alice/demo", **given):
    return play(script, lambda hub: list_files(hub, ALICE, repo, **given))


def read(script, path="README.md", repo="alice/demo", **given):
    return play(script, lambda hub: read_file(hub, ALICE, repo, path, **given))


def text(body, **headers):
    return answer(body=body, type="text/plain", **headers)


def entry(path, size=10, **more):
    return {"type": "file", "path": path, "size": size, "oid": "0" * 40, **more}


def test_files_are_listed_with_their_sizes_and_folders_are_none():
    told, asked = listed(lambda request: answer([entry("a.py"), {"type": "directory", "path": "src", "size": 0}, entry("src/w.bin", 5_000, lfs={"oid": "x", "size": 5_000}), None]), kind="space")
    assert told["items"] == [{"path": "a.py", "size": 10, "large": False}, {"path": "src/w.bin", "size": 5_000, "large": True}]
    assert told["meta"] == {"count": 2, "bytes": 5_010, "cut": False, "note": ""} and told["url"].endswith("/spaces/alice/demo")
    assert asked[0].target == "/api/spaces/alice/demo/tree/main?recursive=true"
    assert asked[0].headers["authorization"] == f"Bearer {ALICE.token.reveal()}"


def test_pages_are_followed_and_the_end_is_said_where_it_is_cut():
    def script(request):
        number = int(request.target.partition("cursor=")[2] or 0)
        link = {"Link": f'<http://{request.headers["host"]}/api/models/alice/demo/tree/main?recursive=true&cursor={number + 1}>; rel="next"'}
        return answer([entry(f"f{number}-{n}") for n in range(200)], **link)

    told, asked = listed(script)
    assert len(told["items"]) == 500 and told["meta"]["cut"] and len(asked) == 3
    assert told["meta"]["note"].startswith("More than 600 files; the first 500")


def test_a_folder_and_a_revision_stand_in_the_address():
    _, asked = listed(lambda request: answer([]), kind="dataset", path="/data/a b/", revision="refs/convert/parquet")
    assert asked[0].target == "/api/datasets/alice/demo/tree/refs%2Fconvert%2Fparquet/data/a%20b?recursive=true"


def test_a_text_is_read_in_pages_that_join():
    whole = "".join(f"line {n} é\n" for n in range(10_000))
    first, asked = read(lambda request: text(whole.encode()))
    assert len(first["text"]) == 50_000 and first["next_offset"] == 50_000 and first["total"] == len(whole) and not first["binary"]
    assert first["size"] == len(whole.encode())
    last, _ = read(lambda request: text(whole.encode()), offset=100_000)
    assert whole.endswith(last["text"]) and last["next_offset"] is None
    assert asked[0].target == "/alice/demo/resolve/main/README.md"


@pytest.mark.parametrize("kind, at", [("model", "/gpt2"), ("dataset", "/datasets/gpt2")])
def test_old_names_have_one_part(kind, at):
    _, asked = read(lambda request: text(b"x"), repo="gpt2", kind=kind)
    assert asked[0].target == f"{at}/resolve/main/README.md"


def test_json_and_web_pages_come_as_they_are_written():
    body = b'{"b": 1,\n "b": 12345678901234567890}'
    assert read(lambda request: answer(body=body), "config.json")[0]["text"] == body.decode()
    assert read(lambda request: answer(body=b"<html>", type="text/html"), "index.html")[0]["text"] == "<html>"


@pytest.mark.parametrize("body", [b"\x00\x01\x02", b"\x89PNG\r\n\x1a\n\x00\x00", "ü".encode("latin-1") * 5])
def test_what_is_no_text_is_said_with_its_size(body):
    told, _ = read(lambda request: text(body), "w.bin")
    assert told["binary"] and told["text"] is None and told["size"] == len(body) and f"{len(body)} bytes" in told["note"]


def test_of_a_huge_file_only_the_beginning_is_read(monkeypatch):
    monkeypatch.setattr(repo_files, "MOST_BYTES", 100_001)  # in the middle of an é
    told, _ = read(lambda request: text("é".encode() * 30_000_000), "big.txt", offset=50_000)
    assert told["total"] == 50_000 and told["size"] == 60_000_000 and told["text"] == "" and "first" in told["note"]


def test_a_large_file_elsewhere_is_fetched_without_the_token():
    def script(request):
        if request.headers["host"].startswith("localhost"):
            return text(b"from afar" if "authorization" not in request.headers else b"the token came along")
        return answer(status=302, Location=f"http://localhost:{request.headers['host'].rpartition(':')[2]}/cdn")

    assert socket.gethostbyname("localhost") == "127.0.0.1"
    told, asked = read(script)
    assert told["text"] == "from afar" and "authorization" in asked[0].headers


@pytest.mark.parametrize(
    "status, headers, error",
    [
        (404, {"X_Error_Code": "RepoNotFound"}, NotFound),
        (404, {"X_Error_Code": "EntryNotFound"}, NotFound),
        (401, {}, Unauthorized),
        (403, {"X_Error_Code": "GatedRepo"}, Forbidden),
        (429, {"Retry_After": "600"}, RateLimited),
        (500, {}, HubUnavailable),
    ],
)
def test_refusals_become_sentences_without_the_token(status, headers, error, monkeypatch):
    monkeypatch.setattr("core.hub.client.RETRY_SECONDS", 0.1)

    def refuse(request):
        return answer({"error": ALICE.token.reveal()}, status=status, X_Error_Message=f"no {ALICE.token.reveal()}", **headers)

    for ask in (listed, read):
        with pytest.raises(error) as raised:
            play(refuse, lambda hub: list_files(hub, ALICE, "alice/demo") if ask is listed else read_file(hub, ALICE, "alice/demo", "a.py"))
        assert ALICE.token.reveal() not in raised.value.message + raised.value.fix


@pytest.mark.parametrize(
    "bad", [None, answer({"not": "a list"}), answer(body=b"[{", type="application/json"), answer(body=b"<html>", type="text/html"), answer([], Content_Length="500", Connection="close")]
)
def test_nonsense_for_a_list_is_an_error(bad):
    with pytest.raises(SpacesError) as raised:
        listed(lambda request: bad)
    assert raised.value.code in ("hub_unavailable", "unexpected")


def test_a_text_that_breaks_off_is_an_error():
    with pytest.raises(HubUnavailable):
        read(lambda request: text(b"only a part", Content_Length="5000", Connection="close"))


@pytest.mark.parametrize(
    "given",
    [{"repo": "a/b/c"}, {"repo": "../x"}, {"repo": "a b/c"}, {"repo": "gpt2", "kind": "space"}, {"kind": "kernel"}, {"path": "a/../../b"}, {"path": "a//b"}, {"path": "a\\b"},
     {"path": "a\nb"}, {"revision": ""}, {"revision": "a..b"}, {"revision": "x y"}, {"path": ""}],
)  # fmt: skip
def test_what_makes_no_sense_is_not_asked(given):
    with pytest.raises(InvalidInput):
        read(lambda request: pytest.fail("it was asked"), **{"path": "a.py"} | given)


def test_nothing_here_can_write():
    """Every request of this module is a GET: no other verb and no writing call of the library stands in it."""
    tree = ast.parse(inspect.getsource(repo_files))
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}
    assert not called & {"post", "put", "patch", "delete", "request", "upload_file", "delete_file", "create_commit", "send"}
    verbs = [node.args[0].value for node in ast.walk(tree) if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "stream"]
    assert verbs == ["GET"]


def test_a_file_that_is_not_there_is_told_with_the_names_of_those_that_are():
    def script(request):
        if "/resolve/" in request.target:
            return answer({"error": "Entry not found"}, status=404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found")
        return answer([entry("README.md"), entry("config.json"), entry("model.safetensors")])

    with pytest.raises(NotFound) as raised:
        read(script, "configs.json")
    assert raised.value.message == "alice/demo has no file 'configs.json'."
    assert raised.value.fix == "Its files are: config.json, README.md, model.safetensors." and raised.value.details["files"][0] == "config.json"


def test_the_words_of_a_hub_end_as_a_sentence():
    with pytest.raises(NotFound) as raised:
        read(lambda request: answer({}, status=404, X_Error_Code="EntryNotFound", X_Error_Message="Entry not found"))
    assert raised.value.message == "Could not read README.md of alice/demo: Entry not found."


def test_a_local_hub_says_that_what_it_lacks_proves_nothing():
    async def ask(hub):
        hub.local = True
        with pytest.raises(NotFound) as first:
            await read_file(hub, ALICE, "alice/demo", "README.md")
        with pytest.raises(NotFound) as second:
            await Hub(hub.endpoint, local=True).wire.get("/api/models/alice/demo", token=None)
        return first.value, second.value

    for error in play(lambda request: answer({}, status=404, X_Error_Code="RepoNotFound"), ask)[0]:
        assert "does not exist" in error.message and error.fix.count("proves nothing") == 1
    with pytest.raises(NotFound) as raised:
        read(lambda request: answer({}, status=404, X_Error_Code="RepoNotFound"))
    assert "proves nothing" not in raised.value.fix
