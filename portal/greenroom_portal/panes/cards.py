"""Reviews as cards, readable at 400 pixels."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from greenroom_pipeline.desk import PreviewStatus, Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.forge import PullRequest
from greenroom_pipeline.report import MetricResult
from greenroom_portal.charts.intervals import draw_interval
from greenroom_portal.data import load_champion_digest, load_described, load_previews
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.router import REVIEW
from greenroom_portal.selection import Selection, address_review
from greenroom_portal.tables.metrics import judge
from greenroom_portal.wording import (
    age,
    clean,
    escape,
    mark_decision,
    mark_preview,
    mark_run,
    mark_verdict,
    signed,
    span,
)


def show_reviews(pulls: list[PullRequest], *, previews: dict[str, PreviewStatus], now: datetime) -> None:
    """Show what became of these pull requests: nothing of others is read."""
    try:
        reviews = load_described(pulls) if pulls else []
    except GreenroomError as error:
        show_problem("What became of these pull requests cannot be read.", error)
        _show_titles(pulls)
        return
    for review in reviews:
        with st.container(border=True, gap="xsmall", key=f"review-{review.project}-{review.pull}"):
            _show_card(review, preview=previews.get(str(review.pull)), now=now)


def _show_titles(pulls: list[PullRequest]) -> None:
    """Show what the forge alone knows."""
    for pull in pulls:
        st.markdown(f"**{escape(pull.title, longest=120)}** · #{pull.number} by {escape(pull.author)}")


def find_previews() -> dict[str, PreviewStatus]:
    """Return the previews by slot; without a host the list is there all the same, and says why it shows none."""
    try:
        return {status.slot: status for status in load_previews()}
    except GreenroomError as error:
        show_problem("The previews are not shown.", error)
        return {}


def _show_card(review: Review, *, preview: PreviewStatus | None, now: datetime) -> None:
    st.page_link(
        REVIEW,
        label=f"**{escape(review.title, longest=120)}**",
        query_params=address_review(Selection(review.project, review.pull)),
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _show_state(review)
        if review.pull_state != "open" or review.verdict is not None:
            show_mark(mark_decision(review.pull_state, in_production=_is_champion(review)))
        if preview is not None:
            show_mark(mark_preview(preview.state))
    if review.summary:
        st.markdown(escape(review.summary, longest=400))
    if review.main is not None:
        _show_metric(review.main)
    st.caption(
        f"{escape(review.project)} · #{review.pull} · {escape(review.author)} · "
        f"{escape(review.branch)} · {age(review.updated, now=now)}"
    )


def _is_champion(review: Review) -> bool:
    return review.digest is not None and review.digest == load_champion_digest(review.project)


def _show_state(review: Review) -> None:
    if review.verdict is not None:
        show_mark(mark_verdict(review.verdict))
    elif review.run_state == "failed" and review.step:
        show_mark(mark_run("failed"), detail=f"at {escape(review.step, longest=40)}")
    else:
        show_mark(mark_run(review.run_state))


def _show_metric(metric: MetricResult) -> None:
    name = escape(metric.title, longest=40)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        drawing = draw_interval(metric)
        if drawing:
            alt = f"{clean(metric.title, longest=40)}: the candidate is {judge(metric)}"
            st.image(drawing, width=160, alt=alt)
        st.markdown(
            f"Overall {name} **{signed(metric.difference, like=metric.interval)}** "
            f"({metric.confidence:.0%} interval {span(metric.interval)})",
            width="content",
        )
