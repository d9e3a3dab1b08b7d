"""A forge that keeps what is posted, and refuses what it is told to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from greenroom_pipeline.errors import ForgeError, RepositoryError
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.forge.posts import Check, Deployment


def make_pull(number: int, head: str, *, state: str = "open", is_fork: bool = False) -> PullRequest:
    return PullRequest(
        number=number,
        title="Try something",
        branch="change",
        author="ada",
        head=head,
        state="open" if state == "open" else "closed",
        updated=datetime(2026, 1, 1, tzinfo=UTC),
        is_fork=is_fork,
    )


@dataclass
class ForgeInMemory:
    by_number: dict[int, PullRequest] = field(default_factory=dict)
    comments: dict[tuple[int, str], str] = field(default_factory=dict)
    checks: dict[tuple[str, str, str], Check] = field(default_factory=dict)
    deployments: dict[tuple[int, str], Deployment] = field(default_factory=dict)
    refuses: dict[str, ForgeError] = field(default_factory=dict)
    """By name of the method."""

    def _ask(self, method: str) -> None:
        if method in self.refuses:
            raise self.refuses[method]

    def pulls(self) -> list[PullRequest]:
        return list(self.by_number.values())

    def pull(self, number: int) -> PullRequest:
        self._ask("pull")
        if number not in self.by_number:
            raise RepositoryError(f"no pull request {number}")
        return self.by_number[number]

    def pull_of_checkout(self) -> PullRequest | None:
        return next(iter(self.by_number.values()), None)

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        return self.pull(number)

    def merge(self, number: int, *, head: str, by: str) -> str:
        return head

    def changed_files(self, number: int) -> Sequence[str] | None:
        return None

    def may_write(self, login: str) -> bool:
        return login == "ada"

    def comment(self, number: int, key: str) -> str | None:
        self._ask("comment")
        text = self.comments.get((number, key))
        return None if text is None else f"<!-- greenroom:{key} -->\n{text}"

    def write_comment(self, number: int, key: str, text: str) -> None:
        self._ask("write_comment")
        self.comments[number, key] = text

    def write_check(self, check: Check) -> None:
        self._ask("write_check")
        self.checks[check.sha, check.name, check.key] = check

    def write_deployment(self, deployment: Deployment) -> None:
        self._ask("write_deployment")
        self.deployments[deployment.pull, deployment.key] = deployment

    def end_deployments(self, number: int, key: str) -> None:
        self._ask("end_deployments")
        self.deployments.pop((number, key), None)
