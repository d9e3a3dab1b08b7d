"""Sessions where pull requests live on GitHub: its own issuer, and its API asked by the server's App."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from greenroom_pipeline.access import find_access
from greenroom_pipeline.api.app import build_api
from greenroom_pipeline.api.client import ServerClient
from greenroom_pipeline.errors import ServerError
from greenroom_pipeline.forge.registration import AppKeys, Registration, write_registration
from tests.api_server import listen, make_repository, serving_app
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub
from tests.submissions import PROJECT

PERMISSIONS = {"metadata": "read", "contents": "read", "pull_requests": "write"}


@dataclass
class OnGitHub:
    """A server with an App on a repository, and pull request *number* of its branch `better`."""

    github: FakeGitHub
    repository: FakeRepository
    address: str
    number: int
    head: str

    def client(self, *, commit: str | None = None, **claims: Any) -> ServerClient:
        """Return what a job of the pull request asks the server with."""
        job = self.github.oidc.job(self.repository, self.number, **claims)
        return self.client_of(job, commit=commit)

    def client_of(self, job: dict[str, str], *, commit: str | None = None) -> ServerClient:
        access = find_access({"GREENROOM_SERVER": self.address, **job})
        assert access is not None
        return ServerClient(access, commit=commit, wait=lambda _: None)


@pytest.fixture
def on_github(tmp_path: Path, tables: Path) -> Iterator[OnGitHub]:
    bench = make_repository(tmp_path / PROJECT)
    bench.places.home.mkdir()
    shutil.copy(tables, bench.places.home / "mlflow.db")
    head = bench.git("rev-parse", "better")
    listener, address = listen()
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        number = repository.open_pull(head, "better", title="A better model")
        app = github.app("greenroom", PERMISSIONS)
        app.install(repository)
        keys = AppKeys(
            id=app.id,
            slug="greenroom",
            private_key=SecretStr(app.private_key_pem),
            webhook_secrets=(SecretStr("s"),),
        )
        registration = Registration(
            api=github.api,
            server=address,
            repository=repository.full_name,
            repository_id=repository.id,
            owner_id=repository.owner_id,
            app=keys,
        )
        write_registration(bench.places.home, registration)
        api = build_api({**bench.environ, "GREENROOM_REPOSITORY": str(bench.root)})
        with serving_app(api, listener):
            yield OnGitHub(github, repository, address, number, head)


def test_a_job_on_github_opens_a_session(on_github: OnGitHub) -> None:
    """A server that finds its registration takes the tokens of its repository's jobs, also once that is renamed.

    It publishes, since it has an App, and the job does not.
    """
    client = on_github.client(commit=on_github.head)
    rights = client.rights()
    assert (rights.project, rights.slot, rights.publishes) == (PROJECT, str(on_github.number), True)
    assert client.champion(PROJECT) is None

    on_github.repository.rename("ada/planes")
    assert on_github.client(commit=on_github.head).rights() == rights


def test_what_github_says_counts(on_github: OnGitHub) -> None:
    """A pull request that moved on, was closed or is a fork's opens nothing, nor does a push or another repository."""
    github, repository = on_github.github, on_github.repository
    push = github.oidc.job(repository)
    with pytest.raises(ServerError, match=r"refuses \(403\): the token's event_name is 'push'"):
        on_github.client_of(push).rights()
    other = github.repository("eve/flights")
    theirs = other.open_pull("a" * 40, "better")
    with pytest.raises(ServerError, match=rf"refuses \(403\): the token's repository_id is {other.id}"):
        on_github.client_of(github.oidc.job(other, theirs)).rights()
    fork = repository.open_pull("b" * 40, "better", fork="eve/flights")
    with pytest.raises(ServerError, match=rf"refuses \(403\): pull request {fork} comes from a fork"):
        on_github.client_of(github.oidc.job(repository, fork)).rights()

    older = github.oidc.job(repository, on_github.number)
    repository.push(on_github.number, "c" * 40)
    for commit in (None, "c" * 40):
        with pytest.raises(ServerError, match=r"refuses \(403\): this job is of an older commit"):
            on_github.client_of(older, commit=commit).rights()
    nowhere = github.oidc.job(repository, on_github.number, sha="d" * 40)
    with pytest.raises(ServerError, match=r"refuses \(403\): no commit ddddddd in ada/flights"):
        on_github.client_of(nowhere).rights()
    no_merge = github.oidc.job(repository, on_github.number, sha="c" * 40)
    with pytest.raises(ServerError, match=r"refuses \(403\): this job is of an older commit"):
        on_github.client_of(no_merge).rights()
    with pytest.raises(ServerError, match=r"refuses \(403\): commit \w{7} is not the newest"):
        on_github.client(commit=on_github.head).rights()
    repository.close(on_github.number)
    with pytest.raises(ServerError, match=rf"refuses \(403\): pull request {on_github.number} is closed"):
        on_github.client().rights()
