"""The forge on GitHub: one comment, one check, one link, and what there is to know of pull requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from github.Repository import Repository as Posted

from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.forge import PullEvent, PullRequest
from greenroom_pipeline.forge.github_checks import write_check
from greenroom_pipeline.forge.github_comments import read_comment, write_comment
from greenroom_pipeline.forge.github_contents import commit_file, read_file
from greenroom_pipeline.forge.github_deployments import end_deployments, write_deployment
from greenroom_pipeline.forge.github_events import list_events
from greenroom_pipeline.forge.github_faults import absence_ignored
from greenroom_pipeline.forge.github_pulls import (
    find_pull_of_branch,
    list_changed_files,
    list_parents,
    list_pulls,
    merge_pull,
    read_pull,
)
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.posts import Check, Deployment
from greenroom_pipeline.repository import Repository

_WRITERS = {"admin", "maintain", "write"}


@dataclass(frozen=True)
class GitHubForge:
    session: GitHubSession
    repository: Repository
    """The checkout."""
    checkout: int | None = None
    """Number of the pull request whose commit is checked out, where the workflow's event says so."""

    def pulls(self) -> list[PullRequest]:
        """Every open one and the fifty closed ones that were touched last."""
        return list_pulls(self.session)

    def pull(self, number: int) -> PullRequest:
        return read_pull(self.session, number)

    def pull_of_checkout(self) -> PullRequest | None:
        if self.checkout is not None:
            return self.pull(self.checkout)
        branch = self.repository.branch()
        if branch is None or branch == self.repository.default_branch():
            return None
        return find_pull_of_branch(self.session, branch)

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        pull = self.pull(number)
        if pull.state != "open":
            raise RepositoryError(f"pull request {number} is {pull.state}; reopen it first")
        if pull.head != head:
            raise RepositoryError(
                f"pull request {number} is at {pull.head[:7]} and not at {head[:7]}; run its newest commit"
            )
        return pull

    def history(self, number: int) -> Sequence[PullEvent]:
        return list_events(self.session, number)

    def merge(self, number: int, *, head: str, by: str) -> str:
        return merge_pull(self.session, number, head=head, by=by)

    def read_file(self, number: int, path: str, *, at: str = "") -> bytes | None:
        return read_file(self.session, number, path, at=at)

    def commit_file(self, number: int, path: str, content: bytes, *, head: str, message: str, by: str) -> str:
        return commit_file(self.session, number, path, content, head=head, message=message, by=by)

    def changed_files(self, number: int) -> Sequence[str] | None:
        return list_changed_files(self.session, number)

    def parents(self, sha: str) -> Sequence[str]:
        return list_parents(self.session, sha)

    def may_write(self, login: str) -> bool:
        """By the role of now: what an event says of its author may be old, and its association is no right."""
        return self.session.settle(
            f"the role of {login}",
            lambda posted: bool(_WRITERS & _find_roles(posted, login)),
        )

    def comment(self, number: int, key: str) -> str | None:
        return read_comment(self.session, number, key)

    def write_comment(self, number: int, key: str, text: str) -> None:
        write_comment(self.session, number, key, text)

    def write_check(self, check: Check) -> None:
        write_check(self.session, check)

    def write_deployment(self, deployment: Deployment) -> None:
        write_deployment(self.session, deployment)

    def end_deployments(self, number: int, key: str) -> None:
        end_deployments(self.session, number, key)


def _find_roles(posted: Posted, login: str) -> set[str]:
    """Return the role, and the plain one that a role of an organisation's own stands on."""
    address = f"{posted.url}/collaborators/{quote(login, safe='')}/permission"
    with absence_ignored():
        _, told = posted.requester.requestJsonAndCheck("GET", address)
        return {told["permission"], told["role_name"]}
    return set()
