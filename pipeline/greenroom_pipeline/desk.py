"""The desk: what a reviewer sees and does, as the portal asks for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from greenroom_pipeline.cases import PinnedCase
from greenroom_pipeline.exploration import Differences, Exploration, Kept, Span
from greenroom_pipeline.filters import Column, Filter
from greenroom_pipeline.forge import PullRequest, PullState
from greenroom_pipeline.report import MetricResult, Report, Verdict

PRODUCTION = "production"
"""The slot of the champion."""

RunState = Literal["waiting", "running", "finished", "failed"]
PreviewState = Literal["awake", "waking", "asleep", "starting", "failed", "stopped", "absent"]
PreviewAction = Literal["wake", "sleep", "stop"]
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
    link: str | None = None
    """The pull request's page, where the forge has pages."""
    run_link: str | None = None
    """The run's page in MLflow, where a server has one."""
    digest: str | None = None
    """Of the candidate, once its run has finished."""
    main: MetricResult | None = None
    """The one number that matters: the first overall metric that has a difference."""


@dataclass(frozen=True)
class PreviewStatus:
    """One slot of the preview host, as it is now."""

    slot: str
    state: PreviewState
    log: str = ""
    address: str | None = None
    """Where programs ask it, on the gateway."""
    sha: str | None = None
    """The commit that it was made for."""
    memory: int | None = None
    """Bytes; None while it is not awake."""
    requests: int = 0
    """Queries that it answered since the host started."""
    idle: float | None = None
    """Seconds since its last deployment or visit."""
    wakes: int = 0


@dataclass(frozen=True)
class Replies:
    """What one model answered to many rows, in their order, or why it did not."""

    predictions: list[str | float | None]
    probabilities: list[dict[str, float]] | None
    seconds: float
    model: dict[str, str | None]
    error: str | None = None
    refusals: dict[int, str] = field(default_factory=dict)
    """Why rows are refused, by their place in the question: the first ones, where the model names them."""
    gone: bool = False
    """Nobody is there to answer other rows either."""
    woke: bool = False
    """The preview slept, and *seconds* holds its waking."""


@dataclass(frozen=True)
class Rows:
    """Parquet files of a report's holdout and of both models' predictions on it, row by row."""

    holdout: Path
    candidate: Path
    champion: Path | None


HappeningKind = Literal[
    "opened", "pushed", "verdict", "failed", "comment", "override", "merged", "closed", "promoted"
]


@dataclass(frozen=True)
class Happening:
    """Something that happened to a pull request."""

    at: datetime
    kind: HappeningKind
    who: str
    text: str
    link: str | None = None


@dataclass(frozen=True)
class Reign:
    """A time during which one version was production."""

    version: str
    since: datetime
    until: datetime | None
    """None while it lasts."""
    by: str
    sha: str
    pull: int | None
    verdict: Verdict | None
    summary: str
    metrics: dict[str, float]
    """Its own overall metrics, by what people call them, in its report's order."""
    note: str = ""
    """What does not agree, such as an alias that somebody moved by hand."""


@dataclass(frozen=True)
class Reply:
    """What one model answered to one row, or why it did not."""

    prediction: str | float | None
    probabilities: dict[str, float] | None
    seconds: float
    model: dict[str, str | None]
    error: str | None = None
    woke: bool = False
    """The preview slept, and *seconds* holds its waking."""


class Desk(Protocol):
    """All that the portal asks of the floors below. Raises `GreenroomError` for what people can mend."""

    def project(self) -> str:
        """Return the name of the project that is served."""
        ...

    def reviews(self) -> list[Review]:
        """Return every pull request of every project, newest first."""
        ...

    def pulls(self) -> list[PullRequest]:
        """Return every pull request, newest first, without what became of it in the loop."""
        ...

    def describe(self, pulls: Sequence[PullRequest]) -> list[Review]:
        """Return the reviews of these pull requests, in their order, without the logs of failed runs."""
        ...

    def judged(self, verdict: Verdict) -> frozenset[str]:
        """Return the commits that have the verdict, those of earlier pushes included."""
        ...

    def review(self, project: str, pull: int) -> Review:
        """Return one pull request; `RepositoryError` when there is none."""
        ...

    def report(self, project: str, pull: int) -> Report | None:
        """Return the report of the pull request's newest commit; None before its loop has finished."""
        ...

    def profile(self, project: str, pull: int) -> dict[str, Any]:
        """Return the feature profile of the columns that candidate or champion take; `takes` names the candidate's."""
        ...

    def preview(self, project: str, slot: str) -> PreviewStatus: ...

    def query(self, project: str, slot: str, row: dict[str, Any]) -> Reply:
        """Ask the preview in *slot* (a pull request's number, or `production`) about one row."""
        ...

    def query_many(self, project: str, slot: str, rows: Sequence[dict[str, Any]]) -> Replies:
        """Ask the preview in *slot* about rows at once; a row that is refused refuses all, and is named."""
        ...

    def rows(self, project: str, pull: int) -> Rows | None:
        """Return the files of the whole holdout; None where they are not on this machine."""
        ...

    def columns(self, project: str, pull: int) -> tuple[Column, ...]:
        """Return the holdout's columns, by which its rows can be filtered."""
        ...

    def span(self, project: str, pull: int, column: str) -> Span:
        """Return what values a column of the holdout has."""
        ...

    def explore(self, project: str, pull: int, filters: Sequence[Filter]) -> Exploration:
        """Measure both models on the holdout's rows that meet all of *filters*, as the gate measures a slice."""
        ...

    def disagree(
        self, project: str, pull: int, filters: Sequence[Filter], *, kept: Kept, most: int
    ) -> Differences:
        """Return the rows on which the models differ most among those that meet all of *filters*."""
        ...

    def random_row(self, project: str, pull: int, *, seed: int) -> dict[str, Any]:
        """Return what the models take of one row of the holdout; the same *seed* returns the same one."""
        ...

    def previews(self) -> list[PreviewStatus]:
        """Return every preview of the project; `PreviewError` where no host runs."""
        ...

    def preview_log(self, project: str, slot: str) -> str: ...

    def act(self, project: str, slot: str, action: PreviewAction) -> PreviewStatus:
        """Wake the preview, or put it to sleep, or stop it."""
        ...

    def timeline(self, project: str, pull: int) -> list[Happening]:
        """Return what happened to a pull request, newest first."""
        ...

    def history(self, project: str) -> list[Reign]:
        """Return which version was production when, newest first."""
        ...

    def pin(self, project: str, pull: int, case: PinnedCase, *, sha: str) -> str:
        """Commit a case to the pull request's branch and return a sentence that says what happened.

        `RepositoryError` when the head is no longer *sha*, or the branch cannot be written.
        """
        ...

    def champion_digest(self, project: str) -> str | None:
        """Return the digest of the model in production now."""
        ...

    def promote(self, project: str, pull: int, *, sha: str, by: str) -> str:
        """Merge the pull request, make its candidate champion, and return a sentence that says what happened.

        `PromotionError` when the head is no longer *sha*, or the verdict is `fail`.
        """
        ...
