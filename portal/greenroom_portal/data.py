"""The portal's one way to its desk, and everything that it remembers between reruns."""

from __future__ import annotations

import importlib
import os
from datetime import datetime
from typing import Any, cast

import streamlit as st

from greenroom_pipeline.desk import Desk, Happening, PreviewStatus, Reign, Review, Rows
from greenroom_pipeline.report import Report

DEFAULT_DESK = "greenroom_pipeline.local_desk:open_desk"


@st.cache_resource(show_spinner=False)
def get_desk() -> Desk:
    """Open the desk that `GREENROOM_DESK` names as `module:function`; all sessions share it."""
    module, _, function = os.environ.get("GREENROOM_DESK", DEFAULT_DESK).partition(":")
    return cast(Desk, getattr(importlib.import_module(module), function)())


@st.cache_data(show_spinner=False)
def load_project() -> str:
    return get_desk().project()


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


def forget_what_changes() -> None:
    """Make the next rerun ask the desk again about reviews and production."""
    load_reviews.clear()
    load_review.clear()
    load_champion_digest.clear()
    load_previews.clear()
    load_timeline.clear()
    load_history.clear()
