"""An issuer's keys: from its own host alone, kept for an hour, and asked for anew only now and then."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from greenroom_pipeline.api.keys import ANSWER_BYTES, LIFETIME_SECONDS, THROTTLE_SECONDS, Keys
from greenroom_pipeline.api.oidc import read_claims
from greenroom_pipeline.errors import ForgeError, ProofError
from greenroom_pipeline.forge.registration import Registration, find_issuer
from tests.issuers import DISCOVERY, JWKS, Issuer, issuing, make_jwk

AUDIENCE = "https://greenroom.example.com"


class Clock:
    """Seconds that stand still until they are moved on."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> Keys:
    return Keys(issuer.address, now=clock)


def test_keys_are_fetched_once(issuer: Issuer, keys: Keys) -> None:
    """Many tokens at once cost one request, and the key that comes verifies what the issuer signed."""
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(keys.find, ["first"] * 20))

    assert (issuer.count(DISCOVERY), issuer.count(JWKS)) == (1, 1)
    assert read_claims(issuer.token(AUDIENCE), found[0]).iss == issuer.address


def test_a_new_key_is_found_and_garbage_costs_nothing(issuer: Issuer, keys: Keys, clock: Clock) -> None:
    """An unknown key is asked for at once and then not again for a while; after a rotation the new one is found."""
    keys.find("first")
    issuer.keys = ["second"]
    with pytest.raises(ProofError, match=r"the token's key \(kid\) is none of http"):
        keys.find("second")
    assert issuer.count(JWKS) == 1
    clock.now += THROTTLE_SECONDS
    keys.find("second")
    for _ in range(50):
        with pytest.raises(ProofError, match="kid"):
            keys.find("anybody's")

    assert issuer.count(JWKS) == 2
    with pytest.raises(ProofError, match="kid"):
        keys.find("first")


def test_keys_get_old(issuer: Issuer, keys: Keys, clock: Clock) -> None:
    """A key that its issuer has withdrawn is not taken for longer than an hour."""
    keys.find("first")
    issuer.keys = ["second"]
    clock.now += LIFETIME_SECONDS - 1
    keys.find("first")
    clock.now += 1
    with pytest.raises(ProofError, match="kid"):
        keys.find("first")


def test_an_issuer_that_is_down_is_told_from_a_bad_token(issuer: Issuer, keys: Keys, clock: Clock) -> None:
    """While old keys cannot be renewed nobody is let in, the issuer is asked now and then, and then all is well."""
    keys.find("first")
    issuer.answers[JWKS] = (503, b"")
    clock.now += LIFETIME_SECONDS
    with pytest.raises(ForgeError, match="jwks answers 503"):
        keys.find("first")
    with pytest.raises(ForgeError, match="did not answer a moment ago"):
        keys.find("first")
    assert issuer.count(JWKS) == 2
    issuer.answers.clear()
    clock.now += THROTTLE_SECONDS
    assert keys.find("first").key_id == "first"


@pytest.mark.parametrize(
    ("path", "answer", "said"),
    [
        (DISCOVERY, (200, {"issuer": "SELF", "jwks_uri": "http://127.0.0.1:1/keys"}), "keys of another host"),
        (DISCOVERY, (200, {"issuer": "SELF", "jwks_uri": "http://169.254.169.254/"}), "keys of another host"),
        (DISCOVERY, (200, {"issuer": "SELF", "jwks_uri": "SELF@evil.example/keys"}), "keys of another host"),
        (
            DISCOVERY,
            (200, {"issuer": "https://other.example", "jwks_uri": f"SELF{JWKS}"}),
            "another issuer's",
        ),
        (DISCOVERY, (200, {"issuer": "SELF"}), "another issuer's"),
        (DISCOVERY, (200, ["SELF"]), "does not answer with an issuer's document"),
        (DISCOVERY, (302, "SELF/elsewhere"), "answers 302"),
        (JWKS, (302, "SELF/elsewhere"), "answers 302"),
        (JWKS, (404, b""), "answers 404"),
        (JWKS, (200, b"<html>"), "cannot be fetched"),
        (JWKS, (200, {"keys": []}), "cannot be fetched"),
        (JWKS, (200, b" " * (ANSWER_BYTES + 1)), "more than an issuer's document"),
    ],
)
def test_keys_come_from_the_issuer_alone(
    issuer: Issuer, keys: Keys, path: str, answer: tuple[int, Any], said: str
) -> None:
    """Discovery that names another host or issuer, redirections and what is no document lead nowhere (row 7)."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: fill(each) for name, each in value.items()}
        return value.replace("SELF", issuer.address) if isinstance(value, str) else value

    issuer.answers[path] = (answer[0], fill(answer[1]))
    with pytest.raises(ForgeError, match=said) as refused:
        keys.find("first")

    assert set(issuer.requests) <= {DISCOVERY, JWKS}
    assert "\n" not in str(refused.value)


def test_an_issuer_that_is_not_there_is_one_line() -> None:
    """Nobody who listens is said to be so, with the issuer's address."""
    with issuing() as gone:
        address = gone.address
    with pytest.raises(ForgeError, match=f"the keys of {address} cannot be fetched"):
        Keys(address).find("first")


def test_keys_for_other_uses_are_left_out(issuer: Issuer, keys: Keys) -> None:
    """A secret among the keys, one to encrypt with, or one of another algorithm signs no token."""
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "secret", "alg": "HS256"}
    others = [
        make_jwk("first") | {"kid": "enc", "use": "enc"},
        make_jwk("first") | {"kid": "ps", "alg": "PS256"},
    ]
    issuer.answers[JWKS] = (200, {"keys": [secret, *others, make_jwk("first")]})
    keys.find("first")
    for kid in ("secret", "enc", "ps"):
        with pytest.raises(ProofError, match="kid"):
            keys.find(kid)


@pytest.mark.parametrize(
    ("api", "issuer", "found"),
    [
        ("https://api.github.com", None, "https://token.actions.githubusercontent.com"),
        ("https://github.example.com/api/v3", None, "https://github.example.com/_services/token"),
        ("https://api.octo.ghe.com", None, "https://token.actions.octo.ghe.com"),
        (
            "https://api.github.com",
            "https://token.actions.githubusercontent.com/octo",
            "https://token.actions.githubusercontent.com/octo",
        ),
    ],
)
def test_every_github_has_its_issuer(api: str, issuer: str | None, found: str) -> None:
    """github.com, an Enterprise server and data residency each have theirs; an enterprise's own is named."""
    registration = Registration(
        api=api, issuer=issuer, server=AUDIENCE, repository="ada/flights", repository_id=1, owner_id=2
    )
    assert find_issuer(registration) == found
