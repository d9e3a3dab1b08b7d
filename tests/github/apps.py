"""Apps of the tests' GitHub: their keys, where they are installed, and their webhooks."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tests.github import webhooks
from tests.github.keys import make_key, write_pem
from tests.github.payloads import build_app_payload
from tests.github.records import Delivery

if TYPE_CHECKING:
    from tests.github.hub import Hub
    from tests.github.repository import FakeRepository

EVENTS = ("check_run", "issue_comment", "merge_group", "pull_request", "workflow_run")


@dataclass(frozen=True)
class Installation:
    """An App on the repositories of one owner."""

    id: int
    owner: str
    repository_ids: list[int]


@dataclass
class FakeApp:
    hub: Hub
    id: int
    slug: str
    owner: str
    permissions: Mapping[str, str]
    webhook_secret: str
    events: Sequence[str] = EVENTS
    webhook_url: str | None = None
    installations: list[Installation] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    @property
    def hook_id(self) -> int:
        return 40_000_000 + self.id

    @property
    def login(self) -> str:
        return f"{self.slug}[bot]"

    @property
    def private_key_pem(self) -> str:
        return write_pem(make_key(self.slug))

    def install(self, repository: FakeRepository) -> int:
        """Install it on a repository, beside its owner's others, and return the installation's id."""
        for known in self.installations:
            if known.owner == repository.owner:
                known.repository_ids.append(repository.id)
                return known.id
        made = Installation(self.hub.next_id(), repository.owner, [repository.id])
        self.installations.append(made)
        return made.id

    def payload(self, event: str, **about: Any) -> dict[str, Any]:
        """Return what a webhook says of the App itself: an `installation`, or a `ping`."""
        return build_app_payload(self, event, **about)

    def webhook(
        self, event: str, payload: Mapping[str, Any], *, delivery: str | None = None
    ) -> tuple[dict[str, str], bytes]:
        """Return headers and body of a signed webhook, for a test to send or to spoil."""
        body = webhooks.encode(self, payload)
        guid = delivery or str(uuid.uuid4())
        return webhooks.write_headers(self, event=event, guid=guid, body=body), body

    def deliver(
        self, url: str, event: str, payload: Mapping[str, Any], *, delivery: str | None = None
    ) -> httpx.Response:
        """Send a signed webhook, as *delivery* or as a new one, and return how it was taken."""
        made = self.lose(url, event, payload, delivery=delivery)
        return webhooks.send(self, made)

    def lose(
        self, url: str, event: str, payload: Mapping[str, Any], *, delivery: str | None = None
    ) -> Delivery:
        """Have a webhook not arrive: it is among the deliveries, as failed."""
        body = webhooks.encode(self, payload)
        made = webhooks.record(self, url=url, event=event, body=body, guid=delivery)
        self.deliveries.append(made)
        return made

    def installation_of(self, repository: FakeRepository) -> Installation | None:
        return next((each for each in self.installations if repository.id in each.repository_ids), None)
