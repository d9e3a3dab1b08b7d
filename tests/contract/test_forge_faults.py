"""What is left on GitHub after a fault: one comment, one check, one live deployment, or words that say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest

from greenroom_pipeline.errors import ForgeError, ForgeRefused
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.repository import Repository
from tests.forges import IMPATIENT, KEY, GitHubWorld, Shown, a_check, a_deployment, at_once
from tests.github.faults import Fault, What
from tests.github.records import Deployment
from tests.github.server import FakeGitHub
from tests.projects import Workbench

HEAD, OLD = "a" * 40, "b" * 40
MARK, BOT = "<!-- greenroom:flights -->", "github-actions[bot]"
KINDS: tuple[What, ...] = get_args(What)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        repository.open_pull(OLD, "better")
        repository.push(1, HEAD)
        yield GitHubWorld(Workbench(tmp_path, {}), github, repository, github.token(repository))


def post(forge: GitHubForge, text: str = "Passed", *, sha: str = HEAD) -> None:
    forge.write_comment(1, KEY, text)
    forge.write_check(a_check(sha, title=text))
    forge.write_deployment(a_deployment(1, sha))


def require_one_of_each(world: GitHubWorld, text: str = "Passed") -> None:
    assert [each.body.partition("\n")[2] for each in world.repository.comments(1)] == [text]
    assert [each.output["title"] for each in world.repository.checks(HEAD)] == [text]
    assert world.checks(HEAD, KEY) == [Shown("greenroom/gate", "success", text)]
    assert world.live(1, KEY) == [(HEAD, "success")]


@pytest.mark.parametrize("what", KINDS)
def test_a_fault_while_creating_leaves_one(world: GitHubWorld, what: What) -> None:
    """Whether a create failed before or after it took effect, what is left is one of each, and it says all."""
    forge = world.forge(patience=replace(IMPATIENT, answer=1) if what == "timeout" else IMPATIENT)
    for path in ("/comments$", "/check-runs$", "/deployments$", "/statuses$"):
        world.github.faults.append(Fault("POST", path, what))
    post(forge)

    assert all(fault.times == 0 for fault in world.github.faults)
    require_one_of_each(world)
    assert len(world.repository.deployments()) == 1


@pytest.mark.parametrize("what", ["500-before", "500-after", "secondary", "truncated"])
def test_a_fault_while_changing_leaves_one(world: GitHubWorld, what: What) -> None:
    """A fault of an edit, or of ending an older deployment, is mended by the next try."""
    forge = world.forge()
    post(forge, "Running", sha=OLD)
    forge.write_check(a_check(HEAD, title="Running"))
    for method, path in (("PATCH", "/issues/comments/"), ("PATCH", "/check-runs/"), ("POST", "/statuses$")):
        world.github.faults.append(Fault(method, path, what, times=2))
    post(forge)

    require_one_of_each(world)
    assert [each.state for each in world.repository.deployments()] == ["inactive", "success"]


@pytest.mark.parametrize("what", ["500-before", "truncated"])
def test_a_fault_while_looking_leaves_one(world: GitHubWorld, what: What) -> None:
    """A list that does not come whole is not taken for an empty one."""
    forge = world.forge()
    post(forge)
    for path in ("/comments$", "/check-runs$", "/deployments$", "/statuses$", "/flights$"):
        world.github.faults.append(Fault("GET", path, what))
    post(world.forge(), "Passed, again")

    require_one_of_each(world, "Passed, again")


@pytest.mark.parametrize("what", ["500-after", "truncated"])
def test_two_at_once_with_faults_leave_one(world: GitHubWorld, what: What) -> None:
    """Two jobs at the same time, whose creates lose their answers, leave one of each."""
    forges = [world.forge(), world.forge()]
    world.github.faults.append(Fault("POST", "/(comments|check-runs|deployments)$", what, times=4))
    at_once(*(partial(post, forge) for forge in forges))

    assert len(world.repository.comments(1)) == 1
    assert {each.conclusion for each in world.repository.checks(HEAD)} == {"success"}
    assert world.live(1, KEY) == [(HEAD, "success")]


def test_a_comment_posted_in_between_stays_the_one(world: GitHubWorld) -> None:
    """Another job that comments between our look and our word has the older one, which both keep."""
    other = partial(
        world.repository.add_comment, 1, author=BOT, body=f"{MARK}\nRunning", app="github-actions"
    )
    world.github.meanwhile("POST", "/comments$", other)
    world.forge().write_comment(1, KEY, "Passed")

    assert [each.body for each in world.repository.comments(1)] == [f"{MARK}\nPassed"]
    assert "DELETE" in " ".join(world.writes())


def test_a_comment_deleted_in_between_is_created_again(world: GitHubWorld) -> None:
    """A comment that somebody deletes between our look and our edit is created anew."""
    forge = world.forge()
    forge.write_comment(1, KEY, "Running")
    (ours,) = world.repository.comments(1)
    world.github.meanwhile("PATCH", "/comments/", partial(world.repository.remove_comment, ours.id))
    forge.write_comment(1, KEY, "Passed")

    assert [each.body for each in world.repository.comments(1)] == [f"{MARK}\nPassed"]


def test_checks_created_at_once_say_what_the_newest_does(world: GitHubWorld) -> None:
    """Where another job's check run came after ours, ours says what that one does, and so do all."""

    def create() -> None:
        ours = world.repository.every_check[0]
        other = {**vars(ours), "id": world.github.next_id(), "conclusion": "failure", "annotations": []}
        other["output"] = {"title": "theirs", "summary": "Worse.", "text": None}
        world.repository.every_check.append(type(ours)(**other))

    world.github.meanwhile(
        "POST", "/check-runs$", lambda: world.github.meanwhile("GET", "/check-runs$", create)
    )
    world.forge().write_check(a_check(HEAD, annotations=(), title="ours"))

    said = [(each.conclusion, each.output["title"]) for each in world.repository.checks(HEAD)]
    assert said == [("failure", "theirs")] * 2


@pytest.mark.parametrize("before", ["/deployments$", "/statuses$"])
def test_deployments_created_at_once_leave_the_newest(world: GitHubWorld, before: str) -> None:
    """Another job's deployment ends when ours is newer, and ours ends when that is, whenever either came in."""

    def create() -> None:
        made = Deployment(
            id=world.github.next_id(),
            sha=HEAD,
            ref=HEAD,
            task=f"preview:{KEY}:1",
            environment="model-preview",
            payload={},
            author=BOT,
            created=world.github.clock.now(),
        )
        world.repository.every_deployment.append(made)

    world.github.meanwhile("POST", before, create)
    world.forge().write_deployment(a_deployment(1, HEAD))
    states = [each.state for each in world.repository.deployments()]

    assert states == (["inactive", "success"] if before == "/deployments$" else ["inactive", "pending"])


@pytest.mark.parametrize(
    ("method", "what", "says"),
    [
        ("POST", "500-before", r"GitHub answers 500 \(Server Error\)"),
        ("POST", "429", "rate limit for GITHUB_TOKEN is used up; try again after .* UTC"),
        ("POST", "secondary", "rate limit for GITHUB_TOKEN is used up; try again after .* UTC"),
        ("GET", "500-after", "GitHub answers 502"),
        ("GET", "truncated", r"does not answer \(ChunkedEncodingError\)"),
    ],
)
def test_what_does_not_pass_is_told(world: GitHubWorld, method: str, what: What, says: str) -> None:
    """After a bounded number of tries the fault is told in one line, and nothing was written."""
    forge = world.forge()
    world.github.faults.append(Fault(method, "/comments$", what, times=99))
    with pytest.raises(ForgeError, match=rf"^the comment on pull request 1: .*{says}"):
        forge.write_comment(1, KEY, "Passed")

    assert world.github.faults[0].times == 99 - 1 - len(IMPATIENT.tries)
    assert world.repository.comments(1) == []


@pytest.mark.parametrize("what", ["429", "secondary"])
def test_what_github_asks_for_is_waited_for(world: GitHubWorld, what: What) -> None:
    """`Retry-After` is waited out where it is bearable, and nothing is asked meanwhile."""
    waits: list[float] = []
    patience = replace(IMPATIENT, limit=90, sleep=waits.append)
    world.github.faults.append(Fault("POST", "/comments$", what, retry_after=77))
    world.forge(patience=patience).write_comment(1, KEY, "Passed")

    assert waits == [77]
    assert len(world.repository.comments(1)) == 1


@pytest.mark.parametrize("what", ["429", "secondary"])
def test_a_wait_too_long_is_told(world: GitHubWorld, what: What) -> None:
    """A rate limit beyond what a job should wait is told with its end, at once."""
    world.github.faults.append(Fault("POST", "/comments$", what, retry_after=3_600))
    with pytest.raises(ForgeError, match=r"used up; try again after \d\d:\d\d:\d\d UTC"):
        world.forge().write_comment(1, KEY, "Passed")

    assert len(world.writes()) == 1


def test_the_hours_limit_is_told(world: GitHubWorld) -> None:
    """When the requests of an hour are used up, that is told with the time of the next ones."""
    world.github.limits.hourly = 1
    forge = world.forge()
    with pytest.raises(ForgeError, match=r"rate limit .* is used up; try again after") as told:
        forge.pulls()

    assert not isinstance(told.value, ForgeRefused)


def test_writes_keep_their_distance(world: GitHubWorld) -> None:
    """Between two writes there is the time that GitHub asks for; reads do not wait."""
    at: list[float] = []
    take = world.github.limits.require_room

    def note(caller: object, token: str, method: str, *, creates: bool) -> None:
        if method != "GET":
            at.append(world.github.clock.now())
        take(caller, token, method, creates=creates)  # type: ignore[arg-type]

    world.github.limits.require_room = note  # type: ignore[method-assign]
    forge = world.forge(patience=replace(IMPATIENT, between_writes=0.3))
    for text in ("one", "two", "three"):
        forge.write_comment(1, KEY, text)

    gaps = [after - before for before, after in pairwise(at)]
    assert len(gaps) >= 2
    assert min(gaps) >= 0.29


def test_no_server_is_told(tmp_path: Path) -> None:
    """Where nothing listens, that is told with the address, after the tries that there are."""
    waits: list[float] = []
    patience = replace(IMPATIENT, tries=(1, 5), sleep=waits.append)
    session = open_job_session("http://127.0.0.1:9", token="x", name="ada/flights", patience=patience)
    with pytest.raises(ForgeError, match=r"http://127.0.0.1:9 does not answer \(ConnectionError\)"):
        GitHubForge(session, Repository(tmp_path)).pulls()

    assert waits == [1, 5]


def test_the_merge_is_one_however_its_answer_is_lost(world: GitHubWorld) -> None:
    """A merge whose answer was lost is found, and not taken for a refusal."""
    world.github.faults.append(Fault("PUT", "/merge$", "500-before"))
    world.github.faults.append(Fault("PUT", "/merge$", "500-after"))
    merged = world.forge().merge(1, head=HEAD, by="Grace")

    assert merged == world.repository.pull(1).merge_commit_sha


def test_what_is_half_is_not_remembered(world: GitHubWorld) -> None:
    """An answer that came in half is asked for anew, and not taken from memory ever after."""
    forge = world.forge()
    world.github.faults.append(Fault("GET", "/pulls/1$", "truncated", times=2))

    assert [forge.pull(1).head for _ in range(2)] == [HEAD, HEAD]


def test_a_token_stays_out_of_words(world: GitHubWorld) -> None:
    """No error and no form of a forge shows the token."""
    forge = world.forge()
    world.github.faults.append(Fault("GET", ".*", "500-before", times=99))
    with pytest.raises(ForgeError) as told:
        forge.pulls()

    assert world.token not in f"{told.value!r}{told.value.__cause__!r}{forge!r}{forge.session!r}"
    assert re.fullmatch(r"[^\n]+", str(told.value))
