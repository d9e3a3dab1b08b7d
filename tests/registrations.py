"""Servers that are registered on the tests' GitHub: an App, installed on a repository, and `github.json` in a home."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from greenroom_pipeline.forge.app_rights import EVENTS, RIGHTS
from greenroom_pipeline.forge.registration import AppKeys, Registration, write_registration
from tests.github.server import FakeGitHub

SERVER = "https://greenroom.example.com"


def register(
    github: FakeGitHub, home: Path, *, permissions: Mapping[str, str] | None = None, installed: bool = True
) -> Registration:
    """Make an App with all that it needs, unless *permissions* say otherwise, and write what its server knows."""
    repository = github.repository("ada/flights")
    rights = {name: level for name, (level, _) in RIGHTS.items()} if permissions is None else permissions
    app = github.app("greenroom", rights, events=EVENTS)
    app.webhook_url = f"{SERVER}/api/github/events"
    if installed:
        app.install(repository)
    registration = Registration(
        api=github.api,
        server=SERVER,
        repository=repository.full_name,
        repository_id=repository.id,
        owner_id=repository.owner_id,
        app=AppKeys(
            id=app.id,
            slug=app.slug,
            private_key=SecretStr(app.private_key_pem),
            webhook_secrets=(SecretStr(app.webhook_secret),),
        ),
        issuer=None,
        workflow=".github/workflows/greenroom.yml",
    )
    write_registration(home, registration)
    return registration
