from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.settings import load


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
