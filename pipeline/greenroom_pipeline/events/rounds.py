"""Rounds: every pull request is looked after now and then, whether or not an event told of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.events.server import AppServer
from greenroom_pipeline.events.settling import settle
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.record import find_finished
from greenroom_services.errors import ServiceError

_log = logging.getLogger(__name__)
SECONDS = 300.0
"""From the start of one round to the next."""
STILL = 12
"""Rounds in which a pull request that looks as before is left alone."""
_LOOKED_BACK = timedelta(hours=6)


@dataclass
class Rounds:
    server: AppServer
    clock: Callable[[], float] = time.monotonic
    _due: float = float("-inf")
    _number: int = 0
    _waiting: list[PullRequest] = field(default_factory=list)
    _listed: list[PullRequest] = field(default_factory=list)
    _settled: dict[int, tuple[str, int]] = field(default_factory=dict)
    """How a pull request looked when it was settled, and in which round."""

    def step(self) -> bool:
        """Settle one pull request of this round, and say whether there was one."""
        if not self._waiting and self.clock() >= self._due:
            self._begin()
        if not self._waiting:
            return False
        pull = self._waiting.pop(0)
        _attend(f"pull request {pull.number}", lambda: self._settle(pull))
        return True

    def _settle(self, pull: PullRequest) -> None:
        self._settled.pop(pull.number, None)
        if settle(self.server.refreshed(), pull.number):
            self._settled[pull.number] = (self._look(pull), self._number)

    def _begin(self) -> None:
        self._due, self._number = self.clock() + SECONDS, self._number + 1
        since = datetime.now(UTC) - _LOOKED_BACK
        _attend("the events that did not arrive", lambda: self.server.github.redeliver_failed(since))
        _attend("the pull requests", self._list)

    def _list(self) -> None:
        self._listed = self.server.forge.pulls()
        self._waiting = [pull for pull in self._listed if not self._is_still(pull)]

    def _is_still(self, pull: PullRequest) -> bool:
        look, number = self._settled.get(pull.number, ("", 0))
        return self._number < number + STILL and look == self._look(pull)

    def _look(self, pull: PullRequest) -> str:
        """Return what differs when there is something to do: on the forge, and in the store."""
        record = find_finished(self.server.project.store, pull.number, sha=pull.head)
        kept = [record.id, record.tags["verdict"], record.tags.get("preview")] if record else []
        # Those that share its check: what one of them said of it must not stand once that has gone.
        sharers = [(each.number, each.base) for each in self._listed if _is_open_at(each, pull.head)]
        return repr([pull.head, pull.state, pull.base, pull.updated, *kept, sharers])


def _is_open_at(pull: PullRequest, sha: str) -> bool:
    return (pull.state, pull.head) == ("open", sha)


def _attend(what: str, act: Callable[[], object]) -> None:
    """Act; what keeps from it is logged, and the next round may succeed."""
    try:
        act()
    except (GreenroomError, ServiceError) as error:
        _log.warning("%s: nothing was done on this round: %s", what, error)
    except Exception:
        _log.exception("%s met a defect on this round", what)
