"""Which model was production when: the one of now, its metric over time, and each one with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial

import streamlit as st

from greenroom_pipeline.desk import Reign
from greenroom_portal.charts.reigns import draw_reigns
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.router import REVIEW
from greenroom_portal.selection import Selection, address_review
from greenroom_portal.tables.reigns import (
    find_moves,
    name_metrics,
    reign_frame,
    step_frame,
    tell_since,
    tell_until,
)
from greenroom_portal.wording import (
    age,
    clean,
    duration,
    escape,
    link_to,
    mark_verdict,
    number,
    short_sha,
)

AT_FIRST = 10
_RUN = "Its run in MLflow"
_ANOTHER = "Measured on another holdout than the one before: their values cannot be compared."


def show_nothing() -> None:
    """Say how the first model gets in."""
    with st.container(key="empty"):
        st.markdown("**No model has been in production yet.** The first one gets in like every other:")
        st.code("greenroom run\ngreenroom promote", language=None)
        st.markdown(
            "`greenroom run` on your default branch trains its model and says what it is worth; `greenroom promote` "
            "makes it the champion. For a pull request, *Promote* on its review page does both merge and promotion."
        )


def show_now(reign: Reign, *, now: datetime) -> None:
    """Say which model is production, since when and by whom."""
    version = f"version {escape(reign.version, longest=20)}"
    if reign.until is not None or reign.end_unknown:
        st.warning(f"Nothing is in production now; {version} was last.", icon=":material/help:")
        return
    by = f", let in by {escape(reign.by, longest=60)}" if reign.by else ""
    since = (
        f"since {tell_since(reign)} ({age(reign.since, now=now)})"
        if not reign.vague
        else "for a time unknown"
    )
    st.success(f"**In production now:** {version}, {since}{by}.", icon=":material/rocket_launch:")


def show_metric(reigns: Sequence[Reign], *, now: datetime) -> None:
    """Draw one metric over all reigns; the choice stands in the address."""
    names = name_metrics(reigns)
    if not names:
        return
    st.header("Over time", anchor=False)
    metric = st.selectbox(
        "Metric",
        names,
        format_func=lambda name: clean(name, longest=60),
        key="metric",
        bind="query-params",
        width=280,
    )
    frame = step_frame(reigns, metric=metric, now=now)
    if frame.empty:
        st.markdown("No model in production has a value of this metric and a known time.")
        return
    title = clean(metric, longest=60)
    errors = any(metric in reign.lower_is_better for reign in reigns)
    caption = (
        f"Each model's own value on the holdout of its review; {'lower' if errors else 'higher'} is better."
    )
    if frame["moved"].any():
        caption += " At a dashed line the holdout changed: values on its two sides cannot be compared."
    if any(reign.end_unknown or (reign.vague and not reign.by) for reign in reigns):
        caption += " A dot without a line, or a gap, is a time that nobody recorded: see the notes below."
    st.caption(caption)
    first, last = (number(frame["value"].iloc[place]) for place in (0, -1))
    alt = f"{title} of the models in production over time: {first} at first, {last} now"
    show_chart(
        partial(draw_reigns, frame, metric=title),
        reign_frame(reigns, metric=metric),
        name="reigns",
        alt_text=alt,
    )


def show_reigns(reigns: Sequence[Reign], *, project: str) -> None:
    st.header(f"Models in production · {len(reigns)}", anchor=False)
    moves = find_moves(reigns)
    everything = len(reigns) <= AT_FIRST or st.toggle("Show all of them", key="all", bind="query-params")
    shown = len(reigns) if everything else AT_FIRST
    for place, (reign, moved) in enumerate(zip(reigns[:shown], moves, strict=False)):
        with st.container(border=True, gap="xsmall", key=f"reign-{place}"):
            _show_reign(reign, moved=moved, project=project)


def _show_reign(reign: Reign, *, moved: bool, project: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Version {escape(reign.version, longest=20)}**", width="content")
        if reign.verdict is not None:
            show_mark(mark_verdict(reign.verdict))
        st.caption(f"{tell_since(reign)} to {tell_until(reign)}{_tell_length(reign)}", width="content")
    who = f"Let in by **{escape(reign.by, longest=60)}**" if reign.by else "Nobody is known to have let it in"
    st.markdown(f"{who}, commit {escape(short_sha(reign.sha)) or 'unknown'}{_tell_merge(reign)}.")
    if reign.summary:
        st.markdown(escape(reign.summary, longest=400))
    if reign.metrics:
        values = [
            f"{escape(name, longest=40)} {number(value)}" for name, value in list(reign.metrics.items())[:6]
        ]
        st.caption(" · ".join(values))
    if moved:
        st.caption(f":material/straighten: {_ANOTHER}")
    if reign.note:
        st.caption(f":material/info: {escape(reign.note, longest=400)}")
    _show_evidence(reign, project=project)


def _show_evidence(reign: Reign, *, project: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if reign.pull is not None:
            title = f": {escape(reign.title, longest=80)}" if reign.title else ""
            st.page_link(
                REVIEW,
                label=f"Its review, #{reign.pull}{title}",
                icon=":material/rate_review:",
                query_params=address_review(Selection(project, reign.pull)),
            )
        run = link_to(_RUN, reign.run_link)
        if run != _RUN:
            st.markdown(run, width="content")


def _tell_length(reign: Reign) -> str:
    if reign.until is None or reign.vague:
        return ""
    seconds = (reign.until - reign.since).total_seconds()
    days = round(seconds / 86_400)
    return (
        f" ({days} days)"
        if days > 1
        else f" ({duration(seconds)})"
        if seconds < 3600
        else f" ({seconds / 3600:.0f} hours)"
    )


def _tell_merge(reign: Reign) -> str:
    return f", merged as {escape(short_sha(reign.merge))}" if reign.merge else ""
