"""A step of a workflow in GitHub Actions at work: where it may post, and what it leaves for later steps."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter, ValidationError

from greenroom_pipeline.access import SERVER, TOKEN, Access, find_access
from greenroom_pipeline.api.client import ServerClient
from greenroom_pipeline.commands.command import Name
from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.errors import SettingsError
from greenroom_pipeline.forge import Forge
from greenroom_pipeline.forge.choice import open_actions_forge
from greenroom_pipeline.handover import read_order
from greenroom_pipeline.jobs.actions import TOKEN as JOB_TOKEN
from greenroom_pipeline.jobs.actions import Actions, write_outputs, write_summary
from greenroom_pipeline.jobs.event import read_pull
from greenroom_pipeline.jobs.poster import Poster, Warn
from greenroom_pipeline.places import Places
from greenroom_pipeline.progress import Progress, Watch
from greenroom_pipeline.project import Project
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import Place
from greenroom_pipeline.report import Report, to_json
from greenroom_pipeline.repository import Repository
from greenroom_pipeline.run import RunResult, run_loop
from greenroom_pipeline.settings import Name as ProjectName

STORE = "MLFLOW_TRACKING_URI"
"""Names the store that jobs share, where they do."""


class OpenForge(Protocol):
    def __call__(
        self, repository: Repository, *, api: str, token: str, name: str, checkout: int | None
    ) -> Forge: ...


Loop = Callable[[Project, Progress, Mapping[str, str]], RunResult]


@dataclass(frozen=True)
class Target:
    """The commit that a run is about."""

    sha: str
    pull: int | None = None
    base: str = ""
    """Where its change begins, if that is known."""
    side_branch: str = ""
    """The branch that it goes into, where that is not the default one."""
    is_fork: bool = False
    posts: bool = True


@dataclass(frozen=True)
class Job:
    actions: Actions
    places: Places
    access: Access | None
    """The server that it hands its run in to."""
    environ: Mapping[str, str]
    """What the processes of the run inherit; the job's credentials are not among it."""
    progress: Watch
    tell: Callable[[str], None]
    """Takes one line for people, who need to do nothing."""
    warn: Warn
    bundle: Path | None = None
    loop: Loop = run_loop
    open_forge: OpenForge = open_actions_forge


def find_job_access(actions: Actions, environ: Mapping[str, str]) -> Access | None:
    """Return the server that this job hands its run in to; None also where no server would take it.

    Sessions are for pull requests, and a fork's job cannot prove who it is.
    """
    if environ.get(TOKEN):
        return find_access(environ)
    if actions.event != "pull_request":
        return None
    pull = read_pull(actions.payload)
    return None if pull.is_fork or pull.action == "closed" else find_access(environ)


def has_server(job: Job) -> bool:
    return bool(job.environ.get(SERVER))


def list_commands(job: Job) -> tuple[Name, ...]:
    """Return what a job can do for who asks in a comment; where there is a server, no job is asked."""
    if has_server(job):
        return ()
    return ("rerun", "explain", "override") if job.environ.get(STORE) else ("rerun", "explain")


def open_poster(job: Job, target: Target, repository: Repository) -> Poster:
    """Return what posts for the job; where it may not, the reason is told once."""
    settings = _read_settings(repository)
    name = _read_name(settings)
    place = Place(
        project=name or "",
        folder=repository.folder(),
        sha=target.sha,
        pull=target.pull,
        order=read_order(job.environ) or 0,
        commands=list_commands(job),
        side_branch=target.side_branch,
    )
    forge = _open_forge(job, target, repository) if name else None
    return Poster(forge, place, Links(job=job.actions.job), settings, job.warn)


def _open_forge(job: Job, target: Target, repository: Repository) -> Forge | None:
    actions = job.actions
    if not target.posts or (job.access is not None and _server_publishes(job.access, target)):
        return None
    if target.is_fork:
        job.tell(
            f"pull request {target.pull} is from a fork, whose job may post nothing: its report is in the job's summary"
        )
        return None
    if actions.token is None:
        job.warn(
            f"nothing is posted, since this step has no {JOB_TOKEN}; add `env: {JOB_TOKEN}: ${{{{ github.token }}}}`"
        )
        return None
    return job.open_forge(
        repository, api=actions.api, token=actions.token, name=actions.repository, checkout=target.pull
    )


def _server_publishes(access: Access, target: Target) -> bool:
    return ServerClient(access, commit=target.sha).rights().publishes


def leave_report(job: Job, report: Report, *, summary: str) -> None:
    """Leave summary, outputs and the report itself for people and later steps."""
    folder = job.actions.temporary or job.places.home
    path = folder / f"greenroom-{report.project}-report.json"
    address = report.preview.address if report.preview else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(report), encoding="utf-8")
        write_summary(job.actions, summary)
        write_outputs(
            job.actions, {"verdict": report.verdict, "preview-url": address or "", "report": str(path)}
        )
    except (OSError, SettingsError) as error:
        job.warn(f"the step's summary and outputs could not be written: {error}")


def leave_summary(job: Job, summary: str, *, verdict: str = "") -> None:
    """Leave a summary and a verdict where there is no report."""
    try:
        write_summary(job.actions, summary)
        write_outputs(job.actions, {"verdict": verdict, "preview-url": "", "report": ""})
    except SettingsError as error:
        job.warn(f"the step's summary and outputs could not be written: {error}")


def _read_settings(repository: Repository) -> str:
    """Return the settings' text, or nothing: what is wrong with them is told where they are needed."""
    try:
        return (repository.root / FILE).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _read_name(settings: str) -> str | None:
    """Return the project's name, also from settings that are wrong elsewhere: it says where to post that."""
    try:
        name: object = tomllib.loads(settings)["project"]["name"]
        return TypeAdapter(ProjectName).validate_python(name, strict=True)
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValidationError):
        return None
