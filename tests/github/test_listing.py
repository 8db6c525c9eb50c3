"""Repositories of an owner, from an API on loopback."""

from urllib.parse import parse_qs, urlsplit

import pytest
from tests.github.playing import TOKEN, limited, play, told
from tests.hub_client.playing_hub import answer
from tests.strange import strange

from core.errors import InvalidInput, NotFound, RateLimited, SpacesError
from core.github import list_repos


def repo(number, **more):
    return {
        "name": f"r{number}", "full_name": f"acme/r{number}", "description": "words " * 100, "stargazers_count": number * 7 % 1_000, "forks_count": number, "language": "Python",
        "topics": list("abcdefg"), "updated_at": f"2026-01-{number % 28 + 1:02}T00:00:00Z", "created_at": "2020-01-01T00:00:00Z", "license": {"spdx_id": "MIT"},
        "html_url": f"https://github.com/acme/r{number}",
    } | more  # fmt: skip


def pages(count):
    """A listing of that many repositories, a hundred a page."""

    def page(request):
        asked = parse_qs(urlsplit(request.target).query)
        number, size = int(asked["page"][0]), int(asked["per_page"][0])
        return told([repo(n) for n in range((number - 1) * size, min(number * size, count))])

    return page


def show(owner="acme", api=None, token=None, **given):
    return play(lambda github: list_repos(github, owner, **given), {"/orgs/acme/repos": pages(250)} | (api or {}), token=token)


def test_stars_are_sorted_over_every_page():
    found, asked, _ = show(limit=5)
    stars = [one["stars"] for one in found["items"]]
    assert stars == sorted((number * 7 % 1_000 for number in range(250)), reverse=True)[:5] and len(asked) == 3
    assert found["meta"] == {"count": 5, "looked_at": 250, "cut": False}
    first = found["items"][0]
    assert len(first["description"]) == 150 and first["topics"] == list("abcde") and first["license"] == "MIT" and first["repo"].startswith("acme/")
    assert [one["forks"] for one in show(sort="forks", order="asc", limit=3)[0]["items"]] == [0, 1, 2]


def test_more_than_ten_pages_are_cut_and_it_is_said():
    found, asked, _ = show(api={"/orgs/acme/repos": pages(1_500)})
    assert len(asked) == 10 and found["meta"]["cut"] and "Only 1000" in found["notes"][0] and len(found["items"]) == 30


def test_by_date_githubs_own_order_needs_one_page():
    found, asked, _ = show(sort="updated", order="asc", limit=3)
    assert len(asked) == 1 and "sort=updated" in asked[0].target and "direction=asc" in asked[0].target
    assert len(found["items"]) == 3 and found["meta"]["cut"] and not any("Only" in note for note in found["notes"])


def test_a_user_is_found_though_an_organization_was_named():
    found, asked, _ = show("alice", api={"/users/alice/repos": told([repo(1)])})
    assert found["owner_type"] == "user" and "alice is a user." in found["notes"] and found["meta"]["count"] == 1
    found, _, _ = show(owner_type="user")
    assert found["owner_type"] == "org" and "acme is an organization." in found["notes"]


def test_nobody_comes_with_similar_names():
    with pytest.raises(NotFound) as raised:
        show("acmee", api={"/search/users": told({"items": [{"login": "acme"}]}, resource="search")})
    assert "acme" in raised.value.fix
    with pytest.raises(NotFound):
        show("acmee", api={"/search/users": limited()})


def test_a_limit_half_way_leaves_what_came_before():
    found, _, _ = show(api={"/orgs/acme/repos?per_page=100&page=2": limited()})
    assert found["meta"] == {"count": 30, "looked_at": 100, "cut": True} and found["notes"][0].startswith("Page 2 could not be read")
    with pytest.raises(RateLimited):
        show(api={"/orgs/acme/repos": limited()})


@pytest.mark.parametrize("bad, code", [(answer({}, status=500), "source_unavailable"), (answer(body=b"<html>", type="text/html"), "source_unavailable"), (told({}, status=403), "forbidden"),
                                       (told({"message": "no"}, status=401), "unauthorized"), (answer(body=b"", Content_Length="9000000"), "too_large")])  # fmt: skip
def test_what_github_does_wrong_is_one_of_our_errors(bad, code):
    with pytest.raises(SpacesError) as raised:
        show(api={"/orgs/acme/repos": bad}, token=TOKEN)
    assert raised.value.code == code and TOKEN.reveal() not in raised.value.message


def test_an_owner_with_nothing_and_strange_rows_do_no_harm():
    assert show(api={"/orgs/acme/repos": told([])})[0]["items"] == []
    odd = [None, {"name": None}, {"name": "x", "stargazers_count": None, "topics": [None, 3], "license": "MIT", "description": 5}]
    (one,) = show(api={"/orgs/acme/repos": told(odd)})[0]["items"]
    assert (one["repo"], one["stars"], one["description"], one["license"]) == ("x", 0, "", None)


@pytest.mark.parametrize("given", [{"owner": "a/b"}, {"owner": ""}, {"owner": "-x"}, {"owner": "x" * 40}, {"limit": 0}, {"limit": 101}, {"sort": "beauty"}, {"owner_type": "bot"}, {"order": "up"}])
def test_what_makes_no_sense_is_not_asked(given):
    with pytest.raises(InvalidInput):
        show(**given)


def test_rows_of_other_shapes_never_crash():
    every = [repo(number) for number in range(20)]
    shown = 0
    for seed in range(60):
        rows = strange(every, seed)
        for sort in ("stars", "updated"):
            shown += len(show(sort=sort, api={"/orgs/acme/repos": told(rows if isinstance(rows, list) else every)})[0]["items"])
    assert shown > 1_000
