"""A job in GitHub Actions: the variables and files that a runner gives it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.github.repository import WORKFLOW, FakeRepository


@dataclass(frozen=True)
class Job:
    environ: dict[str, str]
    """To be added to an environment; the token is in it only where one was given."""
    event: Path
    summary: Path
    output: Path


@dataclass(frozen=True)
class _Place:
    """Which commit a job is of, and by which ref."""

    sha: str
    ref: str
    head: str = ""
    base: str = ""


def start_job(
    repository: FakeRepository,
    event: str,
    payload: Mapping[str, Any],
    folder: Path,
    *,
    token: str | None = None,
    identity: Mapping[str, str] | None = None,
) -> Job:
    """Return a job of an event, whose files are laid into *folder*.

    *token* is what `secrets.GITHUB_TOKEN` is handed in as, *identity* what `github.oidc.job` returned.
    """
    folder.mkdir(parents=True, exist_ok=True)
    job = Job({}, folder / "event.json", folder / "summary.md", folder / "output.txt")
    job.event.write_text(json.dumps(payload))
    job.summary.touch()
    job.output.touch()
    place = _find_place(repository, event, payload)
    hub, name = repository.hub, repository.full_name
    actor = payload["sender"]["login"]
    job.environ.update(
        {
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTOR": actor,
            "GITHUB_ACTOR_ID": str(hub.person(actor).id),
            "GITHUB_API_URL": hub.api,
            "GITHUB_BASE_REF": place.base,
            "GITHUB_EVENT_NAME": event,
            "GITHUB_EVENT_PATH": str(job.event),
            "GITHUB_GRAPHQL_URL": f"{hub.api}/graphql",
            "GITHUB_HEAD_REF": place.head,
            "GITHUB_JOB": "greenroom",
            "GITHUB_OUTPUT": str(job.output),
            "GITHUB_REF": place.ref,
            "GITHUB_REF_NAME": place.ref.removeprefix("refs/heads/").removeprefix("refs/pull/"),
            "GITHUB_REF_TYPE": "branch",
            "GITHUB_REPOSITORY": name,
            "GITHUB_REPOSITORY_ID": str(repository.id),
            "GITHUB_REPOSITORY_OWNER": repository.owner,
            "GITHUB_REPOSITORY_OWNER_ID": str(repository.owner_id),
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_RUN_ID": str(hub.next_id()),
            "GITHUB_RUN_NUMBER": "1",
            "GITHUB_SERVER_URL": hub.api,
            "GITHUB_SHA": place.sha,
            "GITHUB_STEP_SUMMARY": str(job.summary),
            "GITHUB_WORKFLOW": "greenroom",
            "GITHUB_WORKFLOW_REF": f"{name}/{WORKFLOW}@{place.ref}",
            "GITHUB_WORKFLOW_SHA": place.sha,
            **({} if token is None else {"GITHUB_TOKEN": token}),
            **(identity or {}),
        }
    )
    return job


def _find_place(repository: FakeRepository, event: str, payload: Mapping[str, Any]) -> _Place:
    if event == "pull_request":
        pull = payload["pull_request"]
        ref = f"refs/pull/{payload['number']}/merge"
        return _Place(pull["merge_commit_sha"], ref, pull["head"]["ref"], pull["base"]["ref"])
    if event == "merge_group":
        group = payload["merge_group"]
        return _Place(group["head_sha"], group["head_ref"])
    if event == "push":
        return _Place(payload["after"], payload["ref"])
    branch = repository.default_branch
    return _Place(repository.find_commit(branch).sha, f"refs/heads/{branch}")
