"""Files of a pull request's branch, on every forge: read at its head, and committed to it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from greenroom_pipeline.errors import ForgeRefused, RepositoryError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.assigned import AssignedForge
from greenroom_pipeline.repository import Repository
from tests.forges import GitHubWorld, LocalWorld, World, at_once
from tests.github.server import FakeGitHub
from tests.projects import Workbench

PATH = "flights/greenroom/cases.jsonl"
CONTENT = b'{"name": "\xc3\xbc"}\r\n\n{"last": 1}\n'


@pytest.fixture
def hosted(bench: Workbench) -> Iterator[GitHubWorld]:
    with FakeGitHub() as github:
        repository = github.repository("ada/flights")
        yield GitHubWorld(bench, github, repository, github.token(repository))


@pytest.fixture(params=["local", "github"])
def world(request: pytest.FixtureRequest, bench: Workbench) -> World:
    return LocalWorld(bench) if request.param == "local" else request.getfixturevalue("hosted")


@pytest.fixture
def forge(world: World) -> Forge:
    return world.forge()


def commit(forge: Forge, number: int, content: bytes = CONTENT, *, head: str = "", path: str = PATH) -> str:
    message = 'Pin "a case"\n\nWhy not'
    head = head or forge.pull(number).head
    return forge.commit_file(number, path, content, head=head, message=message, by="Grace Hopper")


def test_a_file_is_committed_on_the_head(world: World, forge: Forge) -> None:
    """A new file, byte for byte, in a commit of its own with author and message; the branch moves to it."""
    number = world.propose("better", "A better model")
    before, absent = forge.pull(number).head, forge.read_file(number, PATH)
    made = commit(forge, number)

    assert absent is None
    assert world.forge().pull(number).head == made
    assert list(forge.parents(made) or ()) == [before]
    assert forge.read_file(number, PATH) == CONTENT
    assert world.written(made) == ("Grace Hopper", 'Pin "a case"\n\nWhy not')


def test_a_pin_on_github_reaches_whoever_pulls(bench: Workbench) -> None:
    """Committed through GitHub's API, the file is in the git repository behind it, on the branch's head."""
    bench.git("switch", "--quiet", "--create", "better")
    head = bench.commit("A better model")
    with FakeGitHub() as github:
        repository = github.repository("ada/flights", git=bench.root / ".git")
        number = repository.open_pull(head, "better")
        forge = GitHubWorld(bench, github, repository, github.token(repository)).forge()
        made = commit(forge, number)

        assert forge.pull(number).head == made == bench.git("rev-parse", "better")
    assert bench.git("show", f"better:{PATH}") == CONTENT.decode().replace("\r", "").strip()
    assert bench.git("log", "-1", "--format=%an %P", "better") == f"Grace Hopper {head}"


def test_a_file_is_changed(world: World, forge: Forge) -> None:
    """One that is there gets its new content, and its neighbours stay."""
    number = world.propose("better", "A better model", files={PATH: "old\n", "b.txt": "b\n"})
    old = forge.read_file(number, PATH)
    commit(forge, number, b"old\nnew\n")

    assert (old, forge.read_file(number, PATH)) == (b"old\n", b"old\nnew\n")
    assert forge.read_file(number, "b.txt") == b"b\n"


def test_a_head_that_moved_is_refused(world: World, forge: Forge) -> None:
    """A push in between stops the commit, and both heads are named."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head
    now = world.push(number, "Even better")

    with pytest.raises(RepositoryError, match=rf"moved from {head[:7]} to {now[:7]}; look at the new commit"):
        commit(forge, number, head=head)

    assert forge.read_file(number, PATH) is None


def test_one_of_two_commits_at_once_is_refused(world: World, forge: Forge) -> None:
    """Both start from one head: one is on it in the end, the other was told that it moved."""
    number = world.propose("better", "A better model")
    head = forge.pull(number).head
    refused: list[str] = []

    def write(forge: Forge, content: bytes) -> None:
        try:
            commit(forge, number, content, head=head)
        except RepositoryError as error:
            refused.append(str(error))

    at_once(*(partial(write, world.forge(), text) for text in (b"one\n", b"two\n")))

    assert len(refused) == 1
    assert "moved from" in refused[0]
    assert forge.read_file(number, PATH) in (b"one\n", b"two\n")


def test_what_is_merged_is_not_written(world: World, forge: Forge) -> None:
    """A pull request that is not open takes no commit any more."""
    number = world.propose("better", "A better model")
    forge.merge(number, head=forge.pull(number).head, by="Grace")

    with pytest.raises(RepositoryError, match=r"is merged; use one that is open"):
        commit(forge, number)


def test_an_unknown_pull_request_is_named(forge: Forge) -> None:
    with pytest.raises(RepositoryError, match="no pull request 7"):
        forge.read_file(7, PATH)
    with pytest.raises(RepositoryError, match="no pull request 7"):
        commit(forge, 7, head="0" * 40)


# The local one alone: what is checked out.


def test_a_checked_out_branch_stays_consistent(bench: Workbench) -> None:
    """The file is there, nothing is left to commit, and other work in progress stays as it is."""
    world = LocalWorld(bench)
    number = world.propose("better", "A better model")
    (bench.root / "a.txt").write_text("work in progress")
    bench.write("staged.txt", "staged")
    bench.git("add", "staged.txt")
    made = commit(world.forge(), number)

    assert bench.git("rev-parse", "HEAD") == made
    assert (bench.root / PATH).read_bytes() == CONTENT
    assert bench.git("status", "--porcelain").splitlines() == ["M a.txt", "A  staged.txt"]


def test_a_branch_that_is_not_checked_out_is_written(bench: Workbench) -> None:
    """The working tree is somebody else's branch, and stays as it is."""
    world = LocalWorld(bench)
    number = world.propose("better", "A better model")
    bench.git("switch", "--quiet", "main")
    made = commit(world.forge(), number)

    assert bench.git("rev-parse", "better") == made
    assert not (bench.root / PATH).exists()
    assert bench.git("status", "--porcelain") == ""


def test_another_worktree_is_kept_consistent(bench: Workbench, tmp_path: Path) -> None:
    """Wherever the branch is checked out, the file is there afterwards."""
    world = LocalWorld(bench)
    number = world.propose("better", "A better model")
    bench.git("switch", "--quiet", "main")
    bench.git("worktree", "add", "--quiet", str(tmp_path / "beside it"), "better")
    commit(world.forge(), number)

    assert (tmp_path / "beside it" / PATH).read_bytes() == CONTENT
    assert Repository(tmp_path / "beside it").changes(["."]) == []


@pytest.mark.parametrize("ignored", [False, True])
def test_work_in_progress_on_the_file_is_not_overwritten(bench: Workbench, ignored: bool) -> None:
    """A file that is changed and not committed, or that git ignores, is named, and nothing is committed."""
    world = LocalWorld(bench)
    number = world.propose(
        "better", "A better model", files={".gitignore": "*.jsonl\n" if ignored else "x\n"}
    )
    bench.write(PATH, "mine\n")
    head = world.forge().pull(number).head

    with pytest.raises(
        RepositoryError, match=r"cases\.jsonl has changes in .* that are in no commit; commit or"
    ):
        commit(world.forge(), number)

    assert world.forge().pull(number).head == head
    assert (bench.root / PATH).read_text() == "mine\n"


def test_a_name_is_a_name_and_nothing_else(bench: Workbench) -> None:
    """What an author is called reaches neither git's options nor another header of the commit."""
    world = LocalWorld(bench)
    number = world.propose("better", "A better model")
    name = "--amend <eve@x> $(touch pwned) 例"
    made = world.forge().commit_file(
        number, PATH, CONTENT, head=world.forge().pull(number).head, message="--file=/etc/passwd", by=name
    )

    assert world.written(made) == ("--amend eve@x $(touch pwned) 例", "--file=/etc/passwd")
    assert bench.git("show", "-s", "--format=%ae", made) == "greenroom@localhost"


# GitHub alone.


def test_a_fork_is_not_written(hosted: GitHubWorld) -> None:
    """A fork's branch is its author's; it is read all the same."""
    hosted.repository.keep_file("b" * 40, PATH, CONTENT)
    number = hosted.repository.open_pull("b" * 40, "theirs", author="eve", fork="eve/flights")

    with pytest.raises(RepositoryError, match=r"comes from a fork, whose branch is its author's"):
        commit(hosted.forge(), number)

    assert hosted.forge().read_file(number, PATH) == CONTENT
    assert hosted.writes() == []


def test_a_right_that_is_missing_is_named(hosted: GitHubWorld) -> None:
    """Without contents: write nothing is committed, and one sentence says what to grant."""
    number = hosted.propose("better", "A better model")
    token = hosted.github.token(hosted.repository, permissions={"contents": "read", "pull_requests": "write"})

    with pytest.raises(ForgeRefused, match=r"may not write contents; add `contents: write`") as refused:
        commit(hosted.forge(token), number)

    assert "\n" not in str(refused.value)


def test_a_commit_is_nobodys_account(hosted: GitHubWorld) -> None:
    """The author is the name that was given, with an address that no account has."""
    number = hosted.propose("better", "A better model")
    commit(hosted.forge(), number)
    (sent,) = [each.body for each in hosted.github.requests if each.method == "PUT"]

    assert sent["author"] == {"name": "Grace Hopper", "email": "greenroom@localhost"}
    assert sent["branch"] == "better"


def test_a_file_that_is_too_large_is_not_half_read(hosted: GitHubWorld) -> None:
    """GitHub gives nothing of a file beyond 1 MiB, which is no empty file."""
    number = hosted.propose("better", "A better model")
    hosted.repository.keep_file(hosted.repository.pull(number).head_sha, PATH, b"x" * (2**20 + 1))

    with pytest.raises(RepositoryError, match=r"larger than 1 MiB"):
        hosted.forge().read_file(number, PATH)


# A run that has a server.


def test_a_run_that_has_a_server_commits_nothing(bench: Workbench) -> None:
    """It reads its checkout, and leaves writing to the server."""
    bench.write(PATH, "mine\n")
    bench.commit("Pin")
    forge = AssignedForge(Repository(bench.root), 7)

    assert forge.read_file(7, PATH) == b"mine\n"
    with pytest.raises(RepositoryError, match="is committed on the server"):
        commit(forge, 7)
