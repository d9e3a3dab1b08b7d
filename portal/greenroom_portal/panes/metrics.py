"""Metrics of both models with their intervals, overall and by slice."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_pipeline.wording import tell_wear
from greenroom_portal.charts.intervals import draw_metrics, draw_slices
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.tables.metrics import (
    metric_frame,
    present,
    skipped_slices,
    slice_frame,
    sliced_metrics,
    telling_metric,
)
from greenroom_portal.wording import escape


def _confidence(report: Report) -> float:
    return report.metrics[0].confidence if report.metrics else 0.95


def show_metrics(report: Report) -> None:
    st.subheader("Metrics", anchor=False)
    frame = metric_frame(report)
    table = present(frame, first="Metric", confidence=_confidence(report)).drop(columns="Rows")
    wear = f" {tell_wear(report.holdout.looks)}" if report.holdout.looks else ""
    st.caption(f"Both models on the same {report.holdout.rows:,} holdout rows.{wear}")
    st.table(table.map(escape), border="horizontal", hide_index=True, alt="Metrics of both models")
    if frame["low"].notna().any():
        st.altair_chart(draw_metrics(frame), width="stretch", alt="Differences of all metrics with intervals")
        st.caption(
            "How the candidate differs: dots are differences, bars their intervals, each metric on its own "
            "scale. A bar that crosses the dashed line could be noise."
        )


def show_slices(report: Report) -> None:
    metrics = sliced_metrics(report)
    if not metrics:
        return
    st.subheader("Slices", anchor=False)
    metric = st.selectbox(
        "Metric",
        list(metrics),
        index=list(metrics).index(telling_metric(report)),
        format_func=metrics.__getitem__,
        key="slice-metric",
        width=240,
    )
    frame, skipped = slice_frame(report, metric=metric), skipped_slices(report, metric=metric)
    if frame.empty:
        st.markdown("No slice has enough rows in both models to be compared.")
        return
    direction = "higher" if frame["direction"].iloc[0] > 0 else "lower"
    st.caption(f"Candidate against champion on each slice, worst first; {direction} is better.")
    show_chart(
        draw_slices(frame, metric=metrics[metric]),
        present(frame, first="Slice", confidence=_confidence(report)),
        name="slices",
        alt_text=f"Difference in {metrics[metric]} on each slice, worst first",
    )
    if skipped:
        st.caption(f"Not compared, for too few rows: {skipped} more slice{'s' if skipped > 1 else ''}.")
