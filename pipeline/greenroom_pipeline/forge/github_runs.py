"""Runs of workflows on GitHub and what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import cast

from github.Repository import Repository
from github.WorkflowRun import WorkflowRun as Posted

from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.forge.github_download import download
from greenroom_pipeline.forge.github_faults import absence_as
from greenroom_pipeline.forge.github_pages import read_page
from greenroom_pipeline.forge.github_session import GitHubSession


@dataclass(frozen=True)
class WorkflowRun:
    id: int
    event: str
    workflow: str
    """Path of the workflow's file."""
    head: str
    branch: str
    repository_id: int | None
    """The repository that its commit is in; None once a fork was deleted."""
    attempt: int
    status: str
    conclusion: str | None
    link: str | None

    @property
    def has_ended(self) -> bool:
        """A first contributor's run that waits for a maintainer is completed to GitHub, and has not begun."""
        return self.status == "completed" and self.conclusion != "action_required"


@dataclass(frozen=True)
class Artifact:
    id: int
    name: str
    bytes: int
    expired: bool


def read_run(session: GitHubSession, run_id: int) -> WorkflowRun:
    return session.settle(
        f"workflow run {run_id}", lambda repository: _read(_find(repository, run_id), session.api)
    )


def list_runs(session: GitHubSession, sha: str) -> list[WorkflowRun]:
    """Return the runs of a commit, newest first."""
    return session.settle(
        f"the workflow runs of {sha[:7]}",
        lambda repository: [_read(each, session.api) for each in repository.get_workflow_runs(head_sha=sha)],
    )


def rerun(session: GitHubSession, run_id: int) -> None:
    """Run a workflow's run again; one that has not ended is let be."""
    before = read_run(session, run_id)

    def ask(repository: Repository) -> None:
        now = _find(repository, run_id)
        # The attempt tells whether an earlier try went well whose answer was lost.
        if now.status == "completed" and now.run_attempt == before.attempt:
            repository.requester.requestJsonAndCheck("POST", f"{now.url}/rerun")

    session.settle(f"another attempt of workflow run {run_id}", ask)


def list_artifacts(session: GitHubSession, run_id: int) -> list[Artifact]:
    return session.settle(
        f"the artifacts of workflow run {run_id}",
        lambda repository: [
            Artifact(each.id, each.name, each.size_in_bytes, each.expired)
            for each in _find(repository, run_id).get_artifacts()
        ],
    )


def download_artifact(session: GitHubSession, artifact_id: int, into: Path, *, most_bytes: int) -> None:
    """Write an artifact's archive to the file *into*; `ForgeError` for one that is larger or has expired.

    GitHub leads on to a store of its own; no other host is asked.
    """

    def find_address(repository: Repository) -> str:
        address = f"{repository.url}/actions/artifacts/{artifact_id}/zip"
        with absence_as(
            ForgeError(f"artifact {artifact_id} is gone from {repository.full_name}; run it again")
        ):
            headers, _ = repository.requester.requestJsonAndCheck("GET", address)
        return str(headers.get("location", ""))

    address = session.settle(f"artifact {artifact_id}", find_address)
    download(address, into, api=session.api, most_bytes=most_bytes)


def _find(repository: Repository, run_id: int) -> Posted:
    with absence_as(ForgeError(f"no workflow run {run_id} in {repository.full_name}")):
        return repository.get_workflow_run(run_id).complete()


def _read(posted: Posted, api: str) -> WorkflowRun:
    source = cast(Repository | None, posted.head_repository)
    return WorkflowRun(
        id=posted.id,
        event=posted.event,
        # Where the file is another branch's, GitHub adds that.
        workflow=posted.path.partition("@")[0],
        head=posted.head_sha,
        branch=posted.head_branch or "",
        repository_id=None if source is None else source.id,
        attempt=posted.run_attempt,
        status=posted.status,
        conclusion=posted.conclusion,
        link=read_page(posted.html_url, api=api),
    )
