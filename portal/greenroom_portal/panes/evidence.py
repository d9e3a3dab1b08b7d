"""Why the verdict is what it is: checks, metrics, slices, curves, times."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from greenroom_pipeline.changes import tell_changes
from greenroom_pipeline.report import Override, Report
from greenroom_pipeline.wording import tell_wear
from greenroom_portal.charts import Drawing, draw_curves, draw_metrics, draw_slices
from greenroom_portal.panes.marks import show_mark
from greenroom_portal.tables import (
    curve_frame,
    curve_labels,
    metric_frame,
    present,
    skipped_slices,
    slice_frame,
    sliced_metrics,
    telling_metric,
    timing_frame,
)
from greenroom_portal.wording import duration, escape, mark_outcome


def _show_chart(chart: Drawing, table: pd.DataFrame, *, name: str, alt_text: str) -> None:
    """Show a chart with the same numbers behind it, for reading aloud and for copying."""
    with st.container(key=f"chart-{name}"):
        st.altair_chart(chart, width="stretch", alt=alt_text)
        with st.expander("The same as a table"):
            st.dataframe(table, hide_index=True, alt=alt_text)


def _confidence(report: Report) -> float:
    return report.metrics[0].confidence if report.metrics else 0.95


def show_checks(report: Report) -> None:
    st.subheader("Checks", anchor=False)
    if not report.checks:
        st.markdown("No check is declared: add `[[gate.check]]` tables to `greenroom.toml`.")
    for place, check in enumerate(report.checks):
        with st.container(key=f"check-{place}", gap="xsmall"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                show_mark(mark_outcome(check.outcome))
                st.markdown(f"**{escape(check.title)}** · {escape(check.code)}", width="content")
            st.markdown(escape(check.reason, longest=1000))
            if check.override is not None:
                _show_override(check.override)


def _show_override(word: Override) -> None:
    by, reason = escape(word.by, longest=80), escape(word.reason, longest=400)
    st.markdown(f":material/gavel: **Overridden** by {by} on {escape(word.at[:10])}: {reason}")


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


def show_changes(report: Report) -> None:
    """What else changes between the models, a line each."""
    told = tell_changes(report.observations)
    if told:
        st.subheader("Answers", anchor=False)
        st.markdown("\n".join(f"- {escape(sentence, longest=400)}" for sentence in told))


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
    _show_chart(
        draw_slices(frame, metric=metrics[metric]),
        present(frame, first="Slice", confidence=_confidence(report)),
        name="slices",
        alt_text=f"Difference in {metrics[metric]} on each slice, worst first",
    )
    if skipped:
        st.caption(f"Not compared, for too few rows: {skipped} more slice{'s' if skipped > 1 else ''}.")


def show_curves(report: Report) -> None:
    if not report.curves:
        return
    st.subheader("Curves", anchor=False)
    labels = curve_labels(report)
    label = st.selectbox("Class", labels, key="curve-class", width=240) if len(labels) > 1 else None
    left, right = st.columns(2)
    with left:
        _show_curve(report, kind="roc", label=label, axes=("False positives", "True positives"))
    with right:
        _show_curve(report, kind="calibration", label=label, axes=("Predicted probability", "What happened"))


_CURVES = {
    "roc": (
        "ROC",
        "How many true positives each model finds for the false ones it lets in; higher is better.",
    ),
    "calibration": (
        "Calibration",
        "How often it happens when a model says so; nearer the diagonal is better.",
    ),
}


def _show_curve(report: Report, *, kind: str, label: str | None, axes: tuple[str, str]) -> None:
    frame = curve_frame(report, kind=kind, label=label)
    if frame.empty:
        return
    title, meaning = _CURVES[kind]
    st.markdown(f"**{title}**")
    st.caption(meaning)
    table = frame[["model", "x", "y"]].set_axis(["Model", *axes], axis=1)
    _show_chart(draw_curves(frame, x=axes[0], y=axes[1]), table, name=kind, alt_text=f"{title}. {meaning}")


def show_timings(report: Report) -> None:
    if not report.timings:
        return
    total = sum(timing.seconds for timing in report.timings)
    with st.expander(f"Times per step: {duration(total)} in all", icon=":material/timer:"):
        st.table(timing_frame(report).map(escape), border="horizontal", hide_index=True, alt="Times per step")
