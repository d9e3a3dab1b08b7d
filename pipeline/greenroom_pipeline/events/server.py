"""The server as a GitHub App: all that its worker has in hand."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from greenroom_pipeline.api.deployment import HostPreviews, Previews
from greenroom_pipeline.commands.command import Addressee, Name
from greenroom_pipeline.configuration import FILE, load_settings
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.forge.choice import open_github_server
from greenroom_pipeline.forge.registration import Registration, read_registration
from greenroom_pipeline.places import Places
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.publishing.links import Links, address_review
from greenroom_pipeline.publishing.publication import Place

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github_runs import Artifact, WorkflowRun
    from greenroom_pipeline.forge.github_server import Reaction, Remark


_COMMANDS: tuple[Name, ...] = ("rerun", "keep-awake", "explain", "override")
FETCHING = "fork-"
"""What the names of folders begin with in which artifacts are fetched."""


class GitHub(Protocol):
    """What a server asks of GitHub beyond a forge."""

    def pull_numbers_of_commit(self, sha: str) -> list[int]: ...

    def workflow_run(self, run_id: int) -> WorkflowRun: ...

    def runs_of(self, sha: str) -> list[WorkflowRun]:
        """Return the runs of a commit, newest first."""
        ...

    def rerun(self, run_id: int) -> None: ...

    def artifacts(self, run_id: int) -> list[Artifact]: ...

    def download_artifact(self, artifact_id: int, into: Path, most_bytes: int) -> None: ...

    def comment_of(self, comment_id: int) -> Remark | None: ...

    def react(self, comment_id: int, content: Reaction) -> None: ...

    def was_told(self, number: int, login: str, content: Reaction) -> bool: ...

    def redeliver_failed(self, since: datetime) -> int: ...


@dataclass(frozen=True)
class AppServer:
    project: Project
    registration: Registration
    github: GitHub
    previews: Previews
    refused: dict[str, str] = field(default_factory=dict)
    """Runs of forks whose artifact is of no use, and why; it is not fetched again."""

    @property
    def forge(self) -> Forge:
        return self.project.forge

    @property
    def settings_text(self) -> str:
        """The settings of this server's checkout, which no pull request edits."""
        return (self.project.repository.root / FILE).read_text(encoding="utf-8")

    def refreshed(self) -> AppServer:
        """Return it with the settings of now: whoever keeps the checkout may have brought it up to date."""
        settings = load_settings(self.project.repository.root)
        return replace(self, project=replace(self.project, settings=settings))

    def place(self, pull: PullRequest) -> Place:
        folder = self.project.repository.folder()
        return Place(
            self.project.name,
            folder,
            pull.head,
            pull.number,
            side_branch=pull.side_branch,
            commands=_COMMANDS,
        )

    @property
    def addressee(self) -> Addressee:
        return Place(
            self.project.name, self.project.repository.folder(), "", None, commands=_COMMANDS
        ).addressee

    def links(self, pull: int, *, job: str | None = None) -> Links:
        review = address_review(self.registration.server, project=self.project.name, pull=pull)
        return Links(review=review, job=job)

    def runs(self, pull: PullRequest) -> list[WorkflowRun]:
        """Return the runs of the one workflow that counts, for a pull request's head, newest first.

        Anybody may have a run of that commit, in another repository or for another branch; none of those counts.
        """
        if pull.head_repository is None:
            return []
        counted = ("pull_request", self.registration.workflow, pull.head, pull.head_repository, pull.branch)
        return [
            run
            for run in self.github.runs_of(pull.head)
            if (run.event, run.workflow, run.head, run.repository_id, run.branch) == counted
        ]


def open_app_server(places: Places) -> AppServer | None:
    """Open it with a connection of its own; None where no App is registered."""
    registration = read_registration(places.home)
    if registration is None or registration.app is None:
        return None
    # PyGithub is imported where it is needed.
    from greenroom_pipeline.forge.github import GitHubForge

    github, project = open_github_server(registration), open_project(places)
    # One connection for both, so that they are one to GitHub's limits, too.
    forge = GitHubForge(github.session, project.repository)
    # What a server that was killed was about to fetch.
    for left in places.scratch.glob(f"{FETCHING}*"):
        shutil.rmtree(left, ignore_errors=True)
    return AppServer(replace(project, forge=forge), registration, github, HostPreviews(places.host))
