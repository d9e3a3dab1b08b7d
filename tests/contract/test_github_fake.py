"""The tests' GitHub, driven by PyGithub: what it keeps, whom it lets do what, and what it limits."""

from __future__ import annotations

import github as pygithub
import httpx
import pytest
from github import Auth, GithubException, GithubIntegration
from github.Repository import Repository

from tests.github.faults import Fault, What
from tests.github.repository import FakeRepository
from tests.github.rights import Kind
from tests.github.server import FakeGitHub

SHA = "a" * 40
WRITE = {"issues": "write", "pull_requests": "write", "checks": "write", "deployments": "write"}


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


def test_gives_comments_by_pages(hub: FakeGitHub, flights: FakeRepository) -> None:
    """Thirty a page, oldest first, and links to the others."""
    for number in range(65):
        flights.say(1, "eve", f"comment {number}")

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


def ask(hub: FakeGitHub, flights: FakeRepository, kind: Kind = "actions") -> httpx.Client:
    """Return a client that speaks plain HTTP with a token that may do everything."""
    token = hub.token(flights, kind)
    return httpx.Client(base_url=hub.api, headers={"Authorization": f"Bearer {token}"}, timeout=10)


COMMENTS = "/repos/ada/flights/issues/1/comments"


def test_fails_what_is_not_as_described(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A request that GitHub's description does not admit is refused, and fails the test at its end."""
    with ask(hub, flights) as asking:
        answer = asking.post("/repos/ada/flights/check-runs", json={"name": "gate"})

    assert answer.status_code == 422
    assert ["head_sha" in each for each in hub.violations] == [True]
    with pytest.raises(AssertionError, match="head_sha"):
        hub.require_described()
    hub.violations.clear()


def test_tells_for_nothing_that_nothing_changed(hub: FakeGitHub, flights: FakeRepository) -> None:
    """304 for the ETag that it gave, without counting; and everything else counts."""
    with ask(hub, flights) as asking:
        first = asking.get(COMMENTS)
        second = asking.get(COMMENTS, headers={"If-None-Match": first.headers["etag"]})
        flights.say(1, "eve", "hello")
        third = asking.get(COMMENTS, headers={"If-None-Match": first.headers["etag"]})

    assert [each.status_code for each in (first, second, third)] == [200, 304, 200]
    left = [each.headers["x-ratelimit-remaining"] for each in (first, second, third)]
    assert left == ["999", "999", "998"]


def test_ends_what_is_left_of_the_hour(hub: FakeGitHub, flights: FakeRepository) -> None:
    """403 with nothing remaining, until the hour is over."""
    hub.limits.hourly = 1
    with ask(hub, flights) as asking:
        asking.get(COMMENTS)
        over = asking.get(COMMENTS)
        hub.clock.advance(3600)
        after = asking.get(COMMENTS)

    assert (over.status_code, over.headers["x-ratelimit-remaining"]) == (403, "0")
    assert after.status_code == 200


def test_limits_what_is_written_in_a_minute(hub: FakeGitHub, flights: FakeRepository) -> None:
    """The eighty-first comment of a minute is told when to come again."""
    with ask(hub, flights) as asking:
        answers = [asking.post(COMMENTS, json={"body": "again"}) for _ in range(81)]
        hub.clock.advance(61)
        later = asking.post(COMMENTS, json={"body": "again"})

    assert [each.status_code for each in answers] == [201] * 80 + [403]
    assert answers[-1].headers["retry-after"] == "60"
    assert later.status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        pytest.param(COMMENTS, {"body": "x" * 65_537}, "body", id="a comment"),
        pytest.param(
            "/repos/ada/flights/deployments",
            {"ref": SHA, "required_contexts": [], "description": "x" * 141},
            "description",
            id="a deployment's description",
        ),
    ],
)
def test_limits_what_is_long(
    hub: FakeGitHub, flights: FakeRepository, path: str, body: dict[str, object], field: str
) -> None:
    """One character too many is 422."""
    fitting = {name: text[:-1] if name == field else text for name, text in body.items()}  # type: ignore[index]
    with ask(hub, flights) as asking:
        assert asking.post(path, json=fitting).status_code == 201
        answer = asking.post(path, json=body)

    assert answer.status_code == 422
    assert "too long" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("what", "status", "kept"),
    [
        pytest.param("500-before", 500, 0, id="fails first"),
        pytest.param("500-after", 502, 1, id="fails afterwards"),
        pytest.param("429", 429, 0, id="is asked too often"),
        pytest.param("secondary", 403, 0, id="is asked too fast"),
        pytest.param("timeout", None, 1, id="never answers"),
        pytest.param("truncated", None, 1, id="hangs up half-way"),
    ],
)
def test_fails_as_it_is_told(
    hub: FakeGitHub, flights: FakeRepository, what: What, status: int | None, kept: int
) -> None:
    """Once, with or without effect; then it works again."""
    hub.faults.append(Fault("POST", r"/comments$", what, retry_after=7))
    with ask(hub, flights) as asking:
        asking.timeout = 0.2 if what == "timeout" else 10
        try:
            answer: httpx.Response | None = asking.post(COMMENTS, json={"body": "hello"})
        except httpx.TransportError:
            answer = None
        assert (answer.status_code if answer is not None else None) == status
        assert len(flights.comments(1)) == kept
        assert asking.post(COMMENTS, json={"body": "again"}).status_code == 201
    if status in (429, 403):
        assert answer is not None
        assert answer.headers["retry-after"] == "7"


def test_leads_from_a_former_name(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A renamed repository is found under its id: 301 to read, 307 to write."""
    flights.rename("ada/departures")
    with ask(hub, flights) as asking:
        read = asking.get("/repos/ada/flights")
        written = asking.post(COMMENTS, json={"body": "hello"})
        followed = asking.post(COMMENTS, json={"body": "hello"}, follow_redirects=True)

    assert (read.status_code, written.status_code) == (301, 307)
    assert read.headers["location"] == f"{hub.api}/repositories/{flights.id}"
    assert followed.status_code == 201
    assert len(flights.comments(1)) == 1


def test_runs_something_just_before_a_call(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A test can have something happen between what a client reads and what it then writes."""
    hub.meanwhile("POST", r"/comments$", lambda: flights.say(1, "eve", "first"))

    repository = enter(flights)
    repository.get_pull(1).create_issue_comment("second")
    repository.get_pull(1).create_issue_comment("third")

    assert [each.body for each in flights.comments(1)] == ["first", "second", "third"]


def test_ends_no_transient_deployment(hub: FakeGitHub, flights: FakeRepository) -> None:
    """A success sets others of its environment inactive, unless they are transient or it says not to."""
    repository = enter(flights)
    made = [
        repository.create_deployment(
            SHA,
            auto_merge=False,
            required_contexts=[],
            environment="model",
            transient_environment=transient,
        )
        for transient in (False, True, False)
    ]
    for deployment in made:
        deployment.create_status("success")

    assert [each.state for each in flights.deployments()] == ["inactive", "success", "success"]


def test_merges_only_what_was_looked_at(flights: FakeRepository) -> None:
    """A head that moved is 409, and a merge closes the pull request."""
    pull = enter(flights).get_pull(1)
    flights.push(1, "b" * 40)

    with pytest.raises(GithubException) as moved:
        pull.merge(sha=SHA)
    merged = pull.merge(sha="b" * 40)

    assert moved.value.status == 409
    assert flights.branches["main"] == merged.sha
    assert flights.find_commit("main").parents[1] == "b" * 40
    assert (flights.pull(1).state, flights.pull(1).merged_by) == ("closed", "github-actions[bot]")


def test_merges_only_what_its_rules_admit(flights: FakeRepository) -> None:
    """A required check has to have passed at the head, and to come from the App that it is pinned to."""
    required = {"context": "greenroom/gate", "integration_id": 15368}
    parameters = {"required_status_checks": [required], "strict_required_status_checks_policy": False}
    flights.ruleset([{"type": "required_status_checks", "parameters": parameters}])
    repository = enter(flights)
    repository.get_commit(SHA).create_status("success", context="greenroom/gate")
    check = repository.create_check_run("greenroom/gate", SHA, conclusion="action_required")

    with pytest.raises(GithubException) as refused:
        repository.get_pull(1).merge()
    check.edit(conclusion="success")

    assert (refused.value.status, refused.value.message) == (
        405,
        'Required status check "greenroom/gate" is expected.',
    )
    assert repository.get_pull(1).merge().merged


def test_shows_a_pull_request_whose_fork_is_gone(flights: FakeRepository) -> None:
    """It has no repository any more; GitHub's own description forgets that."""
    number = flights.open_pull("b" * 40, "better", author="eve", fork="eve/flights")
    flights.pull(number).head_repository = None

    pull = enter(flights).get_pull(number)

    assert pull.raw_data["head"]["repo"] is None
    assert pull.head.sha == "b" * 40
