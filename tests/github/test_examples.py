"""Examples of a repository, from an API on loopback."""

import pytest
from tests.github.playing import MISSING, TOKEN, about, limited, play, told, tree
from tests.hub_client.playing_hub import answer

from core.errors import InvalidInput, NotFound, RateLimited, SpacesError, Unauthorized
from core.github import find_examples

PATHS = ("README.md", "examples/scripts/sft.py", "examples/scripts/sft_vlm.py", "examples/scripts/dpo.py", "examples/picture.png", "notebooks/intro.ipynb",
         "trl/trainer/grpo_trainer.py", "tests/test_sft.py", "docs/guides/deep/in/here.md")  # fmt: skip
TRL = {"/repos/huggingface/trl": about(), "/repos/huggingface/trl/git/trees/main": tree(*PATHS)}


def find(repo="trl", api=None, token=None, **given):
    return play(lambda github: find_examples(github, repo, **given), TRL | (api or {}), token=token)


def paths(found):
    return [one["path"] for one in found["items"]]


def test_a_keyword_finds_the_scripts_that_hold_it_best_first():
    found, asked, _ = find(keyword="sft")
    assert paths(found) == ["examples/scripts/sft.py", "examples/scripts/sft_vlm.py"]
    assert found["items"][0] == {"path": "examples/scripts/sft.py", "size": 101, "score": 100, "example": True, "url": "https://github.com/huggingface/trl/blob/main/examples/scripts/sft.py"}
    assert found["meta"] == {"count": 2, "total": 2, "examples": 5, "files": 9}
    assert [request.target for request in asked] == ["/repos/huggingface/trl", "/repos/huggingface/trl/git/trees/main?recursive=1"]
    assert paths(find(keyword="sft vlm")[0])[0] == "examples/scripts/sft_vlm.py"


def test_without_a_keyword_the_examples_folder_comes_first():
    found, _, _ = find()
    assert paths(found) == ["examples/scripts/dpo.py", "examples/scripts/sft.py", "examples/scripts/sft_vlm.py", "notebooks/intro.ipynb", "docs/guides/deep/in/here.md"]
    assert len(find(max_results=2)[0]["items"]) == 2 and find(max_results=2)[0]["meta"]["total"] == 5


def test_where_no_example_fits_other_files_do_and_it_is_said():
    found, _, _ = find(keyword="grpo")
    assert paths(found) == ["trl/trainer/grpo_trainer.py"] and not found["items"][0]["example"] and "other files" in found["notes"][0]
    found, _, _ = find(keyword="zeppelin")
    assert found["items"] == [] and "5 examples" in found["notes"][0]


def test_without_a_key_it_says_how_many_requests_are_left():
    found, asked, _ = find()
    assert found["rate"]["left"] == 55 and found["rate"]["limit"] == 60 and 0 < found["rate"]["resets_in"] <= 1_800
    assert "55 of 60" in found["notes"][-1] and "authorization" not in asked[0].headers


def test_with_a_key_it_goes_to_the_api_and_nothing_is_said():
    found, asked, _ = find(token=TOKEN)
    assert asked[0].headers["authorization"] == f"Bearer {TOKEN.reveal()}" and found["notes"] == []
    assert TOKEN.reveal() not in str(found)


@pytest.mark.parametrize("repo, org", [("huggingface/trl", "other"), ("https://github.com/huggingface/trl.git", ""), ("trl", "huggingface")])
def test_the_owner_may_stand_in_the_name(repo, org):
    assert find(repo, org=org)[0]["repo"] == "huggingface/trl"


def test_the_default_branch_is_the_one_looked_into():
    found, _, _ = find(api={"/repos/huggingface/trl": about("v2/dev"), "/repos/huggingface/trl/git/trees/v2/dev": tree("examples/a.py")})
    assert paths(found) == ["examples/a.py"] and found["ref"] == "v2/dev"


def test_a_repository_that_is_not_there_comes_with_similar_ones():
    near = told({"total_count": 1, "items": [{"name": "trl", "full_name": "huggingface/trl"}]}, resource="search", left=9, limit=10)
    with pytest.raises(NotFound) as raised:
        find("tlr", api={"/repos/huggingface/tlr": MISSING, "/search/repositories": near})
    assert "huggingface/trl" in raised.value.fix and raised.value.details["similar"] == ["huggingface/trl"]
    with pytest.raises(NotFound) as raised:
        find("tlr", api={"/search/repositories": limited()})
    assert "github_list_repos" in raised.value.fix


def test_a_cut_tree_and_an_empty_repository_are_said():
    assert "only a part" in find(api={"/repos/huggingface/trl/git/trees/main": tree("examples/a.py", truncated=True)})[0]["notes"][0]
    empty = answer({"message": "Git Repository is empty."}, status=409)
    found, _, _ = find(api={"/repos/huggingface/trl/git/trees/main": empty})
    assert found["items"] == [] and "empty" in found["notes"][0]


@pytest.mark.parametrize("given", [{"repo": "a/b/c"}, {"repo": "../x"}, {"repo": ""}, {"repo": "x?y"}, {"org": "-bad"}, {"org": "a b"}, {"keyword": "x" * 201}, {"max_results": 0}, {"min_score": 101}])
def test_what_makes_no_sense_is_not_asked(given):
    with pytest.raises(InvalidInput):
        find(**given)


@pytest.mark.parametrize(
    "bad, code",
    [
        (limited(), "rate_limited"),
        (limited(429, Retry_After="120"), "rate_limited"),
        (told({"message": "Bad credentials"}, status=401), "unauthorized"),
        (told({"message": "Blocked"}, status=403), "forbidden"),
        (answer({}, status=500), "source_unavailable"),
        (answer(body=b"<html>unicorn</html>", type="text/html"), "source_unavailable"),
        (answer(body=b'{"tree": [', type="application/json"), "source_unavailable"),
        (answer(status=302, Location="https://evil.example/x"), "source_unavailable"),
        (answer(body=b"", Content_Length="90000000"), "too_large"),
        (answer(body=b"{}", Content_Length="90", Connection="close"), "source_unavailable"),
        (None, "source_unavailable"),
    ],
)
def test_what_github_does_wrong_is_one_of_our_errors(bad, code):
    for at in TRL:
        with pytest.raises(SpacesError) as raised:
            find(api={at: lambda request: bad}, token=TOKEN)
        assert raised.value.code == code and TOKEN.reveal() not in raised.value.message + raised.value.fix


def test_a_limit_without_a_key_says_what_a_key_would_change():
    with pytest.raises(RateLimited) as raised:
        find(api={"/repos/huggingface/trl": limited()})
    assert "5,000" in raised.value.fix and raised.value.details["retry_after"] > 1_000
    with pytest.raises(RateLimited) as raised:
        find(api={"/repos/huggingface/trl": limited()}, token=TOKEN)
    assert "5,000" not in raised.value.fix


def test_a_wrong_key_is_told_without_showing_it():
    with pytest.raises(Unauthorized) as raised:
        find(api={"/repos/huggingface/trl": told({"message": f"Bad credentials {TOKEN.reveal()}"}, status=401)}, token=TOKEN)
    assert TOKEN.reveal() not in raised.value.message + raised.value.fix and "GitHub" in raised.value.message


def test_strange_shapes_do_no_harm():
    odd = told({"tree": [None, 3, {"type": "blob"}, {"type": "blob", "path": 5}, {"type": "blob", "path": "examples/a.py", "size": "big"}], "truncated": "no"})
    found, _, _ = find(api={"/repos/huggingface/trl": told([]), "/repos/huggingface/trl/git/trees/HEAD": odd})
    assert paths(found) == ["examples/a.py"] and found["items"][0]["size"] is None
