"""The portal's one way to its desk, and everything that it remembers between reruns."""

from __future__ import annotations

import importlib
import os
from datetime import datetime
from typing import Any, cast

import streamlit as st

from greenroom_pipeline.desk import Desk, Happening, PreviewStatus, Reign, Review, Rows
from greenroom_pipeline.exploration import Differences, Exploration, Kept, Span
from greenroom_pipeline.filters import Column, Filter, encode_filters
from greenroom_pipeline.report import Report

DEFAULT_DESK = "greenroom_pipeline.local_desk:open_desk"
MOST_DIFFERENCES = 50


@st.cache_resource(show_spinner=False)
def get_desk() -> Desk:
    """Open the desk that `GREENROOM_DESK` names as `module:function`; all sessions share it."""
    module, _, function = os.environ.get("GREENROOM_DESK", DEFAULT_DESK).partition(":")
    return cast(Desk, getattr(importlib.import_module(module), function)())


@st.cache_data(ttl=2, show_spinner=False)
def load_reviews() -> list[Review]:
    return get_desk().reviews()


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


def forget_what_changes() -> None:
    """Make the next rerun ask the desk again about reviews and production."""
    load_reviews.clear()
    load_review.clear()
    load_champion_digest.clear()
    load_previews.clear()
    load_timeline.clear()
    load_history.clear()
