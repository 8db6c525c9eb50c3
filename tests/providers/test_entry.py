"""What an upstream says of a pasted key, and what it may say instead."""

import asyncio

import pytest

from core.errors import Forbidden, Unauthorized
from core.providers import Key, Transport
from core.providers.entry import KeyReport, check_key
from core.secrets import Secret
from tests.providers.upstream import upstream

SECRET = "sk-or-v1-0123456789abcdef"
NONSENSE = [None, 7, "text", [], {}, {"data": 7}, {"data": {"limit": "ten", "limit_remaining": [], "expires_at": 7}},
            {"name": "x", "orgs": 7, "auth": {"accessToken": {"role": 7, "fineGrained": {"global": 1, "scoped": 5}}}},
            {"name": "x", "orgs": [1, {}, {"name": 7, "canPay": True}], "auth": "none"}, {"name": 7}]  # fmt: skip


def check(provider: str, *, path: str, status: int = 200, body=None, base: bool = True) -> KeyReport:
    async def ask():
        transport = Transport()
        try:
            key = Key("k", provider, provider, Secret(SECRET), base_url=at.base_url if base else None, allow_private=True)
            return await check_key(key, transport, hub=at.base_url.removesuffix("/v1"))
        finally:
            await transport.close()

    with upstream("told") as at:
        at.pages[path] = (status, body)
        return asyncio.run(ask())


@pytest.mark.parametrize("body", NONSENSE)
@pytest.mark.parametrize(("provider", "path", "base"), [
    ("huggingface", "/api/whoami-v2", False), ("openrouter", "/v1/key", True), ("mine", "/v1/models", True), ("huggingface", "/v1/models", True),
])  # fmt: skip
def test_nonsense_is_a_report_and_never_a_defect(provider, path, base, body):
    report = check(provider, path=path, body=body, base=base)
    assert isinstance(report, KeyReport) and report.note and SECRET not in str(report)


@pytest.mark.parametrize(("provider", "path", "base"), [("huggingface", "/api/whoami-v2", False), ("openrouter", "/v1/key", True), ("mine", "/v1/models", True)])
@pytest.mark.parametrize(("status", "error"), [(401, Unauthorized), (403, Forbidden)])
def test_a_key_that_is_refused_is_refused_without_being_repeated(provider, path, base, status, error):
    with pytest.raises(error) as caught:
        check(provider, path=path, status=status, body={"error": {"message": f"no such key {SECRET}"}}, base=base)
    assert SECRET not in str(caught.value.to_dict())


@pytest.mark.parametrize("status", [404, 429, 500])
def test_an_upstream_in_trouble_says_nothing_about_the_key(status):
    assert check("mine", path="/v1/models", status=status, body={}).checked is False


def test_a_token_that_may_infer_and_one_that_may_not():
    def token(*granted):
        return {"name": "me", "auth": {"accessToken": {"role": "fineGrained", "fineGrained": {"global": [], "scoped": [{"permissions": list(granted)}]}}}}

    assert check("huggingface", path="/api/whoami-v2", body=token("inference.serverless.write"), base=False).can_infer is True
    with pytest.raises(Forbidden):
        check("huggingface", path="/api/whoami-v2", body=token("repo.write"), base=False)


def test_a_management_key_cannot_ask_models():
    report = check("openrouter", path="/v1/key", body={"data": {"is_management_key": True}})
    assert report.management and report.can_infer is False and "other keys" in report.note


def test_the_organisations_that_can_pay_are_told():
    orgs = [{"name": "pays", "canPay": True}, {"name": "cannot", "canPay": False}, {"name": "untold"}]
    assert check("huggingface", path="/api/whoami-v2", body={"name": "me", "orgs": orgs}, base=False).orgs == ("pays", "untold")


def test_a_provider_of_litellms_has_nothing_free_to_ask():
    async def ask():
        return await check_key(Key("k", "anthropic", "", Secret("sk-ant-0123456789")), Transport(), hub="http://127.0.0.1:9")

    assert asyncio.run(ask()).checked is False
