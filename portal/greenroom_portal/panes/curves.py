"""Curves and distributions of both models' answers: each pane is drawn once opened."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_portal.charts.curves import draw_curves, draw_precision_recall
from greenroom_portal.panes.classes import choose_class
from greenroom_portal.panes.confusion import show_confusion
from greenroom_portal.panes.distributions import show_residuals, show_scores
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.panes.folds import show_folded
from greenroom_portal.panes.threshold import show_threshold
from greenroom_portal.tables.curves import curve_frame, curve_labels


def show_curves(report: Report) -> None:
    """Show the panes for which the report has something, closed; nothing for a report that has none."""
    kinds = {each.kind for each in report.histograms}
    panes = [
        ("What each threshold costs", "threshold-pane", show_threshold, report.thresholds),
        ("What each class is taken for", "confusion-pane", show_confusion, report.confusions),
        ("How probabilities are spread", "scores-pane", show_scores, "scores" in kinds),
        ("Ranking and calibration", "curves-pane", show_rankings, curve_labels(report)),
        ("How far off predictions are", "residuals-pane", show_residuals, "residuals" in kinds),
    ]
    shown = [(title, key, show) for title, key, show, has in panes if has]
    if not shown:
        return
    st.header("Charts", anchor=False)
    st.caption(
        "Open one to draw it. They have no intervals and decide nothing: what the gate judged is above."
    )
    for title, key, show in shown:
        show_folded(title, key=key, show=partial(show, report))


_CURVES = {
    "roc": (
        "ROC",
        "How many true positives each model finds for the false ones it lets in; higher is better.",
        ("False positives", "True positives"),
    ),
    "precision_recall": (
        "Precision and recall",
        "How many of those that a model names are right, the more of all it finds; higher is better.",
        ("Found of all (recall)", "Right of those (precision)"),
    ),
    "calibration": (
        "Calibration",
        "How often it happens when a model says so; nearer the diagonal is better.",
        ("Predicted probability", "What happened"),
    ),
}
_DRAWINGS = {"precision_recall": draw_precision_recall}


def show_rankings(report: Report) -> None:
    label = choose_class(curve_labels(report), key="curve-class")
    for column, kind in zip(st.columns(3), _CURVES, strict=True):
        with column:
            _show_curve(report, kind=kind, label=label)


def _show_curve(report: Report, *, kind: str, label: str | None) -> None:
    frame = curve_frame(report, kind=kind, label=label)
    if frame.empty:
        return
    title, meaning, axes = _CURVES[kind]
    st.markdown(f"**{title}**")
    st.caption(meaning)
    table = frame[["model", "x", "y"]].set_axis(["Model", *axes], axis=1)
    draw = _DRAWINGS.get(kind, draw_curves)
    show_chart(partial(draw, frame, x=axes[0], y=axes[1]), table, name=kind, alt_text=f"{title}. {meaning}")
