"""Where pull requests live: the seam, and the forges behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge.posts import Check, Deployment

PullState = Literal["open", "merged", "closed"]
PullEventKind = Literal["opened", "pushed", "comment", "merged", "closed", "reopened"]
MOST_EVENTS = 200
"""What a forge tells of one pull request at most: the newest."""


@dataclass(frozen=True)
class PullRequest:
    number: int
    title: str
    branch: str
    author: str
    head: str
    """SHA of the newest commit."""
    state: PullState
    updated: datetime
    base: str = ""
    """The branch that it is to be merged into."""
    side_branch: str = ""
    """That branch where it is not the default one; empty where it is."""
    is_fork: bool = False
    """Whether its commits are in another repository, whose people may write nothing here."""
    head_repository: int | None = None
    """Id of the repository that its commits are in; None where there are none, and once a fork was deleted."""
    link: str | None = None
    """Its page, where the forge has pages."""


@dataclass(frozen=True)
class PullEvent:
    """Something that happened to a pull request on its forge."""

    at: datetime
    kind: PullEventKind
    who: str
    text: str
    """One line in the words of whoever did it: a title, a commit's subject, the first line of a comment."""
    sha: str = ""
    """The commit that was pushed, or that it was merged as."""
    link: str | None = None


class Forge(Protocol):
    """What Greenroom asks of the place where pull requests live. Raises `ForgeError` where that fails.

    Posting is idempotent: the same again changes nothing, and two who post at once leave one of each.
    """

    def pulls(self) -> list[PullRequest]:
        """Return every pull request that is open or was not long ago, oldest first."""
        ...

    def pull(self, number: int) -> PullRequest:
        """Return one pull request; `RepositoryError` when there is none of that number."""
        ...

    def pull_of_checkout(self) -> PullRequest | None:
        """Return the pull request of the checked-out commit; None on the default branch."""
        ...

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        """Return the pull request that someone who may write it has a commit of; `RepositoryError` for none.

        *branch* and *head* are what they say; where branches are pull requests, that may open it.
        """
        ...

    def history(self, number: int) -> Sequence[PullEvent]:
        """Return what happened to a pull request, oldest first; `RepositoryError` when there is none.

        Of comments, those by people alone. Commits have the time at which they were made: no forge keeps that of
        each push. At most `MOST_EVENTS`, the newest, and the opening.
        """
        ...

    def merge(self, number: int, *, head: str, by: str) -> str:
        """Merge and return the merge commit's SHA; `RepositoryError` when the head is no longer *head*."""
        ...

    def read_file(self, number: int, path: str, *, at: str = "") -> bytes | None:
        """Return a file as the newest commit of the pull request has it, or the commit *at*; None where it has none.

        *path* is from the top of the repository.
        """
        ...

    def commit_file(self, number: int, path: str, content: bytes, *, head: str, message: str, by: str) -> str:
        """Commit one file to the pull request's branch and return the new head.

        `RepositoryError` when the head is no longer *head*, or the branch is none that can be written. *by* is the
        author's name.
        """
        ...

    def changed_files(self, number: int) -> Sequence[str] | None:
        """Return the paths that a pull request changes, from the top of the repository; None for too many."""
        ...

    def parents(self, sha: str) -> Sequence[str] | None:
        """Return what a commit was made from, as a merge from its base and a head.

        `RepositoryError` when there is no such commit; None where there may be and the forge has been told of none,
        as where branches are pull requests and GitHub tries their merges out.
        """
        ...

    def may_write(self, login: str) -> bool:
        """Say whether someone may push to the repository now; asked anew each time."""
        ...

    def comment(self, number: int, key: str) -> str | None:
        """Return the text of our comment with this key on a pull request, or None where there is none.

        Ours is one that carries the key's marker **and** was written by us: anybody can plant a marker.
        """
        ...

    def write_comment(self, number: int, key: str, text: str) -> None:
        """Make *text* our one comment with this key: edited in place, created where there is none.

        At most 65,536 characters, the marker included, which the forge adds.
        """
        ...

    def write_check(self, check: Check) -> None:
        """Make the check's state what is said, under its name, key and commit."""
        ...

    def write_deployment(self, deployment: Deployment) -> None:
        """Show a deployment in the environment of previews; an older one of its pull and key ends."""
        ...

    def end_deployments(self, number: int, key: str) -> None:
        """End what is live of a pull request and key."""
        ...


def refuse_moved(pull: PullRequest, *, head: str) -> RepositoryError:
    now = "another commit" if pull.head == head else pull.head[:7]
    return RepositoryError(
        f"pull request {pull.number} moved from {head[:7]} to {now}; look at the new commit first"
    )


def require_writable(pull: PullRequest, *, head: str) -> None:
    """Raise `RepositoryError` for a branch that is not ours to write, or whose head is another one than *head*."""
    if pull.is_fork:
        raise RepositoryError(
            f"pull request {pull.number} comes from a fork, whose branch is its author's: have them add it"
        )
    if pull.state != "open":
        raise RepositoryError(f"pull request {pull.number} is {pull.state}; use one that is open")
    if pull.head != head:
        raise refuse_moved(pull, head=head)
