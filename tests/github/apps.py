"""Apps of the tests' GitHub: their keys, where they are installed, and their webhooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.github.keys import make_key, write_pem
from tests.github.records import Delivery
from tests.github.repository import FakeRepository

if TYPE_CHECKING:
    from tests.github.hub import Hub

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

    def installation_of(self, repository: FakeRepository) -> Installation | None:
        return next((each for each in self.installations if repository.id in each.repository_ids), None)
