"""What the server asks of GitHub as an App: commits, runs, artifacts, comments, and events that it missed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from greenroom_pipeline.errors import ForgeError, ForgeRefused, SettingsError
from greenroom_pipeline.forge import github_download
from greenroom_pipeline.forge.choice import choose_forge, open_github_server
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_app import open_app_session
from greenroom_pipeline.forge.github_server import GitHubServer
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.local import LocalForge
from greenroom_pipeline.forge.registration import AppKeys, Registration, write_registration
from greenroom_pipeline.places import find_places
from greenroom_pipeline.repository import Repository
from tests.forges import IMPATIENT, KEY, a_check, a_deployment
from tests.github.apps import FakeApp
from tests.github.faults import Fault
from tests.github.repository import FakeRepository
from tests.github.server import FakeGitHub

HEAD = "a" * 40
RIGHTS = {
    "actions": "write",
    "checks": "write",
    "contents": "write",
    "deployments": "write",
    "issues": "write",
    "pull_requests": "write",
}


@dataclass
class World:
    github: FakeGitHub
    repository: FakeRepository
    app: FakeApp
    registration: Registration

    def session(self) -> GitHubSession:
        assert self.registration.app is not None
        return open_app_session(self.registration, self.registration.app, IMPATIENT)

    def server(self) -> GitHubServer:
        return GitHubServer(self.session(), self.registration)

    def forge(self) -> GitHubForge:
        return GitHubForge(self.session(), Repository(Path()))


@pytest.fixture
def world() -> Iterator[World]:
    with FakeGitHub() as github:
        repository = github.repository("ada/flights", private=True)
        repository.open_pull(HEAD, "better")
        app = github.app("greenroom-ada", RIGHTS)
        app.install(repository)
        yield World(github, repository, app, register(github, repository, app))


def register(github: FakeGitHub, repository: FakeRepository, app: FakeApp) -> Registration:
    return Registration(
        api=github.api,
        server="https://greenroom.example.com",
        repository=repository.full_name,
        repository_id=repository.id,
        owner_id=repository.owner_id,
        app=AppKeys.model_validate(
            {
                "id": app.id,
                "slug": app.slug,
                "private_key": app.private_key_pem,
                "webhook_secrets": [app.webhook_secret],
            }
        ),
    )


def test_a_registered_server_has_the_forge_on_github(world: World, tmp_path: Path) -> None:
    """With an App in its home a project's forge is GitHub, else git itself; opening it asks nothing."""
    places = find_places(tmp_path, {})
    before = choose_forge(Repository(tmp_path), places)
    write_registration(places.home, world.registration.model_copy(update={"app": None}))
    without = choose_forge(Repository(tmp_path), places)
    write_registration(places.home, world.registration)
    forge = choose_forge(Repository(tmp_path), places)
    asked = len(world.github.requests)

    assert isinstance(before, LocalForge)
    assert isinstance(without, LocalForge)
    assert isinstance(forge, GitHubForge)
    assert asked == 0
    assert forge.pull(1).head == HEAD
    assert open_github_server(world.registration).session is forge.session
    with pytest.raises(SettingsError, match="greenroom init --app"):
        open_github_server(world.registration.model_copy(update={"app": None}))


def test_an_app_posts_as_its_bot(world: World) -> None:
    """The App signs in by its key where it is installed, and its posts are its own."""
    forge = world.forge()
    for text in ("Running", "Passed"):
        forge.write_comment(1, KEY, text)
        forge.write_check(a_check(HEAD, title=text))
        forge.write_deployment(a_deployment(1, HEAD, description=text))

    assert [(each.author, each.body.partition("\n")[2]) for each in world.repository.comments(1)] == [
        ("greenroom-ada[bot]", "Passed")
    ]
    assert [(each.app, each.output["title"]) for each in world.repository.checks(HEAD)] == [
        ("greenroom-ada", "Passed")
    ]
    assert [each.state for each in world.repository.deployments()] == ["success"]
    tokens = [each for each in world.github.requests if each.path.endswith("/access_tokens")]
    assert len(tokens) == 1
    assert "/user" not in [each.path for each in world.github.requests]


def test_an_app_without_a_right_is_told_where_to_give_it(world: World) -> None:
    """What the App may not do is named, with where its rights are given."""
    world.app.permissions = {**RIGHTS, "checks": "read"}
    expected = (
        "the App greenroom-ada may not write checks; give it `checks: write` in its settings, and accept that"
    )
    with pytest.raises(ForgeRefused, match=expected):
        world.forge().write_check(a_check(HEAD))


def test_an_app_that_is_not_installed_is_told(world: World) -> None:
    """An App that nobody has installed, or that was removed, is told in words."""
    world.app.installations.clear()
    with pytest.raises(ForgeError, match="the App greenroom-ada is not installed on ada/flights; install it"):
        world.forge().pulls()


def test_an_app_that_is_installed_again_signs_in_again(world: World) -> None:
    """A server outlives its App's removal: once it is back, the next call goes through."""
    forge = world.forge()
    forge.pulls()
    (installation,) = world.app.installations
    world.app.installations.clear()
    for token, caller in world.github.tokens.items():
        world.github.tokens[token] = replace(caller, repository_ids=frozenset())
    with pytest.raises(ForgeError, match="the App greenroom-ada sees no repository ada/flights"):
        forge.pulls()
    world.app.installations.append(replace(installation, id=world.github.next_id()))

    assert [pull.number for pull in forge.pulls()] == [1]


def test_a_wrong_key_is_told(world: World) -> None:
    """A key of another App is refused in words."""
    other = world.github.app("other", RIGHTS)
    assert world.registration.app is not None
    keys = world.registration.app.model_copy(update={"id": other.id})
    session = open_app_session(world.registration, keys, IMPATIENT)
    with pytest.raises(ForgeRefused, match="does not take the App greenroom-ada"):
        GitHubForge(session, Repository(Path())).pulls()


def test_another_repository_of_the_name_is_refused(world: World) -> None:
    """Whoever takes over the repository's old name does not take over the server: it goes by the id."""
    forge = world.forge()
    forge.pulls()
    world.repository.rename("ada/delays")
    followed = forge.pull(1).head
    usurper = world.github.repository("ada/flights")
    world.app.install(usurper)

    assert followed == HEAD
    with pytest.raises(ForgeError, match="ada/flights is another repository now"):
        forge.pulls()


def test_a_commits_pull_requests_are_found(world: World) -> None:
    """A commit leads to the open pull requests that it is the head of, a fork's too."""
    server = world.server()
    fork = world.repository.open_pull("b" * 40, "theirs", fork="eve/flights", author="eve")
    world.repository.push(1, "c" * 40)

    assert server.pull_numbers_of_commit("b" * 40) == [fork]
    assert server.pull_numbers_of_commit("c" * 40) == [1]
    assert server.pull_numbers_of_commit(HEAD) == []
    world.repository.close(fork)
    assert server.pull_numbers_of_commit("b" * 40) == []


def test_a_run_is_read(world: World) -> None:
    """A workflow's run says what it ran on, and whose repository that is."""
    fork = world.github.repository("eve/flights", parent=world.repository)
    run_id = world.repository.workflow_run(HEAD, head_repository="eve/flights", head_branch="theirs")
    run = world.server().workflow_run(run_id)

    assert (run.event, run.workflow) == ("pull_request", ".github/workflows/greenroom.yml")
    assert (run.head, run.branch, run.repository_id) == (HEAD, "theirs", fork.id)
    assert (run.attempt, run.status, run.conclusion) == (1, "completed", "success")
    assert run.link == f"{world.github.api}/ada/flights/actions/runs/{run_id}"
    assert [each.id for each in world.server().runs_of(HEAD)] == [run_id]
    assert world.server().runs_of("f" * 40) == []
    with pytest.raises(ForgeError, match="no workflow run 7"):
        world.server().workflow_run(7)


@pytest.mark.parametrize("what", ["500-before", "500-after", "truncated"])
def test_a_run_is_run_again_once(world: World, what: str) -> None:
    """However the answer is lost, there is one attempt more; one that runs already is let be."""
    run_id = world.repository.workflow_run(HEAD)
    world.github.faults.append(Fault("POST", "/rerun$", what))  # type: ignore[arg-type]
    for _ in range(2):
        world.server().rerun(run_id)

    assert world.repository.run(run_id).attempt == 2


def test_an_artifact_is_fetched(world: World, tmp_path: Path) -> None:
    """An artifact is listed and fetched whole, without showing the token to where GitHub leads."""
    run_id = world.repository.workflow_run(HEAD)
    made = world.repository.artifact(run_id, "greenroom", b"zip" * 100_000)
    server = world.server()
    (artifact,) = server.artifacts(run_id)
    server.download_artifact(made, tmp_path / "bundle.zip", 300_000)

    assert (artifact.id, artifact.name, artifact.bytes, artifact.expired) == (
        made,
        "greenroom",
        300_000,
        False,
    )
    assert (tmp_path / "bundle.zip").read_bytes() == b"zip" * 100_000
    assert "authorization" not in world.github.requests[-1].headers


def test_an_artifact_too_large_is_not_kept(world: World, tmp_path: Path) -> None:
    """Reading ends at the bytes that are taken, and nothing is left."""
    made = world.repository.artifact(world.repository.workflow_run(HEAD), "greenroom", b"x" * 1_000)
    with pytest.raises(ForgeError, match="larger than the 999 bytes"):
        world.server().download_artifact(made, tmp_path / "bundle.zip", 999)

    assert list(tmp_path.iterdir()) == []


def test_an_artifact_that_is_gone_is_told(world: World, tmp_path: Path) -> None:
    """An expired artifact and one that never was are told in words."""
    run_id = world.repository.workflow_run(HEAD)
    made = world.repository.artifact(run_id, "greenroom", b"zip")
    world.repository.run(run_id).artifacts[0].expired = True

    assert world.server().artifacts(run_id)[0].expired
    for artifact in (made, 7):
        with pytest.raises(ForgeError, match=f"artifact {artifact} is gone"):
            world.server().download_artifact(artifact, tmp_path / "bundle.zip", 99)


def test_an_artifact_that_trickles_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However steadily its bytes come: the worker has others to serve."""
    monkeypatch.setattr(github_download, "_MOST_SECONDS", 0.1)

    class Trickle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            with suppress(OSError):
                while True:
                    self.wfile.write(b"x")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Trickle) as store:
        thread = threading.Thread(target=store.handle_request)
        thread.start()
        here = f"http://127.0.0.1:{store.server_port}"
        with pytest.raises(ForgeError, match=r"was not there within 0\.1 seconds"):
            github_download.download(f"{here}/zip", tmp_path / "it", api=here, most_bytes=2**40)
        thread.join(30)

    assert list(tmp_path.iterdir()) == []


def test_a_redirect_elsewhere_is_refused(world: World, tmp_path: Path) -> None:
    """The host that an artifact is led to is looked at before it is asked."""
    made = world.repository.artifact(world.repository.workflow_run(HEAD), "greenroom", b"zip")
    world.github.download_host = "http://localhost:1"
    with pytest.raises(ForgeError, match="leads to localhost"):
        world.server().download_artifact(made, tmp_path / "bundle.zip", 99)


def test_a_comment_is_read_again(world: World) -> None:
    """What an event said of a comment is asked anew: its author, its text of now, or that it is gone."""
    server = world.server()
    said = world.repository.say(1, "eve", "/greenroom rerun")
    world.repository.edit_comment(said, "/greenroom explain GR103")
    remark = server.comment_of(said)
    bot = server.comment_of(
        world.repository.add_comment(1, author="other[bot]", body="x", app="greenroom-ada").id
    )
    world.repository.remove_comment(said)

    assert remark is not None
    assert (remark.number, remark.author, remark.is_bot) == (1, "eve", False)
    assert remark.text == "/greenroom explain GR103"
    assert bot is not None
    assert bot.is_bot
    assert server.comment_of(said) is None


def test_a_reaction_is_one(world: World) -> None:
    """A reaction asked for twice is one; to a deleted comment there is none."""
    said = world.repository.say(1, "eve", "/greenroom rerun")
    world.github.faults.append(Fault("POST", "/reactions$", "500-after"))
    for _ in range(2):
        world.server().react(said, "eyes")
    world.server().react(7, "eyes")

    assert [each.content for each in world.repository.every_comment[0].reactions] == ["eyes"]


def test_what_did_not_arrive_is_sent_again(world: World) -> None:
    """Each event that no attempt of has arrived is asked for once, and one that failed often enough no more."""
    payload = world.repository.payload("pull_request", action="opened", number=1)

    def lose(*codes: int, event: str = "pull_request", age: float = 0) -> None:
        first = world.app.lose("http://127.0.0.1:9/", event, payload)
        for code in codes[1:]:
            again = replace(first, id=world.github.next_id(), redelivery=True, status_code=code)
            world.app.deliveries.append(again)
        first.status_code, first.delivered = codes[0], first.delivered - age

    lose(502, age=7_200)
    for _ in range(120):
        lose(202)
    lose(502)
    lose(502, 202)
    lose(500, 504)
    lose(500, 500, 500)
    asked = world.server().redeliver_failed(datetime.now(UTC) - timedelta(hours=1))

    assert asked == 2
    posts = [each for each in world.github.requests if each.path.endswith("/attempts")]
    assert len(posts) == 2
