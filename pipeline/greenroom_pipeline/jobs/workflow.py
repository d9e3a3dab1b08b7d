"""A run in GitHub Actions: what the event asks for, and what is said of it where."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from greenroom_pipeline.configuration import load_settings
from greenroom_pipeline.errors import ForgeError, GreenroomError, RepositoryError, SettingsError
from greenroom_pipeline.forge.assigned import AssignedForge
from greenroom_pipeline.handover import run_for_server, write_bundle
from greenroom_pipeline.jobs.commands import answer_in_actions
from greenroom_pipeline.jobs.event import PullEvent, read_default_branch, read_group, read_pull
from greenroom_pipeline.jobs.job import Job, Target, has_server, leave_report, leave_summary, open_poster
from greenroom_pipeline.jobs.poster import Poster
from greenroom_pipeline.jobs.stopping import insisting
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.publishing.comment import write_comment, write_failure
from greenroom_pipeline.publishing.links import Links, address_review
from greenroom_pipeline.publishing.publication import read_gate
from greenroom_pipeline.report import Report
from greenroom_pipeline.repository import Repository, open_repository
from greenroom_pipeline.run import RunResult
from greenroom_pipeline.touches import touches_model

SUMMARY_CHARACTERS = 250_000
_HEAD = "ref: ${{ github.event.pull_request.head.sha }}"


@dataclass(frozen=True)
class _Done:
    result: RunResult
    links: Links
    project: Project | None = None
    """None where the run was handed in."""


def run_job(job: Job) -> Report | None:
    """Do what the event asks for, and return the report; None where nothing was to be run.

    A `GreenroomError` has been posted as a failure when it is raised.
    """
    match job.actions.event:
        case "issue_comment":
            if has_server(job):
                job.tell("commands in comments are answered by the server; this job has nothing to do")
            else:
                answer_in_actions(job)
        case "pull_request":
            pull = read_pull(job.actions.payload)
            if pull.action != "closed":
                return _run(job, _target(pull))
            _close(job, pull)
        case "pull_request_target":
            raise SettingsError(
                "on: pull_request_target gives a fork's code this repository's rights; use on: pull_request"
            )
        case "merge_group":
            group = read_group(job.actions.payload)
            return _run(job, Target(group.head, base=group.base, side_branch=group.side_branch))
        case "push" if _is_default_branch(job):
            return _run(job, Target(job.actions.sha))
        case event:
            job.tell(f"the event {event} is not of a pull request: nothing is posted")
            head = open_repository(job.places.repository).commit().sha
            return _run(job, Target(head, posts=False))
    return None


def _target(pull: PullEvent) -> Target:
    return Target(
        pull.head,
        pull=pull.number,
        base=pull.base,
        side_branch=pull.side_branch,
        is_fork=pull.is_fork,
    )


def _is_default_branch(job: Job) -> bool:
    branch = read_default_branch(job.actions.payload)
    return bool(branch) and job.actions.ref == f"refs/heads/{branch}"


def _close(job: Job, pull: PullEvent) -> None:
    """End what is live of a pull request that was closed."""
    if has_server(job) or pull.is_fork:
        job.tell(f"pull request {pull.number} was closed: this job has nothing to end")
        return
    repository = open_repository(job.places.repository)
    open_poster(job, _target(pull), repository).withdraw()
    job.tell(f"pull request {pull.number} was closed: its preview ends")


def _run(job: Job, target: Target) -> Report | None:
    if has_server(job) and job.access is None and target.pull is None:
        job.tell(
            f"the server takes pull requests in, and reports on its own of {job.actions.event}: nothing is run here"
        )
        return None
    repository = open_repository(job.places.repository)
    poster = open_poster(job, target, repository)
    with _telling(job, poster):
        _require_checkout(repository, target)
        if not _is_touched(job, target, repository, poster):
            poster.untouched()
            job.tell("nothing that the model is made of has changed: there is nothing to run")
            leave_summary(job, "The model is not touched: nothing was run.", verdict="pass")
            return None
        poster.start()
        done = _go_through(job, target, repository)
    _publish(job, poster.at(done.links), done.result.report)
    if job.bundle is not None and done.project is not None and target.pull is not None:
        write_bundle(done.project, done.result, job.bundle, job.environ)
        job.tell(f"its bundle is in {job.bundle}, for a server to fetch")
    return done.result.report


def _require_checkout(repository: Repository, target: Target) -> None:
    """Raise `RepositoryError` when another commit is checked out than the one that the event is about."""
    found = repository.commit().sha
    if target.sha in ("", found):
        return
    if target.pull is None:
        raise RepositoryError(
            f"commit {found[:7]} is checked out, and the event is about {target.sha[:7]}; leave `ref:` out of"
            " actions/checkout"
        )
    raise RepositoryError(
        f"commit {found[:7]} is checked out, as GitHub merges on trial, and a report belongs to the pull request's head"
        f" {target.sha[:7]}; give actions/checkout `{_HEAD}`"
    )


def _is_touched(job: Job, target: Target, repository: Repository, poster: Poster) -> bool:
    settings = load_settings(job.places.repository)
    files = _list_changed(target, repository, poster)
    return touches_model(settings, poster.place.folder, files, links=repository.links())


def _list_changed(target: Target, repository: Repository, poster: Poster) -> Sequence[str] | None:
    """Return what changes, by the history or else by the forge; None where neither tells."""
    if target.base and repository.asks("cat-file", "-e", f"{target.base}^{{commit}}"):
        try:
            return repository.changed(target.base, target.sha)
        except RepositoryError:
            pass  # a shallow checkout may lack where the two part
    if poster.forge is None or target.pull is None:
        return None
    try:
        return poster.forge.changed_files(target.pull)
    except (ForgeError, RepositoryError):
        return None


def _go_through(job: Job, target: Target, repository: Repository) -> _Done:
    if job.access is not None:
        result = run_for_server(job.places, job.access, job.progress, job.environ)
        pull = result.subject.pull
        assert pull is not None
        review = address_review(job.access.address, project=result.report.project, pull=pull.number)
        return _Done(result, Links(review=review))
    project = replace(open_project(job.places), forge=AssignedForge(repository, target.pull))
    result = job.loop(project, job.progress, job.environ)
    run = project.store.run_page(result.run_id)
    return _Done(result, Links(run=run), project)


def _publish(job: Job, poster: Poster, report: Report) -> None:
    poster.report(report)
    summary = write_comment(
        report,
        poster.place.stamp,
        links=poster.links,
        gate=read_gate(poster.settings),
        most=SUMMARY_CHARACTERS,
    )
    leave_report(job, report, summary=summary)


@contextmanager
def _telling(job: Job, poster: Poster) -> Iterator[None]:
    """Post what goes wrong inside, with the step that it went wrong in."""
    try:
        yield
    except GreenroomError as error:
        _fail(job, poster, reason=str(error), log=error.log or job.progress.log)
        raise
    except Exception as defect:
        _fail(job, poster, reason=f"a defect of Greenroom: {defect!r}", log="")
        raise
    except BaseException:
        with insisting():
            _fail(job, poster, reason="stopped before it had ended", log="")
        raise


def _fail(job: Job, poster: Poster, *, reason: str, log: str) -> None:
    step = job.progress.step
    poster.failure(step=step, reason=reason, log=log)
    text = write_failure(
        poster.place.stamp,
        project=poster.place.project,
        links=poster.links,
        step=step,
        reason=reason,
        log=log,
    )
    leave_summary(job, text)
