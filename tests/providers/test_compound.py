"""Keys of several values: kept as one secret, given to litellm one by one, and never a way to another address."""

from __future__ import annotations

import json

import pytest

from core.errors import InvalidInput, SpacesError
from core.providers import Key, Router, compound, exotic, make_key, rotated, shown
from core.secrets import Secret
from tests.providers.conftest import ask, key, run
from tests.providers.upstream import PLAYS, Wire

ACCESS, HIDDEN = "AKIA0123456789ABCDEF", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
BEDROCK = {"aws_access_key_id": ACCESS, "aws_secret_access_key": HIDDEN, "aws_region_name": "eu-central-1"}
ACCOUNT = {
    "type": "service_account", "project_id": "my-project", "private_key": "-----BEGIN PRIVATE KEY-----\nMIIabc\n-----END PRIVATE KEY-----\n",
    "client_email": "a@my-project.iam.gserviceaccount.com", "token_uri": "https://evil.example/token", "universe_domain": "evil.example",
}  # fmt: skip


async def converses(wire: Wire) -> None:
    """Bedrock's Converse."""
    await wire.answer(200, {
        "output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}, "stopReason": "end_turn",
        "usage": {"inputTokens": 7, "outputTokens": 3, "totalTokens": 10}, "metrics": {"latencyMs": 1},
    })  # fmt: skip


async def refuses(wire: Wire) -> None:
    await wire.answer(400, {"message": f"bad key {HIDDEN}"})


@pytest.mark.parametrize("given", [BEDROCK, json.dumps(BEDROCK), json.dumps(BEDROCK, indent=2)])
def test_each_value_reaches_litellm_and_none_is_shown(given):
    made = make_key("bedrock", given)
    assert compound.arguments("bedrock", made.secret) == {**BEDROCK, "aws_session_token": ""}
    assert not any(text in f"{made!r} {shown(made)} {made.secret}" for text in (HIDDEN, ACCESS))
    assert compound.arguments("bedrock", rotated(made, {**BEDROCK, "aws_region_name": "us-east-1"}))["aws_region_name"] == "us-east-1"


@pytest.mark.parametrize("value", ["os.environ/OPENROUTER_API_KEY", {**BEDROCK, "aws_secret_access_key": "os.environ/AWS_SECRET_ACCESS_KEY"}])
def test_a_key_cannot_name_a_variable_of_the_process(first, value):
    async def use():
        router = Router()
        try:
            await router.route(ask("m"), [key(first, "bedrock", secret=make_key("bedrock", value).secret.reveal(), owner="instance")])
        finally:
            await router.close()

    with pytest.raises(SpacesError):
        run(use())
    assert first.requests == []


def test_a_single_key_stays_one():
    assert compound.arguments("bedrock", make_key("bedrock", "bedrock-api-key-0123456789").secret) == {"api_key": "bedrock-api-key-0123456789"}
    assert compound.arguments("groq", Secret("gsk_0123456789")) == {"api_key": "gsk_0123456789"}


def test_of_an_accounts_file_only_an_accounts_fields_are_taken():
    held = compound.arguments("vertex_ai", make_key("vertex_ai", {**ACCOUNT, "vertex_location": "europe-west4"}).secret)
    assert (held["vertex_project"], held["vertex_location"]) == ("my-project", "europe-west4")
    credentials = json.loads(held["vertex_credentials"])
    assert credentials["private_key"] == ACCOUNT["private_key"] and credentials["token_uri"] == "https://oauth2.googleapis.com/token"
    assert "evil" not in held["vertex_credentials"]


@pytest.mark.parametrize(("provider", "given", "named"), [
    ("bedrock", {**BEDROCK, "aws_region_name": "eu-central-1.evil.example/#"}, "aws_region_name"),
    ("bedrock", {**BEDROCK, "aws_region_name": None}, "aws_region_name"),
    ("bedrock", {**BEDROCK, "aws_secret_access_key": "short"}, "aws_secret_access_key"),
    ("bedrock", {**BEDROCK, "aws_bedrock_runtime_endpoint": "https://evil.example"}, "aws_bedrock_runtime_endpoint"),
    ("bedrock", '{"aws_access_key_id": ', "JSON"),
    ("vertex_ai", {**ACCOUNT, "vertex_location": "evil.example/"}, "vertex_location"),
    ("vertex_ai", {"vertex_project": "my-project", "vertex_location": "global", "vertex_credentials": {"type": "external_account"}}, "vertex_credentials"),
    ("vertex_ai", {**ACCOUNT, "private_key": None}, "vertex_credentials"),
])  # fmt: skip
def test_what_is_wrong_is_named_and_not_repeated(provider, given, named):
    with pytest.raises(InvalidInput) as caught:
        make_key(provider, given)
    told = json.dumps(caught.value.to_dict())
    assert named in told and HIDDEN not in told and "evil.example" not in told


def test_a_request_is_signed_with_the_values_and_carries_no_secret(first, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEPROCESS0000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-of-the-process-0123456789")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a-session-of-the-process")
    monkeypatch.setitem(PLAYS, "converses", converses)
    monkeypatch.setitem(PLAYS, "refuses", refuses)
    made = make_key("bedrock", BEDROCK)
    given = key(f"http://127.0.0.1:{first.port}", "bedrock", secret=made.secret.reveal(), owner="instance")
    first.script[:] = ["converses", "refuses"]

    async def use():
        router = Router()
        try:
            got = await router.route(ask("anthropic.claude-3-haiku-20240307-v1:0"), [given])
            with pytest.raises(SpacesError) as caught:
                await router.route(ask("anthropic.claude-3-haiku-20240307-v1:0"), [given])
            return got, caught.value
        finally:
            await router.close()

    got, error = run(use())
    assert got.text == "hello" and got.usage.prompt == 7
    signature = first.requests[0].headers["authorization"]
    assert signature.startswith(f"AWS4-HMAC-SHA256 Credential={ACCESS}/") and "/eu-central-1/bedrock/" in signature
    assert HIDDEN not in first.received and "of-the-process" not in first.received and "OFTHEPROCESS" not in first.received
    assert HIDDEN not in json.dumps(error.to_dict())


def test_forgetting_evicts_whatever_was_made_with_any_of_the_values():
    cache = exotic._load().in_memory_llm_clients_cache
    cache.set_cache(f"bedrock-{HIDDEN}-x", object())
    assert exotic.forget(make_key("bedrock", BEDROCK).secret) == 1 and HIDDEN not in str(list(cache.cache_dict))


def test_a_visitor_gives_no_address_even_beside_its_values(first):
    made = make_key("bedrock", BEDROCK)
    visitor = Key(id="k", provider="bedrock", secret=made.secret, base_url=f"http://127.0.0.1:{first.port}", allow_private=True)

    async def use():
        router = Router()
        try:
            await router.route(ask("m"), [visitor])
        finally:
            await router.close()

    with pytest.raises(InvalidInput):
        run(use())
    assert first.requests == []
