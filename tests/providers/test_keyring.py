"""Keys: in a session's memory, in a person's order, shown without themselves."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.caller import Caller
from core.errors import Conflict, InvalidInput, NotFound
from core.providers.credentials import billed, header_keys, instance_keys, make_key, rotated, shown
from core.providers.keyring import Keyring
from core.providers.values import Key
from core.secrets import Secret
from core.settings import HuggingFace, Provider, Settings

OPENROUTER = "sk-or-v1-0123456789abcdef"


def ring_of(*labels: str) -> Keyring:
    ring = Keyring()
    for label in labels:
        ring.add(make_key("openrouter", f"{OPENROUTER}-{label}", label=label))
    return ring


def labels(ring: Keyring) -> list[str]:
    return [key.label for key in ring.keys()]


def test_many_keys_of_one_provider_in_the_order_they_came():
    ring = ring_of("work", "home")
    assert labels(ring) == ["work", "home"] and [key.position for key in ring.keys()] == [None, None]


def test_a_persons_order_comes_first_and_is_known_to_the_keys():
    ring = ring_of("a", "b", "c")
    ids = [key.id for key in ring.keys()]
    ring.order([ids[2]])
    assert labels(ring) == ["c", "a", "b"] and [key.position for key in ring.keys()] == [0, 1, 2]
    with pytest.raises(NotFound):
        ring.order(["nobody"])


def test_a_key_is_disabled_rotated_and_removed():
    ring = ring_of("a", "b")
    first = ring.keys()[0]
    assert ring.change(first.id, disabled=True).disabled and ring.find(first.id).disabled
    ring.change(first.id, secret=rotated(first, "sk-or-v1-another-another"), disabled=False)
    assert ring.find(first.id).secret == Secret("sk-or-v1-another-another") and not ring.find(first.id).disabled
    assert ring.remove(first.id).id == first.id and labels(ring) == ["b"]
    with pytest.raises(NotFound):
        ring.find(first.id)


def test_the_same_key_twice_and_too_many_keys_are_refused():
    ring = ring_of("a")
    with pytest.raises(Conflict):
        ring.add(make_key("openrouter", f"{OPENROUTER}-a"))
    ring = Keyring()

    def add(number):
        try:
            ring.add(make_key("openrouter", f"{OPENROUTER}-{number}"))
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(add, range(60))) == 32 == len(ring.keys())


@pytest.mark.parametrize(("provider", "value", "named"), [
    ("openrouter", "hf_0123456789abcdef", "huggingface"),
    ("huggingface", OPENROUTER, "openrouter"),
    ("openai", "gsk_0123456789abcdef", "groq"),
    ("huggingface", "0123456789abcdef", "begins with hf_"),
    ("openrouter", "sk-or-v1-012\n345678", "one line"),
    ("openrouter", "sk-or v1 012345678", "one line"),
    ("openrouter", "short", "does not look like"),
    ("openrouter", "x" * 5000, "does not look like"),
    ("openrouter", 12345678, "does not look like"),
    ("openrouter", "", "no key"),
    ("openrouter", None, "no key"),
    ("Open Router!", OPENROUTER, "provider's name"),
    (None, OPENROUTER, "provider's name"),
])  # fmt: skip
def test_what_cannot_be_a_key_is_refused_without_repeating_it(provider, value, named):
    with pytest.raises(InvalidInput) as caught:
        make_key(provider, value)
    said = str(caught.value.to_dict())
    assert named in said
    assert not (isinstance(value, str) and len(value) > 5) or value not in said


@pytest.mark.parametrize("address", [
    "ftp://host/v1", "host/v1", "https://", "https://user:pw@host/v1", "https://host/v1?key=x", "https://host/v1#x",
    "https://ho st/v1", "https://host:99999/v1", "http://host/v1", "https://[::1/v1", 7,
])  # fmt: skip
def test_what_is_no_public_address_is_refused(address):
    with pytest.raises(InvalidInput):
        make_key("mine", "0123456789abcdef", base_url=address)


def test_a_private_upstream_without_a_key_only_where_the_owner_allows_it():
    key = make_key("ollama", "", base_url="http://127.0.0.1:11434/v1/", allow_private=True, models="llama3, qwen3")
    assert (key.secret, key.base_url, key.models, key.payer) == (None, "http://127.0.0.1:11434/v1", ("llama3", "qwen3"), "nobody")
    with pytest.raises(InvalidInput):
        make_key("ollama", "", base_url="http://127.0.0.1:11434/v1")


def test_a_known_local_provider_needs_neither_key_nor_address_where_private_ones_are_allowed():
    assert make_key("ollama", "", allow_private=True).payer == "nobody"
    with pytest.raises(InvalidInput):
        make_key("ollama", "")


def test_headers_make_keys_for_the_address_the_instance_knows_and_never_with_its_secret():
    settings = Settings(providers={"sheikh": Provider(api_key="the-owners-own-key", url="https://sheikh.example/v1")})
    known = {key.provider: key for key in instance_keys(settings)}
    (key,) = header_keys({"x-provider-key-sheikh": "a-visitors-own-key", "accept": "*/*"}, known)
    assert (key.base_url, key.secret, key.owner) == ("https://sheikh.example/v1", Secret("a-visitors-own-key"), "visitor")
    with pytest.raises(InvalidInput):
        header_keys({"x-provider-key-sheikh": ""}, known)


def test_the_instances_keys_come_from_its_settings():
    settings = Settings(
        huggingface=HuggingFace(token="hf_the_owners_token"),
        providers={
            "openrouter": Provider(api_key=OPENROUTER, priority=True, always_use_this_key=True, fallback=False),
            "ollama": Provider(url="http://127.0.0.1:11434/v1"),
            "empty": Provider(),
        },
    )
    keys = {key.provider: key for key in instance_keys(settings)}
    assert list(keys) == ["huggingface", "openrouter", "ollama"] and {key.owner for key in keys.values()} == {"instance"}
    assert keys["openrouter"].priority and keys["openrouter"].always_use_this_key and not keys["openrouter"].fallback
    assert keys["ollama"].payer == "nobody"


def test_what_is_shown_of_a_key_is_not_the_key():
    key = make_key("openrouter", OPENROUTER, label="work\x00\n key")
    assert key.label == "work key"
    assert shown(key)["last4"] == "…cdef" and OPENROUTER not in str(shown(key)) and OPENROUTER not in repr(key)
    owner = instance_keys(Settings(providers={"openrouter": Provider(api_key=OPENROUTER)}))[0]
    assert shown(owner)["last4"] is None and "cdef" not in str(shown(owner))


def test_who_pays_is_known_of_keys_the_ring_does_not_hold_and_goes_with_the_key():
    ring, token = Keyring(), Key("token", "huggingface", secret=Secret("hf_0123456789abcdef"))
    ring.pay(token, ["acme"], "acme")
    assert (ring.paid(token).payers, ring.paid(token).bill_to) == (("acme",), "acme")
    other = Key("token", "huggingface", secret=Secret("hf_another_token_0123"))
    assert ring.paid(other) is other  # somebody else signed in
    held = ring.add(make_key("openrouter", OPENROUTER))
    ring.pay(held, ["acme"], None)
    assert ring.find(held.id).payers == ("acme",)
    ring.clear()
    assert ring.paid(token) is token
    with pytest.raises(InvalidInput):
        billed(token, "acme")


def test_management_keys_are_held_and_stand_in_no_list_of_those_that_ask():
    ring = ring_of("a")
    manager = ring.add(replace(make_key("openrouter", f"{OPENROUTER}-m"), management=True))
    ring.order()
    assert labels(ring) == ["a"] and [key.id for key in ring.managing()] == [manager.id] and ring.find(manager.id) == manager
    with pytest.raises(Conflict):
        ring.add(make_key("openrouter", f"{OPENROUTER}-m"))
    assert Caller("me", keyring=ring).secrets[-1] == manager.secret  # what must be kept out of texts
    assert ring.remove(manager.id) == manager and ring.managing() == ()
