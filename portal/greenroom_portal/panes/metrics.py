"""Metrics of both models with their intervals, overall and by slice."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.report import Report
from greenroom_pipeline.wording import count, tell_wear
from greenroom_pipeline.words import count_rows
from greenroom_portal.charts.intervals import draw_metrics, draw_slices
from greenroom_portal.panes.figures import show_chart, show_drawing
from greenroom_portal.tables.metrics import (
    choose_ends,
    metric_frame,
    present,
    present_metrics,
    skipped_slices,
    slice_frame,
    sliced_metrics,
    telling_metric,
)
from greenroom_portal.wording import clean, escape

MOST_DRAWN = 40
FEW_SLICES = 5


def _confidence(report: Report) -> float:
    return report.metrics[0].confidence if report.metrics else 0.95


def show_metrics(report: Report) -> None:
    st.header("Metrics", anchor=False)
    frame = metric_frame(report)
    table = present_metrics(report, confidence=_confidence(report))
    wear = f" {tell_wear(report.holdout.looks)}" if report.holdout.looks else ""
    rows = escape(count_rows(report.words, report.holdout.rows))
    st.caption(f"Both models on the same {rows} of the holdout.{wear}")
    st.table(table.map(escape), border="horizontal", hide_index=True, alt="Metrics of both models")
    if frame["low"].notna().any():
        show_drawing(partial(draw_metrics, frame), alt_text="Differences of all metrics with intervals")
        st.caption(
            "How the candidate differs: dots are differences, bars their intervals, each metric on its own "
            "scale. A bar that crosses the dashed line could be noise."
        )
    answers = _tell_answers(report) if report.champion else []
    if answers:
        with st.container(key="answers-overall"):
            st.caption("\n".join(f"- {escape(sentence, longest=400)}" for sentence in answers))


def _tell_answers(report: Report) -> list[str]:
    """Say how the answers differ as a whole: what calibration and means show."""
    told = tell_changes(report.observations, report.words)
    # Where it is known how answers move, that says more than how many flip.
    flips_told = bool(report.movements) and report.observations.flips is not None
    return told[1:] if flips_told else told


def show_slices(report: Report) -> None:
    metrics = sliced_metrics(report)
    if not metrics:
        return
    st.header("Slices", anchor=False)
    metric = st.selectbox(
        "Metric",
        list(metrics),
        index=list(metrics).index(telling_metric(report)),
        format_func=metrics.__getitem__,
        key="slice-metric",
        width=240,
        bind="query-params",
    )
    frame, skipped = slice_frame(report, metric=metric), skipped_slices(report, metric=metric)
    if frame.empty:
        st.markdown("No slice has enough rows in both models to be compared.")
        return
    drawn = choose_ends(frame, most=MOST_DRAWN)
    st.caption(" ".join(_explain_slices(frame, drawn, skipped=skipped)))
    show_chart(
        partial(draw_slices, drawn, metric=metrics[metric]),
        present(frame, first="Slice", confidence=_confidence(report), rows=_name_rows(report)),
        name="slices",
        alt_text=f"Difference in {metrics[metric]} on each slice, worst first",
    )


def _name_rows(report: Report) -> str:
    return clean(report.words.rows).capitalize()


def _explain_slices(frame: pd.DataFrame, drawn: pd.DataFrame, *, skipped: int) -> list[str]:
    direction = "higher" if frame["direction"].iloc[0] > 0 else "lower"
    told = [f"Candidate against champion on each slice, worst first; {direction} is better."]
    if len(drawn) < len(frame):
        half = len(drawn) // 2
        told.append(f"Drawn are the {half} worst and the {half} best of {len(frame):,}; the table has all.")
    if len(frame) > FEW_SLICES:
        told.append("Each interval stands for itself: of many, a few lie beside the line by chance.")
    if skipped:
        told.append(f"Not compared, for too few rows: {count(skipped, 'more slice')}.")
    return told
