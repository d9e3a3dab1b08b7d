"""The desk: what a reviewer sees and does, as the portal asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from greenroom_pipeline.forge import PullState
from greenroom_pipeline.report import Report, Verdict

PRODUCTION = "production"
"""The slot of the champion."""

RunState = Literal["waiting", "running", "finished", "failed"]
PreviewState = Literal["awake", "waking", "asleep", "starting", "failed", "stopped", "absent"]
ANSWERING: frozenset[PreviewState] = frozenset({"awake", "waking", "asleep"})
"""States in which a preview answers who asks it: one that sleeps wakes for it."""


@dataclass(frozen=True)
class Review:
    """A pull request and what became of its newest commit in the loop."""

    project: str
    pull: int
    title: str
    branch: str
    author: str
    sha: str
    pull_state: PullState
    run_state: RunState
    updated: datetime
    verdict: Verdict | None = None
    summary: str = ""
    step: str | None = None
    """The step that failed, when *run_state* is failed."""
    log: str = ""
    """The last lines of the process that failed."""


@dataclass(frozen=True)
class PreviewStatus:
    """One slot of the preview host, as it is now."""

    slot: str
    state: PreviewState
    log: str = ""
    address: str | None = None
    """Where programs ask it, on the gateway."""


@dataclass(frozen=True)
class Reply:
    """What one model answered to one row, or why it did not."""

    prediction: str | float | None
    probabilities: dict[str, float] | None
    seconds: float
    model: dict[str, str | None]
    error: str | None = None


class Desk(Protocol):
    """All that the portal asks of the floors below. Raises `GreenroomError` for what people can mend."""

    def reviews(self) -> list[Review]:
        """Return every pull request of every project, newest first."""
        ...

    def review(self, project: str, pull: int) -> Review:
        """Return one pull request; `RepositoryError` when there is none."""
        ...

    def report(self, project: str, pull: int) -> Report | None:
        """Return the report of the pull request's newest commit; None before its loop has finished."""
        ...

    def profile(self, project: str, pull: int) -> dict[str, Any]:
        """Return the feature profile of the columns that candidate or champion take."""
        ...

    def preview(self, project: str, slot: str) -> PreviewStatus: ...

    def query(self, project: str, slot: str, row: dict[str, Any]) -> Reply:
        """Ask the preview in *slot* (a pull request's number, or `production`) about one row."""
        ...

    def champion_digest(self, project: str) -> str | None:
        """Return the digest of the model in production now."""
        ...

    def promote(self, project: str, pull: int, *, sha: str, by: str) -> str:
        """Merge the pull request, make its candidate champion, and return a sentence that says what happened.

        `PromotionError` when the head is no longer *sha*, or the verdict is `fail`.
        """
        ...
