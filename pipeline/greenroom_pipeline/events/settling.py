"""Settling: what is live of a pull request is made to fit what it is now, whatever has been told of it."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from greenroom_pipeline.checks.foreign_evidence import rests_on_word
from greenroom_pipeline.errors import RepositoryError
from greenroom_pipeline.events.forks import bring_in
from greenroom_pipeline.events.holding import WANTED, WITHDRAWN, is_held, show_preview
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.events.sharing import choose_speaker, group_sharers
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.publishing.publication import (
    Place,
    publish_failure,
    publish_report,
    publish_start,
    publish_untouched,
    withdraw,
)
from greenroom_pipeline.record import find_finished, read_report
from greenroom_pipeline.report import Report
from greenroom_pipeline.touches import touches_model
from greenroom_pipeline.tracking import RunRecord
from greenroom_services.errors import BundleRefused, PreviewAbsent

_log = logging.getLogger(__name__)
_QUEUE = re.compile(r"refs/heads/gh-readonly-queue/(.+)/pr-([0-9]{1,18})-[0-9a-f]{40,64}")


def settle(server: AppServer, number: int) -> bool:
    """Make preview, comment, check and deployment fit the pull request as it is now; again, this changes nothing.

    Return whether that is all until something changes; False while a run is awaited.
    """
    pull = server.forge.pull(number)
    if pull.state != "open":
        _settle_closed(server, pull)
    settled = [_settle_group(server, group) for group in group_sharers(server, pull)]
    return all(settled)


def _settle_group(server: AppServer, group: Sequence[PullRequest]) -> bool:
    """Settle open pull requests of one head into one branch, which share its check."""
    if len(group) == 1:
        return _settle_open(server, group[0], server.place(group[0]))
    # What is new of each is brought in before it is said who gives the check.
    settled = [_settle_open(server, each, replace(server.place(each), gives_check=False)) for each in group]
    speaker = choose_speaker(server, group)
    settled.append(_settle_open(server, speaker, server.place(speaker)))
    return all(settled)


def _settle_closed(server: AppServer, pull: PullRequest) -> None:
    store, project = server.project.store, server.project.name
    with suppress(PreviewAbsent):
        server.previews.remove(project, str(pull.number))
    record = find_finished(store, pull.number, sha=pull.head)
    if record is not None and record.tags.get("preview") != WITHDRAWN:
        # So that it comes back with its pull request, and one that has expired does not.
        store.tag(record.id, {"preview": WITHDRAWN})
    withdraw(server.forge, server.place(pull))


def _settle_open(server: AppServer, pull: PullRequest, place: Place) -> bool:
    record = find_finished(server.project.store, pull.number, sha=pull.head)
    if pull.is_fork:
        try:
            record = bring_in(server, pull, record)
        except BundleRefused as error:
            _publish_failure(server, pull, place, step="bringing the fork's run in", reason=str(error))
            return True
    if record is None:
        return _announce(server, pull, place)
    _publish(server, pull, place, record)
    return True


def _announce(server: AppServer, pull: PullRequest, place: Place) -> bool:
    """Say of a commit without a report what it waits for, or why there will be none; return whether that stands."""
    if not _touches_model(server, pull):
        publish_untouched(server.forge, place)
        return True
    ended = [run for run in server.runs(pull)[:1] if run.has_ended]
    if ended:
        reason = (
            f"the workflow's run ended ({ended[0].conclusion}) and handed no report in; its log says more"
        )
        _publish_failure(server, pull, place, step="run", reason=reason, job=ended[0].link)
    else:
        publish_start(server.forge, place, server.links(pull.number))
    return False


def _touches_model(server: AppServer, pull: PullRequest) -> bool:
    """Say so also where the pull request has changed meanwhile: what was listed may be of another head or branch."""
    repository = server.project.repository
    files, links = server.forge.changed_files(pull.number), repository.links()
    touched = touches_model(server.project.settings, repository.folder(), files, links=links)
    return touched or server.forge.pull(pull.number) != pull


def _publish_failure(
    server: AppServer, pull: PullRequest, place: Place, *, step: str, reason: str, job: str | None = None
) -> None:
    links = server.links(pull.number, job=job)
    publish_failure(server.forge, place, links, step=step, reason=reason, log="")


def _publish(server: AppServer, pull: PullRequest, place: Place, record: RunRecord) -> None:
    """Post the report, with the preview as it is on this server."""
    held = is_held(record)
    if not held and record.tags.get("preview") in (WANTED, WITHDRAWN):
        show_preview(server, pull, record)
    report = read_report(server.project.store, record.id)
    if report is None:
        raise RepositoryError(f"run {record.id} has lost its report; run the commit again")
    publish_report(
        server.forge,
        place,
        _place_preview(server, pull, report),
        server.links(pull.number),
        held=held,
        settings=server.settings_text,
    )


def _place_preview(server: AppServer, pull: PullRequest, report: Report) -> Report:
    """Return the report with what has become of the preview since."""
    if report.preview is None:
        return report
    try:
        state = server.previews.status(server.project.name, str(pull.number))
    except PreviewAbsent:
        return report
    if state.sha != pull.head:
        return report
    came_up = state.state != "failed"
    update = {
        "state": "awake" if came_up else "failed",
        "address": state.address if came_up else None,
        "log": report.preview.log if came_up else state.log or state.error or "",
    }
    return report.model_copy(update={"preview": report.preview.model_copy(update=update)})


def settle_queue(server: AppServer, *, sha: str, ref: str) -> None:
    """Report on a commit of the merge queue what is known of the pull request that it merges.

    The candidate was trained at the pull request's head, and its verdict counts while production is what it was
    compared with.
    """
    found = _QUEUE.fullmatch(ref)
    if found is None:
        _log.warning("%s is no commit of a merge queue that we know; nothing is said of it", ref[:200])
        return
    pull = server.forge.pull(int(found[2]))
    place = replace(server.place(pull), sha=sha, pull=None)
    links = server.links(pull.number)
    if pull.state != "open" or pull.base != found[1]:
        reason = f"pull request {pull.number} is {pull.state} and goes into {pull.base}, not {found[1]}"
        publish_failure(server.forge, place, links, step="merge queue", reason=reason, log="")
        return
    if not _touches_model(server, pull):
        publish_untouched(server.forge, place)
        return
    report, reason = _find_standing(server, pull)
    if report is None:
        publish_failure(server.forge, place, links, step="merge queue", reason=reason, log="")
    else:
        publish_report(server.forge, place, report, links, settings=server.settings_text)


def _find_standing(server: AppServer, pull: PullRequest) -> tuple[Report | None, str]:
    """Return the pull request's report when it holds for production as it is now, or why there is none."""
    store, head = server.project.store, pull.head[:7]
    record = find_finished(store, pull.number, sha=pull.head)
    report = None if record is None else read_report(store, record.id)
    if record is None or report is None:
        return (
            None,
            f"pull request {pull.number} has no report of its commit {head}; run it, then queue it again",
        )
    if is_held(record) or rests_on_word(report.checks):
        return (
            None,
            f"pull request {pull.number} waits for a maintainer's word on commit {head}; its check says which, then"
            " queue it again",
        )
    champion = store.champion()
    current = champion.tags.get("digest") if champion else None
    compared = report.champion.digest if report.champion else None
    if current != compared:
        return (
            None,
            f"production has changed since commit {head} was compared with it; run it again, then queue it",
        )
    return report, ""
