"""Curves of both models."""

from __future__ import annotations

import altair as alt
import pandas as pd

from greenroom_portal.charts.palette import (
    GREY,
    MODEL_COLORS,
    MODEL_SHAPES,
    Drawing,
    distinguish_models,
    split_models,
)

HEIGHT = 320


def draw_curves(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw both models' curves in the unit square, with the diagonal to read them against."""
    corners = pd.DataFrame({"x": [0, 1], "y": [0, 1]})
    return _square(frame, reference=corners, x=x, y=y)


def draw_precision_recall(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw both models' curves beside the precision of saying yes to all rows, where every curve ends."""
    of_all = frame["y"].iloc[-1]
    return _square(frame, reference=pd.DataFrame({"x": [0, 1], "y": [of_all, of_all]}), x=x, y=y)


def draw_residuals(frame: pd.DataFrame, *, x: str, y: str) -> Drawing:
    """Draw how far off both models are on average over what they predict, beside a line at right on average."""
    color, dash = distinguish_models()
    across = alt.X("x:Q", title=x, scale=alt.Scale(zero=False), axis=_axis(",~r"))
    up = alt.Y("y:Q", title=y, axis=_axis("+,~r"))
    zero = alt.Chart(pd.DataFrame({"y": [0]})).mark_rule(color=GREY, strokeDash=[2, 4]).encode(y=up)
    lines = alt.Chart(frame).mark_line(strokeWidth=2)
    points = [
        alt.Chart(own)
        .mark_point(filled=True, size=50, opacity=1, color=MODEL_COLORS[model], shape=MODEL_SHAPES[model])
        .encode(x=across, y=up, tooltip=_tooltip(x, y, format=",.4~r"))
        for model, own in split_models(frame)
    ]
    return alt.layer(
        zero, lines.encode(x=across, y=up, order="order:Q", color=color, strokeDash=dash), *points
    ).properties(height=HEIGHT)


def _square(frame: pd.DataFrame, *, reference: pd.DataFrame, x: str, y: str) -> Drawing:
    unit = alt.Scale(domain=[0, 1])
    color, dash = distinguish_models()
    lines = (
        alt.Chart(frame)
        .mark_line(strokeWidth=2.5)
        .encode(
            x=alt.X("x:Q", title=x, scale=unit, axis=_axis(".0%")),
            y=alt.Y("y:Q", title=y, scale=unit, axis=_axis(".0%")),
            order="order:Q",
            color=color,
            strokeDash=dash,
            tooltip=_tooltip(x, y, format=".1%"),
        )
    )
    against = alt.Chart(reference).mark_line(color=GREY, strokeDash=[2, 4]).encode(x="x:Q", y="y:Q")
    return alt.layer(against, lines).properties(height=HEIGHT)


def _axis(format: str) -> alt.Axis:
    return alt.Axis(format=format, tickCount=5, titleFontWeight="normal")


def _tooltip(x: str, y: str, *, format: str) -> list[alt.Tooltip]:
    return [
        alt.Tooltip("model:N", title="Model"),
        alt.Tooltip("x:Q", title=x, format=format),
        alt.Tooltip("y:Q", title=y, format=format),
    ]
