"""The addresses clients print, opened by a person."""

from __future__ import annotations

import re

import httpx


def test_a_repository_and_a_commit_have_a_page(either_hub, name):
    api = either_hub.api()
    url = api.create_repo(f"anna/{name}", repo_type="space", space_sdk="static")
    done = api.upload_file(
        path_or_fileobj=b"<script>alert(1)</script>\n", path_in_repo="d/<b>&.html", repo_id=f"anna/{name}", repo_type="space",
        commit_message="<img src=x onerror=alert(1)>",
    )  # fmt: skip
    browser = either_hub.http(None)
    page = browser.get(str(url))
    assert page.status_code == 200 and page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "script-src" not in page.headers["Content-Security-Policy"] and "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "&lt;img src=x" in page.text and "<img" not in page.text
    folder = re.search(r'href="([^"]+/tree/main/d)"', page.text)[1]
    listing = browser.get(folder).text
    assert "&lt;b&gt;&amp;.html" in listing and "27 bytes" not in listing and "26 bytes" in listing
    file = re.search(r'href="([^"]+/resolve/main/d/[^"]+)"', listing)[1]
    assert browser.get(file).text == "<script>alert(1)</script>\n"
    commit = browser.get(done.commit_url).text
    assert "+&lt;script&gt;alert(1)&lt;/script&gt;" in commit and "<script>" not in commit
    assert browser.get(f"{url}/tree/main/none").status_code == 404


def test_a_private_repository_shows_nothing_to_strangers(hub, name):
    url = str(hub.api().create_repo(f"anna/{name}", private=True))
    assert hub.http().get(url).status_code == 200
    assert hub.http("bert").get(url).status_code == 404 and hub.http(None).get(url).status_code == 401


def test_a_space_has_a_page_with_its_files_and_the_way_to_the_app(either_hub, name):
    api = either_hub.api()
    url = api.create_repo(f"anna/{name}", repo_type="space", space_sdk="static")
    done = api.upload_file(
        path_or_fileobj=b"<p>hello</p>", path_in_repo="<b>.html", repo_id=url.repo_id, repo_type="space", commit_message="Add <i>one</i>"
    )
    page = httpx.get(str(url))
    assert page.headers["content-type"].startswith("text/html") and "sandbox" in page.headers["content-security-policy"]
    assert "&lt;b&gt;.html" in page.text and "<b>.html" not in page.text
    assert f"/s/anna-{name}/" in page.text
    commit = httpx.get(done.commit_url)
    assert "Add &lt;i&gt;one" in commit.text and "+&lt;p&gt;hello" in commit.text


def test_a_private_repository_has_a_page_for_nobody_else(hub, name):
    url = hub.api().create_repo(f"anna/{name}", private=True)
    assert httpx.get(str(url)).status_code == 401 and name not in httpx.get(str(url)).text
    assert hub.http().get(f"/anna/{name}").status_code == 200
    assert httpx.get(f"{hub.endpoint}/anna/nothing-here").status_code in (401, 404)
