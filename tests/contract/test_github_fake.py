"""The tests' GitHub, driven by PyGithub: what it keeps, whom it lets do what, and what it limits."""

from __future__ import annotations

from collections.abc import Iterator

import github as pygithub
import pytest
from github import Auth, GithubException, GithubIntegration
from github.Repository import Repository

from tests.github.repository import FakeRepository
from tests.github.rights import Kind
from tests.github.server import FakeGitHub

SHA = "a" * 40
WRITE = {"issues": "write", "pull_requests": "write", "checks": "write", "deployments": "write"}


@pytest.fixture
def hub() -> Iterator[FakeGitHub]:
    with FakeGitHub() as hub:
        yield hub


@pytest.fixture
def flights(hub: FakeGitHub) -> FakeRepository:
    """A repository with the pull request 1."""
    repository = hub.repository("ada/flights")
    repository.open_pull(SHA, "better")
    return repository


def client(hub: FakeGitHub, token: str) -> pygithub.Github:
    return pygithub.Github(
        auth=Auth.Token(token),
        base_url=hub.api,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )


def enter(
    repository: FakeRepository,
    kind: Kind = "actions",
    *,
    permissions: dict[str, str] | None = None,
    login: str | None = None,
) -> Repository:
    token = repository.hub.token(repository, kind, permissions=permissions, login=login)
    hub = repository.hub
    assert isinstance(hub, FakeGitHub)
    return client(hub, token).get_repo(repository.full_name)


def test_keeps_what_is_posted(flights: FakeRepository) -> None:
    """A comment, a check and a deployment are there afterwards, for both sides."""
    repository = enter(flights, permissions=WRITE)
    pull = repository.get_pull(1)

    comment = pull.create_issue_comment("one")
    comment.edit("two")
    comment.create_reaction("eyes")
    check = repository.create_check_run("greenroom/gate", SHA, external_id="flights", status="in_progress")
    annotation = {
        "path": "a.py",
        "start_line": 1,
        "end_line": 1,
        "annotation_level": "notice",
        "message": "m",
    }
    check.edit(conclusion="success", output={"title": "t", "summary": "s", "annotations": [annotation]})
    deployment = repository.create_deployment(
        SHA, auto_merge=False, required_contexts=[], environment="model-preview", payload={"pr": 1}
    )
    deployment.create_status("success", environment_url="http://127.0.0.1/", auto_inactive=False)

    assert [(each.body, each.author) for each in flights.comments(1)] == [("two", "github-actions[bot]")]
    assert [each.content for each in flights.comments(1)[0].reactions] == ["eyes"]
    assert [(each.name, each.conclusion) for each in flights.checks(SHA)] == [("greenroom/gate", "success")]
    assert flights.checks(SHA)[0].annotations == [annotation]
    assert [(each.payload, each.state) for each in flights.deployments()] == [({"pr": 1}, "success")]
    found = repository.get_commit(SHA)
    assert [each.name for each in found.get_check_runs(check_name="greenroom/gate")] == ["greenroom/gate"]
    assert [each.number for each in found.get_pulls()] == [1]
    assert [each.filename for each in pull.get_files()] == ["train.py"]
    assert [each.id for each in repository.get_deployments(environment="model-preview")] == [deployment.id]


def test_gives_comments_by_pages(flights: FakeRepository) -> None:
    """Thirty a page, oldest first, and links to the others."""
    for number in range(65):
        flights.say(1, "eve", f"comment {number}")
    hub = flights.hub
    assert isinstance(hub, FakeGitHub)

    comments = list(enter(flights).get_pull(1).get_issue_comments())

    assert [each.body for each in comments] == [f"comment {number}" for number in range(65)]
    assert [each.query.get("page") for each in hub.requests if each.path.endswith("/comments")] == [
        None,
        "2",
        "3",
    ]


@pytest.mark.parametrize(
    ("kind", "permissions", "login"),
    [
        pytest.param("actions", {"contents": "read"}, None, id="a job without the right"),
        pytest.param("fork", WRITE, None, id="a fork's job, whatever it asks for"),
        pytest.param("user", {"checks": "write"}, "ada", id="a person, who is no App"),
    ],
)
def test_refuses_a_check_without_the_right(
    flights: FakeRepository, kind: Kind, permissions: dict[str, str], login: str | None
) -> None:
    """403, with the right that would have been enough."""
    repository = enter(flights, kind, permissions=permissions, login=login)

    with pytest.raises(GithubException) as refused:
        repository.create_check_run("greenroom/gate", SHA)

    assert refused.value.status == 403
    assert (refused.value.headers or {})["x-accepted-github-permissions"] == "checks=write"
    assert not flights.checks(SHA)


def test_hides_a_private_repository(hub: FakeGitHub, flights: FakeRepository) -> None:
    """Another repository's token finds nothing there, and may only read what is public."""
    hub.repository("ada/secret", private=True)
    elsewhere = client(hub, hub.token(hub.repository("ada/other"), permissions=WRITE))

    with pytest.raises(GithubException) as hidden:
        elsewhere.get_repo("ada/secret")
    with pytest.raises(GithubException) as refused:
        elsewhere.get_repo("ada/flights").get_pull(1).create_issue_comment("here I am")

    assert (hidden.value.status, refused.value.status) == (404, 403)


def test_knows_an_app_by_its_key(hub: FakeGitHub, flights: FakeRepository) -> None:
    """An App signs for itself, and writes under its own name with the token of its installation."""
    app = hub.app("greenroom", {"issues": "write", "checks": "write", "pull_requests": "write"})
    app.install(flights)
    other = hub.app("other", {})

    with GithubIntegration(auth=Auth.AppAuth(app.id, app.private_key_pem), base_url=hub.api) as integration:
        installed = integration.get_repo_installation("ada", "flights")
        repository = integration.get_github_for_installation(installed.id).get_repo("ada/flights")
        repository.get_pull(1).create_issue_comment("hello")
    with (
        GithubIntegration(
            auth=Auth.AppAuth(app.id, other.private_key_pem), base_url=hub.api, retry=None
        ) as forged,
        pytest.raises(GithubException) as refused,
    ):
        forged.get_app()

    assert [each.author for each in flights.comments(1)] == ["greenroom[bot]"]
    assert refused.value.status == 401
