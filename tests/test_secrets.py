import copy
import pickle

import pytest

from core.secrets import Secret, redact

VALUE = "hf_abcdefghijklmnopqrstuvwx1234"


def test_a_secret_prints_as_its_last_four():
    secret = Secret(VALUE)
    assert str(secret) == "…1234" and "abcdefgh" not in repr(secret) + f"{secret}" + str([secret])
    assert secret.reveal() == VALUE


@pytest.mark.parametrize("text", ["", "   ", "two words", "line\nbreak", "é" * 10, "tab\there"])
def test_what_cannot_be_a_key_is_refused(text):
    with pytest.raises(ValueError) as caught:
        Secret(text)
    assert not text.strip() or text not in str(caught.value)


def test_a_short_secret_shows_nothing():
    assert Secret("abcd1234").last4 == "…"


@pytest.mark.parametrize("copying", [pickle.dumps, copy.deepcopy, copy.copy])
def test_a_secret_is_not_copied_or_stored(copying):
    with pytest.raises(TypeError):
        copying(Secret(VALUE))


def test_redact_removes_known_secrets_and_whatever_looks_like_one():
    odd = Secret("my-odd-key-without-shape")
    text = f"failed with {VALUE}, {odd.reveal()}, sk-or-v1-0123456789abcdef0123 and ghp_0123456789abcdefghijABCD"
    clean = redact(text, odd)
    assert "abcdefghijkl" not in clean and "without-shape" not in clean and "0123456789" not in clean
    assert clean.startswith("failed with …1234")
