"""Commands as a server with an App carries them out."""

from __future__ import annotations

from greenroom_pipeline.commands.answering import Doers, Outcome, answer_button, answer_comment
from greenroom_pipeline.commands.command import Command
from greenroom_pipeline.commands.doing import explain, override, rerun
from greenroom_pipeline.events.hints import RERUN, ButtonHint, CommandHint
from greenroom_pipeline.events.holding import approve, is_held
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.publishing.publication import publish_start
from greenroom_pipeline.record import find_finished
from greenroom_pipeline.tracking import RunRecord
from greenroom_services.errors import PreviewAbsent

PREVIEW = "preview"
"""What the button that starts a fork's preview says when it was pressed."""


def heed_comment(server: AppServer, hint: CommandHint) -> None:
    answer_comment(server.forge, server.github, _list_doers(server), hint, key=server.project.name)


def heed_button(server: AppServer, hint: ButtonHint) -> None:
    """Do what a button of our check stands for; another's check is none of ours."""
    ours = (server.place(hint.sha, pull=None).check_name, server.project.name)
    if (hint.check, hint.key) != ours or hint.sender.endswith("[bot]"):
        return
    if hint.identifier == RERUN:
        command = Command("rerun")
    elif hint.identifier == PREVIEW:
        command = Command("preview", sha=hint.sha)
    else:
        return
    for number in server.github.pull_numbers_of_commit(hint.sha):
        answer_button(server.forge, _list_doers(server), hint, command, number=number)


def _list_doers(server: AppServer) -> Doers:
    store, gate = server.project.store, server.project.settings.gate
    return {
        "rerun": lambda pull, command, by: _rerun(server, pull),
        "keep-awake": lambda pull, command, by: _keep_awake(server, pull),
        "explain": lambda pull, command, by: explain(store, gate, pull, command),
        "override": lambda pull, command, by: _override(server, pull, command, by=by),
        "preview": lambda pull, command, by: _start_preview(server, pull, command, by=by),
    }


def _rerun(server: AppServer, pull: PullRequest) -> Outcome:
    runs = server.runs(pull)
    outcome = rerun(server.github, runs, pull, workflow=server.registration.workflow)
    if runs and _find(server, pull) is None:
        links = server.links(pull.number, job=runs[0].link)
        publish_start(server.forge, server.place(pull.head, pull=pull.number), links)
    return outcome


def _keep_awake(server: AppServer, pull: PullRequest) -> Outcome:
    try:
        server.previews.keep_awake(server.project.name, str(pull.number))
    except PreviewAbsent:
        return Outcome("There is no preview of this pull request to keep awake.", done=False)
    return Outcome("The preview neither sleeps nor expires from now on; it ends with the pull request.")


def _override(server: AppServer, pull: PullRequest, command: Command, *, by: str) -> Outcome:
    outcome = override(server.project.store, pull, command, by=by)
    if outcome.done:
        settle(server, pull.number)
    return outcome


def _start_preview(server: AppServer, pull: PullRequest, command: Command, *, by: str) -> Outcome:
    """Let a fork's preview start, of the very commit that somebody has looked at and named."""
    head = pull.head[:7]
    if command.sha != pull.head:
        text = f"Commit {command.sha[:7]} is not the newest any more; look at {pull.head} and name that."
        return Outcome(text, done=False)
    record = _find(server, pull)
    if record is None:
        return Outcome(f"There is no report of commit {head} yet; ask again once it is there.", done=False)
    if not is_held(record):
        return Outcome(f"The preview of commit {head} waits for nobody's word.")
    approve(server.project.store, record, by=by)
    settle(server, pull.number)
    return Outcome(f"The preview of commit {head} was let start; another commit needs another word.")


def _find(server: AppServer, pull: PullRequest) -> RunRecord | None:
    return find_finished(server.project.store, pull.number, sha=pull.head)
