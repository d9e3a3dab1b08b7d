"""What every forge does: the local one, and GitHub's against a real HTTP server."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import pytest

from greenroom_pipeline.errors import ForgeError, RepositoryError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.posts import CheckState
from tests.forges import KEY, GitHubWorld, LocalWorld, Shown, World, a_check, a_deployment, at_once
from tests.github.server import FakeGitHub
from tests.projects import Workbench


@pytest.fixture(params=["local", "github"])
def world(request: pytest.FixtureRequest, bench: Workbench) -> Iterator[World]:
    if request.param == "local":
        yield LocalWorld(bench)
        return
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        yield GitHubWorld(bench, github, repository, github.token(repository))


@pytest.fixture
def forge(world: World) -> Forge:
    return world.forge()


def test_the_default_branch_has_no_pull_request(forge: Forge) -> None:
    """On the default branch there is nothing to review."""
    assert forge.pull_of_checkout() is None
    assert forge.pulls() == []


def test_a_branch_has_one_pull_request(world: World, forge: Forge) -> None:
    """A branch has a number, whose head moves with the branch."""
    number = world.propose("better", "A better model")
    opened = forge.pull_of_checkout()
    head = world.push(number, "Even better")

    assert opened is not None
    assert (opened.number, opened.branch, opened.base, opened.state) == (number, "better", "main", "open")
    assert opened.title == "A better model"
    assert opened.author.casefold() == "ada"
    assert not opened.is_fork
    assert (forge.pull(number).head, forge.pull(number).branch) == (head, "better")


def test_pull_requests_are_listed_oldest_first(world: World, forge: Forge) -> None:
    """Open ones and those that were merged lately are listed by number, with their states."""
    first = world.propose("first", "One")
    second = world.propose("second", "Two")
    forge.merge(first, head=forge.pull(first).head, by="Grace")

    assert [(pull.number, pull.state) for pull in forge.pulls()] == [(first, "merged"), (second, "open")]


def test_an_unknown_number_is_named(forge: Forge) -> None:
    """A pull request that does not exist is named."""
    with pytest.raises(RepositoryError, match="no pull request 7"):
        forge.pull(7)


def test_what_happened_is_told_in_order(world: World, forge: Forge) -> None:
    """Opening, each commit and the merge are told oldest first, with who, and commits by their subjects."""
    number = world.propose("better", "A better model")
    first = forge.pull(number).head
    second = world.push(number, "Even better")
    before = list(forge.history(number))
    merged = forge.merge(number, head=second, by="Grace")
    told = list(forge.history(number))

    assert [(each.kind, each.sha) for each in before if each.kind != "opened"] == [
        ("pushed", first),
        ("pushed", second),
    ]
    assert [each.text for each in before if each.kind == "opened"] == [forge.pull(number).title]
    assert {each.who.casefold() for each in before} == {"ada"}
    assert [each.at for each in told] == sorted(each.at for each in told)
    assert [(each.kind, each.sha) for each in told if each.kind == "merged"] == [("merged", merged)]
    assert {(each.kind, each.sha) for each in before} < {(each.kind, each.sha) for each in told}
    with pytest.raises(RepositoryError, match="no pull request 7"):
        forge.history(7)


def test_merge_refuses_a_head_that_moved(world: World, forge: Forge) -> None:
    """A push between review and merge stops the merge."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head
    world.push(number, "Sneaked in")

    with pytest.raises(RepositoryError, match=rf"moved from {head[:7]} to .* review the new commit"):
        forge.merge(number, head=head, by="Grace")

    assert forge.pull(number).state == "open"


def test_merge_refuses_a_conflict(world: World, forge: Forge) -> None:
    """What does not merge is told in words, and stays open."""
    number = world.propose("better", "Two", files={"a.txt": "2"})
    head = forge.pull(number).head
    world.conflict(number)

    with pytest.raises(RepositoryError, match=rf"does not merge|not merge pull request {number}"):
        forge.merge(number, head=head, by="Grace")

    assert forge.pull(number).state == "open"


def test_only_a_known_commit_is_admitted(world: World, forge: Forge) -> None:
    """A sender's commit is admitted to the open pull request that it is the head of, and to no other."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head

    assert forge.admit(number, branch="better", head=head).head == head
    for wrong, branch, sha in ((9, "better", head), (9, None, "0" * 40)):
        with pytest.raises(RepositoryError):
            forge.admit(wrong, branch=branch, head=sha)


def test_changed_files_are_named_from_the_top(world: World, bench: Workbench, forge: Forge) -> None:
    """New, changed and moved files are named, a moved one by both of its names."""
    bench.git("config", "core.quotePath", "false")
    bench.write("deep/kept.txt", "the same text, long enough to be found again\n" * 5)
    bench.commit("Add")
    number = world.propose("better", "Change", files={"a.txt": "2", "new/ü b.txt": "new"})
    bench.git("mv", "deep/kept.txt", "moved.txt")
    moved = world.propose("moving", "Move", files={})

    assert sorted(forge.changed_files(number) or ()) == ["a.txt", "new/ü b.txt"]
    assert sorted(forge.changed_files(moved) or ()) == ["deep/kept.txt", "moved.txt"]


def test_a_merge_has_its_head_as_parent(world: World, bench: Workbench, forge: Forge) -> None:
    """A merge was made from its base and its head; another commit from the one before."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head
    later = world.push(number, "Even better")
    merged = forge.merge(number, head=later, by="Grace")

    assert len(forge.parents(merged) or ()) == 2
    assert list(forge.parents(merged) or ())[1] == later
    assert list(forge.parents(later) or ()) == [head]


def test_whoever_has_the_repository_may_write(forge: Forge) -> None:
    """The repository's owner may write it."""
    assert forge.may_write("ada")


def test_a_comment_is_one_and_is_edited(world: World, forge: Forge) -> None:
    """A comment is created, edited in place, and read as it was written."""
    number = world.propose("better", "A better model")

    before = forge.comment(number, KEY)
    forge.write_comment(number, KEY, "**Passed** — 例\n\n| a | b |\n\nthe end")
    first = forge.comment(number, KEY)
    forge.write_comment(number, KEY, "Failed")

    assert before is None
    assert first == "**Passed** — 例\n\n| a | b |\n\nthe end"
    assert world.forge().comment(number, KEY) == "Failed"


def test_comments_of_projects_and_pulls_do_not_meet(world: World, forge: Forge) -> None:
    """Each key has a comment of its own on each pull request, even if one is the beginning of another."""
    first, second = world.propose("one", "One"), world.propose("two", "Two")
    said = {(number, key): f"{key} on {number}" for number in (first, second) for key in ("a", "a-b")}
    for (number, key), text in said.items():
        forge.write_comment(number, key, text)

    assert {each: forge.comment(*each) for each in said} == said


def test_a_comment_too_long_is_refused(world: World, forge: Forge) -> None:
    """What a forge does not take is refused before anything is written, and the mend is said."""
    number = world.propose("better", "A better model")
    forge.write_comment(number, KEY, "short")

    with pytest.raises(ForgeError, match=r"longer than .* takes \(65,536\); cut it"):
        forge.write_comment(number, KEY, "x" * 65_537)
    forge.write_comment(number, KEY, "ü" * 65_000)

    assert forge.comment(number, KEY) == "ü" * 65_000


def test_a_comment_needs_a_pull_request(forge: Forge) -> None:
    """Where there is no pull request, there is no comment, and that is said."""
    assert forge.comment(7, KEY) is None
    with pytest.raises(RepositoryError, match="no pull request 7"):
        forge.write_comment(7, KEY, "text")


@pytest.mark.parametrize("state", ["running", "success", "failure", "action_required"])
def test_a_check_is_one_and_changes(world: World, forge: Forge, state: CheckState) -> None:
    """Each state is shown under the check's name, and a later one replaces it."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head

    forge.write_check(a_check(head, state="running", title="Training"))
    running = world.checks(head, KEY)
    forge.write_check(a_check(head, state=state, title="Said"))
    forge.write_check(a_check(head, state=state, title="Said"))

    assert running == [Shown("greenroom/gate", "running", "Training")]
    assert world.checks(head, KEY) == [Shown("greenroom/gate", state, "Said")]


def test_checks_of_projects_and_commits_do_not_meet(world: World, forge: Forge) -> None:
    """A check belongs to its name, its key and its commit."""
    number = world.propose("better", "A better model")
    old = forge.pull(number).head
    new = world.push(number, "Even better")
    forge.write_check(a_check(old, title="old"))
    forge.write_check(a_check(new, title="new"))
    forge.write_check(a_check(new, title="other", key="prices", name="greenroom/gate/prices"))

    assert [shown.title for shown in world.checks(old, KEY)] == ["old"]
    assert [shown.title for shown in world.checks(new, KEY)] == ["new"]
    assert world.checks(new, "prices") == [Shown("greenroom/gate/prices", "success", "other")]


def test_one_deployment_is_live(world: World, forge: Forge) -> None:
    """A new commit's deployment ends the one before; the same again changes nothing; another pull's stays."""
    number, other = world.propose("better", "A better model"), world.propose("other", "Another")
    old = forge.pull(number).head
    forge.write_deployment(a_deployment(other, forge.pull(other).head))
    forge.write_deployment(a_deployment(number, old, state="running"))
    running = world.live(number, KEY)
    new = world.push(number, "Even better")
    forge.write_deployment(a_deployment(number, new, state="running"))
    for _ in range(2):
        forge.write_deployment(a_deployment(number, new))

    assert running == [(old, "running")]
    assert world.live(number, KEY) == [(new, "success")]
    assert len(world.live(other, KEY)) == 1


def test_a_deployment_ends_with_its_pull_request(world: World, forge: Forge) -> None:
    """What is live of a key ends, twice as well as once; another key's stays; and it comes back."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head
    forge.end_deployments(number, KEY)
    forge.write_deployment(a_deployment(number, head))
    forge.write_deployment(a_deployment(number, head, key="prices"))
    for _ in range(2):
        forge.end_deployments(number, KEY)
    ended = world.live(number, KEY)
    forge.write_deployment(a_deployment(number, head))

    assert ended == []
    assert len(world.live(number, "prices")) == 1
    assert world.live(number, KEY) == [(head, "success")]


def test_two_who_post_at_once_leave_one_of_each(world: World, forge: Forge) -> None:
    """Two jobs that post at the same time leave one comment, one check and one live deployment."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head

    def post(forge: Forge, digest: str) -> None:
        forge.write_comment(number, KEY, digest)
        forge.write_check(a_check(head, title=digest))
        forge.write_deployment(a_deployment(number, head, digest=digest * 64))

    at_once(*(partial(post, world.forge(), digest) for digest in "abc"))

    assert forge.comment(number, KEY) in ("a", "b", "c")
    assert len(world.checks(head, KEY)) == 1
    assert [state for _, state in world.live(number, KEY)] == ["success"]
