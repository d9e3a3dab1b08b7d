"""The public keys of an OIDC issuer: fetched from the issuer itself, kept for a while, and asked for sparingly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from greenroom_pipeline.api.oidc import ALGORITHM
from greenroom_pipeline.errors import ForgeError, ProofError
from greenroom_services.host.names import is_loopback

LIFETIME_SECONDS = 3_600.0
# An unknown key may be a new one, and may be anybody's invention.
THROTTLE_SECONDS = 10.0
STEP_SECONDS = 5.0
ANSWER_SECONDS = 15.0
ANSWER_BYTES = 256 * 2**10


class Keys:
    """The keys of one issuer. *now* is a clock that only goes on, in seconds."""

    def __init__(self, issuer: str, *, now: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._now = now
        self._lock = Lock()
        self._keys: Mapping[str, jwt.PyJWK] = {}
        self._fetched = self._asked = float("-inf")

    def find(self, kid: str) -> jwt.PyJWK:
        """Return the key of this id; `ProofError` for none, and `ForgeError` while the issuer does not answer."""
        with self._lock:
            old = self._now() >= self._fetched + LIFETIME_SECONDS
            if old or kid not in self._keys:
                self._refresh(required=old)
            key = self._keys.get(kid)
        if key is None:
            raise ProofError(f"the token's key (kid) is none of {self._issuer}; send the job's OIDC token")
        return key

    def _refresh(self, *, required: bool) -> None:
        """Fetch the keys, unless that was just done; when it is *required* that is no excuse."""
        now = self._now()
        if now >= self._asked + THROTTLE_SECONDS:
            self._asked = now
            self._keys = fetch_keys(self._issuer)
            self._fetched = now
        elif required:
            raise ForgeError(f"{self._issuer} did not answer a moment ago; it is asked again soon")


def fetch_keys(issuer: str) -> Mapping[str, jwt.PyJWK]:
    """Return the issuer's keys by their ids; `ForgeError` when it does not answer with any.

    Only the issuer's own host is asked, also when its discovery or a redirection names another.
    """
    near = is_loopback(urlsplit(issuer).hostname or "")
    try:
        with httpx.Client(timeout=STEP_SECONDS, trust_env=not near) as client:
            found = _fetch(client, f"{issuer}/.well-known/openid-configuration")
            address = found.get("jwks_uri")
            if found.get("issuer") != issuer or not isinstance(address, str):
                raise ForgeError(
                    f"the discovery of {issuer} is another issuer's; see the issuer in github.json"
                )
            if urlsplit(address)[:2] != urlsplit(issuer)[:2]:
                raise ForgeError(
                    f"the discovery of {issuer} names keys of another host, {address[:200]!r}; they are not asked for"
                )
            keys = jwt.PyJWKSet.from_dict(_fetch(client, address)).keys
    except (httpx.HTTPError, httpx.InvalidURL, jwt.PyJWTError, ValueError) as error:
        raise ForgeError(
            f"the keys of {issuer} cannot be fetched ({str(error)[:200] or type(error).__name__})"
        ) from error
    return {str(key.key_id): key for key in keys if key.key_id and _signs(key)}


def _signs(key: jwt.PyJWK) -> bool:
    return key.algorithm_name == ALGORITHM and key.public_key_use in (None, "sig")


def _fetch(client: httpx.Client, address: str) -> dict[str, Any]:
    deadline = time.monotonic() + ANSWER_SECONDS
    content = bytearray()
    with client.stream("GET", address, headers={"Accept": "application/json"}) as answer:
        if answer.status_code != httpx.codes.OK:
            raise ForgeError(f"{address} answers {answer.status_code}, and not with an issuer's document")
        for chunk in answer.iter_bytes():
            content += chunk
            if len(content) > ANSWER_BYTES or time.monotonic() > deadline:
                raise ForgeError(f"{address} answers with more than an issuer's document")
    document = json.loads(content)
    if not isinstance(document, dict):
        raise ForgeError(f"{address} does not answer with an issuer's document")
    return document
