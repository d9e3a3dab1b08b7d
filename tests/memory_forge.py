"""A forge in memory: pull requests as they are put into it, and what is posted on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from greenroom_pipeline.errors import ForgeError, RepositoryError
from greenroom_pipeline.forge import PullEvent, PullRequest, require_writable
from greenroom_pipeline.forge.posts import Check, Deployment

BASE = "0" * 40
TRIAL = "f" * 40
"""The merge of whatever is newest, which jobs here are of unless they say otherwise."""


@dataclass
class MemoryForge:
    """*down* is raised by whoever asks for a pull request, and what *refuses* names by methods of that name."""

    requests: dict[int, PullRequest] = field(default_factory=dict)
    down: ForgeError | None = None
    refuses: dict[str, ForgeError] = field(default_factory=dict)
    comments: dict[tuple[int, str], str] = field(default_factory=dict)
    checks: dict[tuple[str, str, str], Check] = field(default_factory=dict)
    merges: dict[str, Sequence[str]] = field(default_factory=dict)
    deployments: dict[tuple[int, str], Deployment] = field(default_factory=dict)
    events: dict[int, list[PullEvent]] = field(default_factory=dict)
    files: dict[tuple[int, str], bytes] = field(default_factory=dict)
    written: list[tuple[str, str]] = field(default_factory=list)
    """Author and message of each commit that was asked for."""

    def _ask(self, method: str) -> None:
        if method in self.refuses:
            raise self.refuses[method]

    def put(self, number: int, *, head: str, **others: Any) -> None:
        """Open a pull request of the branch `better`, or change it."""
        known = self.requests.get(number) or PullRequest(
            number=number,
            title="A better model",
            branch="better",
            author="Ada",
            head=head,
            state="open",
            updated=datetime(2026, 1, 1, tzinfo=UTC),
        )
        self.requests[number] = replace(known, head=head, **others)

    def pulls(self) -> list[PullRequest]:
        return list(self.requests.values())

    def pull(self, number: int) -> PullRequest:
        if self.down is not None:
            raise self.down
        if number not in self.requests:
            raise RepositoryError(f"there is no pull request {number}")
        return self.requests[number]

    def pull_of_checkout(self) -> PullRequest | None:
        return None

    def admit(self, number: int, *, branch: str | None, head: str) -> PullRequest:
        return self.pull(number)

    def history(self, number: int) -> Sequence[PullEvent]:
        self._ask("history")
        return self.events.get(self.pull(number).number, [])

    def merge(self, number: int, *, head: str, by: str) -> str:
        raise NotImplementedError

    def read_file(self, number: int, path: str, *, at: str = "") -> bytes | None:
        self._ask("read_file")
        return self.files.get((number, path))

    def commit_file(self, number: int, path: str, content: bytes, *, head: str, message: str, by: str) -> str:
        self._ask("commit_file")
        require_writable(self.pull(number), head=head)
        self.files[number, path] = content
        self.written.append((by, message))
        made = f"{len(self.written):040x}"
        self.merges[made] = [head]
        self.put(number, head=made)
        return made

    def changed_files(self, number: int) -> Sequence[str] | None:
        raise NotImplementedError

    def parents(self, sha: str) -> Sequence[str]:
        self._ask("parents")
        if sha == TRIAL:
            return [BASE, *{each.head for each in self.requests.values()}]
        if sha not in self.merges:
            raise RepositoryError(f"there is no commit {sha[:7]}")
        return self.merges[sha]

    def may_write(self, login: str) -> bool:
        raise NotImplementedError

    def comment(self, number: int, key: str) -> str | None:
        self._ask("comment")
        return self.comments.get((number, key))

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
