"""What an account owns, and duplicating, by the unmodified clients."""

from __future__ import annotations

import pytest
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError


def test_the_repositories_of_an_account_with_what_they_take(hub, name):
    api = hub.api()
    api.create_repo(f"anna/{name}", private=True)
    api.upload_file(path_or_fileobj=b"x" * 5000, path_in_repo="a", repo_id=f"anna/{name}")
    api.create_repo(f"acme/{name}", repo_type="dataset")
    mine = {repo.id: repo for repo in api.list_user_repos()}
    assert mine[f"anna/{name}"].visibility == "private" and mine[f"anna/{name}"].storage > 5000
    assert f"acme/{name}" not in mine and mine[f"anna/{name}"].type == "model"
    assert f"acme/{name}" in {repo.id for repo in hub.api("bert").list_user_repos("acme")}
    assert f"anna/{name}" in hub.run("hf", "repos", "ls").stdout
    with pytest.raises(HfHubHTTPError, match="not a member"):
        list(api.list_user_repos("bert"))
    assert hub.http(None).get("/api/settings/repositories").status_code == 401


def test_a_duplicate_has_the_files_and_a_life_of_its_own(hub, name):
    api = hub.api()
    api.create_repo(f"anna/{name}", repo_type="space", space_sdk="static")
    api.upload_file(path_or_fileobj=b"<p>1</p>", path_in_repo="index.html", repo_id=f"anna/{name}", repo_type="space")
    url = hub.api("bert").duplicate_repo(f"anna/{name}", f"bert/{name}-copy", repo_type="space")
    assert url == f"{hub.endpoint}/spaces/bert/{name}-copy"
    copy = hub.api("bert").space_info(f"bert/{name}-copy")
    assert copy.sdk == "static" and {s.rfilename for s in copy.siblings} == {".gitattributes", "README.md", "index.html"}
    api.upload_file(path_or_fileobj=b"<p>2</p>", path_in_repo="index.html", repo_id=f"anna/{name}", repo_type="space")
    assert hub.http(None).get(f"/spaces/bert/{name}-copy/resolve/main/index.html").text == "<p>1</p>"
    assert hub.api("bert").duplicate_repo(f"anna/{name}", f"bert/{name}-copy", repo_type="space", exist_ok=True) == url
    with pytest.raises(HfHubHTTPError, match="already created"):
        hub.api("bert").duplicate_repo(f"anna/{name}", f"bert/{name}-copy", repo_type="space")
    with pytest.raises(HfHubHTTPError, match="rights"):
        hub.api("bert").duplicate_repo(f"anna/{name}", f"anna/{name}-copy", repo_type="space")
    api.update_repo_settings(f"anna/{name}", repo_type="space", visibility="private")
    with pytest.raises(RepositoryNotFoundError):
        hub.api("bert").duplicate_repo(f"anna/{name}", f"bert/{name}-again", repo_type="space")
    assert not list((hub.data / "incoming").iterdir())
