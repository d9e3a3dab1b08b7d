"""Finds who asks: by a token, or by an App's own signature."""

from __future__ import annotations

from collections.abc import Mapping

import jwt

from tests.github.apps import FakeApp
from tests.github.calls import Refusal
from tests.github.hub import Hub
from tests.github.keys import make_key
from tests.github.rights import Caller

NOBODY = Caller("nobody", "")
LONGEST_LIFE = 600
SKEW = 60


def identify(hub: Hub, headers: Mapping[str, str]) -> Caller:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if not scheme:
        return NOBODY
    if scheme.lower() not in ("bearer", "token"):
        raise Refusal(401, "Bad credentials")
    caller = hub.tokens.get(token)
    if caller is None and token.count(".") == 2:
        return _verify_app(hub, token)
    if caller is None or caller.expires <= hub.clock.now():
        raise Refusal(401, "Bad credentials")
    return caller


def _verify_app(hub: Hub, token: str) -> Caller:
    """Take an App's JWT: RS256 by its own key, and of no longer life than GitHub admits."""
    try:
        app = _find_issuer(hub, token)
        options = {"verify_exp": False, "verify_iat": False, "require": ["exp", "iat", "iss"]}
        key = make_key(app.slug).public_key()
        claims = jwt.decode(token, key, algorithms=["RS256"], options=options)  # type: ignore[arg-type]
    except (jwt.PyJWTError, LookupError, ValueError):
        raise Refusal(401, "A JSON web token could not be decoded") from None
    now = hub.clock.now()
    if claims["exp"] > now + LONGEST_LIFE + SKEW:
        raise Refusal(401, "'Expiration time' claim ('exp') is too far in the future")
    if claims["exp"] <= now:
        raise Refusal(401, "'Expiration time' claim ('exp') must be a numeric value in the future")
    if claims["iat"] > now + SKEW:
        raise Refusal(401, "'Issued at' claim ('iat') must be an Integer in the past")
    return Caller("jwt", app.login, app.slug)


def _find_issuer(hub: Hub, token: str) -> FakeApp:
    claims = jwt.decode(token, options={"verify_signature": False})
    issuer = str(claims.get("iss"))
    for app in hub.apps:
        if issuer in (str(app.id), f"Iv1.{app.id}"):
            return app
    raise LookupError(issuer)
