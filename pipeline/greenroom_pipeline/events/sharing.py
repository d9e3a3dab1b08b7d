"""Sharing: a check belongs to its commit, and of all pull requests with that head the strictest result is shown."""

from __future__ import annotations

from collections.abc import Sequence

from greenroom_pipeline.events.holding import is_held
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.forge.posts import CheckState
from greenroom_pipeline.publishing.gate_output import conclude_check
from greenroom_pipeline.record import find_finished, read_report

_MILDEST_FIRST: tuple[CheckState, ...] = ("success", "action_required", "running", "failure")


def find_sharers(server: AppServer, sha: str) -> list[PullRequest]:
    """Return the open pull requests whose head this is, oldest first, whatever branch they go into."""
    found = [server.forge.pull(number) for number in server.github.pull_numbers_of_commit(sha)]
    return [each for each in found if each.state == "open" and each.head == sha]


def group_sharers(server: AppServer, pull: PullRequest) -> list[list[PullRequest]]:
    """Return all open pull requests with a pull request's head, itself among them, by the branch they go into."""
    found = {each.number: each for each in find_sharers(server, pull.head)}
    if pull.state == "open":
        found[pull.number] = pull
    groups: dict[str, list[PullRequest]] = {}
    for _, each in sorted(found.items()):
        groups.setdefault(each.base, []).append(each)
    return list(groups.values())


def choose_speaker(server: AppServer, sharers: Sequence[PullRequest]) -> PullRequest:
    """Return the one of several into one branch whose result is the check: the strictest, and of equals the oldest.

    Where somebody who may write has opened one as well, no fork's copy of it counts: its run is the better proof,
    and a stranger holds nobody up.
    """
    ours = [each for each in sharers if not each.is_fork]
    return max(ours or sharers, key=lambda pull: _MILDEST_FIRST.index(_conclude(server, pull)))


def _conclude(server: AppServer, pull: PullRequest) -> CheckState:
    record = find_finished(server.project.store, pull.number, sha=pull.head)
    report = None if record is None else read_report(server.project.store, record.id)
    if record is None or report is None:
        return "running"
    return conclude_check(report, server.project.settings.gate, held=is_held(record))
