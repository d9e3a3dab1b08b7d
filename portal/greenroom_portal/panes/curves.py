"""Curves and distributions of both models' answers."""

from __future__ import annotations

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_portal.charts.curves import draw_curves
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.tables.curves import curve_frame, curve_labels


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
    show_chart(draw_curves(frame, x=axes[0], y=axes[1]), table, name=kind, alt_text=f"{title}. {meaning}")
