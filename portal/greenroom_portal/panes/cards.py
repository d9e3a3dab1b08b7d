"""Reviews as cards, readable at 400 pixels."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.report import MetricResult
from greenroom_portal.charts.intervals import draw_interval
from greenroom_portal.data import load_readable_report
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.router import REVIEW
from greenroom_portal.selection import Selection, address_review
from greenroom_portal.tables.metrics import judge, main_metric
from greenroom_portal.wording import age, clean, escape, mark_pull, mark_run, mark_verdict, signed, span


def show_cards(reviews: list[Review], *, now: datetime) -> None:
    for review in reviews:
        with st.container(border=True, gap="xsmall", key=f"review-{review.project}-{review.pull}"):
            _show_card(review, now=now)


def _show_card(review: Review, *, now: datetime) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _show_state(review)
        st.page_link(
            REVIEW,
            label=f"**{escape(review.title, longest=120)}**",
            query_params=address_review(Selection(review.project, review.pull)),
        )
    if review.summary:
        st.markdown(escape(review.summary, longest=400))
    report = load_readable_report(review)
    metric = main_metric(report) if report else None
    if metric is not None:
        _show_metric(metric)
    st.caption(
        f"{escape(review.project)} · #{review.pull} · {escape(review.author)} · "
        f"{escape(review.branch)} · {age(review.updated, now=now)}"
    )


def _show_state(review: Review) -> None:
    if review.pull_state != "open":
        show_mark(mark_pull(review.pull_state))
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
