"""The forge of a run that has a server: whoever sends may write one pull request, and the checkout is it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from greenroom_pipeline.errors import ForgeError, RepositoryError
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.forge.posts import Check, Deployment
from greenroom_pipeline.repository import Repository


@dataclass(frozen=True)
class AssignedForge:
    """Knows the pull request of the checkout by its number alone; the server's forge knows the rest.

    Posting is refused rather than left out: a run that believes it has published would be wrong.
    """

    repository: Repository
    number: int | None
    """None for a commit of no pull request."""

    def pulls(self) -> list[PullRequest]:
        return [] if self.number is None else [self.pull(self.number)]

    def pull(self, number: int) -> PullRequest:
        found = self.pull_of_checkout()
        if found is None or found.number != number:
            raise RepositoryError(f"the checkout is pull request {self.number or '(none)'}, not {number}")
        return found

    def pull_of_checkout(self) -> PullRequest | None:
        if self.number is None:
            return None
        commit = self.repository.commit()
        return PullRequest(
            number=self.number,
            title=commit.subject,
            branch=self.repository.branch() or "",
            author=commit.author,
            head=commit.sha,
            state="open",
            updated=commit.time,
        )

    def history(self, number: int) -> NoReturn:
        raise ForgeError(f"what happened to pull request {number} is asked by the server")

    def admit(self, number: int, *, branch: str | None, head: str) -> NoReturn:
        raise RepositoryError(f"bundles of pull request {number} are taken by the server; hand them in there")

    def merge(self, number: int, *, head: str, by: str) -> NoReturn:
        raise RepositoryError(f"pull request {number} is merged on the server; promote it there")

    def read_file(self, number: int, path: str, *, at: str = "") -> bytes | None:
        return self.repository.blob(f"{at or self.pull(number).head}:{path}")

    def commit_file(
        self, number: int, path: str, content: bytes, *, head: str, message: str, by: str
    ) -> NoReturn:
        raise RepositoryError(f"{path} of pull request {number} is committed on the server; pin it there")

    def changed_files(self, number: int) -> Sequence[str] | None:
        """None: the checkout need not have the branch that it is to be merged into."""
        return None

    def parents(self, sha: str) -> NoReturn:
        raise ForgeError(f"what commit {sha[:7]} was made from is asked by the server")

    def may_write(self, login: str) -> NoReturn:
        raise ForgeError(f"who may write is asked by the server; it knows of {login}")

    def comment(self, number: int, key: str) -> NoReturn:
        self._leave_to_server(number)

    def write_comment(self, number: int, key: str, text: str) -> NoReturn:
        self._leave_to_server(number)

    def write_check(self, check: Check) -> NoReturn:
        self._leave_to_server(self.number)

    def write_deployment(self, deployment: Deployment) -> NoReturn:
        self._leave_to_server(deployment.pull)

    def end_deployments(self, number: int, key: str) -> NoReturn:
        self._leave_to_server(number)

    def _leave_to_server(self, number: int | None) -> NoReturn:
        raise ForgeError(
            f"what is posted on pull request {number} is posted by the server, which has the run"
        )
