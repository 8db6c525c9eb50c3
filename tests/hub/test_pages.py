"""A repository's address in a browser."""

import httpx


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
