"""How both models' probabilities or residuals are spread."""

from __future__ import annotations

from functools import partial

import streamlit as st

from greenroom_pipeline.report import Report
from greenroom_pipeline.wording import name_class
from greenroom_portal.charts.curves import draw_residuals
from greenroom_portal.charts.distributions import draw_scores, draw_spread
from greenroom_portal.panes.classes import choose_class
from greenroom_portal.panes.figures import show_chart
from greenroom_portal.tables.classes import name_rows
from greenroom_portal.tables.curves import curve_frame
from greenroom_portal.tables.distributions import (
    count_outside,
    present_histogram,
    residual_frame,
    score_labels,
    score_parts,
)
from greenroom_portal.wording import clean, escape


def show_scores(report: Report) -> None:
    label = choose_class(score_labels(report), key="scores-class")
    if label is None:
        return
    of_class = clean(report.words.classes.get(label) or name_class(label))
    st.caption(
        f"How probable each model holds {escape(of_class)}, on the rows that were and on those that were not. "
        "The farther apart the two pictures, the better a model tells them apart."
    )
    parts = score_parts(report, label=label)
    for column, (place, (of, frame)) in zip(st.columns(len(parts)), enumerate(parts.items()), strict=True):
        with column:
            rows = name_rows(report.words, of) if of is not None else f"All other {clean(report.words.rows)}"
            st.markdown(f"**{escape(rows[:1].upper() + rows[1:])}**")
            show_chart(
                partial(draw_scores, frame, x="Probability", y="Share of these"),
                present_histogram(frame),
                name=f"scores-{place}",
                alt_text=f"Spread of the probability on {rows}, of both models",
            )


_BY_PREDICTION = "How far off each model is on average over what it predicts; nearer the line is better."
_RESIDUALS = ("Prediction", "Predicted − actual, on average")


def show_residuals(report: Report) -> None:
    left, right = st.columns(2)
    with left:
        _show_spread(report)
    frame = curve_frame(report, kind="residuals", label=None)
    if frame.empty:
        return
    with right:
        st.markdown("**By prediction**")
        st.caption(_BY_PREDICTION)
        table = frame[["model", "x", "y"]].set_axis(["Model", *_RESIDUALS], axis=1)
        show_chart(
            partial(draw_residuals, frame, x=_RESIDUALS[0], y=_RESIDUALS[1]),
            table,
            name="residuals-by-prediction",
            alt_text=f"Residuals by prediction. {_BY_PREDICTION}",
        )


def _show_spread(report: Report) -> None:
    meaning = "How often each model is off by how much; narrower and nearer the line is better."
    frame = residual_frame(report)
    st.markdown("**All rows**")
    st.caption(meaning)
    show_chart(
        partial(draw_spread, frame, x="Predicted − actual", y="Share of rows"),
        present_histogram(frame),
        name="residuals",
        alt_text=f"Spread of residuals. {meaning}",
    )
    outside = [f"{rows:,} of the {model}" for model, rows in count_outside(report).items() if rows]
    if outside:
        st.caption(f"Too far off to be drawn: {' and '.join(outside)}.")
