"""Commands in comments where there is no server: a job answers what it can, and says what it cannot."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from greenroom_pipeline.commands.answering import Asker, Doers, Outcome, answer_comment
from greenroom_pipeline.commands.command import Command
from greenroom_pipeline.commands.doing import explain, override, rerun
from greenroom_pipeline.configuration import FILE
from greenroom_pipeline.errors import ForgeError
from greenroom_pipeline.events.hints import CommandHint, read_hint
from greenroom_pipeline.forge import Forge, PullRequest
from greenroom_pipeline.forge.payload import find_number
from greenroom_pipeline.handover import order_attempt
from greenroom_pipeline.jobs.job import STORE, Job, list_commands
from greenroom_pipeline.project import Project, open_project
from greenroom_pipeline.publishing.links import Links
from greenroom_pipeline.publishing.publication import Place, publish_report
from greenroom_pipeline.record import find_finished, read_report
from greenroom_pipeline.repository import open_repository

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github_runs import WorkflowRun
    from greenroom_pipeline.forge.github_server import GitHubServer


@dataclass(frozen=True)
class _Desk:
    """What a job has in hand to answer with."""

    project: Project
    forge: Forge
    github: GitHubServer
    has_store: bool
    """Whether runs are kept where other jobs have kept theirs."""
    job: Job


def answer_in_actions(job: Job) -> None:
    """Answer the command of the comment that started the job, if it holds one."""
    payload = job.actions.payload
    repository = find_number(payload, "repository", "id")
    hint = read_hint("issue_comment", payload, repository=repository) if repository else None
    if not isinstance(hint, CommandHint):
        job.tell("the comment holds no new command on a pull request: there is nothing to answer")
    elif job.actions.token is None:
        job.warn("the command is not answered, since this step has no GITHUB_TOKEN; give it github.token")
    else:
        desk = _open_desk(job, job.actions.token)
        answer_comment(desk.forge, desk.github, _list_doers(desk), hint, to=_place(desk, sha="").addressee)


def _open_desk(job: Job, token: str) -> _Desk:
    from greenroom_pipeline.forge.github import GitHubForge
    from greenroom_pipeline.forge.github_server import GitHubServer

    actions, repository = job.actions, open_repository(job.places.repository)
    forge = job.open_forge(repository, api=actions.api, token=token, name=actions.repository, checkout=None)
    assert isinstance(forge, GitHubForge)
    github, has_store = GitHubServer(forge.session), bool(job.environ.get(STORE))
    return _Desk(open_project(job.places), forge, github, has_store, job)


def _place(desk: _Desk, *, sha: str) -> Place:
    project = desk.project
    return Place(project.name, project.repository.folder(), sha, None, commands=list_commands(desk.job))


def _list_doers(desk: _Desk) -> Doers:
    store, gate = desk.project.store if desk.has_store else None, desk.project.settings.gate
    return {
        "rerun": lambda pull, command, by: _rerun(desk, pull),
        "explain": lambda pull, command, by: explain(store, gate, pull, command),
        "override": lambda pull, command, by: _override(desk, pull, command, by=by),
        "keep-awake": lambda pull, command, by: Outcome(
            "Without a Greenroom server no preview outlives its job, so there is none to keep awake.",
            done=False,
        ),
        "preview": lambda pull, command, by: Outcome(
            "Without a Greenroom server there are no previews of forks.", done=False
        ),
    }


def _rerun(desk: _Desk, pull: PullRequest) -> Outcome:
    return rerun(desk.github, _list_runs(desk, pull), pull, workflow=desk.job.actions.workflow)


def _list_runs(desk: _Desk, pull: PullRequest) -> list[WorkflowRun]:
    """Return the runs of this very workflow for the pull request's newest commit, newest first."""
    counted = ("pull_request", desk.job.actions.workflow, pull.head_repository, pull.branch)
    return [
        run
        for run in desk.github.runs_of(pull.head)
        if (run.event, run.workflow, run.repository_id, run.branch) == counted
    ]


def _override(desk: _Desk, pull: PullRequest, command: Command, *, by: Asker) -> Outcome:
    if not desk.has_store:
        text = f"An override is kept with the run: it needs a Greenroom server, or a store that jobs share by {STORE}."
        return Outcome(text, done=False)
    outcome = override(desk.project.store, pull, command, by=by)
    if outcome.done:
        try:
            _publish(desk, pull)
        except ForgeError as error:
            # The word is kept all the same, and the next run of the commit says it.
            desk.job.warn(str(error))
    return outcome


def _publish(desk: _Desk, pull: PullRequest) -> None:
    """Post the report of the newest commit as it is now recorded, in the name of the run that made it."""
    project = desk.project
    record = find_finished(project.store, pull.number, sha=pull.head)
    report = None if record is None else read_report(project.store, record.id)
    if record is None or report is None:
        return
    newest = next(iter(_list_runs(desk, pull)), None)
    run = project.store.run_page(record.id)
    # Where it is none of this workflow's, this job is the one to look into, and gives way to every other.
    order = order_attempt(newest.id, newest.attempt) if newest else 0
    links = Links(run=run, job=newest.link if newest else desk.job.actions.job)
    place = replace(_place(desk, sha=pull.head), pull=pull.number, order=order, side_branch=pull.side_branch)
    settings = (project.repository.root / FILE).read_text(encoding="utf-8")
    publish_report(desk.forge, place, report, links, settings=settings)
