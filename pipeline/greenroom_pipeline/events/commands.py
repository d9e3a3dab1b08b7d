"""Commands as a server with an App carries them out."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.commands.answering import Asker, Doers, Outcome, answer_button, answer_comment
from greenroom_pipeline.commands.command import Command
from greenroom_pipeline.commands.doing import explain, override, rerun
from greenroom_pipeline.events.hints import RERUN, ButtonHint, CommandHint
from greenroom_pipeline.events.holding import approve, is_held
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.events.sharing import choose_speaker, find_sharers
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.publishing.gate_output import PREVIEW
from greenroom_pipeline.publishing.publication import publish_start
from greenroom_pipeline.record import find_finished
from greenroom_pipeline.tracking import RunRecord
from greenroom_services.errors import PreviewAbsent


def heed_comment(server: AppServer, hint: CommandHint) -> None:
    answer_comment(server.forge, server.github, _list_doers(server), hint, to=server.addressee)


def heed_button(server: AppServer, hint: ButtonHint) -> None:
    """Do what a button of our check stands for, on the pull request that the check is about."""
    if hint.key != server.project.name or hint.sender.endswith("[bot]"):
        return
    sharers = find_sharers(server, hint.sha)
    shown = [pull for pull in sharers if server.place(pull).check_name == hint.check]
    if hint.identifier == RERUN and shown:
        number = choose_speaker(server, shown).number
        answer_button(
            server.forge, _list_doers(server), hint, Command("rerun"), number=number, to=server.addressee
        )
    elif hint.identifier.startswith(PREVIEW):
        _heed_preview(server, hint, shown)


def _heed_preview(server: AppServer, hint: ButtonHint, shown: Sequence[PullRequest]) -> None:
    """Start the preview of the very run that the check was about, whatever else has the same commit."""
    run, command = hint.identifier.removeprefix(PREVIEW), Command("preview", sha=hint.sha)
    kept = server.project.store.records(sha=hint.sha, state="finished")
    meant = {each.tags.get("pull") for each in kept if run and each.id.startswith(run)}

    def start(pull: PullRequest, command: Command, by: Asker) -> Outcome:
        return _start_preview(server, pull, command, by=by, run=run)

    for pull in shown:
        if str(pull.number) in meant:
            doers = {**_list_doers(server), "preview": start}
            answer_button(server.forge, doers, hint, command, number=pull.number, to=server.addressee)


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
        publish_start(server.forge, server.place(pull), links)
    return outcome


def _keep_awake(server: AppServer, pull: PullRequest) -> Outcome:
    try:
        server.previews.keep_awake(server.project.name, str(pull.number))
    except PreviewAbsent:
        return Outcome("There is no preview of this pull request to keep awake.", done=False)
    return Outcome("The preview neither sleeps nor expires from now on; it ends with the pull request.")


def _override(server: AppServer, pull: PullRequest, command: Command, *, by: Asker) -> Outcome:
    outcome = override(server.project.store, pull, command, by=by)
    if outcome.done:
        settle(server, pull.number)
    return outcome


def _start_preview(
    server: AppServer, pull: PullRequest, command: Command, *, by: Asker, run: str = ""
) -> Outcome:
    """Let a fork's preview start, of the very commit that somebody has looked at and named, and of that *run*."""
    head = pull.head[:7]
    if command.sha != pull.head:
        text = f"Commit {command.sha[:7]} is not the newest any more; look at {pull.head} and name that."
        return Outcome(text, done=False)
    record = _find(server, pull)
    if record is None:
        return Outcome(f"There is no report of commit {head} yet; ask again once it is there.", done=False)
    if not record.id.startswith(run):
        text = f"Commit {head} was run again since; look at what that came to, and press the button anew."
        return Outcome(text, done=False)
    if not is_held(record):
        return Outcome(f"The preview of commit {head} waits for nobody's word.")
    approve(server.project.store, record, by=by.login)
    settle(server, pull.number)
    return Outcome(f"The preview of commit {head} was let start; another commit needs another word.")


def _find(server: AppServer, pull: PullRequest) -> RunRecord | None:
    return find_finished(server.project.store, pull.number, sha=pull.head)
