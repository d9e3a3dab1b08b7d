"""Doing what a command says, on a server and in a job of Actions alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from greenroom_pipeline.commands.answering import Asker, Outcome
from greenroom_pipeline.commands.command import Command
from greenroom_pipeline.commands.explanations import explain_check, suggest_check
from greenroom_pipeline.errors import OverrideError
from greenroom_pipeline.events.server import GitHub
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.override import override_recorded
from greenroom_pipeline.record import find_finished, read_report
from greenroom_pipeline.settings import GateTable
from greenroom_pipeline.tracking import Store

if TYPE_CHECKING:
    from greenroom_pipeline.forge.github_runs import WorkflowRun


def rerun(github: GitHub, runs: Sequence[WorkflowRun], pull: PullRequest, *, workflow: str) -> Outcome:
    """Start the newest of the commit's *runs* again."""
    head = pull.head[:7]
    if not runs:
        return Outcome(f"No run of {workflow} for commit {head} was found; push a commit.", done=False)
    if not runs[0].has_ended:
        return Outcome(f"The run of commit {head} has not ended yet.")
    github.rerun(runs[0].id)
    return Outcome(f"The run of commit {head} was started again.")


def explain(store: Store | None, gate: GateTable, pull: PullRequest, command: Command) -> Outcome:
    """Say what the check is, and what it says of the newest commit where there is a record of that."""
    record = None if store is None else find_finished(store, pull.number, sha=pull.head)
    report = None if store is None or record is None else read_report(store, record.id)
    text = explain_check(command.check, report, gate)
    if text is None:
        return Outcome(f"There is no check {command.check}; {suggest_check(command.check)}", done=False)
    return Outcome(text)


def override(store: Store, pull: PullRequest, command: Command, *, by: Asker) -> Outcome:
    """Record someone's word on the newest commit; what follows from it is for the caller to post.

    A word waits in queues, and is heard again: it holds for the report that was there when it was written.
    """
    record = find_finished(store, pull.number, sha=pull.head)
    if record is None:
        return Outcome(f"There is no report of commit {pull.head[:7]} yet to override.", done=False)
    if by.at is None or record.ended is None or record.ended > by.at:
        text = (
            f"Pull request {pull.number} has a newer commit or report since that was written; read the one of commit"
            f" {pull.head[:7]}, and say it again."
        )
        return Outcome(text, done=False)
    try:
        report = override_recorded(store, record, command.check, reason=command.reason, by=by.login)
    except OverrideError as error:
        return Outcome(f"{str(error)[:1].upper()}{str(error)[1:]}.", done=False)
    return Outcome(
        f"{command.check} no longer holds commit {pull.head[:7]} back: the verdict is {report.verdict}."
    )
