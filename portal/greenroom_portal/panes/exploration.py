"""Exploring a slice over the whole holdout, with the gate's own intervals."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.desk import Review
from greenroom_pipeline.errors import GreenroomError
from greenroom_pipeline.exploration import Exploration
from greenroom_pipeline.filters import Filter
from greenroom_pipeline.report import Report
from greenroom_portal.charts.intervals import draw_metrics
from greenroom_portal.data import load_exploration, load_rows
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.panes.problems import show_problem
from greenroom_portal.panes.row_filters import ask_filters, tell_filters
from greenroom_portal.tables.differences import tell_tally
from greenroom_portal.tables.metrics import metric_frame, present
from greenroom_portal.wording import escape, percent

PARAMETER = "explore"
NOT_HERE = (
    "The rows behind this report are not on this machine, so they cannot be looked into. `greenroom run` on this "
    "commit keeps a copy of its holdout here; a server takes it from its own checkout when that has the same file."
)


@st.fragment
def show_exploration(review: Review, report: Report) -> None:
    """Show the pane; nothing of the rows is read before it is opened."""
    opened = PARAMETER in st.query_params
    pane = st.expander(
        "Explore a slice of your own",
        expanded=opened,
        icon=":material/explore:",
        key="explore-pane",
        on_change="rerun",
        bind="query-params",
    )
    if not pane.open:
        return
    with pane:
        st.markdown(
            ":material/info: **Exploration: it informs, and does not gate.** "
            "If you look at many slices, some will differ by chance."
        )
        try:
            _explore(review, report)
        except GreenroomError as error:
            show_problem("These rows cannot be explored.", error)


def _explore(review: Review, report: Report) -> None:
    if load_rows(review) is None:
        st.info(NOT_HERE, icon=":material/folder_off:")
        return
    filters = ask_filters(review, report, parameter=PARAMETER)
    if not filters:
        st.caption(
            f"Choose columns and values to see both models on these {escape(report.words.rows)} alone."
        )
        return
    with st.spinner("Looking through the holdout…"):
        found = load_exploration(review, filters)
    _show_found(report, found, filters)


def _show_found(report: Report, found: Exploration, filters: tuple[Filter, ...]) -> None:
    about = tell_filters(filters, report.words)
    share = percent(found.rows / found.total) if found.total else ""
    st.markdown(
        f"**{found.rows:,} of {found.total:,} {escape(report.words.rows)}** ({share}): {escape(about, longest=400)}"
    )
    if not found.rows:
        st.markdown("No row is like that. Widen a range, or take a filter away.")
        return
    if found.tally is not None:
        st.markdown(escape(tell_tally(found.tally, report.words, task=report.task), longest=400))
    if found.few:
        st.caption(f":material/remove_circle: The gate would not test this slice: {escape(found.few)}.")
    _show_metrics(report, found, about=about)


def _show_metrics(report: Report, found: Exploration, *, about: str) -> None:
    shown = report.model_copy(update={"metrics": [finding.result for finding in found.findings]})
    frame = metric_frame(shown)
    table = present(frame, first="Metric", confidence=found.confidence)
    if frame["low"].notna().any():
        alt = f"Exploration: differences of all metrics with intervals, for {about}"
        show_chart(partial(draw_metrics, frame), table, name="exploration", alt_text=alt)
        st.caption("A bar that crosses the dashed line could be noise. Each metric is on its own scale.")
    else:
        st.table(table.map(escape), border="horizontal", hide_index=True, alt="Both models on these rows")
    for finding in found.findings:
        if finding.reason and finding.reason != found.few:
            st.caption(f"{escape(finding.result.title)}: {escape(finding.reason)}.")
    if found.left_out:
        left_out = ", ".join(escape(title) for title in found.left_out)
        st.caption(f"Left out, since the project's own code measures it: {left_out}.")
