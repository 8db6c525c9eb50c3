from pathlib import Path

import pytest

from core.errors import InvalidInput, TooLarge
from core.loading import load


def write(directory: Path, text: str, name="agentic-config.yaml") -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_without_file_or_environment_the_hub_is_local(tmp_path):
    settings = load(environ={}, directory=tmp_path)
    assert settings.hub_kind == "local" and settings.port == 7860 and not settings.public


def test_a_token_turns_auto_into_huggingface(tmp_path):
    settings = load(environ={"HF_TOKEN": "hf_abcdefghijklmnop"}, directory=tmp_path)
    assert settings.hub_url == "https://huggingface.co"
    assert "abcdefgh" not in repr(settings)


def test_the_command_line_wins_over_file_and_environment(tmp_path):
    write(tmp_path, "port: 9000\n")
    assert load(environ={"PORT": "8000"}, directory=tmp_path).port == 9000
    assert load(environ={"PORT": "8000"}, directory=tmp_path, port=7000).port == 7000


@pytest.mark.parametrize("text", [
    "openrouter:\n  api_key: ${OR}\n  priority: true\n",
    "providers:\n  openrouter:\n    api_key: ${OR}\n    priority: true\n",
    '{"openrouter": {"api_key": "${OR}", "priority": true}}',
])  # fmt: skip
def test_both_shapes_of_the_providers_are_read(tmp_path, text):
    write(tmp_path, text)
    provider = load(environ={"OR": "key-from-variable"}, directory=tmp_path).providers["openrouter"]
    assert provider.priority and provider.api_key.reveal() == "key-from-variable"


def test_an_unset_variable_means_no_key(tmp_path):
    write(tmp_path, "huggingface:\n  token: ${HF_TOKEN}\nmine:\n  api_key: ''\n  url: http://127.0.0.1:1/v1\n")
    settings = load(environ={}, directory=tmp_path)
    assert settings.huggingface.token is None and settings.providers["mine"].api_key is None


@pytest.mark.parametrize(("text", "expected"), [
    ("port: 7860\nopenrouter:\n  api_kee: x\n", "line 3: providers.openrouter.api_kee"),
    ("# comment\nport: many\n", "line 2: port"),
    ("a: [1\n", "line 2"),
])  # fmt: skip
def test_a_mistake_names_the_file_and_the_line(tmp_path, text, expected):
    path = write(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        load(environ={}, directory=tmp_path)
    assert str(path) in caught.value.message and expected in caught.value.message and caught.value.fix


def test_a_mistake_never_shows_the_secret(tmp_path):
    write(tmp_path, "huggingface:\n  token: 'hf_secretsecret with spaces'\n")
    with pytest.raises(InvalidInput) as caught:
        load(environ={}, directory=tmp_path)
    assert "secretsecret" not in str(caught.value.to_dict())


def test_a_named_file_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(InvalidInput):
        load(str(tmp_path / "none.yaml"), environ={})


def test_a_space_is_public_until_its_owner_says_otherwise(tmp_path):
    space = {"SYSTEM": "spaces", "SPACE_ID": "me/os", "SPACE_HOST": "me-os.hf.space,os.example.org"}
    settings = load(environ=space, directory=tmp_path)
    assert settings.public and settings.on_a_space and settings.hub_url == "https://huggingface.co"
    assert settings.hosts == ("me-os.hf.space", "os.example.org")
    assert not load(environ=space | {"AGENTIC_PUBLIC": "false"}, directory=tmp_path).public


# Models: who answers, and in which order


def test_a_provider_says_its_models_its_time_and_its_place(tmp_path):
    write(tmp_path, "prefer: [mine, openrouter]\nmine:\n  url: http://127.0.0.1:1/v1\n  models: small, large\n  timeout: 5\n  fallback: false\n")
    settings = load(environ={}, directory=tmp_path)
    mine = settings.providers["mine"]
    assert mine.models == ("small", "large") and mine.timeout == 5 and not mine.fallback and settings.prefer == ("mine", "openrouter")


@pytest.mark.parametrize("text", ["huggingface:\n  token: hf_a1\n  priority: true\n", "providers:\n  huggingface:\n    api_key: hf_a1\n    priority: true\n"])
def test_hugging_face_has_a_place_in_the_order_too(tmp_path, text):
    write(tmp_path, text)
    part = load(environ={}, directory=tmp_path).huggingface
    assert part.priority and part.token.reveal() == "hf_a1"


def test_any_number_of_providers_in_the_documents_shape(tmp_path):
    write(tmp_path, """
huggingface:
  token: ${HF_TOKEN}
  mcp_url: "https://huggingface.co/mcp"
openrouter:
  api_key: ${OPENROUTER_KEY}
  url: "https://api.openrouter.ai/v1/chat/completions"
  priority: true
  fallback: true
  always_use_this_key: false
sheikh:
  api_key: ${SHEIKH_KEY}
  url: "https://api.sheikh.codes/v1/chat/completions"
  priority: false
providers:
  custom_provider_x:
    api_key: ""
    url: "https://custom.provider/api/v1/infer"
    priority: false
    fallback: true
  another:
    url: "https://another.provider/v1"
""")
    settings = load(environ={"OPENROUTER_KEY": "or-1", "SHEIKH_KEY": "sh-1"}, directory=tmp_path)
    assert set(settings.providers) == {"openrouter", "sheikh", "custom_provider_x", "another"}
    assert settings.providers["custom_provider_x"].api_key is None and settings.providers["sheikh"].api_key.reveal() == "sh-1"


# What a file may not do


def test_a_variable_may_name_another(tmp_path):
    write(tmp_path, "mine:\n  url: ${BASE}/v1\n  api_key: ${KEY}\n")
    mine = load(environ={"BASE": "https://${HOST}", "HOST": "example.org", "KEY": "k-${HOST}"}, directory=tmp_path).providers["mine"]
    assert mine.url == "https://example.org/v1" and mine.api_key.reveal() == "k-example.org"


@pytest.mark.parametrize("env", [{"A": "${A}"}, {"A": "x${B}", "B": "${C}", "C": "${A}secretsecret"}])
def test_variables_in_a_circle_are_named_and_their_values_are_not(tmp_path, env):
    path = write(tmp_path, "mine:\n  api_key: ${A}\n  url: https://example.org\n")
    with pytest.raises(InvalidInput) as caught:
        load(environ=env, directory=tmp_path)
    assert "circle" in caught.value.message and str(path) in caught.value.message and "secret" not in caught.value.message


def test_variables_that_multiply_are_stopped(tmp_path):
    write(tmp_path, "mine:\n  api_key: ${V9}\n")
    env = {f"V{number}": f"${{V{number - 1}}}" * 10 for number in range(1, 10)} | {"V0": "x" * 10}
    with pytest.raises(InvalidInput):
        load(environ=env, directory=tmp_path)


@pytest.mark.parametrize("text", [
    "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "[" * 5_000, "a: " + "[" * 2_000 + "]" * 2_000, "- list\n", "a: \x00\n", "port: &x 1\nhost: *x\n",
    "a: !!python/object/apply:os.system [id]\n", "? [a, b]\n: c\n", "1: x\n",
])  # fmt: skip
def test_a_hostile_file_is_a_mistake_and_nothing_more(tmp_path, text):
    path = write(tmp_path, text)
    with pytest.raises(InvalidInput) as caught:
        load(environ={}, directory=tmp_path)
    assert str(path) in caught.value.message or "settings" in caught.value.message


def test_a_file_of_ten_megabytes_is_refused_at_once(tmp_path):
    path = write(tmp_path, "port: 1\n" + "# padding\n" * 1_000_000)
    with pytest.raises(TooLarge) as caught:
        load(environ={}, directory=tmp_path)
    assert str(path) in caught.value.message


def test_a_file_that_is_not_text_is_a_mistake(tmp_path):
    (tmp_path / "agentic-config.yaml").write_bytes(b"\xff\xfe\x00bad")
    with pytest.raises(InvalidInput):
        load(environ={}, directory=tmp_path)


def test_research_reads_its_keys_from_the_environment_and_shows_them_nowhere(tmp_path):
    settings = load(environ={"GITHUB_TOKEN": "ghp_" + "a" * 30, "S2_API_KEY": "s2-key-0123456789"}, directory=tmp_path)
    assert settings.research.github_token.reveal().startswith("ghp_") and settings.research.semantic_scholar_key.reveal() == "s2-key-0123456789"
    assert "aaaaaaaa" not in repr(settings) and "s2-key" not in repr(settings)


@pytest.mark.parametrize("base", ["http://example.com", "http://127.evil.example", "https://u@example.com", "ftp://x", "https://example.com/?q=1"])
def test_an_address_of_research_is_https_or_on_this_machine(tmp_path, base):
    write(tmp_path, f"research:\n  arxiv: {base}\n")
    with pytest.raises(InvalidInput, match="line 2: research.arxiv"):
        load(environ={}, directory=tmp_path)


@pytest.mark.parametrize(("given", "lent"), [({}, True), ({"public": True}, False), ({"public": True, "share_owner_keys": True}, True)])
def test_the_owners_keys_for_research_serve_strangers_only_when_shared(tmp_path, given, lent):
    settings = load(environ={"S2_API_KEY": "s2-key-0123456789"}, directory=tmp_path, **given)
    assert (settings.lent(settings.research.semantic_scholar_key) is not None) is lent
