"""Where pull requests live: the seam, and the forges behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

PullState = Literal["open", "merged", "closed"]


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


class Forge(Protocol):
    """What the loop asks of the place where pull requests live."""

    def pulls(self) -> list[PullRequest]:
        """Return every pull request, oldest first."""
        ...

    def pull(self, number: int) -> PullRequest:
        """Return one pull request; `RepositoryError` when there is none of that number."""
        ...

    def pull_of_checkout(self) -> PullRequest | None:
        """Return the pull request of the checked-out branch; None on the default branch."""
        ...

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        """Return the pull request that someone who may write it has a commit of; `RepositoryError` for none.

        *branch* and *head* are what they say; where branches are pull requests, that may open it.
        """
        ...

    def merge(self, number: int, *, head: str, by: str) -> str:
        """Merge and return the merge commit's SHA; `RepositoryError` when the head is no longer *head*."""
        ...
