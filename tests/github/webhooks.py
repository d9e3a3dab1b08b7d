"""Webhooks as GitHub sends them: headers, signature, and a record of each delivery."""

from __future__ import annotations

import hashlib
import hmac
import json
import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from tests.github.records import Delivery

if TYPE_CHECKING:
    from tests.github.apps import FakeApp

UNREACHABLE = 502
PATIENCE = 10
"""Seconds after which GitHub gives up waiting for an answer."""


def sign(secret: str, body: bytes) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def encode(app: FakeApp, payload: Mapping[str, Any]) -> bytes:
    """Write a payload, with the installation that it is sent for."""
    about: Mapping[str, Any] = payload.get("repository") or {}
    for installation in app.installations:
        if about.get("id") in installation.repository_ids and "installation" not in payload:
            payload = {**payload, "installation": {"id": installation.id, "node_id": f"I_{installation.id}"}}
    return json.dumps(payload).encode()


def write_headers(app: FakeApp, *, event: str, guid: str, body: bytes) -> dict[str, str]:
    return {
        "Accept": "*/*",
        "Content-Type": "application/json",
        "User-Agent": "GitHub-Hookshot/0000000",
        "X-GitHub-Delivery": guid,
        "X-GitHub-Event": event,
        "X-GitHub-Hook-ID": str(app.hook_id),
        "X-GitHub-Hook-Installation-Target-ID": str(app.id),
        "X-GitHub-Hook-Installation-Target-Type": "integration",
        "X-Hub-Signature-256": sign(app.webhook_secret, body),
    }


def record(app: FakeApp, *, url: str, event: str, body: bytes, guid: str | None = None) -> Delivery:
    """Note a webhook as sent and not taken; `send` says what came of it."""
    content = json.loads(body)
    return Delivery(
        id=app.hub.next_id(),
        guid=guid or str(uuid.uuid4()),
        event=event,
        action=content.get("action"),
        url=url,
        body=body,
        status_code=UNREACHABLE,
        delivered=app.hub.clock.now(),
        installation_id=content.get("installation", {}).get("id"),
        repository_id=(content.get("repository") or {}).get("id"),
    )


def send(app: FakeApp, delivery: Delivery) -> httpx.Response:
    """Send a webhook, and note how it was taken."""
    headers = write_headers(app, event=delivery.event, guid=delivery.guid, body=delivery.body)
    answer = httpx.post(delivery.url, content=delivery.body, headers=headers, timeout=PATIENCE)
    delivery.status_code = answer.status_code
    return answer


async def send_again(app: FakeApp, delivery: Delivery) -> None:
    """Send a webhook once more, under the same delivery id, as its redelivery does."""
    again = replace(
        delivery,
        id=app.hub.next_id(),
        redelivery=True,
        delivered=app.hub.clock.now(),
        status_code=UNREACHABLE,
    )
    headers = write_headers(app, event=again.event, guid=again.guid, body=again.body)
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client:
            answer = await client.post(again.url, content=again.body, headers=headers)
        again.status_code = answer.status_code
    except httpx.TransportError:
        pass
    app.deliveries.append(again)
