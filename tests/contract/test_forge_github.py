"""What the forge on GitHub does with people, rights, names, pages and limits there, against a real HTTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from greenroom_pipeline.errors import ForgeError, ForgeRefused, RepositoryError
from greenroom_pipeline.forge import MOST_EVENTS
from greenroom_pipeline.forge.github import GitHubForge
from greenroom_pipeline.forge.github_events import read_event
from greenroom_pipeline.forge.github_session import open_job_session
from greenroom_pipeline.forge.posts import Annotation
from tests.forges import KEY, GitHubWorld, a_check, a_deployment
from tests.github.records import ChangedFile, Review
from tests.github.server import FakeGitHub
from tests.projects import Workbench

HEAD = "a" * 40
MARK = "<!-- greenroom:flights -->"
BOT = "github-actions[bot]"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GitHubWorld]:
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        repository.open_pull(HEAD, "better")
        yield GitHubWorld(Workbench(tmp_path, {}), github, repository, github.token(repository))


@pytest.fixture
def forge(world: GitHubWorld) -> GitHubForge:
    return world.forge()


def test_the_same_comment_is_not_written_again(world: GitHubWorld, forge: GitHubForge) -> None:
    """What says already what it should is left as it is, even after an editor broke its lines in its own way."""
    forge.write_comment(1, KEY, "Passed\n\nand well")
    world.repository.comments(1)[0].body = f"{MARK}\r\nPassed\r\n\r\nand well\r\n"
    before = world.writes()
    forge.write_comment(1, KEY, "Passed\n\nand well")

    assert world.writes() == before
    assert forge.comment(1, KEY) == "Passed\n\nand well"


@pytest.mark.parametrize("others", [29, 30, 31, 130])
def test_our_comment_is_found_on_any_page(world: GitHubWorld, forge: GitHubForge, others: int) -> None:
    """However many people have spoken before, our comment is found and stays one."""
    for number in range(others):
        world.repository.say(1, "eve", f"remark {number}")
    forge.write_comment(1, KEY, "Running")
    world.repository.say(1, "eve", "and after")
    world.forge().write_comment(1, KEY, "Passed")

    ours = [each for each in world.repository.comments(1) if each.author == BOT]
    assert [each.body for each in ours] == [f"{MARK}\nPassed"]


def test_a_planted_marker_is_left_alone(world: GitHubWorld, forge: GitHubForge) -> None:
    """Somebody else's comment that carries our marker is neither taken for ours nor edited nor deleted."""
    world.repository.say(1, "eve", f"{MARK}\nApproved by Greenroom")
    before = forge.comment(1, KEY)
    forge.write_comment(1, KEY, "Failed")
    world.repository.say(1, "eve", f"{MARK}\nApproved once more")
    forge.write_comment(1, KEY, "Failed again")

    assert before is None
    assert [(each.author, each.body.partition("\n")[2]) for each in world.repository.comments(1)] == [
        ("eve", "Approved by Greenroom"),
        (BOT, "Failed again"),
        ("eve", "Approved once more"),
    ]


def test_a_marker_counts_as_the_first_line_alone(world: GitHubWorld, forge: GitHubForge) -> None:
    """A comment by the same bot that quotes our marker further down is another workflow's."""
    world.repository.add_comment(1, author=BOT, body=f"Quoting\n{MARK}\ntext", app="github-actions")
    forge.write_comment(1, KEY, "Passed")

    assert len(world.repository.comments(1)) == 2


def test_a_deleted_comment_is_created_again(world: GitHubWorld, forge: GitHubForge) -> None:
    """Who deletes our comment gets it back with the next publication."""
    forge.write_comment(1, KEY, "Running")
    world.repository.remove_comment(world.repository.comments(1)[0].id)
    forge.write_comment(1, KEY, "Passed")

    assert [each.body for each in world.repository.comments(1)] == [f"{MARK}\nPassed"]


def test_a_comment_edited_by_somebody_else_is_put_right(world: GitHubWorld, forge: GitHubForge) -> None:
    """What a maintainer made of our comment is overwritten in its place."""
    forge.write_comment(1, KEY, "Failed")
    ours = world.repository.comments(1)[0]
    world.repository.edit_comment(ours.id, f"{MARK}\nPassed, honestly")
    forge.write_comment(1, KEY, "Failed")

    assert [(each.id, each.body) for each in world.repository.comments(1)] == [(ours.id, f"{MARK}\nFailed")]


def test_a_comment_too_many_goes(world: GitHubWorld, forge: GitHubForge) -> None:
    """Where a fault has left two of ours, the next publication leaves the older one."""
    for text in ("one", "two", "three"):
        world.repository.add_comment(1, author=BOT, body=f"{MARK}\n{text}", app="github-actions")
    oldest = world.repository.comments(1)[0].id
    forge.write_comment(1, KEY, "Passed")

    assert [(each.id, each.body) for each in world.repository.comments(1)] == [(oldest, f"{MARK}\nPassed")]


def test_a_comment_fits_to_the_character(world: GitHubWorld, forge: GitHubForge) -> None:
    """As much as GitHub takes is taken, marker included, and one more is refused without a request."""
    room = 65_536 - len(MARK) - 1
    forge.write_comment(1, KEY, "x" * room)
    before = len(world.github.requests)
    with pytest.raises(ForgeError, match="cut it"):
        forge.write_comment(1, KEY, "x" * (room + 1))

    assert len(world.repository.comments(1)[0].body) == 65_536
    assert len(world.github.requests) == before


@pytest.mark.parametrize(
    ("kind", "login", "author"),
    [
        ("actions", None, BOT),
        ("user", "ada", "ada"),
        ("app", "gr", "gr[bot]"),
    ],
)
def test_whoever_we_are_the_comment_is_ours(
    world: GitHubWorld, kind: str, login: str | None, author: str
) -> None:
    """A job, a person and an App each know their own comments again."""
    world.github.app("gr", {"issues": "write", "pull_requests": "write"}).install(world.repository)
    token = world.github.token(world.repository, kind, login=login)  # type: ignore[arg-type]
    for text in ("Running", "Passed"):
        world.forge(token).write_comment(1, KEY, text)

    assert [(each.author, each.body) for each in world.repository.comments(1)] == [
        (author, f"{MARK}\nPassed")
    ]


def test_a_check_says_everything(world: GitHubWorld, forge: GitHubForge) -> None:
    """Summary, text, link, buttons, key and annotations arrive, on the head's commit."""
    forge.write_check(a_check(HEAD))
    (check,) = world.repository.checks(HEAD)

    assert (check.name, check.external_id, check.app) == ("greenroom/gate", KEY, "github-actions")
    assert check.output["summary"] == "Better on every slice."
    assert (check.output["text"] or "").startswith("| metric")
    assert check.details_url == "https://greenroom.example.com/review?pull=1"
    assert [each["identifier"] for each in check.actions] == ["keep-awake"]
    assert check.annotations == [
        {
            "path": "greenroom.toml",
            "start_line": 3,
            "end_line": 3,
            "annotation_level": "warning",
            "title": "GR105",
            "message": "Rows flip.",
        }
    ]


def test_annotations_come_in_batches_and_once(world: GitHubWorld, forge: GitHubForge) -> None:
    """More than GitHub takes at once arrive all the same; those that are there are not sent again."""
    many = [Annotation("greenroom.toml", line, "notice", "GR103", f"slice {line}") for line in range(1, 121)]
    forge.write_check(a_check(HEAD, annotations=many[:119]))
    forge.write_check(a_check(HEAD, annotations=many))
    (check,) = world.repository.checks(HEAD)

    assert [each["message"] for each in check.annotations] == [each.message for each in many]


def test_the_same_check_is_not_written_again(world: GitHubWorld, forge: GitHubForge) -> None:
    """What says already what it should is not touched."""
    forge.write_check(a_check(HEAD, buttons=()))
    before = world.writes()
    world.forge().write_check(a_check(HEAD, buttons=()))

    assert world.writes() == before


def test_checks_of_others_are_left_alone(world: GitHubWorld, forge: GitHubForge) -> None:
    """A check of our name by another App or of another key is not ours."""
    world.github.app("other", {"checks": "write"}).install(world.repository)
    other = world.forge(world.github.token(world.repository, "app", login="other"))
    other.session.__dict__["login"] = "other[bot]"
    other.write_check(a_check(HEAD, title="theirs"))
    forge.write_check(a_check(HEAD, title="another key", key="prices"))
    forge.write_check(a_check(HEAD, title="ours"))
    forge.write_check(a_check(HEAD, title="ours, again"))

    assert [each.output["title"] for each in world.repository.checks(HEAD)] == [
        "theirs",
        "another key",
        "ours, again",
    ]


def test_several_checks_of_ours_say_the_same(world: GitHubWorld, forge: GitHubForge) -> None:
    """A check run cannot be deleted, so where there are two of ours none is left saying something else."""
    forge.write_check(a_check(HEAD, state="running", title="one"))
    first = world.repository.every_check[0]
    world.repository.every_check.append(type(first)(**{**vars(first), "id": world.github.next_id()}))
    forge.write_check(a_check(HEAD, state="failure", title="both"))

    assert [(each.conclusion, each.output["title"]) for each in world.repository.checks(HEAD)] == [
        ("failure", "both")
    ] * 2


def test_a_deployment_is_of_the_one_environment(world: GitHubWorld, forge: GitHubForge) -> None:
    """It is transient, merges nothing, waits for no check, and links the review page and the job."""
    forge.write_deployment(a_deployment(1, HEAD))
    (deployment,) = world.repository.deployments()
    (status,) = world.repository.statuses(deployment.id)

    assert deployment.environment == "model-preview"
    assert deployment.transient_environment
    assert not deployment.production_environment
    assert deployment.task == "preview:flights:1"
    assert deployment.payload == {"pr": 1, "head_sha": HEAD, "digest": "d" * 64, "key": KEY}
    assert (status.state, status.description) == ("success", "The candidate answers")
    assert status.environment_url == "https://greenroom.example.com/review?pull=1"
    assert status.log_url == "https://github.com/ada/flights/actions/runs/1"
    assert [each.name for each in world.repository.environments] == ["model-preview"]


def test_the_same_deployment_is_not_written_again(world: GitHubWorld, forge: GitHubForge) -> None:
    """Another state of the same model is a status; the same state is nothing; another model is a deployment."""
    forge.write_deployment(a_deployment(1, HEAD, state="running"))
    forge.write_deployment(a_deployment(1, HEAD))
    before = world.writes()
    world.forge().write_deployment(a_deployment(1, HEAD))
    same = world.writes() == before
    forge.write_deployment(a_deployment(1, HEAD, digest="e" * 64))

    assert same
    assert [
        [status.state for status in world.repository.statuses(each.id)]
        for each in world.repository.deployments()
    ] == [["in_progress", "success", "inactive"], ["success"]]


def test_an_old_commit_that_comes_back_is_deployed_anew(world: GitHubWorld, forge: GitHubForge) -> None:
    """A pull request that is set back to an earlier commit shows that one again, and nothing else."""
    for sha in (HEAD, "b" * 40, HEAD):
        world.repository.push(1, sha)
        forge.write_deployment(a_deployment(1, sha))

    assert world.live(1, KEY) == [(HEAD, "success")]


def test_other_deployments_stay(world: GitHubWorld, forge: GitHubForge) -> None:
    """What others deploy to the same environment is theirs, whatever its payload is."""
    other = world.forge()
    other.session.settle(
        "x",
        lambda repository: repository.create_deployment(
            HEAD, environment="model-preview", required_contexts=[], auto_merge=False
        ),
    )
    forge.write_deployment(a_deployment(1, HEAD))
    forge.end_deployments(1, KEY)

    assert [each.state for each in world.repository.deployments()] == ["pending", "inactive"]


WRITES: dict[str, tuple[str, Callable[[GitHubForge], None]]] = {
    "checks": ("checks: write", lambda forge: forge.write_check(a_check(HEAD))),
    "pull_requests": ("pull-requests: write", lambda forge: forge.write_comment(1, KEY, "Passed")),
    "deployments": ("deployments: write", lambda forge: forge.write_deployment(a_deployment(1, HEAD))),
}


@pytest.mark.parametrize("right", WRITES)
def test_a_missing_right_is_named_with_its_line(world: GitHubWorld, right: str) -> None:
    """A job's token without a right is told which, and the line to add; nothing is tried twice."""
    line, write = WRITES[right]
    rights = {name: "read" if name == right else "write" for name in WRITES}
    forge = world.forge(world.github.token(world.repository, permissions=rights))

    words = right.replace("_", " ")
    expected = rf"GITHUB_TOKEN may not write {words}; add `{line}` under `permissions:` of this job"
    with pytest.raises(ForgeRefused, match=expected):
        write(forge)

    assert len(world.writes()) == 1


@pytest.mark.parametrize("right", WRITES)
def test_a_forks_job_may_write_nothing(world: GitHubWorld, right: str) -> None:
    """The token of a fork's job is refused in words, and nothing is posted."""
    forge = world.forge(world.github.token(world.repository, "fork"))
    with pytest.raises(ForgeRefused, match="GITHUB_TOKEN may not write"):
        WRITES[right][1](forge)

    assert (world.repository.every_comment, world.repository.every_check) == ([], [])


def test_checks_are_for_apps(world: GitHubWorld) -> None:
    """A person's own token is told that GitHub takes checks from Apps alone."""
    forge = world.forge(world.github.token(world.repository, "user", login="ada"))
    with pytest.raises(ForgeRefused, match="the check greenroom/gate: GitHub takes that from Apps alone"):
        forge.write_check(a_check(HEAD))


def test_a_token_that_is_none_is_told(world: GitHubWorld) -> None:
    """No token is told with the line to add, and a wrong or expired one is named."""
    with pytest.raises(ForgeRefused, match=r"there is no GITHUB_TOKEN; add `GITHUB_TOKEN: \$\{\{"):
        open_job_session(world.github.api, token="", name="ada/flights")
    with pytest.raises(ForgeRefused, match=r"does not take GITHUB_TOKEN \(Bad credentials\)"):
        world.forge("ghs_nothing").pull(1)


def test_a_repository_out_of_sight_is_told(world: GitHubWorld) -> None:
    """A repository that does not exist, or that the token does not see, is named with the address asked."""
    secret = world.github.repository("ada/secret", private=True)
    for name in (secret.full_name, "ada/absent"):
        with pytest.raises(ForgeError, match=rf"GITHUB_TOKEN sees no repository {name} at http://127"):
            world.forge(name=name).pulls()


def test_a_renamed_repository_is_followed(world: GitHubWorld, forge: GitHubForge) -> None:
    """Under its old name it is read and written as under its new one, even if it was renamed in between."""
    late = world.forge(name="ada/flights")
    forge.write_comment(1, KEY, "Running")
    world.repository.rename("grace/delays")
    for each in (forge, late):
        each.write_comment(1, KEY, "Passed")
        each.write_check(a_check(HEAD))
        each.write_deployment(a_deployment(1, HEAD))

    assert [pull.number for pull in late.pulls()] == [1]
    assert [each.body for each in world.repository.comments(1)] == [f"{MARK}\nPassed"]
    assert len(world.repository.checks(HEAD)) == 1
    assert world.live(1, KEY) == [(HEAD, "success")]


def test_a_repository_renamed_while_we_write_is_followed(world: GitHubWorld, forge: GitHubForge) -> None:
    """The notice of a new address is not taken for what was written: it is written there."""
    for number, path in enumerate(("/comments$", "/check-runs$", "/deployments$", "/statuses$")):
        world.github.meanwhile("POST", path, partial(world.repository.rename, f"ada/delays-{number}"))
    forge.write_comment(1, KEY, "Passed")
    forge.write_check(a_check(HEAD))
    forge.write_deployment(a_deployment(1, HEAD))

    assert world.repository.name == "delays-3"
    assert [each.body for each in world.repository.comments(1)] == [f"{MARK}\nPassed"]
    assert len(world.repository.checks(HEAD)) == 1
    assert world.live(1, KEY) == [(HEAD, "success")]


def test_a_fork_is_known_by_its_repository(world: GitHubWorld, forge: GitHubForge) -> None:
    """A pull request of a fork is one, also of a fork that was deleted since; names do not matter."""
    fork = world.repository.open_pull("b" * 40, "better", fork="eve/flights", author="eve")
    gone = world.repository.open_pull("c" * 40, "better", fork="bob/flights", author="bob")
    world.repository.pull(gone).head_repository = None

    assert [forge.pull(number).is_fork for number in (1, fork, gone)] == [False, True, True]
    assert (forge.pull(fork).author, forge.pull(fork).branch) == ("eve", "better")
    assert (forge.pull(fork).link or "").endswith(f"/pull/{fork}")
    # GitHub's description knows no pull request without a repository; GitHub does.
    world.github.violations.clear()


def test_open_pull_requests_are_listed_over_pages(world: GitHubWorld, forge: GitHubForge) -> None:
    """Every open one is listed, and of the closed ones those that were touched last."""
    for number in range(2, 212):
        world.repository.open_pull(f"{number:040x}", f"branch-{number}")
    for number in range(2, 102):
        world.repository.close(number)
    listed = forge.pulls()

    assert [pull.number for pull in listed if pull.state == "open"] == [1, *range(102, 212)]
    assert [pull.number for pull in listed if pull.state == "closed"] == list(range(52, 102))


def test_what_has_not_changed_is_free(world: GitHubWorld, forge: GitHubForge) -> None:
    """Reading again sends what is known, and costs nothing of the rate limit while nothing has changed."""
    forge.pulls()
    before = len(world.github.requests)
    same = forge.pulls()
    again = world.github.requests[before:]
    world.repository.push(1, "b" * 40)

    assert [each.status for each in again] == [304] * len(again)
    assert [pull.head for pull in same] == [HEAD]
    assert [pull.head for pull in forge.pulls()] == ["b" * 40]


def test_too_many_files_are_unknown(world: GitHubWorld, forge: GitHubForge) -> None:
    """Files are read over pages; where GitHub would leave some out, they are unknown."""
    few = world.repository.open_pull("b" * 40, "few", files=[f"{each}.csv" for each in range(250)])
    many = world.repository.open_pull("c" * 40, "many", files=[f"{each}.csv" for each in range(3_000)])
    moved = world.repository.open_pull("d" * 40, "moved", files=[ChangedFile("b.py", "renamed", "a.py")])

    assert len(forge.changed_files(few) or ()) == 250
    assert forge.changed_files(many) is None
    assert forge.changed_files(moved) == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("role", "may"),
    [("admin", True), ("maintain", True), ("write", True), ("triage", False), ("read", False)],
)
def test_rights_are_asked_of_the_api(world: GitHubWorld, forge: GitHubForge, role: str, may: bool) -> None:
    """Who may write is who has that role now."""
    world.repository.permission("bob", role)  # type: ignore[arg-type]
    before = forge.may_write("bob")
    world.repository.permission("bob", "read")

    assert before is may
    assert not forge.may_write("bob")


def test_nobody_has_no_rights(world: GitHubWorld, forge: GitHubForge) -> None:
    """Whoever is unknown, has a strange name or none may write nothing."""
    for login in ("nobody-knows", "", "../../x", "a b", "bob/../ada"):
        assert not forge.may_write(login)


def test_the_event_says_what_is_checked_out(world: GitHubWorld) -> None:
    """In a job the pull request is the event's, whatever HEAD is."""
    pull = world.forge(checkout=1).pull_of_checkout()

    assert pull is not None
    assert (pull.number, pull.head) == (1, HEAD)


def test_a_merge_is_of_the_reviewed_commit(world: GitHubWorld, forge: GitHubForge) -> None:
    """A merge names its commit and who promoted; asked for again, it is the same one."""
    merged = forge.merge(1, head=HEAD, by="Grace")
    again = forge.merge(1, head=HEAD, by="Grace")
    commit = world.repository.find_commit(merged)

    assert again == merged
    assert "Promoted-by: Grace" in commit.message
    assert forge.pull(1).state == "merged"


def test_only_the_open_heads_commit_is_admitted(world: GitHubWorld, forge: GitHubForge) -> None:
    """An older commit and a closed pull request are refused, each in its words."""
    world.repository.push(1, "b" * 40)
    with pytest.raises(RepositoryError, match="is at bbbbbbb and not at aaaaaaa; run its newest commit"):
        forge.admit(1, branch="better", head=HEAD)
    world.repository.close(1)
    with pytest.raises(RepositoryError, match="pull request 1 is closed"):
        forge.admit(1, branch="better", head="b" * 40)


def test_what_people_did_is_told(world: GitHubWorld, forge: GitHubForge) -> None:
    """Comments by people with their first line, reviews, closing and reopening are told; machines' words are not."""
    forge.write_comment(1, KEY, "Passed")
    world.repository.say(1, "eve", f"\n  Is HA worse? <b>{'x' * 300}\nSecond line")
    world.repository.say(1, "other[bot]", "Coverage: 99 %")
    world.repository.say(1, "eve", f"{MARK}\nplanted")
    now = world.github.clock.now()
    world.repository.pull(1).reviews += [
        Review(901, "grace", "", "APPROVED", HEAD, now),
        Review(902, "grace", "Why?", "COMMENTED", HEAD, now),
        Review(903, "grace", "", "COMMENTED", HEAD, now),
    ]
    world.repository.close(1)
    world.repository.reopen(1)
    told = forge.history(1)

    said = [(each.kind, each.who, each.text[:24]) for each in told if each.kind not in ("opened", "pushed")]
    assert sorted(said) == [
        ("closed", "ada", ""),
        ("comment", "eve", "Is HA worse? <b>xxxxxxxx"),
        ("comment", "grace", "Approved"),
        ("comment", "grace", "Why?"),
        ("reopened", "ada", ""),
    ]
    assert max(len(each.text) for each in told) == 200
    assert all(each.link for each in told if each.kind in ("opened", "pushed", "comment"))


def test_a_long_life_is_told_from_its_end(world: GitHubWorld, forge: GitHubForge) -> None:
    """Of a timeline of many pages the newest events are told, in few requests, and again for nothing."""
    for number in range(450):
        world.repository.say(1, "eve", f"remark {number}")
    told = forge.history(1)
    asked = len(world.github.requests)
    again = forge.history(1)

    assert [each.text for each in told if each.kind == "comment"][-1] == "remark 449"
    assert len(told) == MOST_EVENTS + 1
    assert asked <= 6
    assert again == told
    assert all(each.status == 304 for each in world.github.requests[asked:])


def test_what_nobody_knows_how_to_read_is_left_out() -> None:
    """Entries of other kinds are left out; a rewritten branch is a push; someone who has left is GitHub's ghost."""
    change = {"created_at": "2026-11-03T10:00:00Z", "actor": None, "commit_id": "f" * 40}
    rewritten = read_event({**change, "event": "head_ref_force_pushed"})

    assert read_event({"event": "labeled"}) is None
    assert read_event({}) is None
    assert rewritten is not None
    assert (rewritten.kind, rewritten.who, rewritten.at.hour) == ("pushed", "ghost", 10)
