"""What the local forge does with git."""

from __future__ import annotations

import pytest

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge.local import LocalForge
from greenroom_pipeline.forge.posts import Annotation, Check, Deployment
from greenroom_pipeline.repository import Repository
from tests.projects import Workbench


@pytest.fixture
def forge(bench: Workbench) -> LocalForge:
    return LocalForge(Repository(bench.root))


def propose(bench: Workbench, branch: str, message: str) -> str:
    bench.git("switch", "--quiet", "--create", branch, "main")
    bench.write(f"{branch}.txt", message)
    return bench.commit(message)


def test_a_branch_opens_one_pull_request(bench: Workbench, forge: LocalForge) -> None:
    """A branch gets a number once, and its head moves with the branch."""
    first = propose(bench, "better", "A better model")
    opened = forge.pull_of_checkout()
    second = bench.commit("Even better")
    again = forge.pull_of_checkout()

    assert opened is not None
    assert again is not None
    assert (opened.number, opened.head, opened.title, opened.author) == (1, first, "A better model", "Ada")
    assert (again.number, again.head) == (1, second)
    assert [pull.number for pull in forge.pulls()] == [1]


def test_the_branch_description_is_the_title(bench: Workbench, forge: LocalForge) -> None:
    """Git's own description of a branch serves as the title."""
    propose(bench, "better", "wip")
    bench.git("config", "branch.better.description", "Gradient boosting\n\nLong text")
    opened = forge.pull_of_checkout()

    assert opened is not None
    assert opened.title == "Gradient boosting"


def test_many_pull_requests_cost_git_as_much_as_one(
    bench: Workbench, forge: LocalForge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list asks git as often for a dozen branches as for one, and reads each as it is alone."""
    calls: list[str] = []
    asked = Repository.git

    def count(self: Repository, *arguments: str, by: str | None = None, given: str | None = None) -> str:
        calls.append(arguments[0])
        return asked(self, *arguments, by=by, given=given)

    propose(bench, "first", "The first one")
    forge.pull_of_checkout()
    monkeypatch.setattr(Repository, "git", count)
    forge.pulls()
    once = len(calls)
    for number in range(2, 13):
        propose(bench, f"change-{number}", f"Change {number}")
        forge.pull_of_checkout()
    calls.clear()
    listed = forge.pulls()

    assert len(calls) == once
    assert [pull.number for pull in listed] == list(range(1, 13))
    assert listed == [forge.pull(number) for number in range(1, 13)]


def test_a_commit_that_was_not_pushed_here_is_not_known(forge: LocalForge) -> None:
    """A merge that GitHub has tried out is none of this repository's, which is no reason to refuse it."""
    assert forge.parents("f" * 40) is None


def test_merge_makes_a_merge_commit_and_closes(bench: Workbench, forge: LocalForge) -> None:
    """Merging brings the branch into the default one, names who did it, and marks the pull request merged."""
    head = propose(bench, "better", "A better model")
    forge.pull_of_checkout()

    merged = forge.merge(1, head=head, by="Grace")

    assert bench.git("rev-parse", "main") == merged
    assert bench.git("log", "-1", "--format=%an", "main") == "Grace"
    assert "Promoted-by: Grace" in bench.git("log", "-1", "--format=%B", "main")
    assert forge.pull(1).state == "merged"
    assert bench.git("branch", "--show-current") == "better"


def test_merge_into_the_checked_out_branch_moves_its_files(bench: Workbench, forge: LocalForge) -> None:
    """When the default branch is checked out, its files follow the merge."""
    head = propose(bench, "better", "A better model")
    forge.pull_of_checkout()
    bench.git("switch", "--quiet", "main")

    forge.merge(1, head=head, by="Grace")

    assert (bench.root / "better.txt").exists()
    assert bench.git("status", "--porcelain") == ""


def test_merge_refuses_a_head_that_moved(bench: Workbench, forge: LocalForge) -> None:
    """A push between review and merge stops the merge, and nothing moves."""
    head = propose(bench, "better", "A better model")
    forge.pull_of_checkout()
    bench.commit("Sneaked in")
    main = bench.git("rev-parse", "main")

    with pytest.raises(RepositoryError, match=r"moved from .* review the new commit"):
        forge.merge(1, head=head, by="Grace")

    assert bench.git("rev-parse", "main") == main


def test_merge_conflict_changes_nothing(bench: Workbench, forge: LocalForge) -> None:
    """Branches that conflict are refused, and the default branch stays as it was."""
    bench.git("switch", "--quiet", "--create", "one", "main")
    bench.write("a.txt", "2")
    head = bench.commit("two")
    forge.pull_of_checkout()
    bench.git("switch", "--quiet", "main")
    bench.write("a.txt", "3")
    main = bench.commit("three")

    with pytest.raises(RepositoryError, match="does not merge into main"):
        forge.merge(1, head=head, by="Grace")

    assert bench.git("rev-parse", "main") == main
    assert bench.git("status", "--porcelain") == ""


def test_a_deleted_branch_keeps_its_number_to_itself(bench: Workbench, forge: LocalForge) -> None:
    """A pull request whose branch is gone is no longer listed, and its number is not given again."""
    propose(bench, "gone", "To be deleted")
    forge.pull_of_checkout()
    propose(bench, "next", "The next one")
    bench.git("branch", "--quiet", "-D", "gone")
    opened = forge.pull_of_checkout()

    assert opened is not None
    assert opened.number == 2
    assert [pull.number for pull in forge.pulls()] == [2]


def test_an_unknown_number_is_named(forge: LocalForge) -> None:
    """A pull request that does not exist is named, with how to open one."""
    with pytest.raises(RepositoryError, match="no pull request 7"):
        forge.pull(7)


def test_a_pushed_branch_gets_its_senders_number_once(bench: Workbench, forge: LocalForge) -> None:
    """Who may write a pull request says which branch it is: one that is here, at that commit, and nobody else's."""
    head = propose(bench, "better", "A better model")
    admitted = forge.admit(7, branch="better", head=head)
    bench.git("switch", "--quiet", "--create", "other", "main")
    other = bench.commit("Another model")
    opened = forge.pull_of_checkout()
    refused: list[tuple[int, str | None, str]] = [
        (9, "better", head),  # is number 7
        (9, "main", bench.git("rev-parse", "main")),
        (9, "absent", head),
        (9, "better^{/first}", head),
        (9, None, head),
    ]
    bench.git("switch", "--quiet", "main")
    bench.git("branch", "--quiet", "-D", "better")
    bench.git("branch", "--quiet", "third", "main")
    third = bench.git("rev-parse", "third")

    assert (admitted.number, admitted.branch, admitted.head) == (7, "better", head)
    assert opened is not None
    assert (opened.number, opened.head) == (8, other)
    for number, branch, sha in (*refused, (7, "third", third), (9, "third", "0" * 40)):
        with pytest.raises(RepositoryError, match="push the branch first"):
            forge.admit(number, branch=branch, head=sha)
    assert [pull.number for pull in forge.pulls()] == [8]


def test_git_log_shows_the_verdict(bench: Workbench, forge: LocalForge) -> None:
    """A check is a note of git's on its commit, with all that it says; the same again writes nothing."""
    head = propose(bench, "better", "A better model")
    check = Check(
        name="greenroom/gate",
        key="flights",
        sha=head,
        state="failure",
        title="AA got worse",
        summary="By 0.02.",
        link="http://127.0.0.1:8501/review?pull=1",
        annotations=[Annotation("greenroom.toml", 3, "failure", "GR103", "carrier AA: −0.02")],
    )
    forge.write_check(check)
    notes = bench.git("rev-parse", "refs/notes/greenroom/flights/gate")
    forge.write_check(check)

    shown = bench.git("log", "-1", "--notes=greenroom/*", head)
    for part in (
        "greenroom/gate: failure",
        "AA got worse",
        "By 0.02.",
        "pull=1",
        "greenroom.toml:3: failure",
    ):
        assert part in shown
    assert bench.git("rev-parse", "refs/notes/greenroom/flights/gate") == notes


def test_posts_follow_no_checkout_and_outlive_gc(bench: Workbench, forge: LocalForge) -> None:
    """Comment and deployment are refs of git's: nothing is in the working tree, and nothing is collected."""
    head = propose(bench, "better", "A better model")
    forge.pull_of_checkout()
    forge.write_comment(1, "flights", "Passed")
    forge.write_deployment(Deployment("flights", 1, head, "d" * 64, "success", "Answers", link="http://x/"))
    bench.git("gc", "--quiet", "--prune=now")

    assert forge.comment(1, "flights") == "Passed"
    assert "model dddd" in bench.git("cat-file", "blob", "refs/greenroom/deployment/1/flights")
    assert bench.git("status", "--porcelain") == ""
    assert [pull.number for pull in forge.pulls()] == [1]


def test_a_branch_that_main_moved_on_to_is_told(bench: Workbench, forge: LocalForge) -> None:
    """Without a merge commit nobody knows the branch's own commits: its opening alone is told."""
    bench.git("switch", "--quiet", "--create", "better")
    bench.commit("A better model")
    forge.pull_of_checkout()
    bench.git("branch", "--force", "main", "HEAD")

    assert [(each.kind, each.text) for each in forge.history(1)] == [("opened", "A better model")]


def test_a_subject_that_breaks_lines_is_one_event(bench: Workbench, forge: LocalForge) -> None:
    """Whatever characters a subject and a name hold, a commit is one event."""
    bench.git("switch", "--quiet", "--create", "better")
    bench.git("config", "user.name", "A\u2028da")
    bench.commit("One\u2028two\x0bthree")
    forge.pull_of_checkout()

    pushed = [each for each in forge.history(1) if each.kind == "pushed"]
    assert [(each.who, each.text) for each in pushed] == [("A\u2028da", "One\u2028two\x0bthree")]
