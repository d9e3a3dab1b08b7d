"""The portal's one way to its desk, and everything that it remembers between reruns.

Pages read through the loaders here and nowhere else; panes take the desk itself to act, and then forget what changes.
"""

from __future__ import annotations

import importlib
import os
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial
from typing import Any, cast

import streamlit as st

from greenroom_pipeline.desk import (
    PRODUCTION,
    Desk,
    Happening,
    PreviewStatus,
    Reign,
    Replies,
    Reply,
    Review,
    Rows,
)
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.exploration import Differences, Exploration, Kept, Span
from greenroom_pipeline.filters import Column, Filter, encode_filters
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.report import Report, Verdict
from greenroom_portal.charts.palette import Drawing
from greenroom_portal.readiness import Readiness

DEFAULT_DESK = "greenroom_pipeline.local_desk:open_desk"
MOST_DIFFERENCES = 50


@st.cache_resource(show_spinner=False)
def get_desk() -> Desk:
    """Open the desk that `GREENROOM_DESK` names as `module:function`; all sessions share it."""
    module, _, function = os.environ.get("GREENROOM_DESK", DEFAULT_DESK).partition(":")
    return cast(Desk, getattr(importlib.import_module(module), function)())


@st.cache_data(show_spinner=False)
def load_project() -> str:
    return get_desk().project()


@st.cache_data(ttl=15, show_spinner=False)
def load_pulls() -> list[PullRequest]:
    """Every pull request, newest first. On GitHub this costs several requests of a limited number."""
    return get_desk().pulls()


@st.cache_data(ttl=5, max_entries=64, show_spinner=False)
def load_described(pulls: list[PullRequest]) -> list[Review]:
    return get_desk().describe(pulls)


@st.cache_data(ttl=15, show_spinner=False)
def load_judged(verdict: Verdict) -> frozenset[str]:
    """The commits that have the verdict, which takes a second where there are thousands."""
    return get_desk().judged(verdict)


@st.cache_data(ttl=2, max_entries=64, show_spinner=False)
def load_review(project: str, pull: int) -> Review:
    return get_desk().review(project, pull)


@st.cache_data(max_entries=64, show_spinner=False)
def _load_report(project: str, pull: int, sha: str, updated: datetime) -> Report | None:
    return get_desk().report(project, pull)


def load_report(review: Review) -> Report | None:
    """Return the report of a finished run, read once for each commit and run."""
    if review.run_state != "finished":
        return None
    return _load_report(review.project, review.pull, review.sha, review.updated)


@st.cache_data(max_entries=64, show_spinner=False)
def _load_profile(project: str, pull: int, sha: str, updated: datetime) -> dict[str, Any]:
    return get_desk().profile(project, pull)


def load_profile(review: Review) -> dict[str, Any]:
    """Return the feature profile of the review's candidate; `GreenroomError` when it has none."""
    return _load_profile(review.project, review.pull, review.sha, review.updated)


@st.cache_data(ttl=2, max_entries=64, show_spinner=False)
def load_champion_digest(project: str) -> str | None:
    return get_desk().champion_digest(project)


@st.cache_data(ttl=5, max_entries=64, show_spinner=False)
def load_timeline(project: str, pull: int) -> list[Happening]:
    return get_desk().timeline(project, pull)


@st.cache_data(ttl=5, show_spinner=False)
def load_history(project: str) -> list[Reign]:
    return get_desk().history(project)


@st.cache_data(ttl=2, show_spinner=False)
def load_previews() -> list[PreviewStatus]:
    return get_desk().previews()


@st.cache_data(ttl=2, max_entries=64, show_spinner=False)
def load_preview_log(project: str, slot: str) -> str:
    return get_desk().preview_log(project, slot)


@st.cache_data(max_entries=64, show_spinner=False)
def _load_rows(project: str, pull: int, sha: str, updated: datetime) -> Rows | None:
    return get_desk().rows(project, pull)


def load_rows(review: Review) -> Rows | None:
    """Return the files of the whole holdout behind the review's report; nothing of them is read."""
    return _load_rows(review.project, review.pull, review.sha, review.updated)


@st.cache_data(max_entries=64, show_spinner=False)
def _load_columns(project: str, pull: int, sha: str, updated: datetime) -> tuple[Column, ...]:
    return get_desk().columns(project, pull)


def load_columns(review: Review) -> tuple[Column, ...]:
    """Return the columns of the review's holdout."""
    return _load_columns(review.project, review.pull, review.sha, review.updated)


@st.cache_data(max_entries=256, show_spinner=False)
def _load_span(project: str, pull: int, sha: str, updated: datetime, column: str) -> Span:
    return get_desk().span(project, pull, column)


def load_span(review: Review, column: str) -> Span:
    """Return what values a column of the review's holdout has."""
    return _load_span(review.project, review.pull, review.sha, review.updated, column)


@st.cache_data(max_entries=256, show_spinner=False)
def _load_exploration(
    project: str, pull: int, sha: str, updated: datetime, chosen: str, _filters: tuple[Filter, ...]
) -> Exploration:
    return get_desk().explore(project, pull, _filters)


def load_exploration(review: Review, filters: tuple[Filter, ...]) -> Exploration:
    """Measure both models on the rows that meet the filters; once for each commit, run and filters."""
    about = (review.project, review.pull, review.sha, review.updated)
    return _load_exploration(*about, encode_filters(filters), filters)


@st.cache_data(max_entries=64, show_spinner=False)
def _load_differences(
    project: str,
    pull: int,
    sha: str,
    updated: datetime,
    chosen: str,
    kept: Kept,
    most: int,
    _filters: tuple[Filter, ...],
) -> Differences:
    return get_desk().disagree(project, pull, _filters, kept=kept, most=most)


def load_differences(
    review: Review, filters: tuple[Filter, ...], *, kept: Kept, most: int = MOST_DIFFERENCES
) -> Differences:
    """Return the rows that differ most among those that meet the filters."""
    about = (review.project, review.pull, review.sha, review.updated)
    return _load_differences(*about, encode_filters(filters), kept, most, filters)


@st.cache_data(max_entries=256, show_spinner=False)
def _draw(
    name: str, frames: tuple[Any, ...], options: dict[str, Any], _draw: partial[Drawing]
) -> dict[str, Any]:
    return _draw().to_dict()


def draw_once(draw: partial[Drawing]) -> dict[str, Any]:
    """Return the chart's Vega-Lite. Altair takes some 50 ms for each, which a crowd would wait for."""
    return _draw(f"{draw.func.__module__}.{draw.func.__name__}", draw.args, draw.keywords, draw)


def forget_what_changes() -> None:
    """Make the next rerun ask the desk again about reviews and production."""
    load_pulls.clear()
    load_described.clear()
    load_judged.clear()
    load_review.clear()
    load_champion_digest.clear()
    load_previews.clear()
    load_timeline.clear()
    load_history.clear()


def look_at_previews(review: Review) -> Readiness:
    """Return how the candidate's preview and production's are now; a host that does not answer is a state, too."""
    desk = get_desk()
    try:
        candidate = desk.preview(review.project, str(review.pull))
        return Readiness(candidate, desk.preview(review.project, PRODUCTION))
    except GreenroomError as error:
        absent = PreviewStatus(str(review.pull), "absent")
        return Readiness(absent, PreviewStatus(PRODUCTION, "absent"), problem=error)


def load_random_row(review: Review) -> dict[str, Any] | None:
    """Return a row of the holdout, another one each time; None where it has none.

    Where its rows are on another machine, it is one of those that the profile carries.
    """
    if load_rows(review) is not None:
        return get_desk().random_row(review.project, review.pull, seed=random.randrange(2**32))
    examples = load_profile(review).get("examples", [])
    return random.choice(examples) if examples else None


def ask_models(review: Review, row: dict[str, Any], slots: Sequence[str]) -> list[Reply]:
    """Ask the previews in *slots* about one row at the same time; an error is an answer."""

    def ask(slot: str) -> Reply:
        try:
            return desk.query(review.project, slot, row)
        except GreenroomError as error:
            return Reply(None, None, 0.0, {}, error=str(error))

    desk = get_desk()
    with ThreadPoolExecutor(max_workers=max(len(slots), 1)) as pool:
        return list(pool.map(ask, slots))


def open_questions(review: Review, slot: str) -> Callable[[Sequence[dict[str, Any]]], Replies]:
    """Return the function that asks the preview in *slot* about rows at once, in any thread; an error is an answer."""
    desk = get_desk()

    def ask(rows: Sequence[dict[str, Any]]) -> Replies:
        try:
            return desk.query_many(review.project, slot, rows)
        except GreenroomError as error:
            return Replies([], None, 0.0, {}, error=str(error), gone=True)

    return ask
