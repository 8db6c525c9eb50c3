"""Creating, describing, changing, moving and deleting repositories, by the unmodified client."""

from __future__ import annotations

import pytest
from huggingface_hub import ModelInfo
from huggingface_hub.errors import BadRequestError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

KINDS = ("model", "dataset", "space")


def create(api, repo_id: str, kind: str = "model", **more):
    return api.create_repo(repo_id, repo_type=kind, space_sdk="static" if kind == "space" else None, **more)


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_repository_can_be_described_and_found(either_hub, name, kind):
    api = either_hub.api()
    url = create(api, f"anna/{name}", kind)
    assert url == f"{either_hub.endpoint}/{'' if kind == 'model' else kind + 's/'}anna/{name}"
    assert (url.repo_id, url.repo_type, url.endpoint) == (f"anna/{name}", kind, either_hub.endpoint)
    assert api.repo_exists(f"anna/{name}", repo_type=kind) and not api.repo_exists(f"anna/{name}x", repo_type=kind)
    info = api.repo_info(f"anna/{name}", repo_type=kind, files_metadata=True)
    assert (info.id, info.author, info.private, info.likes) == (f"anna/{name}", "anna", False, 0)
    assert len(info.sha) == 40 and info.created_at and info.last_modified
    assert {file.rfilename for file in info.siblings} == {".gitattributes"} | ({"README.md"} if kind == "space" else set())
    assert all(file.size and len(file.blob_id) == 40 for file in info.siblings)


def test_names_are_the_users_own_by_default_and_taken_without_regard_to_case(hub, name):
    api = hub.api()
    assert api.create_repo(name).repo_id == f"anna/{name}"
    assert api.create_repo(name.upper(), exist_ok=True).repo_id == f"anna/{name}"
    with pytest.raises(HfHubHTTPError, match="You already created this model repo") as caught:
        api.create_repo(name)
    assert caught.value.response.status_code == 409 and caught.value.response.json()["url"].endswith(f"/anna/{name}")
    assert api.model_info(f"Anna/{name.upper()}").id == f"anna/{name}"


@pytest.mark.parametrize("bad", ["-x", "x-", ".x", "x--y", "x..y", "x.git", "a" * 97, "ü", "a b", "", "a/b/c", "x\n"])
def test_names_the_hub_would_refuse_are_refused(hub, bad):
    answered = hub.http().post("/api/repos/create", json={"name": bad, "type": "model"})
    assert answered.status_code in (400, 403) and answered.json()["error"] and "X-Error-Message" in answered.headers


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b'{"name": 5}', b'{"name": "x", "type": "planet"}', b'{"name": "x", "type": "space"}',
        b'{"name": "x", "type": "space", "sdk": "cobol"}', b'{"name": "x", "files": [{"path": "../x", "content": ""}]}',
        b'{"name": "x", "files": [{"path": "x", "content": "?", "encoding": "base64"}]}', b"\xff\xfe", b"[" * 100_000,
        b'{"name": "x", "type": "space", "sdk": "static", "secrets": [{"key": "1 bad", "value": "x"}]}',
    ],
)  # fmt: skip
def test_a_broken_request_is_a_bad_request_and_makes_nothing(hub, body):
    answered = hub.http().post("/api/repos/create", content=body)
    assert answered.status_code in (400, 422), answered.text
    assert answered.json()["error"] and "Traceback" not in answered.text
    assert not hub.api().repo_exists("anna/x") and not hub.api().repo_exists("anna/x", repo_type="space")


def test_who_may_create_where(hub, name):
    for who, repo_id, status in (
        ("anna", f"bert/{name}", 403),
        ("anna", f"nobody/{name}", 403),
        ("anna-read", f"anna/{name}", 403),
        ("anna-acme", f"anna/{name}", 403),
        ("bert", f"acme/{name}", 403),
        (None, f"anna/{name}", 401),
    ):
        organization, short = repo_id.split("/")
        answered = hub.http(who).post("/api/repos/create", json={"name": short, "organization": organization})
        assert answered.status_code == status, (who, repo_id, answered.text)
    assert hub.api("anna-acme").create_repo(f"acme/{name}").repo_id == f"acme/{name}"
    assert hub.api("carl").create_repo(f"acme/{name}-carl").repo_id == f"acme/{name}-carl"
    with pytest.raises(HfHubHTTPError, match="rights"):
        hub.api("carl").upload_file(path_or_fileobj=b"x", path_in_repo="x", repo_id=f"acme/{name}")


def test_a_private_repository_is_open_to_its_namespace_only(hub, name):
    create(hub.api(), f"acme/{name}", "dataset", private=True)
    for who in ("anna", "anna-read", "anna-acme", "bert", "carl"):
        assert hub.api(who).dataset_info(f"acme/{name}").private is True
    create(hub.api(), f"anna/{name}", "dataset", private=True)
    for who in ("bert", None):
        with pytest.raises(RepositoryNotFoundError):
            hub.api(who).dataset_info(f"anna/{name}")
        with pytest.raises(RepositoryNotFoundError):
            hub.api(who).hf_hub_download(f"anna/{name}", ".gitattributes", repo_type="dataset")
        assert hub.api(who).repo_exists(f"anna/{name}", repo_type="dataset") is False


def test_visibility_changes_take_effect(hub, name):
    create(hub.api(), f"anna/{name}")
    hub.api().update_repo_settings(f"anna/{name}", visibility="private")
    assert not hub.api("bert").repo_exists(f"anna/{name}")
    hub.api().update_repo_settings(f"anna/{name}", visibility="public", gated="auto")
    assert hub.api("bert").model_info(f"anna/{name}").gated == "auto"
    with pytest.raises(HfHubHTTPError):
        hub.api("bert").update_repo_settings(f"anna/{name}", visibility="private")


def test_a_moved_repository_answers_under_both_names(hub, name):
    api = hub.api()
    create(api, f"anna/{name}", "space")
    api.upload_file(path_or_fileobj=b"<p>hi</p>", path_in_repo="index.html", repo_id=f"anna/{name}", repo_type="space")
    api.move_repo(f"anna/{name}", f"acme/{name}-new", repo_type="space")
    assert api.space_info(f"acme/{name}-new").id == f"acme/{name}-new"
    assert api.space_info(f"anna/{name}").id == f"acme/{name}-new"
    old = api.hf_hub_download(f"anna/{name}", "index.html", repo_type="space")
    assert open(old).read() == "<p>hi</p>"
    create(api, f"anna/{name}", "space")
    assert api.space_info(f"anna/{name}").id == f"anna/{name}"
    with pytest.raises(HfHubHTTPError, match="already exists"):
        api.move_repo(f"anna/{name}", f"acme/{name}-new", repo_type="space")
    with pytest.raises(HfHubHTTPError):
        api.move_repo(f"anna/{name}", f"bert/{name}", repo_type="space")


def test_a_deleted_repository_is_gone_with_its_files(hub, name):
    api = hub.api()
    create(api, f"anna/{name}", "dataset")
    with pytest.raises(HfHubHTTPError):
        hub.api("bert").delete_repo(f"anna/{name}", repo_type="dataset")
    api.delete_repo(f"anna/{name}", repo_type="dataset")
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(f"anna/{name}", repo_type="dataset")
    api.delete_repo(f"anna/{name}", repo_type="dataset", missing_ok=True)
    assert not list((hub.data / "repos").glob(f"**/{name}.git"))
    create(api, f"anna/{name}", "dataset")
    assert len(api.list_repo_commits(f"anna/{name}", repo_type="dataset")) == 1


def test_a_space_is_created_with_its_first_files_and_card(hub, name):
    body = {"name": name, "type": "space", "sdk": "gradio", "files": [{"path": "app.py", "content": "print('é')"}]}
    body |= {"secrets": [{"key": "KEY", "value": "s3cret"}], "hardware": "cpu-basic"}
    answered = hub.http().post("/api/repos/create", json=body)
    assert answered.status_code == 200 and "s3cret" not in answered.text
    info = hub.api().space_info(f"anna/{name}")
    assert info.sdk == "gradio" and info.card_data.sdk == "gradio" and info.card_data.app_file == "app.py"
    assert info.subdomain == f"anna-{name}" and info.host.startswith(f"{hub.endpoint}/s/anna-{name}")
    assert hub.http().get(f"/spaces/anna/{name}/resolve/main/app.py").text == "print('é')"
    assert "s3cret" not in hub.http().get(f"/api/spaces/anna/{name}").text


def test_expand_gives_only_what_was_asked(hub, name):
    create(hub.api(), f"anna/{name}")
    raw = hub.http().get(f"/api/models/anna/{name}", params={"expand": ["sha", "tags"]}).json()
    assert set(raw) == {"_id", "id", "sha", "tags"}
    info = hub.api().model_info(f"anna/{name}", expand=["likes", "siblings"])
    assert isinstance(info, ModelInfo) and info.likes == 0 and info.siblings and info.sha is None
    with pytest.raises(BadRequestError, match="must be one of"):
        hub.api().model_info(f"anna/{name}", expand=["nonsense"])


def test_a_revision_describes_the_files_it_had(hub, name):
    api = hub.api()
    create(api, f"anna/{name}")
    first = api.model_info(f"anna/{name}").sha
    card = b"---\nlicense: mit\nlibrary_name: transformers\npipeline_tag: text-generation\ntags: [tiny]\n---\n# Hi"
    api.upload_file(path_or_fileobj=card, path_in_repo="README.md", repo_id=f"anna/{name}")
    now = api.model_info(f"anna/{name}")
    assert (now.library_name, now.pipeline_tag, now.card_data.license) == ("transformers", "text-generation", "mit")
    assert {"tiny", "license:mit", "transformers"} <= set(now.tags)
    assert len(api.model_info(f"anna/{name}", revision=first).siblings) == 1
    assert api.model_info(f"anna/{name}", revision=first[:8]).sha == first
    with pytest.raises(RevisionNotFoundError):
        api.model_info(f"anna/{name}", revision="nope")


GOOD = "---\ntitle: A\nemoji: 🧑‍🚀\ncolorFrom: red\ncolorTo: gray\nsdk: gradio\napp_file: app.py\nshort_description: short\n---\n"


@pytest.mark.parametrize(
    ("content", "kind", "problem"),
    [
        (GOOD, "space", None),
        (GOOD.replace("sdk: gradio\n", ""), "space", "sdk"),
        (GOOD.replace("sdk: gradio", "sdk: cobol"), "space", "sdk"),
        (GOOD.replace("red", "mauve"), "space", "colorFrom"),
        (GOOD.replace("🧑‍🚀", "rocket"), "space", "emoji"),
        (GOOD.replace(": short\n", ": " + "x" * 61 + "\n"), "space", "short_description"),
        (GOOD.replace("title: A", "title: [A"), "space", "line"),
        (GOOD.replace("title: A", "title: &a [A]\nx: *a"), "space", "alias"),
        ("---\n- a\n- b\n---\n", "model", "key"),
        ("---\nlicense: mit\n---\n", "model", None),
    ],
)
def test_the_check_of_a_readme_finds_what_is_wrong(hub, content, kind, problem):
    answered = hub.http().post("/api/validate-yaml", json={"content": content, "repoType": kind})
    assert answered.status_code == (400 if problem else 200)
    assert ([problem] if problem else []) == [problem for e in answered.json()["errors"] if problem in e["message"]]


def test_a_commit_with_a_broken_card_is_stopped_by_the_client_a_missing_one_is_warned_of(hub, name):
    create(hub.api(), f"anna/{name}", "space")
    with pytest.raises(ValueError, match="short_description"):
        hub.api().upload_file(
            path_or_fileobj=GOOD.replace(": short\n", ": " + "x" * 61 + "\n").encode(),
            path_in_repo="README.md", repo_id=f"anna/{name}", repo_type="space",
        )  # fmt: skip
    answered = hub.http().post("/api/validate-yaml", json={"content": "# Hi", "repoType": "model"}).json()
    assert answered == {"errors": [], "warnings": [{"message": "empty or missing yaml metadata in repo card"}]}


def test_the_command_line_creates_moves_and_deletes(hub, name):
    steps = [
        ("hf", "repos", "create", f"anna/{name}", "--type", "space", "--sdk", "static"),
        ("hf", "spaces", "info", f"anna/{name}"),
        ("hf", "repos", "move", f"anna/{name}", f"acme/{name}", "--type", "space"),
        ("hf", "repos", "settings", f"acme/{name}", "--private", "--type", "space"),
        ("hf", "repos", "delete", f"acme/{name}", "--type", "space", "--yes"),
    ]
    for step in steps:
        done = hub.run(*step)
        assert done.returncode == 0, (step, done.stdout, done.stderr)
    assert not hub.api().repo_exists(f"acme/{name}", repo_type="space")
