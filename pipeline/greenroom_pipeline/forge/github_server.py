"""What a server asks of GitHub beyond a forge: whose commit this is, runs and artifacts, answers to people, and events
that it missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Literal

from github.HookDelivery import HookDeliverySummary
from github.PaginatedList import PaginatedList
from github.Repository import Repository

from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge import github_runs
from greenroom_pipeline.forge.github_app import open_app_requester
from greenroom_pipeline.forge.github_faults import absence_ignored
from greenroom_pipeline.forge.github_runs import Artifact, WorkflowRun
from greenroom_pipeline.forge.github_session import GitHubSession
from greenroom_pipeline.forge.registration import Registration

Reaction = Literal["+1", "-1", "laugh", "confused", "heart", "hooray", "rocket", "eyes"]
_MOST_ATTEMPTS = 3
"""Of one event; what has failed so often fails again."""


@dataclass(frozen=True)
class Remark:
    """A comment on a pull request or an issue, as it is now."""

    id: int
    number: int
    author: str
    is_bot: bool
    text: str
    link: str
    written: datetime
    """When it was first written, whatever it was edited to since."""


@dataclass(frozen=True)
class GitHubServer:
    session: GitHubSession
    registration: Registration | None = None
    """None in a job of Actions, which has no App."""

    def pull_numbers_of_commit(self, sha: str) -> list[int]:
        """Return the open pull requests whose newest commit this is, forks' among them."""

        def find(repository: Repository) -> list[int]:
            # GitHub may not know a fork's commit by its pull request, so all are looked through.
            return [each.number for each in repository.get_pulls(state="open") if each.head.sha == sha]

        return sorted(self.session.settle(f"the pull requests of {sha[:7]}", find))

    def workflow_run(self, run_id: int) -> WorkflowRun:
        return github_runs.read_run(self.session, run_id)

    def runs_of(self, sha: str) -> list[WorkflowRun]:
        return github_runs.list_runs(self.session, sha)

    def rerun(self, run_id: int) -> None:
        github_runs.rerun(self.session, run_id)

    def artifacts(self, run_id: int) -> list[Artifact]:
        return github_runs.list_artifacts(self.session, run_id)

    def download_artifact(self, artifact_id: int, into: Path, most_bytes: int) -> None:
        github_runs.download_artifact(self.session, artifact_id, into, most_bytes=most_bytes)

    def comment_of(self, comment_id: int) -> Remark | None:
        """Return a comment, or None when it was deleted."""
        return self.session.settle(
            f"comment {comment_id}", lambda repository: _read_remark(repository, comment_id)
        )

    def react(self, comment_id: int, content: Reaction) -> None:
        """React to a comment, once however often it is asked for; a deleted one is let be."""

        def post(repository: Repository) -> None:
            address = f"{repository.url}/issues/comments/{comment_id}/reactions"
            with absence_ignored():
                repository.requester.requestJsonAndCheck("POST", address, input={"content": content})

        self.session.settle(f"the reaction to comment {comment_id}", post)

    def was_told(self, number: int, login: str, content: Reaction) -> bool:
        """Say whether a comment of someone's on a pull request has this reaction already, whoever gave it."""

        def look(repository: Repository) -> bool:
            with absence_ignored():
                comments = repository.get_issue(number).get_comments()
                # Whoever deletes their account leaves comments without an author.
                theirs = (each for each in comments if bool(each.user) and each.user.login == login)
                return any(each.reactions.get(content) for each in theirs)
            return False

        return self.session.settle(f"the comments on pull request {number}", look)

    def redeliver_failed(self, since: datetime) -> int:
        """Have GitHub send the events anew that did not arrive since then; return how many."""
        registration = self.registration
        keys = None if registration is None else registration.app
        if registration is None or keys is None:
            raise SettingsError("this server has no App on GitHub; make one with `greenroom init --app`")
        as_app = open_app_requester(registration, keys, self.session.patience)
        asked: set[int] = set()

        def ask(_: Repository) -> int:
            deliveries = PaginatedList(HookDeliverySummary, as_app, "/app/hook/deliveries")
            recent = takewhile(lambda each: (each.delivered_at or since) >= since, deliveries)
            for each in _find_failed(recent):
                if each not in asked:
                    as_app.requestJsonAndCheck("POST", f"/app/hook/deliveries/{each}/attempts")
                    asked.add(each)
            return len(asked)

        return self.session.settle("the events that did not arrive", ask)


def _read_remark(repository: Repository, comment_id: int) -> Remark | None:
    address = f"{repository.url}/issues/comments/{comment_id}"
    told: dict[str, Any] = {}
    with absence_ignored():
        _, told = repository.requester.requestJsonAndCheck("GET", address)
    if not told:
        return None
    author = told["user"] or {"login": "ghost", "type": "User"}
    return Remark(
        id=told["id"],
        number=int(told["issue_url"].rpartition("/")[2]),
        author=author["login"],
        is_bot=author["type"] == "Bot",
        text=told["body"] or "",
        link=told["html_url"],
        written=datetime.fromisoformat(told["created_at"]),
    )


def _find_failed(deliveries: Iterable[HookDeliverySummary]) -> list[int]:
    """Return the newest delivery of each event that no attempt of has arrived, oldest event first."""
    attempts: dict[str, list[HookDeliverySummary]] = defaultdict(list)
    for each in deliveries:
        attempts[each.guid or str(each.id)].append(each)
    failed = [
        tries[0].id
        for tries in attempts.values()
        if len(tries) < _MOST_ATTEMPTS and not any(200 <= (each.status_code or 0) < 300 for each in tries)
    ]
    return [each for each in reversed(failed) if each is not None]
