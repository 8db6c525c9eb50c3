"""Signing in at OpenRouter: the code and the verifier make one key, once, for the session that began."""

import asyncio
import hashlib
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from core.errors import InvalidInput, NotFound, ProviderFailed
from core.providers import Transport
from core.providers.sign_in import SECONDS, SignIn, SignIns, exchange, read_code
from core.secrets import Secret
from tests.providers.openrouter_account import Account, account_at
from tests.providers.upstream import Upstream, upstream


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def trade(sign_in: SignIn, code: str) -> Secret:
    async def ask():
        transport = Transport()
        try:
            return await exchange(sign_in, code, transport)
        finally:
            await transport.close()

    return asyncio.run(ask())


@pytest.fixture
def at():
    with upstream("openrouter") as made:
        yield made


@pytest.fixture
def account(at) -> Account:
    return account_at(at)


def begun(at: Upstream, **more) -> tuple[SignIns, SignIn, str]:
    sign_ins = SignIns()
    return sign_ins, *sign_ins.begin(at.base_url, allow_private=True, **more)


def test_the_address_shows_the_digest_of_the_verifier_and_never_the_verifier():
    sign_in, url = SignIns().begin("https://openrouter.ai/api/v1")
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    digest = hashlib.sha256(sign_in.verifier.reveal().encode()).digest()
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "openrouter.ai", "/auth")
    assert query["code_challenge"] == [urlsafe_b64encode(digest).decode().rstrip("=")] and query["code_challenge_method"] == ["S256"]
    assert "callback_url" not in query and sign_in.verifier.reveal() not in url
    assert 43 <= len(sign_in.verifier.reveal()) <= 128  # RFC 7636


def test_the_address_to_return_to_carries_the_state_in_its_path():
    sign_in, url = SignIns().begin("https://openrouter.ai/api/v1", return_to="https://me.example/back")
    assert parse_qs(urlsplit(url).query)["callback_url"] == [f"https://me.example/back/{sign_in.state}"]


def test_a_code_makes_one_key(at, account):
    _, sign_in, url = begun(at)
    page = httpx.get(url).text
    code = page.split("id='code'>")[1].split("<")[0]
    assert trade(sign_in, code).reveal() == account.made[0]
    with pytest.raises(InvalidInput) as caught:
        trade(sign_in, code)
    assert "was used" in caught.value.message and sign_in.verifier.reveal() not in str(caught.value.to_dict())


def test_a_code_of_another_sign_in_is_refused(at, account):
    _, mine, _ = begun(at)
    _, _, theirs = begun(at)
    code = httpx.get(theirs).text.split("id='code'>")[1].split("<")[0]
    with pytest.raises(InvalidInput):
        trade(mine, code)
    assert account.made == []


def test_a_state_is_good_for_its_session_once_and_for_ten_minutes():
    clock = Clock()
    mine, theirs = SignIns(clock), SignIns(clock)
    sign_in, _ = mine.begin("https://openrouter.ai/api/v1")
    for foreign in (sign_in.state, "", None, 7, "x"):
        with pytest.raises(NotFound):
            theirs.take(foreign)
    assert mine.take(sign_in.state) == sign_in
    with pytest.raises(NotFound):
        mine.take(sign_in.state)
    late, _ = mine.begin("https://openrouter.ai/api/v1")
    clock.now += SECONDS + 1
    with pytest.raises(NotFound):
        mine.take(late.state)


def test_another_code_may_be_tried_a_few_times_and_few_sign_ins_wait():
    sign_ins = SignIns()
    first, _ = sign_ins.begin("https://openrouter.ai/api/v1")
    for _ in range(4):
        sign_ins.give_back(sign_ins.take(first.state))
    sign_ins.give_back(sign_ins.take(first.state))
    with pytest.raises(NotFound):
        sign_ins.take(first.state)
    states = [sign_ins.begin("https://openrouter.ai/api/v1")[0].state for _ in range(9)]
    with pytest.raises(NotFound):
        sign_ins.take(states[0])
    assert sign_ins.take(states[1])


@pytest.mark.parametrize("body", [None, {}, {"key": None}, {"key": ""}, {"key": 7}, {"key": "two words"}, ["key"]])
def test_an_answer_without_a_key_is_said_to_be_one(at, body):
    async def serve(wire):
        await wire.answer(200, body)
        return True

    at.serves = serve
    with pytest.raises(ProviderFailed):
        trade(begun(at)[1], "code-of-the-test")


@pytest.mark.parametrize(("text", "code"), [
    (" code-1234 ", "code-1234"), ("https://x.example/back/state?code=abcd-1234&z=1", "abcd-1234"),
])  # fmt: skip
def test_a_code_is_read_from_what_was_pasted(text, code):
    assert read_code(text) == code


@pytest.mark.parametrize("text", [None, 7, "", "abc", "two words", "https://x.example/?nothing=1", "x" * 3000, "co\nde-1234", "<b>code</b>"])
def test_what_is_no_code_is_refused(text):
    with pytest.raises(InvalidInput):
        read_code(text)
