"""A server's registration on GitHub, made by hand, and events signed as GitHub signs them."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from pydantic import SecretStr

from greenroom_pipeline.forge.registration import AppKeys, Registration

SECRET = "It's a Secret to Everybody"
REPOSITORY_ID = 4_711


def make_registration(*secrets: str, app: bool = True, **more: Any) -> Registration:
    keys = AppKeys(
        id=1,
        slug="greenroom-ada",
        private_key=SecretStr("none"),
        webhook_secrets=tuple(map(SecretStr, secrets or (SECRET,))),
    )
    fields = {
        "server": "https://greenroom.example.com",
        "repository": "ada/flights",
        "repository_id": REPOSITORY_ID,
        "owner_id": 1,
        "app": keys if app else None,
    }
    return Registration(**(fields | more))


def sign(body: bytes, *, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def make_event(
    event: str, payload: Mapping[str, Any], *, secret: str = SECRET, delivery: str | None = None
) -> tuple[dict[str, str], bytes]:
    """Return headers and body of a delivery."""
    body = json.dumps({"repository": {"id": REPOSITORY_ID}, **payload}).encode()
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid4()),
        "X-Hub-Signature-256": sign(body, secret=secret),
    }
    return headers, body
