"""What is posted in a repository: comments, checks, statuses and deployments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.github.calls import find
from tests.github.records import Check, Comment, CommitStatus, Deployment, DeploymentStatus

if TYPE_CHECKING:
    from tests.github.hub import Hub


@dataclass(kw_only=True)
class Posts:
    hub: Hub
    every_comment: list[Comment] = field(default_factory=list)
    every_check: list[Check] = field(default_factory=list)
    every_status: list[CommitStatus] = field(default_factory=list)
    every_deployment: list[Deployment] = field(default_factory=list)

    def comments(self, number: int) -> list[Comment]:
        """Return the comments on a pull request, oldest first."""
        return [each for each in self.every_comment if each.number == number]

    def checks(self, sha: str) -> list[Check]:
        return [each for each in self.every_check if each.head_sha == sha]

    def deployments(self) -> list[Deployment]:
        """Return every deployment, oldest first."""
        return list(self.every_deployment)

    def statuses(self, deployment: int) -> list[DeploymentStatus]:
        """Return the statuses of a deployment, oldest first."""
        return find(self.every_deployment, lambda each: each.id == deployment).statuses

    def say(self, number: int, login: str, text: str) -> int:
        """Have a person comment on a pull request, and return the comment's id."""
        return self.add_comment(number, author=login, body=text, app=None).id

    def add_comment(self, number: int, *, author: str, body: str, app: str | None) -> Comment:
        now = self.hub.clock.now()
        comment = Comment(self.hub.next_id(), number, author, body, now, now, app)
        self.every_comment.append(comment)
        return comment

    def edit_comment(self, comment: int, text: str) -> None:
        found = find(self.every_comment, lambda each: each.id == comment)
        found.body, found.updated = text, self.hub.clock.now()

    def remove_comment(self, comment: int) -> None:
        self.every_comment.remove(find(self.every_comment, lambda each: each.id == comment))
