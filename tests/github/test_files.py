"""One file of a repository, from an API and a host of raw files on loopback."""

import asyncio
import json

import pytest
from tests.github.playing import MISSING, TOKEN, about, content, limited, play, told, tree
from tests.hub_client.playing_hub import answer
from tests.strange import strange

from core.errors import Forbidden, InvalidInput, NotFound, RateLimited, SpacesError, TimedOut, TooLarge
from core.github import read_file

PATH = "examples/sft.py"
AT = f"/repos/huggingface/trl/contents/{PATH}"
TEXT = "".join(f"line {number}\n" for number in range(1, 1_001))
NOTEBOOK = {
    "nbformat": 4, "metadata": {"kernelspec": {"language": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# Title\n", "words"]},
        {"cell_type": "code", "source": "print('```')", "outputs": [{"text": "SECRET OUTPUT"}], "metadata": {}},
        {"cell_type": "code", "source": "hidden()", "metadata": {"tags": ["Hide-Input"]}},
        {"cell_type": "code", "source": "", "metadata": {}}, None,
    ],
}  # fmt: skip


def read(body=TEXT.encode(), path=PATH, api=None, raw=None, token=None, repo="huggingface/trl", **given):
    table = {f"/repos/huggingface/trl/contents/{path}": content(body, path), "/repos/huggingface/trl": about()} | (api or {})
    return play(lambda github: read_file(github, repo, path, **given), table, raw, token=token)


def test_the_first_three_hundred_lines_come_and_the_next_are_named():
    page, asked, _ = read()
    assert page["lines"] == {"first": 1, "last": 300, "total": 1_000} and page["next_line"] == 301
    assert page["text"].startswith("line 1\n") and page["text"].endswith("line 300\n") and page["size"] == len(TEXT)
    assert page["url"] == f"https://github.com/huggingface/trl/blob/HEAD/{PATH}" and [one.target for one in asked] == [AT]
    assert any("55 of 60" in note for note in page["notes"])


@pytest.mark.parametrize("start, end, first, last", [(301, None, 301, 600), (None, 10, 1, 10), (990, 5_000, 990, 1_000), (5, 5, 5, 5)])
def test_lines_are_given_as_asked(start, end, first, last):
    page, _, _ = read(line_start=start, line_end=end)
    assert (page["lines"]["first"], page["lines"]["last"]) == (first, last)
    assert page["text"] == "".join(f"line {number}\n" for number in range(first, last + 1))


def test_never_more_than_three_thousand_lines_or_sixty_thousand_characters():
    assert read(b"x\n" * 9_000, line_end=9_000)[0]["lines"]["last"] == 3_000
    page, _, _ = read(b"x" * 999 + b"\n" + (b"y" * 999 + b"\n") * 200)
    assert page["lines"]["last"] == 60 and page["next_line"] == 61 and len(page["text"]) == 60_000
    page, _, _ = read(b"x" * 200_000 + b"\nrest")
    assert len(page["text"]) == 60_000 and page["next_line"] == 2 and "longer than" in page["notes"][0]


@pytest.mark.parametrize("start, end", [(0, None), (-1, 4), (10, 9), (1_001, None)])
def test_lines_that_are_none_are_refused(start, end):
    with pytest.raises(InvalidInput):
        read(line_start=start, line_end=end)


def test_a_revision_is_asked_for():
    _, asked, _ = read(ref="v0.9/x")
    assert asked[0].target in (f"{AT}?ref=v0.9/x", f"{AT}?ref=v0.9%2Fx")


@pytest.mark.parametrize("address", [f"https://github.com/huggingface/trl/blob/v1/{PATH}#L10", f"https://raw.githubusercontent.com/huggingface/trl/v1/{PATH}", f"github.com/huggingface/trl/blob/v1/{PATH}?plain=1"])
def test_the_address_a_browser_shows_is_understood(address):
    for given in ({"repo": "huggingface/trl", "path": address}, {"repo": address, "path": ""}):
        page, asked, _ = read(api={AT: content(b"found", PATH)}, **given)
        assert page["text"] == "found" and page["ref"] == "v1" and asked[0].target == f"{AT}?ref=v1"


def test_a_notebook_comes_as_markdown_without_what_it_printed():
    page, _, _ = read(json.dumps(NOTEBOOK).encode(), "a.ipynb")
    assert page["text"] == "# Title\nwords\n\n````python\nprint('```')\n````\n" and "SECRET" not in page["text"]
    assert "5 cells" in page["notes"][0] and "1 hidden" in page["notes"][0]
    page, _, _ = read(b'{"cells": broken', "a.ipynb")
    assert page["text"] == '{"cells": broken' and "cannot be read" in page["notes"][0]


@pytest.mark.parametrize("body", [b"\x89PNG\0\0", b"\0" * 50, "ü".encode("latin-1")])
def test_a_binary_file_is_said(body):
    page, _, _ = read(body)
    assert page["binary"] and page["text"] is None and page["size"] == len(body) and "binary" in page["notes"][0]


def test_an_empty_file_and_marks_of_encoding():
    assert read(b"")[0]["text"] == "" and read(b"")[0]["lines"]["total"] == 0
    assert read("\ufeffhé".encode())[0]["text"] == "hé" and read("hé".encode("utf-16"))[0]["text"] == "hé"


def test_a_large_file_is_read_as_it_is_without_the_key():
    large = told({"type": "file", "encoding": "none", "content": "", "size": 2_000_000})
    page, asked, raw = read(api={AT: large}, raw={f"/huggingface/trl/HEAD/{PATH}": answer(body=b"big\n" * 10, type="text/plain")}, token=TOKEN)
    assert page["text"] == "big\n" * 10 and page["size"] == 2_000_000 and "too large for the API" in page["notes"][0]
    assert "authorization" in asked[0].headers and "authorization" not in raw[0].headers
    refused = told({"message": "too large", "errors": [{"code": "too_large"}]}, status=403)
    assert read(api={AT: refused}, raw={f"/huggingface/trl/HEAD/{PATH}": answer(body=b"x", type="text/plain")})[0]["text"] == "x"
    with pytest.raises(TooLarge):
        read(api={AT: large}, raw={f"/huggingface/trl/HEAD/{PATH}": answer(body=b"", Content_Length="50000000")})


def test_a_folder_is_listed_and_a_submodule_named():
    entries = told([{"path": "examples/a.py", "type": "file", "size": 3}, {"path": "examples/b", "type": "dir", "size": 0}])
    page, _, _ = read(path="examples", api={"/repos/huggingface/trl/contents/examples": entries})
    assert page["type"] == "folder" and page["text"] is None and page["entries"][0] == {"path": "examples/a.py", "type": "file", "size": 3}
    root, _, _ = read(path="", api={"/repos/huggingface/trl/contents": entries})
    assert len(root["entries"]) == 2
    with pytest.raises(InvalidInput) as raised:
        read(api={AT: told({"type": "submodule", "submodule_git_url": "https://github.com/a/b"})})
    assert "a/b" in raised.value.fix


def test_a_path_that_is_not_there_comes_with_similar_ones():
    with pytest.raises(NotFound) as raised:
        read(api={AT: MISSING, "/repos/huggingface/trl/git/trees/main": tree("trl/scripts/sft.py", "a.md")})
    assert "trl/scripts/sft.py" in raised.value.fix
    with pytest.raises(NotFound) as raised:
        read(api={AT: MISSING, "/repos/huggingface/trl/git/trees/main": limited()})
    assert "github_find_examples" in raised.value.fix


def test_a_revision_or_a_repository_that_is_not_there_is_told_apart():
    with pytest.raises(NotFound) as raised:
        read(ref="v9", api={AT: told({"message": "No commit found for the ref v9"}, status=404)})
    assert "revision 'v9'" in raised.value.message and "main" in raised.value.fix
    near = told({"items": [{"full_name": "huggingface/trl-x"}]}, resource="search")
    with pytest.raises(NotFound) as raised:
        read(api={AT: MISSING, "/repos/huggingface/trl": MISSING, "/search/repositories": near})
    assert "huggingface/trl-x" in raised.value.fix


def test_beyond_the_limit_the_raw_file_still_comes():
    page, _, raw = read(api={AT: limited()}, raw={f"/huggingface/trl/HEAD/{PATH}": answer(body=TEXT.encode(), type="text/plain")})
    assert page["lines"]["last"] == 300 and "no more requests" in page["notes"][0] and len(raw) == 1
    with pytest.raises(RateLimited):
        read(api={AT: limited()})


@pytest.mark.parametrize(
    "bad, code",
    [
        (told({"message": "Bad credentials"}, status=401), "unauthorized"),
        (told({"message": "Blocked"}, status=403), "forbidden"),
        (answer({}, status=500), "source_unavailable"),
        (answer(body=b"<html>unicorn</html>", type="text/html"), "source_unavailable"),
        (answer(body=b'{"type": ', type="application/json"), "source_unavailable"),
        (answer(status=301, Location="https://evil.example/x"), "source_unavailable"),
        (answer(body=b"", Content_Length="90000000"), "too_large"),
        (answer(body=b"{}", Content_Length="90", Connection="close"), "source_unavailable"),
    ],
)
def test_what_github_does_wrong_is_one_of_our_errors(bad, code):
    with pytest.raises(SpacesError) as raised:
        read(api={AT: bad}, token=TOKEN)
    assert raised.value.code == code and TOKEN.reveal() not in raised.value.message + raised.value.fix


def test_a_renamed_repository_is_followed_within_github():
    page, asked, _ = read(api={AT: answer(status=301, Location=f"/repositories/7/contents/{PATH}"), f"/repositories/7/contents/{PATH}": content(b"moved", PATH)}, token=TOKEN)
    assert page["text"] == "moved" and "authorization" in asked[1].headers


def test_no_answer_at_all_ends_by_itself(monkeypatch):
    async def never(request):
        await asyncio.sleep(30)

    from core.reading import Reader

    monkeypatch.setitem(Reader.get.__kwdefaults__, "timeout", 0.3)
    with pytest.raises(TimedOut):
        read(api={AT: lambda request: never(request)})


@pytest.mark.parametrize("given", [{"repo": "trl"}, {"repo": "a/b/c"}, {"repo": "a/.."}, {"path": "a/../../b"}, {"path": "a\\b"}, {"path": "a\nb"}, {"path": "x" * 1_001}, {"ref": "a b"}, {"ref": "a..b"}, {"ref": "x" * 201}])
def test_what_makes_no_sense_is_not_asked(given):
    with pytest.raises(InvalidInput):
        read(**given)


def test_broken_base64_and_missing_fields_do_no_harm():
    raw = {f"/huggingface/trl/HEAD/{PATH}": answer(body=b"raw", type="text/plain")}
    assert read(api={AT: told({"type": "file", "encoding": "base64", "content": "!"})}, raw=raw)[0]["text"] == "raw"
    assert read(api={AT: told({})}, raw=raw)[0]["text"] == "raw"
    with pytest.raises((Forbidden, NotFound)):
        read(api={AT: told({})})


def test_files_and_notebooks_of_other_shapes_never_crash():
    plain = {"type": "file", "encoding": "base64", "size": 4, "path": PATH, "content": "cHJpbnQ="}
    raw = {f"/huggingface/trl/HEAD/{PATH}": answer(body=b"raw", type="text/plain")}
    texts = 0
    for seed in range(60):
        try:
            texts += isinstance(read(api={AT: told(strange(plain, seed, share=0.2))}, raw=raw)[0]["text"], str)
            texts += isinstance(read(json.dumps(strange(NOTEBOOK, seed)).encode(), "a.ipynb")[0]["text"], str)
        except SpacesError:
            continue
    assert texts > 60
