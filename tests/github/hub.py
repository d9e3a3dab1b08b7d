"""All of the tests' GitHub that is remembered: repositories, people, Apps and tokens."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.github.apps import EVENTS, FakeApp
from tests.github.calls import Refusal
from tests.github.clock import Clock
from tests.github.limits import Limits
from tests.github.oidc import Issuer
from tests.github.records import Artifact, Person
from tests.github.repository import FakeRepository
from tests.github.rights import EVERYTHING, Caller, Kind

ACTIONS = "github-actions"
ACTIONS_ID = 15368
HOUR = 3600


class Hub:
    """Lists are only ever added to in one step, so that a test may while the server reads."""

    def __init__(self) -> None:
        self.api = ""
        self.clock = Clock()
        self.limits = Limits(self.clock)
        self.repositories: list[FakeRepository] = []
        self.people: dict[str, Person] = {}
        self.apps: list[FakeApp] = []
        self.tokens: dict[str, Caller] = {}
        self.oidc = Issuer(self)
        self.downloads: dict[str, Artifact] = {}
        """What may be fetched for now, by the signature in its address."""
        self.download_host: str | None = None
        """Where artifacts are fetched from, when that is to be another address than the API's."""
        self.manifests: dict[str, dict[str, Any]] = {}
        """Apps that somebody agreed to and that nobody fetched the keys of yet, by their code."""
        self._ids = itertools.count(1001)
        self.apps.append(FakeApp(self, ACTIONS_ID, ACTIONS, "github", EVERYTHING, "", ()))

    def next_id(self) -> int:
        return next(self._ids)

    def person(self, login: str) -> Person:
        return self.people.setdefault(login, Person(self.next_id(), login))

    def repository(
        self,
        full_name: str,
        *,
        private: bool = False,
        default_branch: str = "main",
        parent: FakeRepository | None = None,
        git: Path | None = None,
    ) -> FakeRepository:
        """Return the repository of this name, made where there is none.

        With *parent* it is a fork of that; with *git*, a bare git repository is behind it.
        """
        for known in self.repositories:
            if known.full_name == full_name:
                return known
        owner, name = full_name.split("/")
        made = FakeRepository(
            hub=self,
            id=self.next_id(),
            owner=owner,
            name=name,
            private=private,
            default_branch=default_branch,
            parent=parent.full_name if parent else None,
            git=git,
        )
        self.repositories.append(made)
        return made

    def app(
        self,
        slug: str,
        permissions: Mapping[str, str],
        *,
        owner: str = "ada",
        events: Sequence[str] = EVENTS,
    ) -> FakeApp:
        """Register an App; it does nothing before it is installed."""
        made = FakeApp(
            self, self.next_id(), slug, owner, dict(permissions), f"secret-{secrets.token_hex(8)}", events
        )
        self.apps.append(made)
        return made

    def token(
        self,
        repository: FakeRepository,
        kind: Kind = "actions",
        *,
        permissions: Mapping[str, str] | None = None,
        login: str | None = None,
    ) -> str:
        """Return a token for a repository.

        "actions" is a job's, "fork" that of a job of a fork's pull request, whatever its workflow asks for; "app"
        is an installation token of the App whose slug is *login*; "user" is a person's, classic unless it has
        *permissions* of its own. No *permissions* are all that the kind can have.
        """
        if kind == "user":
            caller = Caller("user", login or repository.owner, permissions=permissions)
            return self.issue("ghp_", caller)
        app = self.find_app((login or "greenroom") if kind == "app" else ACTIONS)
        given = dict(app.permissions if permissions is None else permissions)
        if kind == "fork":
            given = dict.fromkeys(given, "read")
        ids = frozenset({repository.id})
        expires = self.clock.now() + (HOUR if kind == "app" else 6 * HOUR)
        return self.issue("ghs_", Caller(kind, app.login, app.slug, given, ids, expires))

    def issue(self, prefix: str, caller: Caller) -> str:
        """Make a token; those of Apps are as long as GitHub's have become."""
        size = 180 if prefix == "ghs_" else 18
        token = f"{prefix}{secrets.token_hex(size)}"
        self.tokens[token] = caller
        return token

    def find_repository(self, full_name: str) -> FakeRepository:
        for repository in self.repositories:
            if repository.full_name.lower() == full_name.lower():
                return repository
        raise Refusal(404, "Not Found")

    def find_renamed(self, full_name: str) -> FakeRepository | None:
        """Return the repository that once had this name, where none has it now."""
        if any(each.full_name == full_name for each in self.repositories):
            return None
        return next((each for each in self.repositories if full_name in each.former_names), None)

    def find_app(self, slug: str) -> FakeApp:
        for app in self.apps:
            if app.slug == slug:
                return app
        raise LookupError(f"no App {slug}; register it by github.app({slug!r}, permissions)")
