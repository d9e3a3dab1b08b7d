"""What rows of each class are taken for, by both models."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_portal.charts.confusion import draw_confusion, draw_confusion_change
from greenroom_portal.charts.palette import Drawing
from greenroom_portal.panes.figures import show_drawing, show_table_behind
from greenroom_portal.tables.confusion import confusion_frame, present_confusion

_MEANING = "Of the rows that were of a class, the share in per cent that each model called so. The diagonal is right."
_CHANGE = "Candidate less champion in points; green is better: more of them on the diagonal, fewer off it."


def show_confusion(report: Report) -> None:
    frame = confusion_frame(report)
    st.caption(_MEANING)
    charts: dict[str, partial[Drawing]] = {
        model.capitalize(): partial(draw_confusion, frame, model=model)
        for model in ("candidate", "champion")
        if model in frame
    }
    if "change" in frame:
        charts["Difference"] = partial(draw_confusion_change, frame)
    for column, (title, chart) in zip(st.columns(len(charts)), charts.items(), strict=True):
        with column:
            meaning = _CHANGE if title == "Difference" else _MEANING
            st.markdown(f"**{title}**")
            show_drawing(chart, alt_text=f"Confusion, {title.lower()}. {meaning}")
    if "change" in frame:
        st.caption(_CHANGE)
    show_table_behind(present_confusion(frame), alt_text="Rows by true and said class of both models")
